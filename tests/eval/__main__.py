"""Score the product on evaluation data: ``python -m tests.eval --data DIR --split dev --out DIR``.

Each area is run through the product's own public functions by a module of this folder, its rows are written to
``OUT/<area>.jsonl``, and the scorer that comes with the data prints its table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

SCORERS = {
    "feeds": [["score_feeds.py", "cases.jsonl"]],
    "tagging": [["score_tags.py", "gold.jsonl"]],
    "dedup": [["score_dedup.py", "pairs", "pairs.jsonl"], ["score_dedup.py", "clusters", "clusters.jsonl"]],
    "alerts": [["score_alerts.py", "labels.jsonl"]],
}
"""For each area the scorer, its mode if it has one, and the labels."""


def main() -> int:
    """Run every area whose data are there; skip with a message what is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval")
    parser.add_argument("--data", default="", help="the folder of the evaluation data")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--out", type=Path, default=Path("build/eval"))
    given = parser.parse_args()
    data = Path(given.data)
    if not given.data or not data.is_dir():
        print(f"no evaluation data at '{given.data}': say where it is with DATA=folder. Skipped.")
        return 0
    given.out.mkdir(parents=True, exist_ok=True)
    for area, scorers in SCORERS.items():
        if not (data / area / given.split).is_dir():
            print(f"== {area}: no split '{given.split}'. Skipped.")
            continue
        out = given.out / f"{area}.jsonl"
        rows = importlib.import_module(f"tests.eval.{area}").rows(data, given.split)
        with out.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
        for script, *mode, labels in scorers:
            print(f"== {area}", flush=True)
            gold = data / area / given.split / labels
            subprocess.run([sys.executable, data / script, *mode, gold, out], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
