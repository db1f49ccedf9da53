"""Run benchmarks by name."""

import importlib
import sys

SHORT = (
    "parse",
    "match",
    "dedup_sign",
    "dedup_index",
    "stories",
    "watchlist",
    "headlines",
    "tags",
    "languages",
    "gazetteer",
    "ner_gate",
    "runner_tax",
    "latency",
)
LONG = ("watchlist_peers", "watchlist_reload", "replay", "backtest", "idle")
ON_A_CLUSTER = ("kafka", "flink", "flink_faults", "broker_away", "flink_idle")


def main() -> int:
    names = [a.replace("-", "_") for a in sys.argv[1:]] or list(SHORT)
    for name in names:
        if name not in SHORT + LONG + ON_A_CLUSTER:
            print(f"no benchmark '{name}'; there are: {', '.join(SHORT + LONG + ON_A_CLUSTER)}", file=sys.stderr)
            return 2
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
