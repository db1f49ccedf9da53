"""Topics on Apache Kafka, through kafka-python.

What Kafka has no word for is kept beside it. That a topic is `unique`, and its retention as it was asked for, stand on
a topic of their own (`connectors.kafkatopics`). A key is accepted once as far as this process knows; a repeat by
another has the same key, and readers keep the first. Entries are durable before positions are committed: a crash in
between repeats entries with the same keys, and loses none. Retention by time is applied by `sweep`, which waits for
every group; the broker itself compacts, and bounds bytes, whenever it likes and waiting for nobody.

A reader finds any bytes as they are, tombstones and keys that are no text among them.
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from kafka import TopicPartition
from kafka import errors as theirs
from kafka.admin import OffsetSpec, OffsetTimestamp

from connectors.admission import check_entry, check_partition, check_position, unknown
from connectors.bell import Bell
from connectors.buses import Bus, Entry, Position, Record, Topic, partition_of
from connectors.holder import hold
from connectors.kafkaadmin import Admin
from connectors.kafkaclients import Clients, Options, ours
from connectors.kafkareader import Reader
from connectors.kafkatopics import REGISTRY, Topics
from connectors.records import digest

__all__ = ["Options", "build"]

_Placed: TypeAlias = tuple[Topic, TopicPartition, bytes, bytes | None]
"""A topic, the partition in it, and what goes there: key and value."""

STEP, BREATH = 0.05, 0.001
"""Seconds that a thread which waits fetches at a time, and leaves to those that read in between."""

KNOWN = 50_000
"""Keys of a partition, appended by this process, that it does not append again; up to twice as many, some 15 MB."""


def build(options: Options) -> Bus:
    """A bus on the cluster of *options*. Connects when it is first used."""
    return KafkaBus(options)


class KafkaBus:
    """The topics of one prefix on a cluster.

    Measured over bare kafka-python (tests/benchmarks/kafka.py): appending takes 1.1 times as long, reading 1.05 to 1.3
    (the collector has twice the objects to look at), one append 1.03; a thread that waits takes 3 % of a core.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._clients = Clients(options)
        self._admin = Admin(self._clients)
        self._bell = Bell()
        self._reader = Reader(self._clients, self._admin.ends, self._bell)
        self._topics = Topics(options, self._admin, self._reader, self._promise)
        self._keys: dict[tuple[str, TopicPartition], _Appended] = {}
        self._appending = threading.Lock()

    def create(self, topic: Topic) -> None:
        self._topics.create(topic)

    def topics(self) -> dict[str, Topic]:
        return self._topics.get()

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        topics = self.topics()
        placed = [self._entry(topics, entry) for entry in entries]
        for position in commits:
            check_position(self._topic(topics, position.topic), position)
        added = self._send(placed) if placed else 0
        for group in dict.fromkeys(position.group for position in commits):
            offsets = {self.options.place(p.topic, p.partition): p.offset for p in commits if p.group == group}
            self._admin.commit(self.options.named(group), offsets)
        if added:
            self._bell.ring()
        return added

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        place = self._known(topic, partition)
        if limit <= 0:
            return []
        return self._reader.read(place, max(0, offset), limit)

    def begin(self, topic: str, partition: int) -> int:
        return self._admin.offset(self._known(topic, partition), OffsetSpec.EARLIEST)

    def end(self, topic: str, partition: int) -> int:
        return self._admin.offset(self._known(topic, partition), OffsetSpec.LATEST)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        return self._admin.committed(self.options.named(group), self._known(topic, partition))

    def positions(self) -> list[Position]:
        prefix, topics = self.options.prefix, self.topics()
        return sorted(
            Position(group.removeprefix(prefix), topic, place.partition, offset)
            for group, place, offset in self._admin.positions(prefix)
            if place.topic.startswith(prefix) and (topic := place.topic.removeprefix(prefix)) in topics
        )

    def damaged(self) -> int:
        return 0  # the client checks each batch, and reads no further than one that is damaged

    def sweep(self, now: float) -> int:
        passed: dict[tuple[str, int], int] = {}
        for _, topic, partition, offset in self.positions():
            passed[topic, partition] = min(offset, passed.get((topic, partition), offset))
        return sum(
            self._retain(topic, partition, now - topic.retain_seconds, passed.get((topic.name, partition)))
            for topic in self.topics().values()
            if topic.retain_seconds is not None and not topic.compact
            for partition in range(topic.partitions)
        )

    def wait(self, timeout: float) -> None:
        end, pause = time.monotonic() + timeout, 0.0
        while not self._bell.wait(pause) and (left := end - time.monotonic()) > 0:
            fetched = self._reader.fetch(min(left, STEP))
            pause = BREATH if fetched else min(left, STEP)

    def hold(self, role: str) -> AbstractContextManager[None]:
        """Guards one machine; on several, see that each role is deployed once."""
        name = digest(self.options.prefix, *sorted(self.options.bootstrap))[:12]
        folder = self.options.folder or Path(tempfile.gettempdir(), f"wirewatch-{name}")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return hold(folder, role)

    def close(self) -> None:
        self._topics.forget()
        self._reader.close()
        with self._appending:
            self._clients.close("producer")
        self._admin.close()

    def _promise(self, name: str, promise: bytes) -> None:
        self._send([(Topic(REGISTRY), self.options.place(REGISTRY, 0), name.encode(), promise)])

    def _entry(self, topics: dict[str, Topic], entry: Entry) -> _Placed:
        topic = self._topic(topics, entry.topic)
        check_entry(topic, entry)
        place = self.options.place(topic.name, partition_of(entry.key, topic.partitions))
        return topic, place, entry.key.encode("utf-8", "surrogatepass"), entry.value

    def _send(self, placed: Sequence[_Placed]) -> int:
        """Append what is not known to be there; how many. Returns when all of it is acknowledged."""
        with self._appending, ours(self.options, "append", unknown=True):
            try:
                return self._sent(placed)
            except theirs.KafkaError:
                self._clients.close("producer")  # one that gave a record up sends nothing to that partition any more
                raise

    def _sent(self, placed: Sequence[_Placed]) -> int:
        appended = {place: self._appended(topic, place) for topic, place in {(t, p): None for t, p, _, _ in placed}}
        producer, fresh, sent = self._clients.producer, set[tuple[TopicPartition, bytes]](), []
        for topic, place, key, value in placed:
            if topic.unique:
                if (place, key) in fresh or key in appended[place]:
                    continue
                fresh.add((place, key))
            sent.append((topic, place, key, producer.send(place.topic, value, key, partition=place.partition)))
        deadline, failed = time.monotonic() + 2 * self.options.timeout, None
        ends: dict[TopicPartition, int] = {}
        for topic, place, key, future in sent:
            try:
                offset = future.get(0.1 if future.is_done else max(0.1, deadline - time.monotonic())).offset
            except theirs.KafkaError as error:
                failed = failed or error
                continue
            ends[place] = max(offset + 1, ends.get(place, 0))
            if topic.unique:
                appended[place].add(key, offset)
        for place, end in ends.items():
            self._reader.written(place, end)
        if failed:
            raise failed
        return len(sent)

    def _retain(self, topic: Topic, partition: int, since: float, passed: int | None) -> int:
        place = self.options.place(topic.name, partition)
        begin, end = self._admin.ends(place)
        young = self._admin.offset(place, OffsetTimestamp(max(0, math.ceil(since * 1000))))
        keep = min(young if young >= 0 else end, end if passed is None else passed)
        if keep <= begin:
            return 0
        self._admin.drop(place, keep)
        with self._appending:
            self._appended(topic, place).forget(keep)
        return keep - begin

    def _appended(self, topic: Topic, place: TopicPartition) -> _Appended:
        return self._keys.setdefault((self._topics.id(topic.name), place), _Appended())

    def _known(self, topic: str, partition: int) -> TopicPartition:
        check_partition(self._topic(self.topics(), topic), partition)
        return self.options.place(topic, partition)

    def _topic(self, topics: dict[str, Topic], name: str) -> Topic:
        if name not in topics:
            raise unknown(name)
        return topics[name]


class _Appended:
    """The keys of a partition that this process has appended, with their offsets: the last `KNOWN` at least."""

    def __init__(self) -> None:
        self._older: dict[bytes, int] = {}
        self._newer: dict[bytes, int] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._newer or key in self._older

    def add(self, key: bytes, offset: int) -> None:
        self._newer[key] = offset
        if len(self._newer) > KNOWN:
            self._older, self._newer = self._newer, {}

    def forget(self, before: int) -> None:
        """Forget the keys whose records are gone."""
        self._older, self._newer = (
            {key: offset for key, offset in keys.items() if offset >= before} for keys in (self._older, self._newer)
        )
