"""The topic `tagged` in chunks of offsets, and what was found in each, kept on disk.

What stands at an offset never changes, so what two versions of a list make of a chunk is worked out once. Chunks begin
at fixed offsets: a log that has grown since has the same ones, and some more.
"""

from __future__ import annotations

import bisect
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from connectors.buses import Bus
from connectors.errors import ConfigError, Problem
from connectors.records import digest
from pipelines.backtests.tally import Result

TOPIC = "tagged"

SIZE = 2000
"""Offsets of a chunk: about a second of work (measured: 1,500 to 4,000 articles/s), which is lost by a stop."""

FORGOTTEN = 7 * 86400.0
"""Seconds after which a backtest that was not finished is no longer gone on with, and its chunks are removed."""


class Chunk(NamedTuple):
    """Offsets *start* to *end* (not included) of a partition; *first* is the key at the start, of this log only."""

    partition: int
    start: int
    end: int
    first: str


def chunks(bus: Bus, since: float | None = None) -> list[Chunk]:
    """The chunks of what *bus* accepted after *since* (seconds since the epoch), or of all it keeps.

    Cost: a read of one record for each chunk; none is decoded.
    """
    known = bus.topics().get(TOPIC)
    return [chunk for partition in range(known.partitions if known else 0) for chunk in _of(bus, partition, since)]


def _of(bus: Bus, partition: int, since: float | None) -> Iterator[Chunk]:
    begin, end = bus.begin(TOPIC, partition), bus.end(TOPIC, partition)
    if since is not None:

        def timestamp(offset: int) -> float:
            found = bus.read(TOPIC, partition, offset, 1)
            return found[0].timestamp if found else float("inf")

        begin += bisect.bisect_left(range(begin, end), since, key=timestamp)
    while begin < end:
        stop = min(end, (begin // SIZE + 1) * SIZE)
        if found := bus.read(TOPIC, partition, begin, 1):
            yield Chunk(partition, begin, stop, found[0].key)
        begin = stop


@dataclass(frozen=True, slots=True)
class Kept:
    """Results by chunk, a file each, in *folder*, which is of one question only. Readable by the owner only."""

    folder: Path

    @classmethod
    def of(cls, data: Path, question: str, now: float, *, fresh: bool = False) -> Kept:
        """Those kept under the folder *data* for *question*, none when *fresh*. Removes those long forgotten.

        Raises:
            ConfigError: the folder cannot be written.
        """
        folder = data / "backtests" / question
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            for other in folder.parent.iterdir():
                if (fresh and other == folder) or (other != folder and other.stat().st_mtime < now - FORGOTTEN):
                    shutil.rmtree(other)
            folder.mkdir(0o700, exist_ok=True)
        except OSError as error:
            raise ConfigError(Problem(str(error.filename), 0, 0, f"cannot be written: {error.strerror}")) from error
        return cls(folder)

    def get(self, chunk: Chunk) -> Result | None:
        """What was found in *chunk*; None when that is not known."""
        try:
            return msgspec.json.decode(self._path(chunk).read_bytes(), type=Result)
        except (OSError, msgspec.MsgspecError):
            return None

    def put(self, chunk: Chunk, result: Result) -> None:
        """Keep what was found in *chunk*, whole or not at all."""
        path = self._path(chunk)
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(result))
        new.rename(path)

    def _path(self, chunk: Chunk) -> Path:
        return self.folder / f"{digest(*map(str, chunk))}.json"
