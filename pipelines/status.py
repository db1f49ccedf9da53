"""How a wirewatch is doing, from its bus alone: no process is asked, so it can be told while none runs.

Every accepted article is processed, dead-lettered or in flight: `Status.lost` is what is not, and stays 0. The counts
are read in an order (offsets first, accepted last) in which a running flow can only make it look like more in flight.

Articles that wait on the poller's spool are accepted and in flight. Records are counted by their offsets: a bus that
takes a key twice (Kafka) counts what a crash repeated twice, see `Status.lost`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from connectors.buses import Bus, Record, every
from connectors.errors import RejectedError, TransientError
from connectors.forward import waiting
from connectors.records import SourceHealth, decode

if TYPE_CHECKING:
    from pipelines.config import Config

BEHIND = timedelta(minutes=5)
"""How long a record may wait for its group, or a source for its poll, before something is wrong: half of the
time in which an operator wants to know (and a delivery that failed is tried again within it)."""

FLOW = ("flow", "articles")
"""The group of the flow, and what it reads."""

FAILURES = 3
"""Polls in a row that must fail before a source counts as failing: servers hiccup."""


class Lag(Struct, frozen=True, kw_only=True):
    """Where a group stands on a partition: *lag* records wait, *waiting* is when the first of them was accepted."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int
    lag: int
    waiting: datetime | None = None


class Span(Struct, frozen=True, kw_only=True):
    """A topic: how many records it ever took, and the number that retention or compaction may have dropped."""

    topic: str
    records: int
    dropped: int


class Aside(Struct, frozen=True, kw_only=True):
    """How many records were set aside at a stage for a reason."""

    stage: str
    reason: str
    count: int


class Spool(Struct, frozen=True, kw_only=True):
    """The poller's spool on this machine: *records* wait for the bus, *articles* among them, the oldest *since*.

    *damaged* records failed their checksum there: they were accepted and never reached the bus.
    """

    records: int
    articles: int
    since: datetime | None = None
    damaged: int = 0


class Status(Struct, frozen=True, kw_only=True):
    """One look. *accepted*, *processed*, *dead_lettered* and *in_flight* count articles.

    *sources* were polled, *unpolled* are configured and were not yet. *spool* is None where there is none. *away* says
    why the bus could not be read, "" when it could: then only *spool* and what it knows of *sources* are told.
    """

    at: datetime
    accepted: int = 0
    processed: int = 0
    dead_lettered: int = 0
    in_flight: int = 0
    damaged: int = 0
    topics: tuple[Span, ...] = ()
    lags: tuple[Lag, ...] = ()
    sources: tuple[SourceHealth, ...] = ()
    unpolled: tuple[str, ...] = ()
    dead_letters: tuple[Aside, ...] = ()
    spool: Spool | None = None
    away: str = ""

    @property
    def balance(self) -> int:
        """Accepted less all that became of it: 0 at every quiet moment, below 0 while a poll is being committed.

        Below 0 for good where the bus took repeats of processed articles, with the same keys, after a crash.
        """
        return self.accepted - self.processed - self.dead_lettered - self.in_flight

    @property
    def repeated(self) -> int:
        """Processed articles that stand on the bus more than once: known when nothing is in flight, at least so many.

        0 on a bus that takes a key once. So many lost ones `lost` cannot see: only reading `tagged` whole would tell.
        """
        return max(0, -self.balance) if not self.in_flight else 0

    @property
    def lost(self) -> int:
        """Articles that nothing accounts for: not records found damaged, nor dead letters that retention dropped.

        At least so many: each repeat (`repeated`) hides one.
        """
        forgotten = sum(span.dropped for span in self.topics if span.topic == "dead-letters")
        return max(0, self.balance - self.damaged - forgotten)

    def troubles(self) -> list[str]:
        """What a person should look into; empty when healthy.

        A source that failed `FAILURES` times in a row or is gone; sources overdue by `BEHIND`, which means that
        nothing polls; a group whose next record waits longer than `BEHIND`; articles unaccounted for; a bus that is
        away, or takes nothing from the spool for `BEHIND`. Dead letters and damaged records are shown and counted, and
        are no trouble by themselves: they were dealt with.
        """
        found = []
        if self.away:
            found.append(f"the bus cannot be read: {self.away}")
        if self.spool and self.spool.since and self.at - self.spool.since > BEHIND:
            since = self.spool.since.isoformat(sep=" ", timespec="seconds")
            found.append(
                f"the bus has taken nothing polled since {since}, {self.spool.records} records wait: is the broker up?"
            )
        if self.lost:
            found.append(f"{self.lost} articles are unaccounted for: that is a bug, please report it")
        for lag in self.lags:
            if lag.lag and lag.waiting and self.at - lag.waiting > BEHIND:
                found.append(f"{lag.group} is behind on {lag.topic}: {lag.lag} records wait")
        for health in self.sources:
            if health.state == "gone" or health.failures >= FAILURES:
                found.append(f"{health.source} is {health.state}, {health.failures} failures in a row: {health.reason}")
        overdue = [h.source for h in self.sources if h.next_poll and self.at - h.next_poll > BEHIND]
        if overdue and len(overdue) == len(self.sources):
            found.append("no source is being polled: is 'wirewatch run' running?")
        elif overdue:
            found.append(f"not polled in time: {', '.join(overdue)}")
        return found


class _Letter(Struct):
    """The part of a dead letter that is counted here; its bytes are not decoded."""

    stage: Literal["fetch", "parse", "decode", "flow", "deliver"]
    reason: str
    topic: str = ""


def read(bus: Bus, config: Config | None = None, now: datetime | None = None, spool: Bus | None = None) -> Status:
    """Look at *bus*, and at the poller's *spool*; with *config*, only at the sources and sinks that are configured.

    A bus that is away is told, not raised. Cost: reads the topics `source-health` and `dead-letters` whole; of the
    others only their ends. Reading never holds up those that write.
    """
    now = now or datetime.now(UTC)
    kept = _spool(spool) if spool else None
    try:
        seen = _bus(bus, config, now)
        healths = _healths(bus)
    except TransientError as error:
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
