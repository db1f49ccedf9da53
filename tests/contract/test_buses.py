"""What every bus promises, run on each module of connectors/buses."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from connectors import plugins
from connectors.buses import Bus, Entry, Position, Record, Topic, kafka, local, memory, partition_of
from connectors.errors import ConfigError, RejectedError

BROKER = os.environ.get("WIREWATCH_KAFKA", "")
"""Where a Kafka broker answers, as host:port; ``make test-kafka`` starts one."""

FACTORIES: dict[str, Callable[[Path], Bus]] = {
    "kafka": lambda folder: kafka.build(kafka.Options(bootstrap=BROKER, prefix=f"{uuid.uuid4().hex}.", folder=folder)),
    "local": lambda folder: local.build(local.Options(path=folder / "log")),
    "memory": lambda _: memory.build(memory.Options()),
}
"""How the suite makes an empty bus of each kind, given an empty folder."""

SWEPT_BY_THE_BROKER = {"kafka"}
"""Kinds where compaction and the bound on bytes are the broker's, by whole segments and whenever it likes."""

ON_A_BROKER = [
    pytest.mark.kafka,
    pytest.mark.skipif(not BROKER, reason="NO BROKER: `make test-kafka` starts one (it needs Java 17)"),
]


def marked(kinds: Iterable[str]) -> list[Any]:
    return [pytest.param(kind, marks=ON_A_BROKER if kind == "kafka" else []) for kind in kinds]


KINDS = plugins.names("connectors.buses")
SWEEPING_KINDS = [kind for kind in KINDS if kind not in SWEPT_BY_THE_BROKER]


def made(kind: str, folder: Path) -> Bus:
    assert kind in FACTORIES, f"connectors/buses/{kind}.py has no factory here: add one to FACTORIES"
    return FACTORIES[kind](folder)


@pytest.fixture(params=marked(KINDS))
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    bus = made(request.param, tmp_path)
    yield bus
    bus.close()


@pytest.fixture(params=SWEEPING_KINDS)
def sweeping_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    """Of the kinds whose `sweep` also compacts and bounds bytes."""
    bus = made(request.param, tmp_path)
    yield bus
    bus.close()


def put(bus: Bus, topic: str, *keys: str) -> int:
    return bus.append([Entry(topic, key, f"of {key}".encode()) for key in keys])


def everything(bus: Bus, topic: str, partition: int = 0) -> list[Record]:
    return bus.read(topic, partition, 0, 10_000)


def keys(bus: Bus, topic: str, partition: int = 0) -> list[str]:
    return [record.key for record in everything(bus, topic, partition)]


# Topics


def test_a_topic_that_was_created_is_listed_with_its_promises(bus: Bus) -> None:
    topic = Topic("a", partitions=3, unique=True, retain_seconds=60.5, retain_bytes=1000)
    bus.create(topic)
    bus.create(Topic("b", compact=True))
    assert bus.topics() == {"a": topic, "b": Topic("b", compact=True)}


def test_creating_a_topic_again_keeps_its_records(bus: Bus) -> None:
    bus.create(Topic("a"))
    put(bus, "a", "x")
    bus.create(Topic("a"))
    assert keys(bus, "a") == ["x"]


def test_the_retention_of_a_topic_may_change(bus: Bus) -> None:
    bus.create(Topic("a", retain_bytes=1000))
    put(bus, "a", "x")
    bus.create(Topic("a", retain_seconds=60))
    assert bus.topics()["a"] == Topic("a", retain_seconds=60)
    assert bus.sweep(time.time() + 100) == 1


@pytest.mark.parametrize("other", [Topic("a", partitions=2), Topic("a", unique=True), Topic("a", compact=True)])
def test_the_partitions_and_the_kind_of_a_topic_may_not_change(bus: Bus, other: Topic) -> None:
    bus.create(Topic("a"))
    with pytest.raises(ConfigError, match="'a' exists"):
        bus.create(other)
    assert bus.topics() == {"a": Topic("a")}


@pytest.mark.parametrize("topic", [Topic(""), Topic("a", partitions=0)])
def test_a_topic_without_a_name_or_a_partition_is_refused(bus: Bus, topic: Topic) -> None:
    with pytest.raises(ConfigError, match="at least one partition"):
        bus.create(topic)


def test_a_topic_that_does_not_exist_is_named_in_the_refusal(bus: Bus) -> None:
    calls: list[Callable[[], object]] = [
        lambda: put(bus, "missing", "x"),
        lambda: bus.append((), [Position("g", "missing", 0, 0)]),
        lambda: bus.read("missing", 0, 0, 1),
        lambda: bus.begin("missing", 0),
        lambda: bus.end("missing", 0),
        lambda: bus.committed("g", "missing", 0),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="'missing'"):
            call()


@pytest.mark.parametrize("partition", [-1, 2])
def test_a_partition_that_a_topic_does_not_have_is_refused(bus: Bus, partition: int) -> None:
    bus.create(Topic("a", partitions=2))
    calls: list[Callable[[], object]] = [
        lambda: bus.append((), [Position("g", "a", partition, 0)]),
        lambda: bus.read("a", partition, 0, 1),
        lambda: bus.begin("a", partition),
        lambda: bus.end("a", partition),
        lambda: bus.committed("g", "a", partition),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="2 partitions"):
            call()


# Append


def test_a_record_comes_back_as_it_was_appended(bus: Bus) -> None:
    bus.create(Topic("a"))
    before = time.time()
    assert bus.append([Entry("a", "k", b"\x00value\xff")]) == 1
    (record,) = everything(bus, "a")
    assert record[:5] == ("a", 0, 0, "k", b"\x00value\xff")
    assert before - 0.01 <= record.timestamp <= time.time() + 0.01


@pytest.mark.parametrize("key", ["", "Ղարաբաղ", "a\x00b", "\ud800", "'; --", "k" * 5000])
def test_any_string_may_be_a_key(bus: Bus, key: str) -> None:
    bus.create(Topic("a", partitions=3, unique=True))
    assert bus.append([Entry("a", key, b"")]) == 1
    assert bus.append([Entry("a", key, b"")]) == 0
    assert keys(bus, "a", partition_of(key, 3)) == [key]


def test_an_empty_value_is_a_value(bus: Bus) -> None:
    bus.create(Topic("a", compact=True))
    bus.append([Entry("a", "empty", b""), Entry("a", "none", None)])
    assert [record.value for record in everything(bus, "a")] == [b"", None]


def test_records_with_one_key_share_a_partition_and_keep_their_order(bus: Bus) -> None:
    bus.create(Topic("a", partitions=4))
    for number in range(40):
        bus.append([Entry("a", f"key {number % 7}", str(number).encode())])
    for partition in range(4):
        records = everything(bus, "a", partition)
        assert {partition_of(r.key, 4) for r in records} <= {partition}
        assert [r.offset for r in records] == list(range(len(records)))
        numbers = [int(r.value or b"") for r in records]
        assert numbers == sorted(numbers)
    assert sum(bus.end("a", partition) for partition in range(4)) == 40


def test_a_unique_topic_accepts_a_key_once(bus: Bus) -> None:
    bus.create(Topic("a", unique=True))
    assert bus.append([Entry("a", "x", b"first"), Entry("a", "x", b"second"), Entry("a", "y", b"")]) == 2
    assert bus.append([Entry("a", "y", b"again"), Entry("a", "z", b"")]) == 1
    assert [(r.offset, r.key, r.value) for r in everything(bus, "a")] == [
        (0, "x", b"first"),
        (1, "y", b""),
        (2, "z", b""),
    ]


def test_a_topic_that_is_not_unique_accepts_a_key_again(bus: Bus) -> None:
    bus.create(Topic("a"))
    assert put(bus, "a", "x", "x") == 2
    assert put(bus, "a", "x") == 1


def test_a_tombstone_needs_a_compacted_topic(bus: Bus) -> None:
    bus.create(Topic("a"))
    with pytest.raises(ValueError, match="tombstone"):
        bus.append([Entry("a", "x", None)])


def test_a_value_larger_than_any_article_is_rejected(bus: Bus) -> None:
    bus.create(Topic("a"))
    with pytest.raises(RejectedError, match="too_large"):
        bus.append([Entry("a", "x", bytes(2**26 + 1))])
    assert bus.end("a", 0) == 0


def test_entries_and_commits_land_together(bus: Bus) -> None:
    bus.create(Topic("a"))
    bus.create(Topic("b"))
    assert bus.append([Entry("a", "x", b""), Entry("b", "y", b"")], [Position("g", "a", 0, 1)]) == 2
    assert (keys(bus, "a"), keys(bus, "b"), bus.committed("g", "a", 0)) == (["x"], ["y"], 1)


@pytest.mark.parametrize(
    ("entry", "position"),
    [
        (Entry("missing", "y", b""), Position("g", "a", 0, 1)),
        (Entry("a", "y", None), Position("g", "a", 0, 1)),
        (Entry("a", "y", "text"), Position("g", "a", 0, 1)),  # type: ignore[arg-type]
        (Entry("a", "y", b""), Position("g", "a", 9, 1)),
        (Entry("a", "y", b""), Position("g", "missing", 0, 1)),
        (Entry("a", "y", b""), Position("g", "a", 0, -1)),
        (Entry("a", "y", b""), Position("g", "a", 0, 2**80)),
        (Entry("a", "y", b""), Position("\ud800", "a", 0, 1)),
    ],
)
def test_when_one_part_of_an_append_is_refused_nothing_of_it_happens(
    bus: Bus, entry: Entry, position: Position
) -> None:
    bus.create(Topic("a"))
    with pytest.raises((ConfigError, ValueError, TypeError)):
        bus.append([Entry("a", "x", b""), entry], [Position("h", "a", 0, 1), position])
    assert (bus.end("a", 0), everything(bus, "a"), bus.positions()) == (0, [], [])


def test_appending_nothing_adds_nothing(bus: Bus) -> None:
    assert bus.append() == 0


def test_threads_that_append_at_once_lose_nothing_and_keep_their_own_order(bus: Bus) -> None:
    bus.create(Topic("a"))
    bus.create(Topic("once", unique=True))
    added: list[int] = []

    def work(thread: int) -> None:
        for number in range(20):
            bus.append([Entry("a", f"{thread}", f"{number}".encode())])
            added.append(bus.append([Entry("once", f"{number}", f"{thread}".encode())]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = everything(bus, "a")
    assert [r.offset for r in records] == list(range(160))
    for i in range(8):
        assert [r.value for r in records if r.key == str(i)] == [f"{number}".encode() for number in range(20)]
    assert sum(added) == 20 == len(everything(bus, "once"))


# Read


def test_a_read_gives_the_next_records_in_order_and_at_most_the_limit(bus: Bus) -> None:
    bus.create(Topic("a"))
    put(bus, "a", *"abcde")
    assert [(r.offset, r.key) for r in bus.read("a", 0, 1, 3)] == [(1, "b"), (2, "c"), (3, "d")]
    assert [r.key for r in bus.read("a", 0, 4, 3)] == ["e"]


@pytest.mark.parametrize(("offset", "limit"), [(2, 10), (99, 10), (0, 0), (0, -1)])
def test_a_read_that_finds_nothing_returns_at_once(bus: Bus, offset: int, limit: int) -> None:
    bus.create(Topic("a"))
    put(bus, "a", "a", "b")
    assert bus.read("a", 0, offset, limit) == []


def test_an_offset_below_the_beginning_reads_from_the_beginning(bus: Bus) -> None:
    bus.create(Topic("a", retain_seconds=1))
    put(bus, "a", *"abcd")
    bus.append((), [Position("g", "a", 0, 2)])
    assert bus.sweep(time.time() + 100) == 2
    assert bus.begin("a", 0) == 2
    assert [r.key for r in bus.read("a", 0, -5, 1)] == [r.key for r in bus.read("a", 0, 0, 1)] == ["c"]


def test_begin_and_end_of_an_empty_partition_are_the_same(bus: Bus) -> None:
    bus.create(Topic("a"))
    assert bus.begin("a", 0) == bus.end("a", 0) == 0
    put(bus, "a", "x", "y")
    assert (bus.begin("a", 0), bus.end("a", 0)) == (0, 2)


# Commits


def test_a_commit_is_remembered_per_group_topic_and_partition(bus: Bus) -> None:
    bus.create(Topic("a", partitions=2))
    bus.create(Topic("b"))
    assert bus.committed("g", "a", 0) is None
    bus.append((), [Position("g", "a", 0, 5), Position("g", "a", 1, 6), Position("h", "a", 0, 7)])
    bus.append((), [Position("g", "b", 0, 8), Position("g", "a", 0, 9)])
    expected = {
        Position("g", "a", 0, 9),
        Position("g", "a", 1, 6),
        Position("h", "a", 0, 7),
        Position("g", "b", 0, 8),
    }
    assert set(bus.positions()) == expected
    assert len(bus.positions()) == 4
    assert all(bus.committed(p.group, p.topic, p.partition) == p.offset for p in expected)
    assert bus.committed("h", "b", 0) is None


def test_a_group_may_commit_an_earlier_offset_to_read_again(bus: Bus) -> None:
    bus.create(Topic("a"))
    bus.append((), [Position("g", "a", 0, 5)])
    bus.append((), [Position("g", "a", 0, 2)])
    assert bus.committed("g", "a", 0) == 2


# Sweep


def test_a_topic_without_retention_keeps_everything(bus: Bus) -> None:
    bus.create(Topic("a"))
    put(bus, "a", "x", "x")
    assert bus.sweep(time.time() + 1e9) == 0
    assert keys(bus, "a") == ["x", "x"]


def test_retention_by_time_drops_what_is_older(bus: Bus) -> None:
    bus.create(Topic("a", retain_seconds=100))
    put(bus, "a", "old")
    while time.time() <= everything(bus, "a")[0].timestamp + 0.001:
        pass
    put(bus, "a", "young")
    old, young = everything(bus, "a")
    assert bus.sweep(young.timestamp + 99) == 0
    assert bus.sweep((old.timestamp + young.timestamp) / 2 + 100) == 1
    assert keys(bus, "a") == ["young"]


def test_retention_by_size_keeps_the_newest_records_that_fit(sweeping_bus: Bus) -> None:
    bus = sweeping_bus
    bus.create(Topic("a", retain_bytes=3000))
    bus.append([Entry("a", f"{n:04}", bytes(996)) for n in range(10)])
    assert bus.sweep(time.time()) == 7
    assert [r.offset for r in everything(bus, "a")] == [7, 8, 9]
    assert bus.sweep(time.time()) == 0


def test_the_partitions_of_a_topic_share_its_bytes(sweeping_bus: Bus) -> None:
    bus = sweeping_bus
    bus.create(Topic("a", partitions=4, retain_bytes=4000))
    bus.append([Entry("a", f"{n:04}", bytes(96)) for n in range(200)])
    bus.sweep(time.time())
    kept = [len(everything(bus, "a", partition)) for partition in range(4)]
    assert kept == [10, 10, 10, 10]


def test_retention_waits_for_every_group_that_ever_committed_there(bus: Bus) -> None:
    bus.create(Topic("a", retain_seconds=1))
    put(bus, "a", *"abcd")
    bus.append((), [Position("fast", "a", 0, 4), Position("slow", "a", 0, 1)])
    later = time.time() + 100
    assert bus.sweep(later) == 1
    assert bus.begin("a", 0) == 1
    bus.append((), [Position("slow", "a", 0, 3)])
    assert bus.sweep(later) == 2
    assert keys(bus, "a") == ["d"]


def test_a_group_of_another_partition_holds_nothing_back(bus: Bus) -> None:
    bus.create(Topic("a", partitions=2, retain_seconds=1))
    bus.create(Topic("b", retain_seconds=1))
    put(bus, "a", *"abcdefgh")
    put(bus, "b", "x")
    bus.append((), [Position("g", "a", 0, 0)])
    bus.sweep(time.time() + 100)
    assert (len(keys(bus, "a", 0)), keys(bus, "a", 1), keys(bus, "b")) == (bus.end("a", 0), [], [])


def test_offsets_are_never_used_again_even_when_all_records_are_gone(bus: Bus) -> None:
    bus.create(Topic("a", retain_seconds=1))
    put(bus, "a", *"abc")
    assert bus.sweep(time.time() + 100) == 3
    assert (bus.begin("a", 0), bus.end("a", 0), everything(bus, "a")) == (3, 3, [])
    put(bus, "a", "d")
    assert [(r.offset, r.key) for r in everything(bus, "a")] == [(3, "d")]


def test_a_unique_key_counts_as_long_as_its_record_is_kept(bus: Bus) -> None:
    bus.create(Topic("a", unique=True, retain_seconds=1))
    put(bus, "a", "x")
    bus.sweep(time.time() + 100)
    assert put(bus, "a", "x") == 1
    assert put(bus, "a", "x") == 0


def test_compaction_keeps_the_newest_record_of_each_key(sweeping_bus: Bus) -> None:
    bus = sweeping_bus
    bus.create(Topic("a", compact=True))
    bus.append([Entry("a", key, str(n).encode()) for n, key in enumerate("xyxzx")])
    assert bus.sweep(time.time()) == 2
    assert [(r.offset, r.key, r.value) for r in everything(bus, "a")] == [
        (1, "y", b"1"),
        (3, "z", b"3"),
        (4, "x", b"4"),
    ]
    assert bus.end("a", 0) == 5


def test_after_a_sweep_the_newest_value_of_a_key_is_what_a_reader_ends_with(bus: Bus) -> None:
    bus.create(Topic("a", compact=True))
    bus.append([Entry("a", key, str(n).encode()) for n, key in enumerate("xyxzx")] + [Entry("a", "y", None)])
    bus.sweep(time.time())
    latest = {record.key: record.value for record in everything(bus, "a")}
    assert {key: value for key, value in latest.items() if value is not None} == {"z": b"3", "x": b"4"}


def test_a_tombstone_deletes_its_key_and_goes_too(sweeping_bus: Bus) -> None:
    bus = sweeping_bus
    bus.create(Topic("a", compact=True))
    bus.append([Entry("a", "x", b"1"), Entry("a", "y", b"2"), Entry("a", "x", None)])
    bus.sweep(time.time())
    bus.sweep(time.time())
    assert keys(bus, "a") == ["y"]
    bus.append([Entry("a", "x", b"back")])
    bus.sweep(time.time())
    assert [(r.offset, r.key) for r in everything(bus, "a")] == [(1, "y"), (3, "x")]


def test_a_tombstone_stays_until_every_group_has_passed_it(sweeping_bus: Bus) -> None:
    bus = sweeping_bus
    bus.create(Topic("a", compact=True))
    bus.append([Entry("a", "x", b"1"), Entry("a", "x", None)], [Position("g", "a", 0, 1)])
    bus.sweep(time.time())
    assert [(r.key, r.value) for r in everything(bus, "a")] == [("x", None)]
    bus.append((), [Position("g", "a", 0, 2)])
    bus.sweep(time.time())
    assert everything(bus, "a") == []


# Waiting, roles, the rest


def test_nothing_is_damaged_in_a_sound_bus(bus: Bus) -> None:
    assert bus.damaged() == 0


def test_a_wait_ends_when_another_thread_appends(bus: Bus) -> None:
    bus.create(Topic("a"))
    bus.wait(0)
    timer = threading.Timer(0.05, put, (bus, "a", "x"))
    timer.start()
    started = time.monotonic()
    bus.wait(10)
    assert time.monotonic() - started < 5
    timer.join()
    assert keys(bus, "a") == ["x"]


def test_an_append_between_a_look_and_the_wait_is_not_missed(bus: Bus) -> None:
    bus.create(Topic("a"))
    bus.wait(0)
    assert everything(bus, "a") == []
    put(bus, "a", "x")
    started = time.monotonic()
    bus.wait(10)
    assert time.monotonic() - started < 5


def test_a_wait_in_vain_ends_with_its_timeout(bus: Bus) -> None:
    bus.create(Topic("a"))
    put(bus, "a", "x")
    bus.wait(0)
    bus.append((), [Position("g", "a", 0, 1)])
    started = time.monotonic()
    bus.wait(0.05)
    assert 0.04 < time.monotonic() - started < 5


def test_a_role_has_one_holder(bus: Bus) -> None:
    with bus.hold("sink.mail"):
        with pytest.raises(ConfigError, match=r"'sink\.mail' .*process \d+"), bus.hold("sink.mail"):
            pass
        with bus.hold("sink.web"):
            pass
    with bus.hold("sink.mail"):
        pass


def test_a_role_is_let_go_when_its_holder_fails(bus: Bus) -> None:
    with pytest.raises(KeyError), bus.hold("flow"):
        raise KeyError
    with bus.hold("flow"):
        pass


def test_closing_twice_is_closing(bus: Bus) -> None:
    bus.close()
    bus.close()


# Against a plain model

TOPICS = (
    Topic("plain", partitions=2),
    Topic("once", unique=True, retain_seconds=500),
    Topic("latest", partitions=2, compact=True),
    Topic("short", retain_seconds=500, retain_bytes=8),
)
PLACES = [(topic, partition) for topic in TOPICS for partition in range(topic.partitions)]
ENTRIES = st.one_of(
    st.builds(Entry, st.sampled_from([t.name for t in TOPICS]), st.sampled_from("abcd"), st.binary(max_size=3)),
    st.builds(Entry, st.just("latest"), st.sampled_from("abcd"), st.none()),
)
POSITIONS = st.tuples(st.sampled_from(["g", "h"]), st.sampled_from(PLACES), st.integers(0, 12)).map(
    lambda drawn: Position(drawn[0], drawn[1][0].name, drawn[1][1], drawn[2])
)


class Comparison(RuleBasedStateMachine):
    """A bus and lists of (offset, key, value), given the same."""

    kind: str

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.bus = made(self.kind, Path(self.cleanup.enter_context(TemporaryDirectory())))
        for topic in TOPICS:
            self.bus.create(topic)
        self.kept: dict[tuple[str, int], list[tuple[int, str, bytes | None]]] = {(t.name, p): [] for t, p in PLACES}
        self.ends = dict.fromkeys(self.kept, 0)
        self.commits: dict[tuple[str, str, int], int] = {}

    def teardown(self) -> None:
        self.bus.close()
        self.cleanup.close()

    @rule(entries=st.lists(ENTRIES, max_size=6), positions=st.lists(POSITIONS, max_size=2))
    def append(self, entries: list[Entry], positions: list[Position]) -> None:
        added = 0
        for topic, key, value in entries:
            place = topic, partition_of(key, self.bus.topics()[topic].partitions)
            if topic == "once" and key in [k for _, k, _ in self.kept[place]]:
                continue
            self.kept[place].append((self.ends[place], key, value))
            self.ends[place] += 1
            added += 1
        self.commits |= {(p.group, p.topic, p.partition): p.offset for p in positions}
        assert self.bus.append(entries, positions) == added

    @rule(place=st.sampled_from(PLACES), offset=st.integers(-1, 12), limit=st.integers(0, 5))
    def read(self, place: tuple[Topic, int], offset: int, limit: int) -> None:
        name, partition = place[0].name, place[1]
        expected = [r for r in self.kept[name, partition] if r[0] >= offset][:limit]
        assert [(r.offset, r.key, r.value) for r in self.bus.read(name, partition, offset, limit)] == expected

    @rule(late=st.booleans())
    def sweep(self, late: bool) -> None:
        dropped = 0
        for topic, partition in PLACES:
            place = topic.name, partition
            records = self.kept[place]
            floor = min((o for (_, *at), o in self.commits.items() if tuple(at) == place), default=99)
            if self.kind in SWEPT_BY_THE_BROKER and (topic.compact or not (topic.retain_seconds and late)):
                kept = records
            elif topic.compact:
                last = {key: (offset, value) for offset, key, value in records}
                kept = [r for r in records if last[r[1]][0] == r[0] and (r[2] is not None or r[0] >= floor)]
            else:
                kept = list(records)
                while kept and kept[0][0] < floor and self.must_go(topic, kept, late):
                    kept.pop(0)
            dropped += len(records) - len(kept)
            self.kept[place] = kept
        assert self.bus.sweep(time.time() + (1000 if late else 0)) == dropped

    def must_go(self, topic: Topic, kept: list[tuple[int, str, bytes | None]], late: bool) -> bool:
        size = sum(len(key) + len(value or b"") for _, key, value in kept)
        return bool(topic.retain_seconds and late) or bool(topic.retain_bytes and size > topic.retain_bytes)

    @invariant()
    def same(self) -> None:
        for (name, partition), records in self.kept.items():
            assert self.bus.end(name, partition) == self.ends[name, partition]
            assert self.bus.begin(name, partition) == (records[0][0] if records else self.ends[name, partition])
        assert {p[:3]: p.offset for p in self.bus.positions()} == self.commits
        assert self.bus.damaged() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", marked(KINDS))
def test_a_bus_does_what_a_plain_model_does(kind: str) -> None:
    machine = type(f"Comparison of {kind}", (Comparison,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=20, deadline=None, database=None)
    )
