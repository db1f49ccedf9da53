"""How long from accepted to alert-durable, at a steady rate, on a real log; and over its floor.

Articles are appended to a local log in a separate thread at 50 a second; each alerts. The latency of one is the log's
own timestamp of its alert minus that of its article. The floor, in the same run: the same appends with a reader that
writes each record straight back. Aim: p99 ≤ 300 ms.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

from connectors.buses import Bus, Entry
from connectors.records import Alert, decode, encode
from pipelines.address import Address
from pipelines.config import shipped
from pipelines.flow import run
from pipelines.layout import TOPICS
from tests.benchmarks.runner_tax import plan
from tests.factories import article
from tests.newsroom import event

RATE = 50
SECONDS = 20


def produce(bus: Bus, count: int) -> dict[str, float]:
    """Append *count* articles at `RATE`; when each was accepted, by key."""
    accepted = {}
    started = time.monotonic()
    for n in range(count):
        time.sleep(max(0.0, started + n / RATE - time.monotonic()))
        text = f"{event(str(n), 40)}. " + "Shelling was heard in Nagorno-Karabakh. " * 16
        made = article(event(str(n), 7), text, entry=str(n), language="en")
        bus.append([Entry("articles", made.key, encode(made))])
        accepted[made.key] = time.time()
    return accepted


def percentiles(name: str, waits: list[float]) -> tuple[float, float]:
    """Print and return p50 and p99 in milliseconds."""
    cuts = statistics.quantiles(waits, n=100)
    print(f"  {name:10} p50 {cuts[49] * 1e3:6.1f} ms   p99 {cuts[98] * 1e3:6.1f} ms   of {len(waits)}")
    return cuts[49], cuts[98]


def through_the_flow(folder: Path) -> tuple[float, float]:
    """The real flow on a local log."""
    address = Address("local", f'{{"path": "{folder}"}}')
    bus = address.open()
    for topic in TOPICS:
        bus.create(topic)
    for path in sorted((shipped() / "watchlists").glob("*.yaml")):
        bus.append([Entry("watchlists", path.stem, path.read_bytes())])
    stop = threading.Event()
    flow = threading.Thread(target=run, args=(plan(address), stop), daemon=True)
    flow.start()
    produce(bus, RATE)  # warm: models and automata are built at the first article
    time.sleep(3)
    accepted = produce(bus, RATE * SECONDS)
    time.sleep(1)
    stop.set()
    flow.join(10)
    found = bus.read("alerts.nagorno-karabakh", 0, 0, 10**6)
    waits = [r.timestamp - accepted[a.article] for r in found if (a := decode(Alert, r.value)).article in accepted]
    assert len(waits) == RATE * SECONDS, f"{len(waits)} alerts of {RATE * SECONDS}"
    return percentiles("flow", waits)


def floor(folder: Path) -> tuple[float, float]:
    """A reader that writes each record back: what the log alone costs."""
    bus = Address("local", f'{{"path": "{folder}"}}').open()
    for topic in TOPICS:
        bus.create(topic)
    stop = threading.Event()

    def copy() -> None:
        offset = 0
        while not stop.is_set():
            records = bus.read("articles", 0, offset, 100)
            bus.append([Entry("tagged", r.key, r.value) for r in records])
            offset = records[-1].offset + 1 if records else offset
            if not records:
                bus.wait(0.1)

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    accepted = produce(bus, RATE * SECONDS)
    time.sleep(0.5)
    stop.set()
    thread.join()
    waits = [r.timestamp - accepted[r.key] for r in bus.read("tagged", 0, 0, 10**6)]
    return percentiles("bare log", waits)


def main() -> None:
    """Both, one after the other."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        bare = floor(Path(one))
        flow = through_the_flow(Path(other))
    print(f"  ratio flow ÷ bare log: p50 {flow[0] / bare[0]:.1f}, p99 {flow[1] / bare[1]:.1f}")
