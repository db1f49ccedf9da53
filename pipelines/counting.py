"""The status of a wirewatch from its bus alone: no process is asked, so it can be told while none runs.

The counts are read in an order (offsets first, accepted last) in which a running flow can only make it look like more
in flight. Articles that wait on the poller's spool are accepted and in flight. Records are counted by their offsets: a
bus that takes a key twice (Kafka) counts what a crash repeated twice, see `Status.lost`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from connectors.buses import Bus, Record, every
from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.forward import waiting
from connectors.records import SourceHealth, decode
from pipelines.status import Aside, Lag, Span, Spool, Status

if TYPE_CHECKING:
    from pipelines.config import Config

FLOW = ("flow", "articles")
"""The group of the flow, and what it reads."""


class _Letter(Struct):
    """The part of a dead letter that is counted here; its bytes are not decoded."""

    stage: Literal["fetch", "parse", "decode", "flow", "deliver"]
    reason: str
    topic: str = ""


def read(bus: Bus, config: Config | None = None, now: datetime | None = None, spool: Bus | None = None) -> Status:
    """Look at *bus*, and at the poller's *spool*; with *config*, only at the sources and sinks that are configured.

    A bus that is away, or refuses us, is told and not raised. Cost: reads the topics `source-health` and `dead-letters`
    whole; of the others only their ends. Reading never holds up those that write.
    """
    now = now or datetime.now(UTC)
    kept = _spool(spool) if spool else None
    try:
        seen = _bus(bus, config, now)
        healths = _healths(bus)
    except (TransientError, ConfigError) as error:
        seen, healths = Status(at=now, away=str(error) or "it does not answer"), {}
    if spool:
        healths |= _healths(spool)  # newer than what the bus was told
    waits = kept.articles if kept else 0
    names = sorted(healths) if config is None else [source.name for source in config.sources]
    return msgspec.structs.replace(
        seen,
        accepted=seen.accepted + waits,
        in_flight=seen.in_flight + waits,
        sources=tuple(healths[name] for name in names if name in healths),
        unpolled=tuple(name for name in names if name not in healths),
        spool=kept,
    )


def _bus(bus: Bus, config: Config | None, now: datetime) -> Status:
    """What *bus* tells, but for the sources."""
    lags = tuple(_lag(bus, *place) for place in _places(bus, config))
    done = sum(lag.committed for lag in lags if (lag.group, lag.topic) == FLOW)
    letters = {record.key: _letter(record) for record in every(bus, "dead-letters")}.values()  # without repeats
    processed = _count(bus, "tagged")
    accepted = _count(bus, "articles")
    return Status(
        at=now,
        accepted=accepted,
        processed=processed,
        dead_lettered=sum(letter.topic == "articles" for letter in letters),
        in_flight=accepted - done,
        damaged=bus.damaged(),
        topics=tuple(_span(bus, topic) for topic in sorted(bus.topics())),
        lags=lags,
        dead_letters=tuple(
            Aside(stage=stage, reason=reason, count=count)
            for (stage, reason), count in sorted(Counter((x.stage, x.reason) for x in letters).items())
        ),
    )


def _spool(spool: Bus) -> Spool:
    records, articles, since = waiting(spool)
    oldest = None if since is None else datetime.fromtimestamp(since, UTC)
    return Spool(records=records, articles=articles, since=oldest, damaged=spool.damaged())


def _healths(bus: Bus) -> dict[str, SourceHealth]:
    return {h.source: h for record in every(bus, "source-health") if (h := _health(record))}


def _places(bus: Bus, config: Config | None) -> Iterator[tuple[str, str, int, int]]:
    """Each group, topic and partition that is read, with the committed offset: also of those that never began."""
    topics = bus.topics()
    committed = {(p.group, p.topic, p.partition): p.offset for p in bus.positions() if p.topic in topics}
    alerts = sorted(topic for topic in topics if topic.startswith("alerts."))
    if config is None:
        pairs = {FLOW, *((group, topic) for group, topic, _ in committed)}
    else:
        pairs = {FLOW, *((f"sink.{s.name}", topic) for s in config.sinks for topic in alerts if s.wants(topic))}
    for group, topic in sorted(pairs):
        for partition in range(topics[topic].partitions if topic in topics else 0):
            yield group, topic, partition, committed.get((group, topic, partition), 0)


def _lag(bus: Bus, group: str, topic: str, partition: int, committed: int) -> Lag:
    following = bus.read(topic, partition, committed, 1)
    waiting = datetime.fromtimestamp(following[0].timestamp, UTC) if following else None
    end = bus.end(topic, partition) if following else committed
    lag = end - committed
    return Lag(group=group, topic=topic, partition=partition, committed=committed, end=end, lag=lag, waiting=waiting)


def _span(bus: Bus, topic: str) -> Span:
    begin = sum(bus.begin(topic, partition) for partition in range(bus.topics()[topic].partitions))
    return Span(topic=topic, records=_count(bus, topic), dropped=begin)


def _count(bus: Bus, topic: str) -> int:
    """How many records *topic* ever took."""
    known = bus.topics().get(topic)
    return sum(bus.end(topic, partition) for partition in range(known.partitions if known else 0))


def _health(record: Record) -> SourceHealth | None:
    try:
        return decode(SourceHealth, record.value)
    except RejectedError:  # of a newer version, or damaged: as if it had not been polled yet
        return None


def _letter(record: Record) -> _Letter:
    try:
        return msgspec.json.decode(record.value or b"", type=_Letter)
    except msgspec.MsgspecError:
        return _Letter("decode", "unreadable")
