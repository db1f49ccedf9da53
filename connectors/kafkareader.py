"""Reading partitions of Kafka by offset, without waiting for what is not there.

One consumer serves every partition that a process reads. Records are fetched ahead into a small buffer for each; a read
that goes on where the last one ended takes from it, another one seeks. That nothing is there is believed of a partition
only after the broker has told its end.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from kafka import TopicPartition
from kafka import errors as theirs

from connectors import metrics
from connectors.bell import Bell
from connectors.buses import Record
from connectors.errors import TransientError
from connectors.kafkaclients import Clients, ours

log = structlog.get_logger(__name__)

AHEAD = 4 << 20
"""Bytes of a partition that are held; a partition with more is paused."""

TRY = 50
"""Milliseconds that records which are there are waited for at a time."""

OBJECT = 500
"""Bytes that a record takes beside its value."""

AT_ONCE = 2000
"""Records that are taken from the client at once."""

SERIES = 0.01
"""Seconds after a read of one thread in which others do not fetch: most likely it reads the next partition now."""

FORGET = 5.0
"""Seconds without a read after which a partition is no longer fetched ahead."""


@dataclass(slots=True)
class _Place:
    """Where the reading of one partition stands: *next* is the offset that a read which goes on asks for."""

    next: int
    end: int
    asked: float = 0.0
    paused: bool = False
    records: deque[Record] = field(default_factory=deque)
    size: int = 0


class Reader:
    """Reads for one bus; safe to use from several threads.

    *ends* asks the broker where a partition begins and ends; *bell* is rung when something was fetched.
    """

    def __init__(self, clients: Clients, ends: Callable[[TopicPartition], tuple[int, int]], bell: Bell) -> None:
        self._clients = clients
        self._bell = bell
        self._ends = ends
        self._places: dict[TopicPartition, _Place] = {}
        self._written: dict[TopicPartition, int] = {}
        self._begins: dict[TopicPartition, int] = {}
        self._last = 0, float("-inf")
        self._lock = threading.Lock()

    def read(self, partition: TopicPartition, offset: int, limit: int) -> list[Record]:
        """The next at most *limit* records from *offset* on.

        Raises:
            TransientError: there are some, and the broker does not give them.
        """
        deadline = time.monotonic() + self._clients.options.timeout
        with self._lock, ours(self._clients.options, f"read {partition.topic}"):
            while True:
                place = self._place(partition, offset)
                wanted = not place.records and self._unread(partition, place)
                self._fill(TRY if wanted else 0, only=partition if wanted else None)
                if partition in self._places and (place.records or not self._unread(partition, place)):
                    break
                if time.monotonic() > deadline:
                    self._places.pop(partition, None)
                    raise theirs.KafkaTimeoutError(f"nothing at offset {offset}")
            if limit < len(place.records):
                found = [place.records.popleft() for _ in range(limit)]
            else:
                found, place.records = list(place.records), deque()
            if found:
                place.next = found[-1].offset + 1
                place.size -= _size(found)
            self._last = threading.get_ident(), time.monotonic()
            return found

    def written(self, partition: TopicPartition, end: int) -> None:
        """This process has appended up to *end*: a read must find it."""
        self._written[partition] = max(end, self._written.get(partition, 0))

    def fetch(self, seconds: float) -> bool:
        """Fetch ahead for at most *seconds*, and ring when something came; False: another thread reads.

        A broker that is away is no error here.
        """
        thread, when = self._last
        if thread != threading.get_ident() and time.monotonic() - when < SERIES:
            return False
        if not self._lock.acquire(blocking=False):
            return False
        started = time.monotonic()
        try:
            with suppress(TransientError), ours(self._clients.options, "fetch"):
                if self._places:
                    self._fill(round(seconds * 1000))
                    return True
        finally:
            self._lock.release()
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        return True

    def close(self) -> None:
        """Forget all places and close the consumer; the next read begins anew."""
        with self._lock:
            self._places.clear()
            self._clients.close("consumer")

    def _place(self, partition: TopicPartition, offset: int) -> _Place:
        place = self._places.get(partition)
        if place is None or place.next != offset:
            place = self._seek(partition, offset)
        place.asked = time.monotonic()
        return place

    def _seek(self, partition: TopicPartition, offset: int) -> _Place:
        written = self._written.get(partition, 0)
        begin, end = self._ends(partition)
        if end < written:  # the topic was made anew
            self._written[partition] = end
        known = max(offset, self._begins.get(partition, 0))
        if 0 < offset <= known < begin:
            log.error(
                "records are gone unread", topic=partition.topic, partition=partition.partition, lost=begin - known
            )
            metrics.GAPS.labels(partition.topic).inc(begin - known)
        self._begins[partition] = begin
        place = self._places[partition] = _Place(offset, end)
        consumer = self._clients.consumer
        consumer.assign(list(self._places))
        consumer.seek(partition, min(max(begin, offset), end))
        consumer.resume(partition)
        return place

    def _unread(self, partition: TopicPartition, place: _Place) -> bool:
        """Whether there may be records that were not fetched yet. What is missing below the end may be compacted."""
        consumer = self._clients.consumer
        place.end = max(place.end, self._written.get(partition, 0), consumer.highwater(partition) or 0)
        if place.next >= place.end:
            return False
        position = consumer.position(partition, timeout_ms=100)
        return position is None or position < place.end

    def _fill(self, milliseconds: int, only: TopicPartition | None = None) -> None:
        """Take what has been fetched, waiting for the first at most *milliseconds*.

        With *only*, a partition that has some, no other is fetched: an answer for those would be waited for first.
        """
        consumer = self._clients.consumer
        now = time.monotonic()
        for partition, place in self._places.items():
            pause = place.size >= AHEAD or now - place.asked > FORGET or only not in (None, partition)
            if pause != place.paused:
                (consumer.pause if pause else consumer.resume)(partition)
                place.paused = pause
        try:
            fetched = consumer.poll(milliseconds, max_records=AT_ONCE)
        except (theirs.OffsetOutOfRangeError, theirs.LogTruncationError):
            self._places.clear()  # each read seeks anew, and tells what is gone
            return
        for partition, records in fetched.items():
            place = self._places[partition]
            topic = partition.topic.removeprefix(self._clients.options.prefix)
            new = [_record(topic, record) for record in records if record.offset >= place.next]
            place.records.extend(new)
            place.size += _size(new)
        if fetched:
            self._bell.ring()


def _record(topic: str, record: Any) -> Record:
    raw = record.key or b""
    try:
        key = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        key = raw.decode("utf-8", "surrogateescape")
    return Record(topic, record.partition, record.offset, key, record.value, record.timestamp / 1000)


def _size(records: list[Record]) -> int:
    return OBJECT * len(records) + sum([len(record.value or b"") for record in records])
