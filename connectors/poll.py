"""The first loop: poll the sources that are due. Publish, *then* move the cursor.

A poll's articles, what it set aside and how it went are appended first; when that is durable, the source's cursor
follows. A crash in between repeats the poll, and the keys on `articles` absorb the repetition. Cursors and schedules
are on the bus, so a restart neither storms nor reads anew.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import msgspec
import structlog

from connectors import metrics
from connectors.buses import Bus, Entry, every
from connectors.errors import RejectedError, TransientError
from connectors.records import Article, Cursor, SourceHealth, decode, encode
from connectors.schedule import PASSING, Pace, next_interval, wait, weight
from connectors.sources import Batch, Source

log = structlog.get_logger(__name__)

GAP, SPREAD = 0.1, 30.0
"""Seconds between two sources that a restart finds overdue, and the most over which all of them are spread."""

GRACE = 8.0
"""Seconds that polls under way have to finish when asked to stop; the whole process has 10 (promise P-51)."""

AT_ONCE = 256
"""Polls under way at once: as many documents may be held in memory."""

REASON = 500
"""Characters of a reason that are kept."""


class Planned(NamedTuple):
    """A source, its name and its pace; its articles say the *country* and *groups* that it is of."""

    name: str
    source: Source
    pace: Pace
    country: str = ""
    groups: tuple[str, ...] = ()

    def stamped(self, article: Article) -> Article:
        """*article* with what is configured of the source."""
        if not (self.country or self.groups):
            return article
        return msgspec.structs.replace(article, country=self.country, groups=self.groups)


@dataclass(slots=True)
class Turn:
    """When a source is due, in seconds of the loop's clock, and where it stands.

    *state* is that of its last poll, "" before the first. *refused* counts polls in a row that the bus did not take.
    """

    due: float
    number: int
    planned: Planned
    cursor: Cursor
    state: str = ""
    refused: int = 0

    def __lt__(self, other: Turn) -> bool:
        return (self.due, self.number) < (other.due, other.number)


async def poll_sources(
    sources: Sequence[Planned], bus: Bus, *, now: Callable[[], datetime], rng: Random, stop: asyncio.Event
) -> None:
    """Poll *sources* for ever, each when it is due, until *stop* is set; then let polls under way finish.

    Guarantees: nothing that the bus accepted is lost; a source polls alone and one that fails delays no other; at least
    once into the bus. Schedules by the monotonic clock; *now* only dates records. At most `AT_ONCE` sources poll at
    once: as many that wait for one host hold up the rest.
    """
    clock = asyncio.get_running_loop().time
    poller = _Poller(bus, now, clock, rng)
    waiting = first_turns(sources, await asyncio.to_thread(cursors, bus), now(), clock())
    heapq.heapify(waiting)
    stopping = asyncio.create_task(stop.wait())
    running: set[asyncio.Task[Turn | None]] = set()
    try:
        while not stop.is_set():
            while waiting and waiting[0].due <= clock() and len(running) < AT_ONCE:
                running.add(asyncio.create_task(poller.poll(heapq.heappop(waiting))))
            timeout = max(0.0, waiting[0].due - clock()) if waiting and len(running) < AT_ONCE else None
            done, _ = await asyncio.wait({stopping, *running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in running & done:
                running.discard(task)
                if again := task.result():
                    heapq.heappush(waiting, again)
    finally:
        stopping.cancel()
        await _drain(running)


def cursors(bus: Bus) -> dict[str, Cursor]:
    """The newest cursor of each source. One that cannot be read is left out: its source starts anew, loudly."""
    found: dict[str, Cursor] = {}
    for record in every(bus, "cursors"):
        try:
            found[record.key] = decode(Cursor, record.value)
        except RejectedError as error:
            found.pop(record.key, None)
            log.warning("cursor not readable; the source starts anew", source=record.key, error=str(error))
    return found


def first_turns(sources: Sequence[Planned], kept: Mapping[str, Cursor], today: datetime, clock: float) -> list[Turn]:
    """When each source is due after a start, given the cursors that were *kept*.

    One never polled is due at once, one that is not due yet waits as before, and those overdue go one after the other,
    the longest overdue first.
    """
    turns, overdue = [], []
    for number, planned in enumerate(sources):
        cursor = kept.get(planned.name) or Cursor(source=planned.name)
        turn = Turn(clock, number, planned, cursor)
        left = (cursor.next_poll - today).total_seconds() if cursor.next_poll else 0.0
        if left > 0:
            turn.due += min(left, planned.pace.bounded(left))  # whatever a clock once said
        elif cursor.next_poll:
            overdue.append((left, turn))
        turns.append(turn)
    gap = min(GAP, SPREAD / max(1, len(overdue)))
    for place, (_, turn) in enumerate(sorted(overdue)):
        turn.due += place * gap
    return turns


def cursor_after(before: Cursor, batch: Batch, pace: Pace, today: datetime, rng: Random) -> Cursor:
    """The cursor that follows *batch*: the source's own place, and when to ask it again."""
    interval = before.interval or pace.interval
    failures = before.failures + 1 if batch.failed else 0
    if not batch.failed and before.value:  # a first poll overlaps with nothing, so it says nothing
        interval = next_interval(interval, len(batch.articles), batch.entries, pace)
    lost = failures * weight(batch.state, batch.reason)
    seconds = 0.0 if batch.more else wait(interval, lost, batch.next_poll, pace, rng)
    return Cursor(
        source=before.source,
        value=batch.cursor,
        interval=interval,
        failures=failures,
        next_poll=today + timedelta(seconds=seconds),
    )


class _Poller:
    """What every poll needs, and whether the bus takes anything at present."""

    def __init__(self, bus: Bus, now: Callable[[], datetime], clock: Callable[[], float], rng: Random) -> None:
        self._bus = bus
        self._now = now
        self._clock = clock
        self._rng = rng
        self._refused = False

    async def poll(self, turn: Turn) -> Turn | None:
        """One poll: publish, then the cursor. The source's next turn, None when it is finished."""
        metrics.LATENESS.observe(self._clock() - turn.due)
        batch, entries = await _ask(turn.planned, turn.cursor.value)
        try:
            try:
                cursor = await self._keep(turn, batch, entries)
            except RejectedError as error:  # something in it is more than the bus ever takes
                batch = Batch(turn.cursor.value, state="broken", reason=str(error), next_poll=batch.next_poll)
                cursor = await self._keep(turn, batch, [])
        except TransientError as error:
            return self._again(turn, error)
        self._count(turn, batch)
        if batch.finished:
            return None
        assert cursor.next_poll
        due = self._clock() + (cursor.next_poll - self._now()).total_seconds()
        return Turn(due, turn.number, turn.planned, cursor, batch.state)

    async def _keep(self, turn: Turn, batch: Batch, entries: Sequence[Entry]) -> Cursor:
        name, today = turn.planned.name, self._now()
        cursor = cursor_after(turn.cursor, batch, turn.planned.pace, today, self._rng)
        health = SourceHealth(
            source=name,
            state=batch.state,
            at=today,
            reason=batch.reason.encode("utf-8", "replace").decode()[:REASON],
            status=batch.status,
            entries=batch.entries,
            new=len(batch.articles),
            rejected=len(batch.rejected),
            failures=cursor.failures,
            next_poll=cursor.next_poll,
        )
        await asyncio.to_thread(self._bus.append, [*entries, Entry("source-health", name, encode(health))])
        await asyncio.to_thread(self._bus.append, [Entry("cursors", name, encode(cursor))])
        return cursor

    def _again(self, turn: Turn, error: TransientError) -> Turn:
        """The bus takes nothing now: the cursor stays, so what was found is found again."""
        metrics.REFUSED.inc()
        if not self._refused:
            log.warning("the bus takes nothing; cursors stay, and what was found is polled again", error=str(error))
        self._refused = True
        refused, pace = turn.refused + 1, turn.planned.pace
        interval = turn.cursor.interval or pace.interval
        due = self._clock() + wait(interval, refused * PASSING, error.retry_after, pace, self._rng)
        return Turn(due, turn.number, turn.planned, turn.cursor, turn.state, refused)

    def _count(self, turn: Turn, batch: Batch) -> None:
        if self._refused:
            self._refused = False
            log.info("the bus takes records again")
        metrics.POLLS.labels(batch.state).inc()
        metrics.ARTICLES.inc(len(batch.articles))
        metrics.REJECTED.inc(len(batch.rejected))
        if turn.state != batch.state:
            metrics.SOURCES.labels(batch.state).inc()
            if turn.state:
                metrics.SOURCES.labels(turn.state).dec()


async def _ask(planned: Planned, value: str) -> tuple[Batch, list[Entry]]:
    """What the source has, and its entries for the bus."""
    try:
        batch = await planned.source.poll(value)
        batch.cursor.encode()  # half a character can be in a string and not on the bus
        entries = [Entry("articles", article.key, encode(planned.stamped(article))) for article in batch.articles]
        entries += [Entry("dead-letters", letter.id, encode(letter)) for letter in batch.rejected]
    except Exception as error:  # a bug in one source must not stop the others
        log.exception("bug in a source", source=planned.name)
        return Batch(value, state="broken", reason=f"{type(error).__name__}: {error}"), []
    return batch, entries


async def _drain(running: set[asyncio.Task[Turn | None]]) -> None:
    """Wait for what runs, then end it: what was not appended was not accepted, and is polled again."""
    if not running:
        return
    _, late = await asyncio.wait(running, timeout=GRACE)
    for task in late:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
