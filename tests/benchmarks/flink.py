"""The flow on Flink and Kafka: how long from accepted to alert at a steady rate, and how fast a backlog goes.

Needs a cluster (``make bench-flink`` starts one). Latency is the broker's timestamp of an alert less the time its
article was acknowledged. The floor of the backlog, in the same run: the same functions in a plain loop over the same
topic. Aims: p99 ≤ 800 ms at 50 and 200 articles a second; 4,000 articles a second from a backlog.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from connectors.buses import Bus, Entry, every
from connectors.records import Alert, Article, article_id, decode, encode
from pipelines.address import Address
from tests.benchmarks.latency import percentiles
from tests.benchmarks.runner_tax import in_a_loop
from tests.clustered import count, fresh, running, until
from tests.factories import article
from tests.newsroom import event, items

RATES, SECONDS, BACKLOG = (50, 200), 20, 20_000
ALERTS = "alerts.nagorno-karabakh"
TEXT = "Shelling was heard in Nagorno-Karabakh. " * 20
QUIET = "The harvest in the valley was better than last year. " * 20

ROLES = {
    "kafka.Kafka": "broker",
    "StandaloneSession": "jobmanager",
    "TaskManagerRunner": "taskmanagers",
    "import work": "workers",
    "pipelines.pool": "pool",
}
"""Words in the command of a process of the cluster, and what it is."""


def backlog(bus: Bus, number: int, alerting: float, language: str = "") -> None:
    """Append *number* articles of some 2,000 characters, about the share *alerting* of which alerts."""
    made: list[Article] = []
    for i in items(number * (6 if language else 2), 8, 3):
        fitting = i.language == (language or i.language) and (not i.alerts or i.number % 100 < 500 * alerting)
        if fitting and len(made) < number:
            source = f"feed{i.feed}"
            key = article_id(source, i.guid, "", "")
            made.append(article(i.title, (i.text + " ") * 8, source=source, entry=i.guid, id=key))
    for start in range(0, len(made), 500):
        bus.append([Entry("articles", a.key, encode(a)) for a in made[start : start + 500]])


def produce(bus: Bus, rate: int, seconds: int, run: str) -> dict[str, float]:
    """Append at *rate*, at most fifty times a second, one in five to alert; when those were acknowledged, by key."""
    accepted: dict[str, float] = {}
    started, n, batch = time.monotonic(), 0, max(1, rate // 50)
    while n < rate * seconds:
        time.sleep(max(0.0, started + n / rate - time.monotonic()))
        texts = [(m, f"{event(f'{run} {m}', 40)}. {QUIET if m % 5 else TEXT}") for m in range(n, n + batch)]
        part = [article(event(f"{run} {m}", 7), text, entry=f"{run}-{m}", language="en") for m, text in texts]
        bus.append([Entry("articles", a.key, encode(a)) for a in part])
        accepted |= dict.fromkeys((a.key for a, (m, _) in zip(part, texts, strict=True) if m % 5 == 0), time.time())
        n += batch
    return accepted


def usage() -> dict[str, tuple[float, float]]:
    """Processor seconds and resident MB of the processes of the cluster, by role."""
    found: dict[str, tuple[float, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            resident = int((folder / "statm").read_text().split()[1]) * 4096 / 2**20
        except OSError:
            continue
        if role := next((role for word, role in ROLES.items() if word in command), ""):
            seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            before = found.get(role, (0.0, 0.0))
            found[role] = before[0] + seconds, before[1] + resident
    return found


def used(before: dict[str, tuple[float, float]], since: float) -> None:
    """Print what each role used since the moment *since* of the monotonic clock."""
    for role, (seconds, resident) in sorted(usage().items()):
        share = 100 * (seconds - before.get(role, (0.0, 0.0))[0]) / (time.monotonic() - since)
        print(f"    {role:14} {share:5.0f} % of a core  {resident:6.0f} MB")


def alerts(bus: Bus) -> dict[str, float]:
    """When the first alert of each article was accepted."""
    return {decode(Alert, r.value).article: r.timestamp for r in reversed(list(every(bus, ALERTS)))}


def latency() -> None:
    """Accepted to alert at each rate."""
    bus = (address := fresh(articles=2)).open()
    with running(address):
        produce(bus, 50, 3, "warm")
        time.sleep(3)
        for rate in RATES:
            before, since = usage(), time.monotonic()
            accepted = produce(bus, rate, SECONDS, f"at{rate}")
            used(before, since)
            until(lambda: accepted.keys() <= alerts(bus).keys(), 60, 0.5)  # noqa: B023 - called at once
            waits = [alerts(bus)[key] - at for key, at in accepted.items()]
            percentiles(f"{rate}/s", waits)


def drain(address: Address, number: int, **changes: Any) -> float:
    """How many articles a second a job takes off a backlog of *number*, once it has taken a twentieth."""
    bus = address.open()
    before, since = usage(), time.monotonic()
    with running(address, **changes):
        until(lambda: count(bus, "tagged") > number, 600, 0.2)  # one more than the articles: the probe
        used(before, since)
    stamps = sorted(record.timestamp for record in every(bus, "tagged"))
    return (number - number // 20) / (stamps[-2] - stamps[number // 20])


def throughput() -> None:
    """A backlog of which few alert, and one of which many do, through the cluster and through a plain loop."""
    in_a_loop(_filled(500, 0.2))  # what is loaded once
    for alerting in (0.01, 0.2):
        address = _filled(BACKLOG, alerting)
        flink = drain(address, BACKLOG)
        other = _filled(BACKLOG // 2, alerting)
        started = time.monotonic()
        in_a_loop(other)
        loop = BACKLOG // 2 / (time.monotonic() - started)
        alerted = count(address.open(), ALERTS)
        print(f"  {BACKLOG} articles, {alerted} alerts: flink {flink:.0f} a second, plain loop {loop:.0f}")
        print(f"  ratio loop ÷ flink: {loop / flink:.2f}", flush=True)


def scaling() -> None:
    """More partitions with as many slots, and more workers: two slots are one TaskManager's, four are two's."""
    for language in ("", "en"):
        for parallel, workers in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2)):
            address = _filled(BACKLOG // 2, 0.01, parallel, language)
            options = {"sdk_worker_parallelism": str(workers)}
            rate = drain(address, BACKLOG // 2, parallelism=parallel, options=options)
            what = f"{parallel} partitions, {workers} workers a TaskManager, {language or 'three languages'}"
            print(f"  {what}: {rate:.0f} a second", flush=True)


def _filled(number: int, alerting: float, partitions: int = 2, language: str = "") -> Address:
    address = fresh(articles=partitions, tagged=partitions)
    backlog(address.open(), number, alerting, language)
    return address


def main() -> None:
    """Latency, throughput, scaling; or the one that ``WIREWATCH_PART`` names."""
    part = os.environ.get("WIREWATCH_PART", "")
    for name, measure in {"latency": latency, "throughput": throughput, "scaling": scaling}.items():
        if part in ("", name):
            measure()
