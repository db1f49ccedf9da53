"""What else may be on a topic, and what else may happen to one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from alerts import alert
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs

from connectors import metrics
from connectors.buses import Bus, Entry, Position, Topic, every
from connectors.deliver import deliver
from connectors.errors import ConfigError, RejectedError
from connectors.records import Alert, encode


def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def values(bus: Bus, topic: str) -> list[bytes | None]:
    return [record.value for record in every(bus, topic)]


def alter(admin: Any, topic: str, **configs: str) -> None:
    changed = {name.replace("_", "."): value for name, value in configs.items()}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=changed)])


def bare(broker: str, topic: str, *pairs: tuple[bytes | None, bytes | None]) -> None:
    """Append as a program that knows nothing of us."""
    with KafkaProducer(bootstrap_servers=broker) as producer:
        for key, value in pairs:
            producer.send(topic, key=key, value=value, partition=0).get(10)


# Topics


def test_a_topic_that_somebody_deleted_is_unknown_and_can_be_made_again(
    bus: Bus, opened: Callable[..., Bus], admin: Any, prefix: str
) -> None:
    for name in "ab":
        bus.create(Topic(name))
        bus.append([Entry(name, "k", b"old"), Entry(name, "k", b"older")])
    assert len(bus.read("a", 0, 0, 9)) == 2
    admin.delete_topics([f"{prefix}a"])
    until(lambda: "a" not in bus.topics())
    for call in (lambda: bus.append([Entry("a", "k", b"")]), lambda: bus.read("a", 0, 2, 9)):
        with pytest.raises(ConfigError, match="no topic 'a'"):
            call()
    assert len(bus.read("b", 0, 0, 9)) == 2, "the others go on"
    other = opened()
    assert other.topics() == {"b": Topic("b")}
    other.create(Topic("a"))
    assert other.append([Entry("a", "k", b"new")]) == 1
    assert values(other, "a") == [b"new"]
    until(lambda: "a" in bus.topics())
    assert bus.append([Entry("a", "k", b"newer")]) == 1
    assert values(bus, "a") == [b"new", b"newer"]


def test_a_unique_topic_that_was_made_anew_takes_the_keys_of_the_old_one_again(
    bus: Bus, opened: Callable[..., Bus], admin: Any, prefix: str
) -> None:
    bus.create(Topic("a", unique=True))
    assert (bus.append([Entry("a", "k", b"old")]), bus.append([Entry("a", "k", b"old")])) == (1, 0)
    admin.delete_topics([f"{prefix}a"])
    until(lambda: f"{prefix}a" not in admin.list_topics())
    opened().create(Topic("a", unique=True))
    time.sleep(1.5)  # the list of topics is believed for a second
    assert (bus.append([Entry("a", "k", b"new")]), bus.append([Entry("a", "k", b"new")])) == (1, 0)
    assert values(bus, "a") == [b"new"]


def test_a_deleted_topic_stops_no_read_of_another(bus: Bus, admin: Any, prefix: str) -> None:
    for name in "ab":
        bus.create(Topic(name))
        bus.append([Entry(name, "k", b"1")])
        bus.read(name, 0, 0, 1)
    admin.delete_topics([f"{prefix}a"])
    for number in range(1, 30):
        bus.append([Entry("b", "k", b"")])
        assert len(bus.read("b", 0, number, 1)) == 1
        bus.wait(0.05)


@pytest.mark.parametrize("now", [2, 4])
def test_a_topic_with_another_number_of_partitions_than_before_is_told_with_both(
    bus: Bus, opened: Callable[..., Bus], admin: Any, prefix: str, now: int
) -> None:
    bus.create(Topic("a", partitions=3))
    admin.delete_topics([f"{prefix}a"])
    until(lambda: f"{prefix}a" not in admin.list_topics())
    admin.create_topics({f"{prefix}a": {"num_partitions": now, "replication_factor": 1}}, wait_for_metadata=True)
    with pytest.raises(ConfigError, match=f"'a' exists with {now} partitions .* with 3 partitions"):
        opened().create(Topic("a", partitions=3))
    until(lambda: bus.topics()["a"].partitions == now)
    if now < 3:
        with pytest.raises(ConfigError, match="has 2 partitions and no number 2"):
            bus.read("a", 2, 0, 1)


def test_a_topic_that_was_made_elsewhere_is_taken_over(bus: Bus, admin: Any, prefix: str) -> None:
    admin.create_topics({f"{prefix}a": {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    with pytest.raises(ConfigError, match=r"'a' exists with 2 partitions .* with 1 partitions"):
        bus.create(Topic("a"))
    bus.create(Topic("a", partitions=2, compact=True))
    assert bus.topics() == {"a": Topic("a", partitions=2, compact=True)}
    bus.append([Entry("a", "k", None)])


def test_a_name_that_kafka_does_not_take_is_the_persons_to_change(bus: Bus) -> None:
    with pytest.raises(ConfigError, match=r"will never describe the topic \S+\.a b"):
        bus.create(Topic("a b"))


def test_retention_that_the_broker_refuses_is_not_promised(bus: Bus) -> None:
    bus.create(Topic("a"))
    for name in ("a", "new"):
        with pytest.raises(ConfigError, match=name):
            bus.create(Topic(name, retain_bytes=2**70))
    assert bus.topics() == {"a": Topic("a")}


def test_more_copies_than_there_are_brokers_are_the_persons_to_change(opened: Callable[..., Bus]) -> None:
    with pytest.raises(ConfigError, match=r"will never make the topic .* replication factor of 3"):
        opened(replication=3).create(Topic("a"))


# Reading


def test_records_that_are_gone_before_they_were_read_are_counted_once(
    bus: Bus, opened: Callable[..., Bus], admin: Any, prefix: str
) -> None:
    bus.create(Topic("a"))
    bus.append([Entry("a", "k", str(n).encode()) for n in range(20)], [Position("g", "a", 0, 5)])
    counted = metrics.GAPS.labels(f"{prefix}a")
    assert len(bus.read("a", 0, 0, 5)) == 5  # and the rest is fetched ahead
    admin.delete_records({TopicPartition(f"{prefix}a", 0): 12})
    late = opened()
    with capture_logs() as logged:
        at = late.committed("g", "a", 0)
        assert at == 5
        assert [r.offset for r in late.read("a", 0, at, 2)] == [12, 13]
        assert [r.offset for r in late.read("a", 0, at, 2)] == [12, 13]
        assert [r.offset for r in late.read("a", 0, 14, 99)] == list(range(14, 20))
        assert late.read("a", 0, 20, 99) == []
    assert [(e["log_level"], e["event"], e["lost"]) for e in logged] == [("error", "records are gone unread", 7)]
    assert counted._value.get() == 7


def test_a_reader_that_is_overtaken_while_it_reads_goes_on_at_the_beginning(bus: Bus, admin: Any, prefix: str) -> None:
    bus.create(Topic("a"))
    bus.append([Entry("a", "k", b"0")])
    assert len(bus.read("a", 0, 0, 1)) == 1
    time.sleep(6)  # it is no longer fetched ahead
    bus.append([Entry("a", "k", str(n).encode()) for n in range(1, 10)])
    admin.delete_records({TopicPartition(f"{prefix}a", 0): 8})
    with capture_logs() as logged:
        assert [r.offset for r in bus.read("a", 0, 1, 9)] == [8, 9]
        assert bus.read("a", 0, 10, 9) == []
    assert [e["lost"] for e in logged] == [7]


def test_looking_back_before_the_beginning_is_no_loss(bus: Bus, admin: Any, prefix: str) -> None:
    bus.create(Topic("a"))
    bus.append([Entry("a", "k", b"")] * 9)
    admin.delete_records({TopicPartition(f"{prefix}a", 0): 4})
    with capture_logs() as logged:
        assert [r.offset for r in bus.read("a", 0, 0, 9)] == [4, 5, 6, 7, 8]
        assert bus.read("a", 0, 9, 9) == []
    assert logged == []


def test_a_reader_ahead_of_the_end_waits_for_its_offset(bus: Bus) -> None:
    bus.create(Topic("a"))
    assert bus.read("a", 0, 3, 9) == []
    for number in range(5):
        bus.append([Entry("a", "k", str(number).encode())])
        bus.wait(0.3)
    assert [r.offset for r in bus.read("a", 0, 3, 9)] == [3, 4]


def test_reading_goes_on_while_others_wait(bus: Bus) -> None:
    for name in "ab":
        bus.create(Topic(name))
    bus.append([Entry("b", "k", b"")])
    bus.read("a", 0, 0, 1)
    stop = threading.Event()

    def wait() -> None:
        while not stop.is_set():
            bus.wait(0.2)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    took = []
    for _ in range(40):
        began = time.monotonic()
        bus.read("b", 0, 0, 1)
        took.append(time.monotonic() - began)
    stop.set()
    for thread in threads:
        thread.join()
    assert sorted(took)[36] < 0.1, "each waited for those that wait"


def test_large_records_are_not_all_held_in_memory(bus: Bus) -> None:
    bus.create(Topic("a"))
    for _ in range(60):
        bus.append([Entry("a", "k", bytes(1_000_000))])
    reader = bus._reader  # type: ignore[attr-defined]
    for number in range(60):
        assert len(bus.read("a", 0, number, 1)[0].value or b"") == 1_000_000
        bus.wait(0.01)
        assert sum(place.size for place in reader._places.values()) < 16_000_000


# Records


def test_ten_megabytes_come_back_as_they_were(bus: Bus) -> None:
    bus.create(Topic("a"))
    large = bytes(range(256)) * 40_000
    bus.append([Entry("a", "before", b"x"), Entry("a", "k", large), Entry("a", "after", b"y")])
    assert values(bus, "a") == [b"x", large, b"y"]


def test_a_record_that_the_broker_takes_as_too_large_is_rejected_and_the_others_are_not(
    bus: Bus, admin: Any, prefix: str
) -> None:
    bus.create(Topic("a", unique=True))
    alter(admin, f"{prefix}a", max_message_bytes="2000")
    entries = [Entry("a", "1", b"x"), Entry("a", "2", os.urandom(5000)), Entry("a", "3", b"y")]
    with pytest.raises(RejectedError, match="too_large"):
        bus.append(entries)
    for entry in entries[0::2]:
        bus.append([entry])
    assert [(r.key, r.value) for r in every(bus, "a")] == [("1", b"x"), ("3", b"y")]
    assert bus.append([Entry("a", "4", b"z")]) == 1


def test_what_others_have_written_is_read_as_it_is(bus: Bus, prefix: str, address: str) -> None:
    bus.create(Topic("a"))
    bus.create(Topic("c", compact=True))
    bare(address, f"{prefix}a", (b"\xff\xfe", b"\x00 no JSON \xff"), (None, b"no key"), (b"k", None), (b"", b""))
    assert [(r.key, r.value) for r in every(bus, "a")] == [
        ("\udcff\udcfe", b"\x00 no JSON \xff"),
        ("", b"no key"),
        ("k", None),
        ("", b""),
    ]
    bare(address, f"{prefix}c", (b"k", b"1"), (b"k", None))
    bus.append([Entry("c", "x", b"2"), Entry("c", "x", None)])
    assert [(r.key, r.value) for r in every(bus, "c")] == [("k", b"1"), ("k", None), ("x", b"2"), ("x", None)]


def test_a_busy_cleaner_leaves_readers_with_the_newest_values(bus: Bus, admin: Any, prefix: str) -> None:
    bus.create(Topic("a", compact=True))
    alter(
        admin,
        f"{prefix}a",
        cleanup_policy="compact",
        min_cleanable_dirty_ratio="0.01",
        segment_ms="100",
        delete_retention_ms="100",
        max_compaction_lag_ms="100",
    )
    expected: dict[str, bytes | None] = {}
    latest: dict[str, bytes | None] = {}
    offset = written = 0
    end = time.monotonic() + 60
    while len(list(every(bus, "a"))) >= written * 0.8:
        assert time.monotonic() < end, "the cleaner did nothing"
        for number in range(20):
            key, value = f"k{number % 7}", None if number == 13 else f"{written}".encode()
            bus.append([Entry("a", key, value)])
            expected[key] = value
            written += 1
        for record in bus.read("a", 0, offset, 1000):
            latest[record.key], offset = record.value, record.offset + 1
        time.sleep(0.2)
    while found := bus.read("a", 0, offset, 1000):
        for record in found:
            latest[record.key], offset = record.value, record.offset + 1
    assert latest == expected, "one that followed"
    fresh = {record.key: record.value for record in every(bus, "a")}
    assert {k: v for k, v in fresh.items() if v} == {k: v for k, v in expected.items() if v}, "one that comes new"
    assert bus.end("a", 0) == written


# Several processes

APPENDS = """
import sys
from connectors.buses import Entry, kafka
bus = kafka.build(kafka.Options(bootstrap=sys.argv[1], prefix=sys.argv[2]))
print(bus.append([Entry("alerts.a", "{key}", sys.stdin.buffer.read())]))
bus.close()
"""


class Sink:
    def __init__(self) -> None:
        self.got: list[Alert] = []

    async def deliver(self, alerts: Any) -> None:
        self.got += alerts

    async def close(self) -> None:
        pass


def test_what_two_processes_append_with_one_key_is_delivered_once(bus: Bus, prefix: str, address: str) -> None:
    bus.create(Topic("alerts.a", unique=True))
    bus.create(Topic("dead-letters", unique=True))
    made = alert()
    command = [sys.executable, "-c", APPENDS.format(key=made.id), address, prefix]
    for _ in range(2):
        done = subprocess.run(command, input=encode(made), capture_output=True, check=True, timeout=60)
        assert done.stdout == b"1\n"
    assert [r.key for r in every(bus, "alerts.a")] == [made.id, made.id]
    sink = Sink()
    asyncio.run(delivered(bus, sink, 2))
    assert [a.id for a in sink.got] == [made.id]
    subprocess.run(command, input=encode(made), capture_output=True, check=True, timeout=60)
    asyncio.run(delivered(bus, sink, 3))
    assert [a.id for a in sink.got] == [made.id], "nor after a restart"


async def delivered(bus: Bus, sink: Sink, end: int) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(
        deliver("desk", sink, bus, lambda: ["alerts.a"], stop=stop, now=lambda: datetime.now(UTC), rng=Random(1))
    )
    while (await asyncio.to_thread(bus.committed, "sink.desk", "alerts.a", 0) or 0) < end:
        assert not running.done()
        await asyncio.sleep(0.05)
    stop.set()
    await running


# Opening and closing


def test_a_bus_that_was_closed_can_be_used_again(bus: Bus) -> None:
    bus.create(Topic("a", unique=True))
    bus.append([Entry("a", "x", b"1")], [Position("g", "a", 0, 1)])
    bus.read("a", 0, 0, 1)
    bus.close()
    assert bus.append([Entry("a", "x", b"1"), Entry("a", "y", b"2")]) == 1
    bus.close()
    assert values(bus, "a") == [b"1", b"2"]
    assert bus.committed("g", "a", 0) == 1
    bus.close()
    bus.wait(0.05)


def test_a_close_while_others_read_and_append_hurts_nobody(bus: Bus) -> None:
    bus.create(Topic("a"))
    stop, failures = threading.Event(), list[BaseException]()
    counts = [0, 0]

    def append() -> None:
        while not stop.is_set():
            counts[0] += bus.append([Entry("a", "k", b"x")])

    def read() -> None:
        while not stop.is_set():
            counts[1] += len(bus.read("a", 0, counts[1], 100))
            bus.wait(0.01)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (append, read)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        time.sleep(0.2)
        bus.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert counts[0] > 10
    assert len(values(bus, "a")) == counts[0]
