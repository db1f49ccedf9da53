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
from connectors.errors import TransientError
from connectors.kafkaclients import Clients, ours

log = structlog.get_logger(__name__)

AHEAD = 2000
"""Records of a partition that are held; a partition with more is paused."""

FORGET = 5.0
"""Seconds without a read after which a partition is no longer fetched ahead."""


@dataclass(slots=True)
class _Place:
    """Where the reading of one partition stands: *next* is the offset that follows what was handed out."""

    next: int = -1
    end: int = -1
    asked: float = 0.0
    paused: bool = False
    records: deque[Any] = field(default_factory=deque)


class Reader:
    """Reads for one bus; safe to use from several threads.

    *ends* asks the broker where a partition begins and ends; *bell* is rung when something was fetched.
    """

    def __init__(self, clients: Clients, ends: Callable[[TopicPartition], tuple[int, int]], bell: Bell) -> None:
        self._clients = clients
        self._bell = bell
        self._ends = ends
        self._places: dict[TopicPartition, _Place] = {}
        self._lock = threading.Lock()

    def read(self, partition: TopicPartition, offset: int, limit: int) -> list[Any]:
        """The next at most *limit* records from *offset* on.

        Raises:
            TransientError: there are some, and the broker does not give them.
        """
        with self._lock, ours(self._clients.options, f"read {partition.topic}"):
            place = self._place(partition)
            if place.next != offset:
                self._seek(partition, place, offset)
            self._fill(0)
            if not place.records and place.next < self._end(partition, place):
                deadline = time.monotonic() + self._clients.options.timeout
                while not place.records and place.next < place.end and self._unread(partition, place):
                    if time.monotonic() > deadline:
                        raise theirs.KafkaTimeoutError(f"nothing at offset {place.next}")
                    self._fill(50)
            found = [place.records.popleft() for _ in range(min(limit, len(place.records)))]
            if found:
                place.next = found[-1].offset + 1
            return found

    def written(self, partition: TopicPartition, end: int) -> None:
        """This process has appended up to *end*: a read must find it."""
        if place := self._places.get(partition):
            place.end = max(place.end, end)

    def fetch(self, seconds: float) -> None:
        """Fetch ahead for at most *seconds*, and ring when something came. A broker that is away is no error here."""
        started = time.monotonic()
        with suppress(TransientError), self._lock, ours(self._clients.options, "fetch"):
            if self._places:
                self._fill(round(seconds * 1000))
                return
        time.sleep(max(0.0, started + seconds - time.monotonic()))

    def close(self) -> None:
        """Forget all places; the next read begins anew."""
        with self._lock:
            self._places.clear()

    def _place(self, partition: TopicPartition) -> _Place:
        place = self._places.get(partition)
        if place is None:
            place = self._places[partition] = _Place()
            self._clients.consumer.assign(list(self._places))
        place.asked = time.monotonic()
        if place.paused and len(place.records) < AHEAD:
            self._clients.consumer.resume(partition)
            place.paused = False
        return place

    def _seek(self, partition: TopicPartition, place: _Place, offset: int) -> None:
        begin, end = self._ends(partition)
        if 0 < offset < begin:
            log.error(
                "records are gone unread", topic=partition.topic, partition=partition.partition, lost=begin - offset
            )
            metrics.GAPS.labels(partition.topic).inc(begin - offset)
        place.records.clear()
        place.end = max(place.end, end)
        place.next = max(begin, offset)
        self._clients.consumer.seek(partition, min(place.next, end))
        if place.next > end:  # nothing can be there; a topic that was made anew begins again at 0
            place.end = end

    def _end(self, partition: TopicPartition, place: _Place) -> int:
        place.end = max(place.end, self._clients.consumer.highwater(partition) or 0)
        return place.end

    def _unread(self, partition: TopicPartition, place: _Place) -> bool:
        """Whether the consumer has not yet passed the end: what is left below may be gone (compacted)."""
        position = self._clients.consumer.position(partition, timeout_ms=100)
        return position is None or position < place.end

    def _fill(self, milliseconds: int) -> None:
        """Take what has been fetched, waiting for the first at most *milliseconds*."""
        consumer = self._clients.consumer
        now = time.monotonic()
        for partition, place in self._places.items():
            if not place.paused and (len(place.records) >= AHEAD or now - place.asked > FORGET):
                consumer.pause(partition)
                place.paused = True
        try:
            fetched = consumer.poll(milliseconds, max_records=AHEAD)
        except theirs.OffsetOutOfRangeError as error:
            for partition, offset in error.args[0].items():
                self._seek(partition, self._places[partition], max(1, offset))
            return
        for partition, records in fetched.items():
            self._places[partition].records.extend(records)
        if fetched:
            self._bell.ring()
