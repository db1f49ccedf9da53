"""The third loop: alerts from their topics to one sink. Send, *then* mark.

Every sink has a loop of its own, with its own group (``sink.<name>``) and its own thread for the bus, so a
sink that is down delays only itself; and every partition of an alert topic is a lane of its own, so an alert
that a sink cannot take delays only its watchlist. Within a lane the order is kept.

What is sent is committed at once after; a crash in between sends at most one batch again, with the same ids. An alert
that its topic holds twice (Kafka, after a crash of the flow) is delivered once: each lane knows what it passed last,
and reads that back when it begins.
What no retry could deliver becomes a dead letter, in the same append as the offset that passes it. A restart
begins the schedule of retries again: it can only lengthen, nothing is lost by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal, NamedTuple, ParamSpec, TypeVar

import structlog

from connectors import metrics
from connectors.buses import Bus, Entry, Position, Record
from connectors.errors import RejectedError, TransientError
from connectors.records import Alert, dead_letter, decode, encode
from connectors.sinks import Sink

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

DEAD_LETTERS = "dead-letters"

READ = 100
"""Records of a lane that are read ahead; a few KB each."""

REMEMBERED = 2_000
"""Alerts of a lane that are not delivered again, for those that stand on two topics or were appended twice: so many
that were delivered since the start, and so many that were passed before it. Some 200 KB each."""

RECALLED = 500
"""Records read back at once when a lane begins."""

IDLE = 0.5
"""Seconds between looks at the bus when nothing wakes the loop, as when another process appends."""

GRACE = 8.0
"""Seconds a stop waits for the delivery in flight; the whole process has 10."""

PAUSE = 1.0
"""Seconds before a bus that could not take or give records is asked again."""


@dataclass(frozen=True, slots=True)
class Retry:
    """When a delivery that failed is tried again.

    *delays* are the seconds after each failure, then comes the dead letter. A delay longer than *probe*
    seconds is cut into equal parts with a try after each, so that a sink's return is noticed within five
    minutes. *jitter* lengthens a wait by up to that share of it. A longer wait that the sink asks for is
    kept, up to the longest delay.

    Source: the schedule that Standard Webhooks gives as its example, 31.6 hours in all.
    """

    delays: tuple[float, ...] = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600)
    probe: float = 4 * 60
    jitter: float = 0.2

    def waits(self, rng: Random) -> Iterator[float]:
        """The waits between the tries of one alert, in seconds."""
        for delay in self.delays:
            parts = max(1, math.ceil(delay / self.probe))
            for _ in range(parts):
                yield delay / parts * (1 + self.jitter * rng.random())

    def asked(self, retry_after: float | None) -> float:
        """The wait to keep for a sink that asked for *retry_after*."""
        return min(retry_after or 0.0, max(self.delays, default=0.0))


def alert_topics(bus: Bus) -> list[str]:
    """Every topic of alerts that exists now."""
    return sorted(name for name in bus.topics() if name.startswith("alerts."))


async def deliver(
    name: str,
    sink: Sink,
    bus: Bus,
    topics: Callable[[], Sequence[str]],
    *,
    stop: asyncio.Event,
    now: Callable[[], datetime],
    rng: Random,
    retry: Retry = Retry(),
    watchlists: Collection[str] = (),
    level: Literal["alert", "about"] = "alert",
) -> None:
    """Deliver alerts to *sink* until *stop* is set, then finish the delivery in flight and close the sink.

    Args:
        name: The sink's name; its group and role are ``sink.<name>``.
        sink: Called with at most ``sink.batch`` alerts at once, with 1 if it has no such attribute. More only
            suits a sink for which a repeat adds nothing, because a crash repeats a batch.
        bus: Read from the committed offset, from the first record when there is none. It has a topic
            `DEAD_LETTERS`.
        topics: The topics to follow, asked again and again (in a thread), so that new ones are picked up;
            those that do not exist yet are waited for.
        stop: Ends the loop.
        now: The time, UTC.
        rng: For jitter.
        retry: The schedule.
        watchlists: Deliver only alerts of these, for a topic is shared by some; empty means all.
        level: ``about`` leaves out alerts of a mere mention. Alerts that name their sinks go to those only.

    Raises:
        ConfigError: another process delivers for this sink.

    Guarantees: every alert is delivered at least once or set aside as a dead letter; in order within a
    topic's partition, except after a dead letter. An exception that is no error of ours is a bug in the
    sink: it is logged with its traceback and then treated like `TransientError`, so that it neither loses
    alerts nor stops other sinks. A sink that is ``gone`` gets nothing more, its offsets stay, and a restart
    tries again.
    """
    try:
        with bus.hold(f"sink.{name}"), ThreadPoolExecutor(1, f"sink.{name}") as thread:
            await _Loop(name, sink, bus, topics, frozenset(watchlists), level, stop, now, rng, retry, thread).run()
    finally:
        await sink.close()


@dataclass(slots=True)
class _Lane:
    """One partition of one topic: where it stands, what was read ahead, how its first alert fares."""

    topic: str
    partition: int
    offset: int
    records: list[Record] = field(default_factory=list)
    passed: frozenset[str] = frozenset()
    """Keys before the offset at which the lane began: delivered, not wanted or set aside."""
    delivered: dict[str, None] = field(default_factory=dict)
    """Ids delivered since. A record put back after it was set aside has a key of its own, but the id that it had."""
    narrow: int = 0
    """Below this offset alerts go one by one: a batch with them failed."""
    waits: Iterator[float] | None = None
    tries: int = 0
    due: datetime | None = None


class _Turn(NamedTuple):
    """What a lane does next: deliver *alerts*, set *letters* aside, go on at *after*."""

    alerts: list[tuple[Record, Alert]]
    letters: list[Entry]
    after: int


@dataclass(slots=True)
class _Loop:
    name: str
    sink: Sink
    bus: Bus
    topics: Callable[[], Sequence[str]]
    watchlists: frozenset[str]
    level: Literal["alert", "about"]
    stop: asyncio.Event
    now: Callable[[], datetime]
    rng: Random
    retry: Retry
    thread: ThreadPoolExecutor
    lanes: dict[tuple[str, int], _Lane] = field(default_factory=dict)

    async def run(self) -> None:
        metrics.SINK_GONE.labels(self.name).set(0)
        while not self.stop.is_set():
            try:
                await self._call(self._look)
            except TransientError as error:
                log.warning("bus not readable", sink=self.name, error=str(error))
                await self._pause(PAUSE)
                continue
            now = self.now()
            waiting = [lane for lane in self.lanes.values() if lane.records]
            ready = [lane for lane in waiting if lane.due is None or lane.due <= now]
            try:
                for lane in ready:
                    if not self.stop.is_set():
                        await self._advance(lane)
            except RejectedError as gone:
                log.warning("sink disabled until restart", sink=self.name, detail=gone.detail)
                metrics.SINK_GONE.labels(self.name).set(1)
                await self.stop.wait()
            if not ready:
                due = min((lane.due - now for lane in waiting if lane.due), default=timedelta(seconds=IDLE))
                await self._call(self.bus.wait, max(0.0, min(IDLE, due.total_seconds())))

    def _look(self) -> None:
        """Find new topics and read ahead where nothing is left. Runs in the sink's thread."""
        behind = 0
        known = self.bus.topics()
        for topic in self.topics():
            for partition in range(known[topic].partitions if topic in known else 0):
                lane = self.lanes.get((topic, partition))
                if lane is None:
                    offset = self.bus.committed(f"sink.{self.name}", topic, partition) or 0
                    passed = frozenset(self._recall(topic, partition, offset))
                    lane = self.lanes[topic, partition] = _Lane(topic, partition, offset, passed=passed)
                if not lane.records:
                    lane.records = self.bus.read(topic, partition, lane.offset, READ)
                behind += self.bus.end(topic, partition) - lane.offset if lane.records else 0
        metrics.DELIVERY_LAG.labels(self.name).set(behind)

    def _recall(self, topic: str, partition: int, end: int) -> Iterator[str]:
        """The keys of the last records before *end*. Measured on the local log: some 10 ms for `REMEMBERED`."""
        at = max(self.bus.begin(topic, partition), end - REMEMBERED)
        while at < end and (records := self.bus.read(topic, partition, at, min(RECALLED, end - at))):
            yield from (record.key for record in records if record.offset < end)
            at = records[-1].offset + 1

    async def _advance(self, lane: _Lane) -> None:
        """Deliver a lane's next alerts and commit, or decide when to try again.

        Raises:
            RejectedError: the sink is gone.
        """
        turn = self._turn(lane)
        letters = turn.letters
        failure = await self._send(lane, [alert for _, alert in turn.alerts]) if turn.alerts else None
        if failure is not None:
            if isinstance(failure, RejectedError) and failure.reason == "gone":
                raise failure
            if self.stop.is_set():
                return  # not counted: the next start tries again
            if len(turn.alerts) > 1:
                lane.narrow = turn.after
            if isinstance(failure, TransientError) and self._again(lane, failure):
                return
            if len(turn.alerts) > 1:
                return
            if isinstance(failure, TransientError):
                failure = RejectedError("undelivered", f"{lane.tries} tries, the last: {failure}")
            record = turn.alerts[0][0]
            log.error("alert set aside", sink=self.name, alert=record.key, reason=str(failure))
            letters = [*letters, self._letter(record, failure)]
        await self._commit(lane, letters, turn.after)

    def _turn(self, lane: _Lane) -> _Turn:
        most: int = 1 if lane.offset < lane.narrow else getattr(self.sink, "batch", 1)
        alerts: dict[str, tuple[Record, Alert]] = {}
        letters: list[Entry] = []
        after = lane.offset
        for record in lane.records:
            if len(alerts) == most:
                break
            after = record.offset + 1
            try:
                alert = decode(Alert, record.value)
            except RejectedError as error:
                letters.append(self._letter(record, error))
                continue
            if self._wants(alert) and not self._had(record, alert):
                alerts.setdefault(alert.id, (record, alert))
        return _Turn(list(alerts.values()), letters, after)

    def _wants(self, alert: Alert) -> bool:
        return (
            (not self.watchlists or alert.watchlist in self.watchlists)
            and (alert.sinks is None or self.name in alert.sinks)
            and (self.level == "alert" or alert.level == "about")
        )

    def _had(self, record: Record, alert: Alert) -> bool:
        """Whether any lane has passed it: two topics hold an alert when its watchlist has changed its topic."""
        return any(record.key in lane.passed or alert.id in lane.delivered for lane in self.lanes.values())

    async def _send(self, lane: _Lane, alerts: list[Alert]) -> TransientError | RejectedError | None:
        """Hand *alerts* over; what went wrong, if anything. After a stop it has `GRACE` seconds."""
        sending = asyncio.ensure_future(self.sink.deliver(alerts))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait_for(sending, GRACE)
        except (TransientError, RejectedError) as error:
            return error
        except TimeoutError:
            return TransientError("no answer in time")
        except Exception as error:  # a sink's bug must not stop collecting, nor the other sinks
            log.exception("bug in a sink", sink=self.name)
            return TransientError(f"{type(error).__name__}: {error}")
        finally:
            sending.cancel()
            stopping.cancel()
        metrics.DELIVERIES.labels(self.name).inc(len(alerts))
        lane.delivered.update(dict.fromkeys(alert.id for alert in alerts))
        for old in list(itertools.islice(lane.delivered, max(0, len(lane.delivered) - REMEMBERED))):
            del lane.delivered[old]
        return None

    def _again(self, lane: _Lane, error: TransientError) -> bool:
        """Set when *lane* is due again; False when its schedule is exhausted."""
        lane.waits = lane.waits or self.retry.waits(self.rng)
        lane.tries += 1
        wait = next(lane.waits, None)
        if wait is None:
            return False
        wait = max(wait, self.retry.asked(error.retry_after))
        lane.due = self.now() + timedelta(seconds=wait)
        metrics.RETRIES.labels(self.name).inc()
        told = {"sink": self.name, "topic": lane.topic, "tries": lane.tries, "error": str(error)}
        log.warning("delivery failed", again_in=round(wait, 1), **told)
        return True

    async def _commit(self, lane: _Lane, letters: Sequence[Entry], after: int) -> None:
        """Pass the records below *after*. A bus that cannot keep that now is asked again; none is resent."""
        commit = Position(f"sink.{self.name}", lane.topic, lane.partition, after)
        while True:
            try:
                await self._call(self.bus.append, letters, [commit])
                break
            except TransientError as error:
                log.warning("delivered but not committed", sink=self.name, topic=lane.topic, error=str(error))
                if self.stop.is_set():
                    return
                await self._pause(PAUSE)
        metrics.DELIVERY_DEAD.labels(self.name).inc(len(letters))
        lane.offset = after
        lane.records = [record for record in lane.records if record.offset >= after]
        lane.waits, lane.tries, lane.due = None, 0, None

    def _letter(self, record: Record, error: RejectedError) -> Entry:
        letter = dead_letter(
            "deliver",
            error,
            record.value or b"",
            at=self.now(),
            source=self.name,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
        )
        return Entry(DEAD_LETTERS, letter.id, encode(letter))

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what may block in the sink's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, lambda: function(*args, **kwargs))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
