"""The first loop: poll the sources that are due. Publish, *then* move the cursor.

A poll's articles, what it set aside and how it went are appended first; when that is durable, the source's cursor
follows. A crash in between repeats the poll, and the keys on `articles` absorb the repetition. Cursors and schedules
are on the bus, so a restart neither storms nor reads anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import structlog

from connectors import metrics
from connectors.buses import Bus, Entry
from connectors.errors import RejectedError, TransientError
from connectors.records import Cursor, SourceHealth, decode, encode
from connectors.schedule import PASSING, WEIGHTS, Pace, next_interval, wait
from connectors.sources import Batch, Source

log = structlog.get_logger(__name__)

SPREAD = 30.0
"""Seconds over which sources are spread that a restart finds overdue; never more than their own interval."""

GRACE = 8.0
"""Seconds that polls under way have to finish when asked to stop; the whole process has 10."""

AT_ONCE = 256
"""Polls under way at once (measured: more gain nothing and cost latency)."""


class Planned(NamedTuple):
    """A source, its name and its pace."""

    name: str
    source: Source
    pace: Pace


@dataclass(slots=True)
class _Turn:
    """When a source is due, in seconds of the loop's clock, and where it stands."""

    due: float
    number: int
    planned: Planned
    cursor: Cursor

    def __lt__(self, other: _Turn) -> bool:
        return (self.due, self.number) < (other.due, other.number)


async def poll_sources(
    sources: Sequence[Planned], bus: Bus, *, now: Callable[[], datetime], rng: Random, stop: asyncio.Event
) -> None:
    """Poll *sources* for ever, each when it is due, until *stop* is set; then let polls under way finish.

    Guarantees: nothing that the bus accepted is lost; a source polls alone and one that fails delays no other; at least
    once into the bus. Schedules by the monotonic clock; *now* only dates records.
    """
    clock = asyncio.get_running_loop().time
    kept = await asyncio.to_thread(cursors, bus)
    waiting = [_first_turn(p, n, kept.get(p.name), now(), clock(), rng) for n, p in enumerate(sources)]
    heapq.heapify(waiting)
    running: set[asyncio.Task[_Turn | None]] = set()
    while not stop.is_set():
        while waiting and waiting[0].due <= clock() and len(running) < AT_ONCE:
            turn = heapq.heappop(waiting)
            metrics.LATENESS.set(clock() - turn.due)
            running.add(asyncio.create_task(_poll(turn, bus, now, clock, rng)))
        timeout = max(0.0, waiting[0].due - clock()) if waiting and len(running) < AT_ONCE else None
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({stopping, *running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in [task for task in running if task in done]:
            running.discard(task)
            again = task.result()
            if again is not None:
                heapq.heappush(waiting, again)
    if running:
        _, late = await asyncio.wait(running, timeout=GRACE)
        for task in late:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*late)


def cursors(bus: Bus) -> dict[str, Cursor]:
    """The newest cursor of each source. One that cannot be read is left out: its source starts anew, loudly."""
    found: dict[str, Cursor] = {}
    for partition in range(bus.topics()["cursors"].partitions):
        offset = 0
        while records := bus.read("cursors", partition, offset, 1000):
            for record in records:
                try:
                    found[record.key] = decode(Cursor, record.value)
                except RejectedError as error:
                    found.pop(record.key, None)
                    log.warning("cursor not readable; the source starts anew", source=record.key, error=str(error))
            offset = records[-1].offset + 1
    return found


def _first_turn(
    planned: Planned, number: int, kept: Cursor | None, today: datetime, clock: float, rng: Random
) -> _Turn:
    if kept is None or kept.next_poll is None:
        return _Turn(clock, number, planned, Cursor(source=planned.name, interval=planned.pace.interval))
    left = (kept.next_poll - today).total_seconds()
    if left <= 0:
        left = rng.uniform(0, min(SPREAD, planned.pace.interval))
    return _Turn(clock + min(left, planned.pace.maximum), number, planned, kept)


async def _poll(
    turn: _Turn, bus: Bus, now: Callable[[], datetime], clock: Callable[[], float], rng: Random
) -> _Turn | None:
    """One poll: publish, then the cursor. The source's next turn, None when it is finished."""
    name, pace, before = turn.planned.name, turn.planned.pace, turn.cursor
    batch = await _ask(turn.planned, before.value)
    metrics.POLLS.labels(batch.state).inc()
    cursor = _cursor_after(before, batch, pace, now(), rng)
    health = SourceHealth(
        source=name,
        state=batch.state,
        at=now(),
        reason=batch.reason,
        status=batch.status,
        entries=batch.entries,
        new=len(batch.articles),
        rejected=len(batch.rejected),
        failures=cursor.failures,
        next_poll=cursor.next_poll,
    )
    entries = [Entry("articles", article.key, encode(article)) for article in batch.articles]
    entries += [Entry("dead-letters", letter.id, encode(letter)) for letter in batch.rejected]
    try:
        await asyncio.to_thread(bus.append, [*entries, Entry("source-health", name, encode(health))])
        await asyncio.to_thread(bus.append, [Entry("cursors", name, encode(cursor))])
    except TransientError as error:
        log.warning("poll not kept, its cursor stays", source=name, error=str(error))
        return _Turn(clock() + wait(pace.interval, 0, None, rng), turn.number, turn.planned, before)
    metrics.ARTICLES.inc(len(batch.articles))
    metrics.REJECTED.inc(len(batch.rejected))
    if batch.finished:
        return None
    assert cursor.next_poll
    return _Turn(clock() + (cursor.next_poll - now()).total_seconds(), turn.number, turn.planned, cursor)


async def _ask(planned: Planned, value: str) -> Batch:
    try:
        return await planned.source.poll(value)
    except Exception as error:  # a bug in one source must not stop the others
        log.exception("bug in a source", source=planned.name)
        return Batch(cursor=value, state="broken", reason=f"{type(error).__name__}: {error}")


def _cursor_after(before: Cursor, batch: Batch, pace: Pace, today: datetime, rng: Random) -> Cursor:
    if batch.failed:
        failures, interval = before.failures + 1, before.interval or pace.interval
        weight = PASSING if batch.reason.startswith("network") else WEIGHTS.get(batch.state, PASSING)
        seconds = wait(interval, failures * weight, batch.next_poll, rng)
    else:
        failures = 0
        interval = next_interval(before.interval or pace.interval, len(batch.articles), pace)
        seconds = wait(interval, 0, batch.next_poll, rng)
    return Cursor(
        source=before.source,
        value=batch.cursor,
        interval=interval,
        failures=failures,
        next_poll=today + timedelta(seconds=seconds),
    )
