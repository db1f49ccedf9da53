"""Which topics a wirewatch has, and the bus they stand on."""

from __future__ import annotations

from dataclasses import replace

from connectors.buses import Bus, Topic, every
from pipelines.address import Address
from pipelines.config import Config, Sink

TOPICS = (
    Topic("articles", unique=True),
    Topic("tagged", unique=True),
    Topic("stories", unique=True),
    Topic("dead-letters", unique=True),
    Topic("cursors", compact=True),
    Topic("watchlists", compact=True),
    Topic("source-health", compact=True),
)
"""The fixed topics; those of alerts are made with their watchlists. How much is kept of each, `retained` says."""


def address_of(config: Config) -> Address:
    """Where the bus of *config* is."""
    return Address(config.bus.type, config.bus.options.model_dump_json())


def open_bus(config: Config) -> Bus:
    """The bus of *config*, with the fixed topics on it."""
    bus = address_of(config).open()
    for topic in planned(config):
        bus.create(topic)
    return bus


def planned(config: Config) -> tuple[Topic, ...]:
    """The fixed topics as *config* wants them."""
    return tuple(retained(replace(t, partitions=config.partitions.get(t.name, 1)), config) for t in TOPICS)


def retained(topic: Topic, config: Config) -> Topic:
    """*topic* with as much kept as *config* says; a compacted one keeps the newest record of each key anyway."""
    if topic.compact:
        return topic
    return replace(topic, retain_seconds=config.retain.time, retain_bytes=config.retain.size)


def retain(bus: Bus, config: Config) -> None:
    """Set what the configuration retains on every topic there is."""
    for topic in bus.topics().values():
        bus.create(retained(topic, config))


def topics_of(sink: Sink, bus: Bus) -> list[str]:
    """The alert topics there are now that *sink* wants."""
    return [topic for topic in bus.topics() if topic.startswith("alerts.") and sink.wants(topic)]


def settled(config: Config, loops: frozenset[str], bus: Bus) -> bool:
    """Whether nothing is left to do: every source polled once, the flow and the sinks at the end of their topics."""
    topics = bus.topics()
    if "poll" in loops and {s.name for s in config.sources} - polled(bus):
        return False
    committed = {(p.group, p.topic, p.partition): p.offset for p in bus.positions()}
    groups = [("flow", "articles")] if "flow" in loops else []
    if "deliver" in loops:
        for sink in config.sinks:
            groups += [(f"sink.{sink.name}", topic) for topic in topics_of(sink, bus)]
    return all(
        committed.get((group, topic, partition), 0) >= bus.end(topic, partition)
        for group, topic in groups
        for partition in range(topics[topic].partitions)
    )


def polled(bus: Bus) -> set[str]:
    """The sources that have a cursor: those polled at least once."""
    return {record.key for record in every(bus, "cursors")}
