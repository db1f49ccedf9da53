"""How a wirewatch is doing, and what of it a person should look into.

Every accepted article is processed, dead-lettered or in flight: `Status.lost` is what is not, and stays 0.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from connectors.records import SourceHealth

BEHIND = timedelta(minutes=5)
"""How long a record may wait for its group, or a source for its poll, before something is wrong: half of the
time in which an operator wants to know (and a delivery that failed is tried again within it)."""

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
