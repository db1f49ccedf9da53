"""Following a topic: nothing is committed before the next poll, and memory is read back first."""

import time

import pytest

from connectors.buses import Bus, Entry, Position, Record, Topic, memory
from connectors.errors import TransientError
from pipelines.following import LAG, PER_ELEMENT, Follower


@pytest.fixture
def bus() -> Bus:
    made = memory.build(memory.Options())
    for name in ("articles", "tagged"):
        made.create(Topic(name, partitions=2))
    return made


def put(bus: Bus, topic: str, count: int) -> None:
    bus.append([Entry(topic, str(n), b"x") for n in range(count)])


def offsets(bus: Bus) -> int:
    return sum(p.offset for p in bus.positions())


def test_a_poll_commits_the_one_before_it_and_not_itself(bus: Bus) -> None:
    put(bus, "articles", 10)
    follower = Follower(bus, "articles", "flow")
    batches, _, _ = follower.poll(0.0)
    assert sum(map(len, batches)) == 10
    assert offsets(bus) == 0
    assert follower.poll(0.0)[0] == []
    assert offsets(bus) == 10


def test_a_follower_that_was_never_polled_again_reads_the_same_once_more(bus: Bus) -> None:
    put(bus, "articles", 10)
    first, _, _ = Follower(bus, "articles", "flow").poll(0.0)
    again, _, _ = Follower(bus, "articles", "flow").poll(0.0)
    assert first == again


def test_reading_starts_at_the_committed_offset(bus: Bus) -> None:
    put(bus, "articles", 10)
    bus.append((), [Position("flow", "articles", p, bus.end("articles", p) - 1) for p in (0, 1)])
    batches, _, _ = Follower(bus, "articles", "flow").poll(0.0)
    assert sum(map(len, batches)) == 2


def test_micro_batches_are_bounded_and_of_one_partition(bus: Bus) -> None:
    put(bus, "articles", 5 * PER_ELEMENT)
    batches, _, _ = Follower(bus, "articles", "flow").poll(0.0)
    assert all(len(b) <= PER_ELEMENT for b in batches)
    assert all(len({r.partition for r in b}) == 1 for b in batches)


def test_memory_is_read_back_first_marked_and_never_committed(bus: Bus) -> None:
    put(bus, "tagged", 6)
    put(bus, "articles", 4)
    newest = max(r.timestamp for p in (0, 1) for r in bus.read("tagged", p, 0, 9))
    follower = Follower(bus, "articles", "flow", remember=("tagged",), horizon=3600)
    polls = [follower.poll(newest + 1) for _ in range(4)]
    assert sum(len(b) for batches, remembered, _ in polls if remembered for b in batches) == 6
    assert sum(len(b) for batches, remembered, _ in polls if not remembered for b in batches) == 4
    assert [remembered for _, remembered, _ in polls] == [True, True, False, False]
    assert {p.topic for p in bus.positions()} == {"articles"}


def test_what_is_older_than_the_horizon_is_not_read_back(bus: Bus) -> None:
    put(bus, "tagged", 6)
    newest = max(r.timestamp for p in (0, 1) for r in bus.read("tagged", p, 0, 9))
    follower = Follower(bus, "articles", "flow", remember=("tagged",), horizon=3600)
    assert follower.poll(newest + 3601) == ([], False, newest + 3601 - LAG)


def test_the_watermark_moves_with_the_clock_when_there_is_nothing_to_read(bus: Bus) -> None:
    follower = Follower(bus, "articles", "flow")
    assert [follower.poll(t)[2] for t in (100.0, 200.0)] == [100.0 - LAG, 200.0 - LAG]


def test_the_watermark_stays_behind_the_oldest_record_read(bus: Bus) -> None:
    put(bus, "articles", 10)
    oldest = min(r.timestamp for p in (0, 1) for r in bus.read("articles", p, 0, 9))
    assert Follower(bus, "articles", "flow").poll(oldest + 1000)[2] == oldest - LAG


class Failing(memory.MemoryBus):
    """Refuses the reads whose numbers are in *refused*."""

    refused: frozenset[int] = frozenset()
    reads = 0

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        self.reads += 1
        if self.reads in self.refused:
            raise TransientError("the broker is away")
        return super().read(topic, partition, offset, limit)


@pytest.mark.parametrize("refused", range(1, 12))
def test_a_read_that_fails_anywhere_leaves_everything_to_the_next_poll(refused: int) -> None:
    bus = Failing()
    for name in ("articles", "tagged"):
        bus.create(Topic(name, partitions=2))
        put(bus, name, 10)
    bus.refused = frozenset({refused})
    follower, read, recalled = Follower(bus, "articles", "flow", remember=("tagged",), horizon=3600), [], set()
    for _ in range(6):
        try:
            batches, remembered, _ = follower.poll(time.time())
        except TransientError:
            continue
        keys = [record.key for batch in batches for record in batch]
        recalled |= set(keys) if remembered else set()
        read += [] if remembered else keys
    assert sorted(read) == sorted(map(str, range(10)))
    assert recalled == set(read)
    assert offsets(bus) == 10
