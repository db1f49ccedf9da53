"""The bus: durable topics between the loops.

A bus is a module of this folder with ``Options`` and ``build(options)``. Words are Kafka's: a *topic* has
*partitions*, a partition is a sequence of *records* numbered by *offset*, records with one *key* share a partition,
a *group* commits the offset it will read next. One suite, ``tests/contract/test_buses.py``, runs on every module.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic promises.

    *unique*: a key is accepted once, a later entry with the same key adds nothing. Where several processes append, a
    bus may keep that for each of them only (Kafka): a repeat then has the same key, and readers keep the first.
    *compact*: only the newest record of a key must be kept, and an entry without a value deletes its key.
    *retain_seconds*, *retain_bytes*: how much `Bus.sweep` keeps; None keeps all.
    """

    name: str
    partitions: int = 1
    unique: bool = False
    compact: bool = False
    retain_seconds: float | None = None
    retain_bytes: int | None = None


class Entry(NamedTuple):
    """Something to append. A *value* of None is a tombstone, for compacted topics."""

    topic: str
    key: str
    value: bytes | None


class Position(NamedTuple):
    """A committed offset: the next that *group* will read."""

    group: str
    topic: str
    partition: int
    offset: int


class Record(NamedTuple):
    """Something read. *timestamp* is when the bus accepted it, in seconds since the epoch by the bus's clock."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    timestamp: float


class Bus(Protocol):
    """An append-only log of topics. Safe to use from several threads at once.

    Errors: ConfigError for a topic that does not exist or exists with other promises and for a role already held;
    TransientError when the bus cannot take or give records now (disk full, broker away): try the same call again.
    Nothing of that call happened, unless the error says that this is unknown (a broker that did not answer).
    """

    def create(self, topic: Topic) -> None:
        """Make sure *topic* exists. Changing its retention is allowed, its partitions or kind are not."""

    def topics(self) -> dict[str, Topic]:
        """Every topic by name."""

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        """Append all entries and commit all positions, together or not at all. Durable on return.

        On Kafka not together but in that order: a crash in between leaves entries that the next try appends again,
        with the same keys. What is refused is refused before anything happens, there too.

        Returns:
            How many entries were added; those whose key a *unique* topic already holds add nothing.
        """

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        """The next at most *limit* records from *offset* on, in order. Never blocks; [] when there is none.

        Fewer than *limit* may be all that is at hand: only [] says that there are no more. Offsets may have gaps
        (compaction, retention, damaged records set aside); an offset below `begin` reads from `begin`.
        """

    def begin(self, topic: str, partition: int) -> int:
        """The lowest offset still kept; `end` when nothing is."""

    def end(self, topic: str, partition: int) -> int:
        """The offset the next record will get. Never goes back."""

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """The offset *group* reads next, None when it never committed."""

    def positions(self) -> list[Position]:
        """Every committed offset of every group."""

    def damaged(self) -> int:
        """How many records failed their checksum and were set aside, ever."""

    def sweep(self, now: float) -> int:
        """Apply compaction and retention as of *now* (seconds since the epoch); the number of records dropped.

        Retention drops only what every group that ever committed on the partition has passed. The end of a
        partition is kept even when all its records go. On Kafka this is retention by time; compaction and the bound
        on bytes are the broker's, whenever it likes, and it waits for no group.
        """

    def wait(self, timeout: float) -> None:
        """Return when something may have been appended by this process, or after *timeout* seconds."""

    def hold(self, role: str) -> AbstractContextManager[None]:
        """Be the only holder of *role* (``poller``, ``flow``, ``sink.<name>``) on this bus, until the context ends.

        Raises:
            ConfigError: another process holds it; its pid is in the message.
        """

    def close(self) -> None:
        """Let go of files and threads; appends that have returned stay durable."""


def every(bus: Bus, topic: str) -> Iterator[Record]:
    """Every record of *topic* that is kept, a partition after another; none when there is no such topic."""
    known = bus.topics().get(topic)
    for partition in range(known.partitions if known else 0):
        offset = 0
        while found := bus.read(topic, partition, offset, 1000):
            yield from found
            offset = found[-1].offset + 1


def partition_of(key: str, partitions: int) -> int:
    """The partition of *key*: CRC-32 of its UTF-8 modulo *partitions*; the same in every process and version."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % partitions
