"""A bus in memory: what the others promise but for durability, for tests and for commands without a log."""

from __future__ import annotations

import bisect
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from connectors.admission import check_entry, check_partition, check_position, check_topic, unknown
from connectors.bell import Bell
from connectors.buses import Bus, Entry, Position, Record, Topic, partition_of
from connectors.errors import ConfigError


class Options(BaseModel):
    """*name* tells one from another where buses are found by their options. It needs nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""


def build(options: Options) -> Bus:
    """An empty bus of this process, whatever *options*."""
    del options
    return MemoryBus()


@dataclass(slots=True)
class _Partition:
    """The records of one partition, in order of their offsets, and the keys among them."""

    records: list[Record] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    end: int = 0

    def keep(self, records: list[Record]) -> int:
        """Keep only *records*; how many others there were."""
        dropped = len(self.records) - len(records)
        self.records = records
        self.keys = {record.key for record in records}
        return dropped


class MemoryBus:
    """Topics in a dictionary. A call is atomic: it holds the one lock."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._partitions: dict[tuple[str, int], _Partition] = {}
        self._commits: dict[tuple[str, str, int], int] = {}
        self._roles: set[str] = set()
        self._lock = threading.RLock()
        self._bell = Bell()

    def create(self, topic: Topic) -> None:
        with self._lock:
            known = self._topics.get(topic.name)
            check_topic(topic, known)
            self._topics[topic.name] = topic
            if not known:
                self._partitions |= {(topic.name, number): _Partition() for number in range(topic.partitions)}

    def topics(self) -> dict[str, Topic]:
        with self._lock:
            return dict(self._topics)

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        with self._lock:
            for entry in entries:
                check_entry(self._topic(entry.topic), entry)
            for position in commits:
                check_position(self._topic(position.topic), position)
            now = time.time()
            added = sum(self._add(entry, now) for entry in entries)
            for group, topic, partition, offset in commits:
                self._commits[group, topic, partition] = offset
        if added:
            self._bell.ring()
        return added

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        with self._lock:
            records = self._partition(topic, partition).records
            start = bisect.bisect_left(records, offset, key=lambda record: record.offset)
            return records[start : start + max(0, limit)]

    def begin(self, topic: str, partition: int) -> int:
        with self._lock:
            part = self._partition(topic, partition)
            return part.records[0].offset if part.records else part.end

    def end(self, topic: str, partition: int) -> int:
        with self._lock:
            return self._partition(topic, partition).end

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        with self._lock:
            self._partition(topic, partition)
            return self._commits.get((group, topic, partition))

    def positions(self) -> list[Position]:
        with self._lock:
            return [Position(*place, offset) for place, offset in sorted(self._commits.items())]

    def damaged(self) -> int:
        return 0

    def sweep(self, now: float) -> int:
        with self._lock:
            return sum(
                self._compact(self._topics[name], number) + self._retain(self._topics[name], number, now)
                for name, number in self._partitions
            )

    def wait(self, timeout: float) -> None:
        self._bell.wait(timeout)

    def hold(self, role: str) -> AbstractContextManager[None]:
        return self._hold(role)

    @contextmanager
    def _hold(self, role: str) -> Iterator[None]:
        with self._lock:
            if role in self._roles:
                raise ConfigError(f"the role '{role}' is held by process {os.getpid()}, this one: stop it first")
            self._roles.add(role)
        try:
            yield
        finally:
            self._roles.discard(role)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of, and the records stay as long as the bus does."""

    def _add(self, entry: Entry, now: float) -> bool:
        topic = self._topics[entry.topic]
        number = partition_of(entry.key, topic.partitions)
        part = self._partitions[entry.topic, number]
        if topic.unique and entry.key in part.keys:
            return False
        part.records.append(Record(entry.topic, number, part.end, entry.key, entry.value, now))
        part.keys.add(entry.key)
        part.end += 1
        return True

    def _compact(self, topic: Topic, number: int) -> int:
        if not topic.compact:
            return 0
        part = self._partitions[topic.name, number]
        newest = {record.key: record.offset for record in part.records}
        passed = self._passed(topic.name, number)
        return part.keep(
            [r for r in part.records if r.offset == newest[r.key] and (r.value is not None or r.offset >= passed)]
        )

    def _retain(self, topic: Topic, number: int, now: float) -> int:
        if topic.retain_seconds is None and topic.retain_bytes is None:
            return 0
        part = self._partitions[topic.name, number]
        passed = self._passed(topic.name, number)
        excess = 0
        if topic.retain_bytes is not None:
            excess = sum(map(_size, part.records)) - topic.retain_bytes // topic.partitions
        drop = 0
        for record in part.records:
            old = topic.retain_seconds is not None and record.timestamp < now - topic.retain_seconds
            if record.offset >= passed or not (old or excess > 0):
                break
            excess -= _size(record)
            drop += 1
        return part.keep(part.records[drop:])

    def _passed(self, topic: str, number: int) -> int:
        """The offset below which no group that ever committed here has anything to read."""
        places = self._commits.items()
        return min((offset for (_, name, part), offset in places if (name, part) == (topic, number)), default=2**62)

    def _topic(self, name: str) -> Topic:
        if name not in self._topics:
            raise unknown(name)
        return self._topics[name]

    def _partition(self, topic: str, number: int) -> _Partition:
        check_partition(self._topic(topic), number)
        return self._partitions[topic, number]


def _size(record: Record) -> int:
    return len(record.key.encode("utf-8", "surrogatepass")) + len(record.value or b"")
