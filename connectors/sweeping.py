"""Retention and compaction of the local log, in transactions so short that appends hardly wait."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Callable, Iterator

from connectors.buses import Record
from connectors.logfile import LogFile
from connectors.partition import Partition

STEP = 500
"""Records dropped in one transaction: some 10 ms of records of 2.6 KB."""


def compact(file: LogFile, part: Partition, read: Callable[[str, int, int, int], list[Record]]) -> int:
    """Drop all but the newest record of each key, and tombstones that every group has passed too.

    *read* is the bus's, because a damaged record must not make an older sound one go. Memory: the keys.
    """
    if not part.topic.compact:
        return 0
    stale: list[int] = []
    newest: dict[str, tuple[int, bool]] = {}
    offset = 0
    while records := read(part.topic.name, part.number, offset, STEP):
        for record in records:
            if older := newest.get(record.key):
                stale.append(older[0])
            newest[record.key] = record.offset, record.value is None
        offset = records[-1].offset + 1
    with file.reading() as reader:
        passed = part.passed(reader)
    below = offset if passed is None else passed
    stale += [at for at, tombstone in newest.values() if tombstone and at < below]  # after what they delete
    dropped = 0
    for i in range(0, len(stale), STEP):
        with _step(file) as writer:
            dropped += part.drop(writer, stale[i : i + STEP])
    return dropped


def retain(file: LogFile, part: Partition, now: float) -> int:
    """Drop the oldest records that every group has passed while they are too old or too many.

    The partitions of a topic share its bytes equally.
    """
    topic = part.topic
    if topic.retain_seconds is None and topic.retain_bytes is None:
        return 0
    oldest = -math.inf if topic.retain_seconds is None else now - topic.retain_seconds
    share = math.inf if topic.retain_bytes is None else topic.retain_bytes // topic.partitions
    dropped = 0
    while True:
        gone: list[int] = []
        with _step(file) as writer:
            end, size = part.end(writer)
            passed = part.passed(writer)
            for offset, timestamp, length in part.oldest(writer, end if passed is None else passed, STEP):
                if timestamp >= oldest and size <= share:
                    break
                gone.append(offset)
                size -= length
            dropped += part.drop(writer, gone)
        if len(gone) < STEP:
            return dropped


@contextlib.contextmanager
def _step(file: LogFile) -> Iterator[sqlite3.Connection]:
    """One transaction; afterwards others, of other processes too, get as long for theirs."""
    with file.writing() as writer:
        started = time.monotonic()
        yield writer
    time.sleep(time.monotonic() - started)
