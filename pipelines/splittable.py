"""The body of `pipelines.topics.ReadFromLog` on runners that are not ours: a splittable DoFn.

It returns after the next records, or a short wait, and then defers: Flink never asks a DoFn to stop.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import structlog
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from connectors.buses import Bus, Position, Record
from connectors.errors import TransientError
from pipelines.address import Reading
from pipelines.elements import Records
from pipelines.following import LAG, PER_POLL, first_since, recall, split

log = structlog.get_logger(__name__)

NEVER = 2**62
"""An end offset that no partition reaches: the read is unbounded."""


class PollFn(beam.DoFn, RestrictionProvider):
    """Read one partition: what is there or comes within a wait, at most `PER_POLL` records a call, then defer.

    A restriction runs from the group's committed offset to *end*; its progress is the runner's to keep. A reader that
    starts, for the first time or again after a failure, first recalls what is on the remembered topics, so that the
    memory behind it knows every effect there was: a replay reads partitions in another order, and would else take
    another copy for the first. What counts as a start: a restriction that begins at ``-(n + 1)``, to be read from *n*
    (a job without a savepoint: all of the horizon is recalled); or an offset at which this process did not leave the
    partition: a job that starts again has new workers (then all since the oldest record that no checkpoint holds).
    Every partition recalls for itself, because only what one reader emits keeps its order on the way to a key.
    Recalling twice adds nothing.

    The wait ends with the first record of any partition that this process reads, and there is none in a bundle that has
    given something already, because output leaves with the end of its bundle: so it adds no latency. While nothing
    comes it doubles up to `LONGEST`: each call costs the runner a checkpoint of the reader (DECISIONS.md, 15).
    """

    def __init__(self, reading: Reading, end: int) -> None:
        self.reading = reading
        self.end = end

    def start_bundle(self) -> None:
        self._given = False

    def initial_restriction(self, partition: int) -> OffsetRange:
        bus = self.reading.address.open()
        start = bus.committed(self.reading.group, self.reading.topic, partition)
        start = bus.begin(self.reading.topic, partition) if start is None else self._again(bus, partition, start)
        return OffsetRange(-(start + 1) if self.reading.remember else start, max(start, self.end))

    def _again(self, bus: Bus, partition: int, committed: int) -> int:
        """Where a job that remembers begins, a little before what was *committed*: to read twice adds nothing.

        A checkpoint may hold articles between two steps, and who starts without it would lose what was to come of them.
        """
        topic = self.reading.topic
        if not (self.reading.remember and (last := bus.read(topic, partition, committed - 1, 1) if committed else [])):
            return committed
        return first_since(bus, topic, partition, last[0].timestamp - BEFORE, committed)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, partition: int, restriction: OffsetRange) -> int:
        """Only a hint for how to part the work, asked for at every bundle: it must not cost a look at the bus."""
        return 1

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        partition: int,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(),
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),
    ) -> Iterator[TimestampedValue]:
        return self._poll(partition, finalizer, tracker, watermark)

    def _poll(self, partition: int, finalizer: Any, tracker: Any, watermark: Any) -> Iterator[TimestampedValue]:
        span = tracker.current_restriction()
        bus = self.reading.address.open()
        place = (self.reading, partition)
        start = span.start if span.start >= 0 else -span.start - 1
        if self.reading.remember and _left.get(place) != span.start:
            since = time.time() - self.reading.horizon if span.start < 0 else self._unsaved(bus)
            for topic in self.reading.remember:
                for records in recall(bus, topic, since):
                    for part in split(records):
                        yield _batch(part, remembered=True)
        if span.start < 0 and not (tracker.try_claim(span.start) and (start == 0 or tracker.try_claim(start - 1))):
            return  # what is left then begins at the offset to read from
        if span.start >= 0:
            found = self._read(bus, partition, start, min(PER_POLL, span.stop - start))
            records = [r for r in found or () if r.offset < span.stop]
            for part in split(records):
                if not tracker.try_claim(part[-1].offset):
                    return
                yield _batch(part)
                self._given = True
            if not records and self.end != NEVER:
                tracker.try_claim(span.stop)  # nothing more below the end: this range is done
                return
            if found is not None:
                time_ = Timestamp.of((records[0].timestamp if records else time.time()) - LAG)
                watermark.set_watermark(max(time_, watermark.current_watermark() or time_))  # it may never go back
            start = records[-1].offset + 1 if records else start
            self._commit(bus, partition, start, finalizer)
        _left[place] = start
        tracker.defer_remainder(Duration.of(0))

    def _unsaved(self, bus: Bus) -> float:
        """When the oldest article was accepted whose offset is not committed: its effects may be in no checkpoint."""
        group, topic = self.reading.group, self.reading.topic
        oldest = time.time()
        for partition in range(bus.topics()[topic].partitions):
            committed = bus.committed(group, topic, partition)
            if committed is None:
                return oldest - self.reading.horizon
            for record in bus.read(topic, partition, committed, 1):
                oldest = min(oldest, record.timestamp)
        return oldest

    def _read(self, bus: Bus, partition: int, offset: int, limit: int) -> list[Record] | None:
        """What is there or comes within the wait; None while the bus is away, since a reader that fails starts anew."""
        place = (self.reading, partition)
        try:
            records = bus.read(self.reading.topic, partition, offset, limit)
            if not records and self.end == NEVER and not self._given:
                bus.wait(_waits.get(place, SHORTEST))
                records = bus.read(self.reading.topic, partition, offset, limit)
        except TransientError as error:
            if self.end != NEVER:
                raise
            log.warning("nothing can be read now; asking again", partition=partition, error=str(error))
            return None
        _waits[place] = SHORTEST if records else min(LONGEST, 2 * _waits.get(place, SHORTEST))
        return records

    def _commit(self, bus: Bus, partition: int, offset: int, finalizer: Any) -> None:
        """Commit *offset* once a checkpoint holds it: for a cold start and for `wirewatch status`, not for the job.

        A runner may forget a finalizer, so it is registered again until it has run; but not at every call, because
        the worker sets a processor of bundles aside, and makes another, until it has (measured: half a core at 50
        articles a second).
        """
        position = Position(self.reading.group, self.reading.topic, partition, offset)
        place, now = (self.reading, partition), time.monotonic()
        if _committed.get(place) != offset and now - _registered.get(place, float("-inf")) > COMMIT:
            _registered[place] = now
            finalizer.register(functools.partial(_commit, bus, place, position))


SHORTEST, LONGEST = 0.05, 1.0
"""Seconds that a reader waits for a record: at first, and when nothing came for long. The longest also bounds how
long a checkpoint waits for a reader."""

BEFORE = 60.0
"""Seconds that are read again by a job that starts at committed offsets; a checkpoint is some seconds old at most."""

COMMIT = 5.0
"""Seconds between two commits of a partition's offset on a cluster."""

_left: dict[tuple[Reading, int], int] = {}
"""Where this process left each partition."""

_waits: dict[tuple[Reading, int], float] = {}
_committed: dict[tuple[Reading, int], int] = {}
_registered: dict[tuple[Reading, int], float] = {}


def _commit(bus: Bus, place: tuple[Reading, int], position: Position) -> None:
    try:
        bus.append((), [position])
    except TransientError as error:
        log.warning("offset not committed; the next checkpoint tries again", error=str(error))
    else:
        _committed[place] = position.offset


def _batch(records: list[Record], remembered: bool = False) -> TimestampedValue:
    return TimestampedValue(Records(tuple(records), remembered), Timestamp.of(records[0].timestamp))
