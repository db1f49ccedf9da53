"""The bus on Kafka over bare kafka-python, on one broker: appending, reading, one append at a time, waiting.

Both do the same: records of 2 KB with keys, appended a hundred at a time and acknowledged before the next hundred; read
from the first to the last. Aims: ratios of at most 1.2; at most 3 % of a core while nothing comes. Wall time, in turns,
medians. Needs WIREWATCH_KAFKA; ``make bench-cluster`` starts a broker.
"""

from __future__ import annotations

import itertools
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from connectors.buses import Bus, Entry, Topic, kafka
from connectors.kafkaclients import FETCH, RECONNECT, WAIT
from tests.benchmarks.latency import percentiles
from tests.clustered import BROKER

COUNT, TOGETHER, SINGLE, ROUNDS = 25_000, 100, 1000, 7
VALUE = bytes(range(256)) * 8

_numbers = itertools.count()


class Ours:
    """The bus."""

    name = "ours"

    def __init__(self, prefix: str) -> None:
        self.bus: Bus = kafka.build(kafka.Options(bootstrap=(BROKER,), prefix=prefix))

    def create(self, topic: str) -> None:
        """Make *topic*, as the flow's: unique."""
        self.bus.create(Topic(topic, unique=True))

    def append(self, topic: str, keys: list[str]) -> None:
        """Return when all are acknowledged."""
        assert self.bus.append([Entry(topic, key, VALUE) for key in keys]) == len(keys)

    def read(self, topic: str) -> int:
        """Read all; how many there were."""
        offset = 0
        while found := self.bus.read(topic, 0, offset, 1000):
            offset = found[-1].offset + 1
        return offset


class Bare:
    """kafka-python with the same settings."""

    name = "bare"

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        common = {"bootstrap_servers": BROKER, "reconnect_backoff_max_ms": RECONNECT}
        self.producer = KafkaProducer(**common, acks="all", enable_idempotence=True, linger_ms=0, batch_size=1 << 18)
        fetching = {"fetch_max_bytes": 8 * FETCH, "max_partition_fetch_bytes": FETCH, "fetch_max_wait_ms": WAIT}
        self.consumer = KafkaConsumer(**common, group_id=None, enable_auto_commit=False, **fetching)

    def append(self, topic: str, keys: list[str]) -> None:
        """Return when all are acknowledged."""
        name = self.prefix + topic
        sent = [self.producer.send(name, key=key.encode(), value=VALUE, partition=0) for key in keys]
        for future in sent:
            future.get(10)

    def read(self, topic: str) -> int:
        """Read all; how many there were."""
        place = TopicPartition(self.prefix + topic, 0)
        self.consumer.assign([place])
        self.consumer.seek(place, 0)
        end, at = self.consumer.end_offsets([place])[place], 0
        while at < end:
            for records in self.consumer.poll(100, max_records=1000).values():
                at = records[-1].offset + 1
        return at


def keys(count: int) -> list[str]:
    """As long as ids of articles are, each a new one."""
    return [f"{next(_numbers):032}" for _ in range(count)]


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long *work* took by the clock and on the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def appended(contender: Any, topic: str) -> None:
    """`COUNT` records, `TOGETHER` at a time."""
    for _ in range(COUNT // TOGETHER):
        contender.append(topic, keys(TOGETHER))


def compared(what: str, contenders: tuple[Ours, Bare], work: Callable[[Any, str], object]) -> None:
    """Let each do *work* on topics of its own, in turns, and print the megabytes a second and the ratios."""
    times: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    for number in range(ROUNDS + 1):
        for contender in contenders if number % 2 else reversed(contenders):
            took = seconds(lambda: work(contender, contender.name))  # noqa: B023 - called at once
            if number:  # the first warms up
                times[contender.name].append(took)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    rates = {name: COUNT * len(VALUE) / 1e6 / clock for name, (clock, _) in medians.items()}
    ratios = [ours / bare for ours, bare in zip(medians["ours"], medians["bare"], strict=True)]
    print(
        f"  {what}: ours {rates['ours']:.1f} MB/s, bare {rates['bare']:.1f} MB/s; ratio ours ÷ bare: "
        f"{ratios[0]:.2f} by the clock, {ratios[1]:.2f} on the processor   ({COUNT} records, {ROUNDS} rounds)"
    )


def one_by_one(contenders: tuple[Ours, Bare]) -> None:
    """Print p50 and p99 of one append that waits for its acknowledgement."""
    waits: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(SINGLE):
        for contender in contenders if number % 2 else reversed(contenders):
            waits[contender.name].append(seconds(lambda: contender.append(contender.name, keys(1)))[0])  # noqa: B023
    ours, bare = percentiles("ours", waits["ours"]), percentiles("bare", waits["bare"])
    print(f"  ratio of one append, ours ÷ bare: p50 {ours[0] / bare[0]:.2f}, p99 {ours[1] / bare[1]:.2f}")


def idle(bus: Bus, length: float = 10.0) -> None:
    """Print what a reader costs that waits for what does not come."""
    offset = bus.end("ours", 0)
    end = time.monotonic() + length

    def wait() -> None:
        while time.monotonic() < end:
            assert not bus.read("ours", 0, offset, 100)
            bus.wait(1.0)

    clock, processor = seconds(wait)
    print(f"  waiting: {processor / clock * 100:.2f} % of a core")


def reading(ours: Ours, bare: Bare) -> None:
    """Compare reading `COUNT` records of fresh topics."""
    for name in ("ours", "bare"):
        ours.create(f"read-{name}")
        appended(bare, f"read-{name}")

    def read(contender: Any, name: str) -> None:
        assert contender.read(f"read-{name}") == COUNT

    compared("read", (ours, bare), read)


def main() -> None:
    """All four, on topics of their own."""
    assert BROKER, "needs WIREWATCH_KAFKA: the address of a broker"
    prefix = f"b{uuid.uuid4().hex[:8]}."
    ours, bare = Ours(prefix), Bare(prefix)
    for name in ("ours", "bare"):
        ours.create(name)
    compared("append", (ours, bare), appended)
    held = {name: ours.bus.end(name, 0) for name in ("ours", "bare")}
    assert held["ours"] == held["bare"] == COUNT * (ROUNDS + 1)
    reading(ours, bare)
    one_by_one((ours, bare))
    idle(ours.bus)
