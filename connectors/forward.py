"""Between the poller and a bus that may be away: a log on this disk, and a loop that passes it on.

What is polled goes to the *spool*, always, and from there to the bus in the order of its offsets: a broker that is away
for hours costs disk, and no article. A batch is committed on the spool after the bus has taken it, so a crash in
between repeats that batch, with the same keys.

A cursor never reaches the bus before what was polled ahead of it: a new machine begins at the cursors of the bus, and
what they have passed may be on the lost disk only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import NamedTuple, TypeVar

import msgspec
import structlog

from connectors import metrics
from connectors.buses import Bus, Entry, Position, Record, Topic, every
from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.records import dead_letter, encode

log = structlog.get_logger(__name__)

T = TypeVar("T")

GROUP = "forward"

KEPT = 86_400.0
"""Seconds that the spool keeps what it has passed on: for so long a poll that repeats an article adds nothing."""

TOPICS = (
    Topic("articles", unique=True, retain_seconds=KEPT),
    Topic("dead-letters", unique=True, retain_seconds=KEPT),
    Topic("source-health", compact=True),
    Topic("cursors", compact=True),
)
"""What the poller appends, in the order in which it is passed on: cursors last."""

RECORDS, BYTES = 100, 4_000_000
"""The most of one append to the bus, but for a single record that is larger. So many records are held in memory: some
KB each, 2 MB when a feed is hostile."""

SHORTEST, LONGEST = 0.2, 5.0
"""Seconds before a bus that refused is asked again: at first, and after many refusals."""

IDLE = 0.5
"""Seconds between looks at the spool when nothing wakes the loop."""

GRACE = 1.5
"""Seconds that passing on may take after a stop: the polls before it have had 8 of the 10 there are."""


class Waiting(NamedTuple):
    """What the bus has not taken yet: *records*, the *articles* among them, and when the oldest was accepted."""

    records: int
    articles: int
    since: float | None


def prepare(spool: Bus) -> None:
    """Make the topics of *spool*. Retention waits only for a group that has committed, so ours does at once."""
    for topic in TOPICS:
        spool.create(topic)
        if spool.committed(GROUP, topic.name, 0) is None:
            spool.append((), [Position(GROUP, topic.name, 0, 0)])


def adopt(spool: Bus, bus: Callable[[], Bus], names: Collection[str]) -> None:
    """Copy the cursors of the sources *names* that only the bus knows: those of a machine that this one follows.

    The bus is asked for only when a cursor is missing.

    Raises:
        TransientError: it is away.
    """
    missing = set(names) - {record.key for record in every(spool, "cursors")}
    if missing:
        newest = {record.key: record.value for record in every(bus(), "cursors") if record.key in missing}
        spool.append([Entry("cursors", name, value) for name, value in newest.items()])


def waiting(spool: Bus) -> Waiting:
    """What waits on *spool* now. Counted by offsets: what compaction dropped meanwhile may be among the records."""
    counts, since = {}, []
    for topic in {topic.name for topic in TOPICS} & spool.topics().keys():
        start = spool.committed(GROUP, topic, 0) or 0
        following = spool.read(topic, 0, start, 1)
        counts[topic] = spool.end(topic, 0) - start if following else 0
        since += [record.timestamp for record in following]
    return Waiting(sum(counts.values()), counts.get("articles", 0), min(since, default=None))


async def forward(
    spool: Bus, bus: Callable[[], Bus], *, stop: asyncio.Event, now: Callable[[], datetime], rng: Random
) -> None:
    """Pass on what comes to *spool*, which `prepare` has made, until *stop* is set; then what is left, for `GRACE`.

    *bus* gives the bus, with its topics; it is called before every round, in a thread, and must be cheap once it
    answered. While it or the bus refuses, everything waits on the spool, which remains after a stop too; also where a
    person must mend something (a password, a certificate, other topics than ours), because feeds do not wait for that.

    Guarantees: at least once, with the same key; in order within a topic; a cursor after what was polled before it. A
    record that the bus never takes (larger than the broker allows) becomes a dead letter there and holds up nothing.
    """
    with ThreadPoolExecutor(1, "forward") as thread:
        await _Forwarder(spool, bus, stop, now, rng, thread).run()


@dataclass(slots=True)
class _Forwarder:
    spool: Bus
    bus: Callable[[], Bus]
    stop: asyncio.Event
    now: Callable[[], datetime]
    rng: Random
    thread: ThreadPoolExecutor
    taken: dict[str, int] = field(default_factory=dict)
    """The offset before which the bus has taken each topic: ahead of the commits while the disk is full."""
    refused: int = 0
    told: type[Exception] | None = None
    """The kind of refusal that was told last: once each, until the bus takes records again."""

    async def run(self) -> None:
        while True:
            last = self.stop.is_set()  # looked at before the round, so that the last one moves all there was
            if last and self.refused:
                return  # it was away a moment ago, and to hear so again may take longer than a stop
            try:
                await self._round(last)
            except (TransientError, ConfigError) as error:
                await self._again(error)
            else:
                if not self.stop.is_set():
                    await self._call(lambda: self.spool.wait(IDLE))
            if last:
                return

    async def _round(self, last: bool) -> None:
        """Move what waits, a batch after another."""
        clock = asyncio.get_running_loop().time
        end = clock() + GRACE
        metrics.SPOOLED.set((await self._call(lambda: waiting(self.spool))).records)
        moving = self._move(await self._call(self.bus))
        while (moved := await self._call(lambda: next(moving, None))) is not None:
            metrics.FORWARDED.inc(moved)
            metrics.SPOOLED.dec(moved)
            if self.refused:
                self.refused, self.told = 0, None
                log.info("the bus takes records again")
            if self.stop.is_set() and (not last or clock() > end):
                return

    def _move(self, bus: Bus) -> Iterator[int]:
        """Move all there is now; how many records each batch had."""
        # A cursor is appended after what it passes: with its end taken first, that is below the ends taken next.
        ends = {topic.name: self.spool.end(topic.name, 0) for topic in reversed(TOPICS)}
        for topic in (topic.name for topic in TOPICS):
            committed = self.spool.committed(GROUP, topic, 0) or 0
            at = self.taken.setdefault(topic, committed)
            if at > committed:
                self._commit(topic)
            while (at := self.taken[topic]) < ends[topic]:
                records = [r for r in self.spool.read(topic, 0, at, RECORDS) if r.offset < ends[topic]]
                records = records[: _fitting(records)]
                if records:
                    self._append(bus, records)
                self.taken[topic] = records[-1].offset + 1 if records else ends[topic]
                self._commit(topic)
                yield len(records)

    def _append(self, bus: Bus, records: Sequence[Record]) -> None:
        """Append all *records*, those that the bus never takes as dead letters."""
        try:
            bus.append([Entry(record.topic, record.key, record.value) for record in records])
        except RejectedError as error:
            refusal = error
        else:
            return
        if len(records) > 1:  # it took none of them and does not say which it was
            middle = len(records) // 2
            self._append(bus, records[:middle])
            self._append(bus, records[middle:])
            return
        topic, _, _, key, value, _ = records[0]
        log.error("record set aside", topic=topic, key=key, reason=str(refusal))
        # The letter names no topic: the bus never had the record, so its accounts must not count it.
        letter = dead_letter("fetch", refusal, value or b"", at=self.now(), source=_source(records[0]), key=key)
        bus.append([Entry("dead-letters", letter.id, encode(letter))])

    def _commit(self, topic: str) -> None:
        self.spool.append((), [Position(GROUP, topic, 0, self.taken[topic])])

    async def _again(self, error: TransientError | ConfigError) -> None:
        if type(error) is not self.told:
            self.told = type(error)
            tell = log.error if isinstance(error, ConfigError) else log.warning
            tell("the bus takes nothing; what is polled waits on this disk", error=str(error))
        seconds = min(LONGEST, SHORTEST * 2 ** min(self.refused, 10)) * self.rng.uniform(0.8, 1.2)
        self.refused += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _call(self, function: Callable[[], T]) -> T:
        """Run what may block in this loop's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, function)


class _Origin(msgspec.Struct):
    source: str = ""


def _source(record: Record) -> str:
    """The source that *record* tells of: each kind that is polled names it."""
    try:
        return msgspec.json.decode(record.value or b"", type=_Origin).source
    except msgspec.MsgspecError:
        return ""


def _fitting(records: Sequence[Record]) -> int:
    """How many of *records* are one append: at least one, then as long as there are no more than `BYTES`."""
    size = 0
    for number, record in enumerate(records):
        size += len(record.value or b"")
        if number and size > BYTES:
            return number
    return len(records)
