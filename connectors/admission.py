"""What every bus checks before it accepts anything, so that a refusal is the same on each."""

from __future__ import annotations

from connectors.buses import Entry, Position, Topic
from connectors.errors import ConfigError, RejectedError

LARGEST = 64 * 2**20
"""Bytes of a value that a bus takes; an article is capped far below when it is fetched."""

LAST = 2**62
"""No offset reaches it: a million records a second for 146,000 years."""


def check_topic(topic: Topic, known: Topic | None) -> None:
    """Refuse a topic that cannot be, or that exists (*known*) with other partitions or of another kind.

    Raises:
        ConfigError: saying which.
    """
    if not topic.name or topic.partitions < 1:
        raise ConfigError(f"topic '{topic.name}' needs a name and at least one partition")
    if known and _kind(known) != _kind(topic):
        raise ConfigError(
            f"topic '{topic.name}' exists with {_words(known)} and cannot become one with {_words(topic)}: "
            "use another name, or another bus"
        )


def check_partition(topic: Topic, partition: int) -> None:
    """Refuse a *partition* that *topic* does not have, with a ConfigError."""
    if not 0 <= partition < topic.partitions:
        raise ConfigError(f"topic '{topic.name}' has {topic.partitions} partitions and no number {partition}")


def check_entry(topic: Topic, entry: Entry) -> None:
    """Refuse an *entry* that *topic* can never hold.

    Raises:
        RejectedError: ``too_large``.
        TypeError, ValueError: the caller's mistake: no bytes, a tombstone where the topic is not compacted.
    """
    value = entry.value
    if value is None:
        if not topic.compact:
            raise ValueError(f"a tombstone needs a compacted topic, and '{topic.name}' is none")
    elif type(value) is not bytes:
        raise TypeError(f"a value is bytes, not {type(value).__name__}")
    elif len(value) > LARGEST:
        raise RejectedError("too_large", f"{len(value):,} bytes for '{topic.name}', at most {LARGEST:,} are taken")


def check_position(topic: Topic, position: Position) -> None:
    """Refuse a *position* with a ConfigError for its partition or a ValueError for its group or offset."""
    check_partition(topic, position.partition)
    position.group.encode()
    if not 0 <= position.offset < LAST:
        raise ValueError(f"{position.offset} is no offset to commit")


def unknown(name: str) -> ConfigError:
    """The error for a topic that does not exist."""
    return ConfigError(f"there is no topic '{name}' on this bus")


def _kind(topic: Topic) -> tuple[int, bool, bool]:
    return topic.partitions, topic.unique, topic.compact


def _words(topic: Topic) -> str:
    kind = " ".join(word for word, on in (("unique", topic.unique), ("compacted", topic.compact)) if on) or "plain"
    return f"{topic.partitions} partitions of {kind} records"
