"""Topics on Apache Kafka, through kafka-python.

What Kafka has no word for is kept beside it. That a topic is `unique`, and its retention as it was asked for, stand on
a compacted topic of their own (`REGISTRY`). A key is accepted once as far as this process knows; a repeat by another
has the same key, and readers keep the first. Entries are durable before positions are committed: a crash in between
repeats entries with the same keys, and loses none. Retention by time is applied by `sweep`, which waits for every
group; the broker itself compacts, and bounds bytes, whenever it likes and waiting for nobody.

A reader finds any bytes as they are, tombstones and keys that are no text among them.
"""

from __future__ import annotations

import dataclasses
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
from kafka import TopicPartition
from kafka import errors as theirs
from kafka.admin import OffsetSpec, OffsetTimestamp
from kafka.structs import OffsetAndMetadata

from connectors.admission import LARGEST, check_entry, check_partition, check_position, check_topic, unknown
from connectors.bell import Bell
from connectors.buses import Bus, Entry, Position, Record, Topic, partition_of
from connectors.errors import ConfigError, TransientError
from connectors.holder import hold
from connectors.kafkaclients import SLACK, Clients, Options, ours
from connectors.kafkareader import Reader
from connectors.records import digest

__all__ = ["Options", "build"]

T = TypeVar("T")

_Placed: TypeAlias = tuple[Topic, TopicPartition, bytes, bytes | None]
"""A topic, the partition in it, and what goes there: key and value."""

REGISTRY = "wirewatch-topics"
"""The topic that holds what topics promise, by name."""

PASSING = (
    theirs.NodeNotReadyError,
    theirs.CoordinatorNotAvailableError,
    theirs.CoordinatorLoadInProgressError,
    theirs.NotCoordinatorError,
)
"""Errors that say "in a moment", and that the administrator's client does not wait out itself."""

FRESH = 1.0
"""Seconds that the list of topics is believed: it is asked for in every loop."""

STEP, BREATH = 0.05, 0.001
"""Seconds that a thread which waits fetches at a time, and leaves to those that read in between."""

KNOWN = 100_000
"""Keys of a partition, appended by this process, that it does not append again; some 15 MB."""


def build(options: Options) -> Bus:
    """A bus on the cluster of *options*. Connects when it is first used."""
    return KafkaBus(options)


class KafkaBus:
    """The topics of one prefix on a cluster.

    Measured over bare kafka-python (tests/benchmarks/kafka.py): appending takes 1.1 to 1.25 times as long, reading 1.3,
    one append 1.05; a thread that waits takes 3 % of a core.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._clients = Clients(options)
        self._bell = Bell()
        self._reader = Reader(self._clients, self._ends, self._bell)
        self._promises: dict[str, Topic] = {}
        self._topics: dict[str, Topic] = {}
        self._read, self._looked = 0, float("-inf")
        self._away = (float("-inf"), "")
        self._keys: dict[TopicPartition, OrderedDict[bytes, int]] = {}
        self._looking = threading.Lock()
        self._appending = threading.Lock()
        self._asking = threading.Lock()

    def create(self, topic: Topic) -> None:
        with self._looking:
            self._look()  # what was believed a moment ago is not enough here
        known = self._topics.get(topic.name)
        check_topic(topic, known)
        if known == topic:
            return
        with ours(self.options, f"make the topic {topic.name}"):
            self._make(topic)
        promise = msgspec.json.encode(dataclasses.asdict(topic))
        self._send([(Topic(REGISTRY), self._place(REGISTRY, 0), topic.name.encode(), promise)])
        with self._looking:
            self._look()
            self._topics = self._topics | {topic.name: topic}  # believed: another broker may need a moment to know it

    def topics(self) -> dict[str, Topic]:
        asked = time.monotonic()
        if asked - self._looked > FRESH:
            with self._looking:
                if self._away[0] > asked:  # as another thread was told while this one waited for its turn
                    raise TransientError(self._away[1])
                if asked - self._looked > FRESH:
                    self._look()
        return self._topics

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        topics = self.topics()
        placed = [self._entry(topics, entry) for entry in entries]
        for position in commits:
            check_position(self._topic(topics, position.topic), position)
        added = self._send(placed) if placed else 0
        for group in dict.fromkeys(position.group for position in commits):
            self._commit(group, [position for position in commits if position.group == group])
        if added:
            self._bell.ring()
        return added

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        place = self._known(topic, partition)
        if limit <= 0:
            return []
        return [_record(topic, r) for r in self._reader.read(place, max(0, offset), limit)]

    def begin(self, topic: str, partition: int) -> int:
        return self._offset(self._known(topic, partition), OffsetSpec.EARLIEST)

    def end(self, topic: str, partition: int) -> int:
        return self._offset(self._known(topic, partition), OffsetSpec.LATEST)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        place = self._known(topic, partition)
        name = self._named(group)
        with ours(self.options, "tell offsets"):
            asked = {name: [place]}
            found = self._ask(lambda admin: admin.list_group_offsets(asked)[name].get(place))
        return int(found.offset) if found and found.offset >= 0 else None

    def positions(self) -> list[Position]:
        prefix, topics = self.options.prefix, self.topics()
        with ours(self.options, "tell offsets"):
            groups = self._ask(lambda admin: admin.list_groups())
            names = [group["group_id"] for group in groups if group["group_id"].startswith(prefix)]
            asked = dict.fromkeys(names)
            found = self._ask(lambda admin: admin.list_group_offsets(asked)) if names else {}
        return sorted(
            Position(group[len(prefix) :], place.topic[len(prefix) :], place.partition, at.offset)
            for group, places in found.items()
            for place, at in places.items()
            if at.offset >= 0 and place.topic.startswith(prefix) and place.topic[len(prefix) :] in topics
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
        self._looked = float("-inf")
        self._reader.close()
        with self._appending:
            self._clients.close("producer")
        with self._asking:
            self._clients.close("admin")

    def _look(self) -> None:
        """Read what is new on the registry, and which of its topics the cluster has, with how many partitions."""
        place = self._place(REGISTRY, 0)
        try:
            with ours(self.options, "tell its topics"):
                if not self._read and place.topic not in self._ask(lambda admin: admin.list_topics()):
                    self._create(place.topic, 1, {"cleanup.policy": "compact"})
                end = self._offset(
                    place, OffsetSpec.LATEST
                )  # what is read in vain all the time is fetched all the time
                while self._read < end and (found := self._reader.read(place, self._read, 1000)):
                    promises = (Topic(**msgspec.json.decode(record.value)) for record in found)
                    self._promises |= {topic.name: topic for topic in promises}
                    self._read = found[-1].offset + 1
                there = self._partitions([self._named(name) for name in self._promises])
        except TransientError as error:
            self._away = time.monotonic(), str(error)
            raise
        counted = ((topic, there.get(self._named(topic.name))) for topic in self._promises.values())
        self._topics = {topic.name: dataclasses.replace(topic, partitions=n) for topic, n in counted if n}
        self._looked = time.monotonic()

    def _partitions(self, names: list[str]) -> dict[str, int]:
        """How many partitions each topic of the cluster has; those that it has not are left out."""
        found = {}
        for topic in self._ask(lambda admin: admin.describe_topics(names)) if names else []:
            if topic["error_code"] != theirs.UnknownTopicOrPartitionError.errno:
                if topic["error_code"]:
                    raise theirs.for_code(topic["error_code"])(topic["name"])
                found[topic["name"]] = len(topic["partitions"])
        return found

    def _make(self, topic: Topic) -> None:
        """Create *topic*, or see that what exists is like it."""
        name = self._named(topic.name)
        size = -1 if topic.retain_bytes is None else max(1, topic.retain_bytes // topic.partitions)
        configs = {
            "cleanup.policy": "compact" if topic.compact else "delete",
            "retention.ms": "-1",
            "retention.bytes": str(size),
            "max.message.bytes": str(LARGEST + SLACK),
            "message.timestamp.type": "LogAppendTime",
        }
        there = self._partitions([name])
        if not there:
            self._create(name, topic.partitions, configs)
            return
        check_topic(topic, dataclasses.replace(topic, partitions=there[name]))
        from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 - only here

        wanted = [ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)]
        for answers in self._ask(lambda admin: admin.alter_configs(wanted, raise_on_unknown=False)).values():
            if answers[name] != "OK":  # a refusal is told and not raised
                raise ConfigError(f"Kafka does not change how {name} is kept: {answers[name]}")

    def _create(self, name: str, partitions: int, configs: dict[str, str]) -> None:
        made = {"num_partitions": partitions, "replication_factor": self.options.replication, "configs": configs}
        with ours(self.options, f"make the topic {name}"):
            (told,) = self._ask(lambda admin: admin.create_topics({name: made}, raise_errors=False))["topics"]
            if told["error_code"] not in (0, theirs.TopicAlreadyExistsError.errno):
                raise theirs.for_code(told["error_code"])(told["error_message"])
            self._ask(lambda admin: admin.wait_for_topics([name], round(self.options.timeout * 1000)))

    def _entry(self, topics: dict[str, Topic], entry: Entry) -> _Placed:
        topic = self._topic(topics, entry.topic)
        check_entry(topic, entry)
        place = self._place(topic.name, partition_of(entry.key, topic.partitions))
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
        fresh: dict[tuple[TopicPartition, bytes], None] = {}
        sent = []
        for topic, place, key, value in placed:
            if topic.unique:
                if (place, key) in fresh or key in self._keys.setdefault(place, OrderedDict()):
                    continue
                fresh[place, key] = None
            future = self._clients.producer.send(place.topic, key=key, value=value, partition=place.partition)
            sent.append((topic, place, key, future))
        deadline, failed = time.monotonic() + 2 * self.options.timeout, None
        for topic, place, key, future in sent:
            try:
                offset = future.get(max(0.1, deadline - time.monotonic())).offset
            except theirs.KafkaError as error:
                failed = failed or error
                continue
            self._reader.written(place, offset + 1)
            if topic.unique:
                known = self._keys[place]
                known[key] = offset
                if len(known) > KNOWN:
                    known.popitem(last=False)
        if failed:
            raise failed
        return len(sent)

    def _commit(self, group: str, positions: Sequence[Position]) -> None:
        offsets = {self._place(p.topic, p.partition): OffsetAndMetadata(p.offset, "", None) for p in positions}

        def commit(admin: Any) -> None:
            for error in admin.alter_group_offsets(self._named(group), offsets).values():
                if error is not theirs.NoError:
                    raise error(f"group {group}")

        with ours(self.options, f"commit offsets of {group}"):
            self._ask(commit)

    def _ask(self, call: Callable[[Any], T]) -> T:
        """Ask the administrator, again while it is only connecting or a coordinator is being made or moved.

        One question at a time: it refuses more than a few under way, and an answer takes a millisecond.
        """
        end = time.monotonic() + self.options.timeout
        while True:
            try:
                with self._asking:
                    return call(self._clients.admin)
            except PASSING:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _retain(self, topic: Topic, partition: int, since: float, passed: int | None) -> int:
        place = self._place(topic.name, partition)
        begin, end = self._ends(place)
        with ours(self.options, f"drop old records of {topic.name}"):
            young = OffsetTimestamp(int(since * 1000) + 1 if since * 1000 % 1 else int(since * 1000))
            found = self._offset(place, young)
            keep = min(found if found >= 0 else end, end if passed is None else passed)
            if keep <= begin:
                return 0
            self._ask(lambda admin: admin.delete_records({place: keep}))
        with self._appending:
            known = self._keys.get(place) or OrderedDict()
            for key in [key for key, offset in known.items() if offset < keep]:
                del known[key]
        return keep - begin

    def _ends(self, place: TopicPartition) -> tuple[int, int]:
        return self._offset(place, OffsetSpec.EARLIEST), self._offset(place, OffsetSpec.LATEST)

    def _offset(self, place: TopicPartition, asked: OffsetSpec | OffsetTimestamp) -> int:
        with ours(self.options, f"tell offsets of {place.topic}"):
            return int(self._ask(lambda admin: admin.list_partition_offsets({place: asked}))[place].offset)

    def _known(self, topic: str, partition: int) -> TopicPartition:
        check_partition(self._topic(self.topics(), topic), partition)
        return self._place(topic, partition)

    def _topic(self, topics: dict[str, Topic], name: str) -> Topic:
        if name not in topics:
            raise unknown(name)
        return topics[name]

    def _place(self, topic: str, partition: int) -> TopicPartition:
        return TopicPartition(self._named(topic), partition)

    def _named(self, name: str) -> str:
        return self.options.prefix + name


def _record(topic: str, record: Any) -> Record:
    key = (record.key or b"").decode("utf-8", "surrogatepass" if _decodes(record.key) else "surrogateescape")
    return Record(topic, record.partition, record.offset, key, record.value, record.timestamp / 1000)


def _decodes(key: bytes | None) -> bool:
    try:
        (key or b"").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
