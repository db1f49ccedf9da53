"""Following a topic from where a group left off: the reading of the flow, without Beam.

`Follower.poll` gives records a micro-batch at a time, and the event time that all earlier records are older than.
What a poll gave is committed by the *next* poll: its caller promises that by then every effect is durable. So a crash
repeats at most one poll, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from connectors.buses import Bus, Position, Record
from connectors.errors import TransientError

LAG = 2.0
"""Seconds the watermark stays behind the clock when there is nothing to read: a record becomes visible a little after
its timestamp, and must not be late (measured: research on Beam, pitfall 6)."""

PER_ELEMENT = 100
"""Most records in one micro-batch (design §4)."""

PER_POLL = 1000
"""Most records of one partition in one poll: enough that the runner's cost per poll (some 10 ms) is small against the
work, few enough that a replay after a crash is short."""


@dataclass(slots=True)
class Follower:
    """Reads *topic* for *group* from its committed offsets.

    With *remember* it first gives what those topics hold of the last *horizon* seconds, marked as remembered, so that
    stateful steps can rebuild their memory; those offsets are never committed.
    """

    bus: Bus
    topic: str
    group: str
    remember: tuple[str, ...] = ()
    horizon: float = 0.0
    _positions: dict[int, int] = field(default_factory=dict)
    _pending: list[Position] = field(default_factory=list)
    _memory: Iterator[list[Record]] | None = None

    def commit(self) -> None:
        """Commit what the last poll gave."""
        if self._pending:
            self.bus.append((), self._pending)
            self._pending = []

    def poll(self, now: float) -> tuple[list[list[Record]], bool, float]:
        """Commit the last poll, then read the next.

        Returns:
            Micro-batches of at most `PER_ELEMENT` records, each of one partition; whether they are remembered; and
            the watermark, in seconds since the epoch.

        Raises:
            TransientError: the bus cannot be read now; the same is read by the next poll.
        """
        self.commit()
        since = now - self.horizon
        if recent := self._recent(since):
            return split(recent), True, since
        batches: list[list[Record]] = []
        pending: list[Position] = []
        oldest = now
        for partition in self._partitions(self.topic):
            offset = self._position(partition)
            records = self.bus.read(self.topic, partition, offset, PER_POLL)
            if records:
                batches += split(records)
                pending.append(Position(self.group, self.topic, partition, records[-1].offset + 1))
                oldest = min(oldest, records[0].timestamp)
        self._positions |= {position.partition: position.offset for position in pending}  # now that all were read
        self._pending = pending
        return batches, False, oldest - LAG

    def _recent(self, since: float) -> list[Record] | None:
        """What is remembered next; None when all is. A failure begins it again, which adds nothing."""
        if self._memory is None:
            self._memory = chain.from_iterable(recall(self.bus, topic, since) for topic in self.remember)
        try:
            return next(self._memory, None)
        except TransientError:
            self._memory = None
            raise

    def _partitions(self, topic: str) -> range:
        return range(self.bus.topics()[topic].partitions)

    def _position(self, partition: int) -> int:
        if partition not in self._positions:
            committed = self.bus.committed(self.group, self.topic, partition)
            self._positions[partition] = self.bus.begin(self.topic, partition) if committed is None else committed
        return self._positions[partition]


def recall(bus: Bus, topic: str, since: float) -> Iterator[list[Record]]:
    """What *topic* holds now that was accepted at *since* (seconds since the epoch) or later, a read at a time."""
    for partition in range(bus.topics()[topic].partitions):
        end = bus.end(topic, partition)
        low = first_since(bus, topic, partition, since, end)
        while low < end and (records := bus.read(topic, partition, low, PER_POLL)):
            low = records[-1].offset + 1
            if kept := [r for r in records if r.offset < end and r.timestamp >= since]:
                yield kept


def first_since(bus: Bus, topic: str, partition: int, since: float, end: int) -> int:
    """The first offset below *end* that was accepted at *since* or later, else *end*."""
    low, high = bus.begin(topic, partition), end
    while low < high:  # records are in order of acceptance: bisect by timestamp
        middle = (low + high) // 2
        found = bus.read(topic, partition, middle, 1)
        if found and found[0].timestamp < since:
            low = found[0].offset + 1
        else:
            high = middle
    return low


def split(records: list[Record]) -> list[list[Record]]:
    """*records* as micro-batches."""
    return [records[i : i + PER_ELEMENT] for i in range(0, len(records), PER_ELEMENT)]
