"""What topics on Kafka promise.

Kafka has no word for a topic that takes a key once, nor for a retention that waits for every group. Both stand beside
it, on a compacted topic of their own (`REGISTRY`): the promise of each topic by its name.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

import msgspec

from connectors.admission import LARGEST, check_topic
from connectors.buses import Topic
from connectors.errors import TransientError
from connectors.kafkaadmin import Admin
from connectors.kafkaclients import SLACK, Options
from connectors.kafkareader import Reader

REGISTRY = "wirewatch-topics"
"""The topic that holds what topics promise, by name."""

FRESH = 1.0
"""Seconds that the list of topics is believed: it is asked for in every loop."""


class Topics:
    """The topics of one bus; safe to use from several threads. *write* appends a promise to `REGISTRY`."""

    def __init__(self, options: Options, admin: Admin, reader: Reader, write: Callable[[str, bytes], None]) -> None:
        self._options = options
        self._admin = admin
        self._reader = reader
        self._write = write
        self._promises: dict[str, Topic] = {}
        self._topics: dict[str, Topic] = {}
        self._ids: dict[str, str] = {}
        self._read, self._looked = 0, float("-inf")
        self._away = (float("-inf"), "")
        self._looking = threading.Lock()

    def get(self) -> dict[str, Topic]:
        """Every topic by name, as it was at most `FRESH` ago.

        Raises:
            TransientError: the cluster does not tell; those who waited for the same answer hear it too.
        """
        asked = time.monotonic()
        if asked - self._looked > FRESH:
            with self._looking:
                if self._away[0] > asked:  # as another thread was told while this one waited for its turn
                    raise TransientError(self._away[1])
                if asked - self._looked > FRESH:
                    self._look()
        return self._topics

    def id(self, name: str) -> str:
        """Tells a topic from an earlier one of the same name, as far as known; "" for one that was just made."""
        return self._ids.get(name, "")

    def create(self, topic: Topic) -> None:
        """Make sure that *topic* exists and is kept as it promises."""
        with self._looking:
            self._look()  # what was believed a moment ago is not enough here
        known = self._topics.get(topic.name)
        check_topic(topic, known)
        if known == topic:
            return
        self._make(topic)
        self._write(topic.name, msgspec.json.encode(dataclasses.asdict(topic)))
        with self._looking:
            self._look()
            self._topics = self._topics | {topic.name: topic}  # believed: another broker may need a moment to know it

    def forget(self) -> None:
        """Ask anew when topics are wanted next."""
        self._looked = float("-inf")

    def _look(self) -> None:
        """Read what is new on the registry, and which of its topics the cluster has, with how many partitions."""
        place = self._options.place(REGISTRY, 0)
        try:
            if not self._read and place.topic not in self._admin.names():
                self._admin.create(place.topic, 1, {"cleanup.policy": "compact"})
            _, end = self._admin.ends(place)  # what is read in vain all the time is fetched all the time
            while self._read < end and (found := self._reader.read(place, self._read, 1000)):
                promises = (Topic(**msgspec.json.decode(record.value or b"")) for record in found)
                self._promises |= {topic.name: topic for topic in promises}
                self._read = found[-1].offset + 1
            there = self._admin.describe([self._options.named(name) for name in self._promises])
        except TransientError as error:
            self._away = time.monotonic(), str(error)
            raise
        counted = [(topic, there.get(self._options.named(topic.name))) for topic in self._promises.values()]
        self._topics = {topic.name: dataclasses.replace(topic, partitions=k.partitions) for topic, k in counted if k}
        self._ids = {topic.name: known.id for topic, known in counted if known}
        self._looked = time.monotonic()

    def _make(self, topic: Topic) -> None:
        """Create *topic*, or see that what exists is like it."""
        name = self._options.named(topic.name)
        size = -1 if topic.retain_bytes is None else max(1, topic.retain_bytes // topic.partitions)
        configs = {
            "cleanup.policy": "compact" if topic.compact else "delete",
            "retention.ms": "-1",
            "retention.bytes": str(size),
            "max.message.bytes": str(LARGEST + SLACK),
            "message.timestamp.type": "LogAppendTime",
        }
        if there := self._admin.describe([name]):
            check_topic(topic, dataclasses.replace(topic, partitions=there[name].partitions))
            self._admin.configure(name, configs)
        else:
            self._admin.create(name, topic.partitions, configs)
