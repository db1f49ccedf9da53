"""Questions to a Kafka cluster, and orders about its topics and groups."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from kafka import TopicPartition
from kafka import errors as theirs
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec, OffsetTimestamp
from kafka.structs import OffsetAndMetadata

from connectors.errors import ConfigError
from connectors.kafkaclients import Clients, ours

T = TypeVar("T")

PASSING = (
    theirs.NodeNotReadyError,
    theirs.CoordinatorNotAvailableError,
    theirs.CoordinatorLoadInProgressError,
    theirs.NotCoordinatorError,
)
"""Errors that say "in a moment", and that the administrator's client does not wait out itself."""


class Known(NamedTuple):
    """A topic of the cluster. The *id* tells it from one of the same name that was made after it was deleted."""

    partitions: int
    id: str


class Admin:
    """Asks for one bus, by the cluster's own names; safe to use from several threads.

    Raises (all calls): the errors of `connectors.kafkaclients.ours`.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._options = clients.options
        self._asking = threading.Lock()

    def names(self) -> list[str]:
        """Every topic of the cluster."""
        return list(self._ask("tell its topics", lambda admin: admin.list_topics()))

    def describe(self, names: Sequence[str]) -> dict[str, Known]:
        """Topics by name; those that the cluster has not are left out."""
        found = {}
        for topic in self._ask("tell its topics", lambda admin: admin.describe_topics(names)) if names else []:
            if topic["error_code"] != theirs.UnknownTopicOrPartitionError.errno:
                with ours(self._options, f"describe the topic {topic['name']}"):
                    _raise(topic["error_code"], topic["name"])
                found[topic["name"]] = Known(len(topic["partitions"]), topic["topic_id"])
        return found

    def create(self, name: str, partitions: int, configs: Mapping[str, str]) -> None:
        """Make a topic, unless another is faster, and wait until it can be used."""
        what = f"make the topic {name}"
        made = {"num_partitions": partitions, "replication_factor": self._options.replication, "configs": configs}
        answer = self._ask(what, lambda admin: admin.create_topics({name: made}, raise_errors=False))
        (told,) = answer["topics"]
        if told["error_code"] != theirs.TopicAlreadyExistsError.errno:
            with ours(self._options, what):
                _raise(told["error_code"], told["error_message"])
        patience = round(self._options.timeout * 1000)
        self._ask(what, lambda admin: admin.wait_for_topics([name], patience))

    def configure(self, name: str, configs: Mapping[str, str]) -> None:
        """Change how a topic is kept."""
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)]
        answer = self._ask(f"change {name}", lambda admin: admin.alter_configs(wanted, raise_on_unknown=False))
        for answers in answer.values():
            if answers[name] != "OK":  # a refusal is told and not raised
                raise ConfigError(f"Kafka does not change how {name} is kept: {answers[name]}")

    def offset(self, place: TopicPartition, asked: OffsetSpec | OffsetTimestamp) -> int:
        """An offset of a partition; below 0 when it has none at or after the time that was asked for."""
        found = self._ask(
            f"tell offsets of {place.topic}", lambda admin: admin.list_partition_offsets({place: asked})[place]
        )
        return int(found.offset)

    def ends(self, place: TopicPartition) -> tuple[int, int]:
        """The lowest offset that is kept, and the one that the next record will get."""
        return self.offset(place, OffsetSpec.EARLIEST), self.offset(place, OffsetSpec.LATEST)

    def committed(self, group: str, place: TopicPartition) -> int | None:
        """The offset that *group* reads next, None when it never committed."""
        asked = {group: [place]}
        found = self._ask("tell offsets", lambda admin: admin.list_group_offsets(asked)[group].get(place))
        return int(found.offset) if found and found.offset >= 0 else None

    def positions(self, prefix: str) -> Iterator[tuple[str, TopicPartition, int]]:
        """Every committed offset of the groups whose names begin with *prefix*."""
        groups = self._ask("tell its groups", lambda admin: admin.list_groups())
        asked = dict.fromkeys(group["group_id"] for group in groups if group["group_id"].startswith(prefix))
        found = self._ask("tell offsets", lambda admin: admin.list_group_offsets(asked)) if asked else {}
        for group, places in found.items():
            for place, at in places.items():
                if at.offset >= 0:
                    yield group, place, at.offset

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit *offsets* for *group*."""
        wanted = {place: OffsetAndMetadata(offset, "", None) for place, offset in offsets.items()}

        def commit(admin: Any) -> None:
            for error in admin.alter_group_offsets(group, wanted).values():
                if error is not theirs.NoError:
                    raise error(f"group {group}")

        self._ask(f"commit offsets of {group}", commit)

    def drop(self, place: TopicPartition, before: int) -> None:
        """Delete the records of a partition that are *before* an offset."""
        self._ask(f"drop old records of {place.topic}", lambda admin: admin.delete_records({place: before}))

    def close(self) -> None:
        """End the connection; the next question makes another."""
        with self._asking:
            self._clients.close("admin")

    def _ask(self, what: str, call: Callable[[Any], T]) -> T:
        """Ask, and again while the client is only connecting or a coordinator is being made or moved.

        One question at a time: it refuses more than a few under way, and an answer takes a millisecond.
        """
        end = time.monotonic() + self._options.timeout
        with ours(self._options, what):
            while True:
                try:
                    with self._asking:
                        return call(self._clients.admin)
                except PASSING:
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.05)


def _raise(code: int, message: str) -> None:
    if code:
        raise theirs.for_code(code)(message)
