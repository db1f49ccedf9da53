"""The topic `tagged` in chunks, and what was found in them, kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from factories import NOW

from connectors.buses import Entry, Topic
from connectors.buses.memory import MemoryBus
from pipelines.backtests.chunks import FORGOTTEN, SIZE, Chunk, Kept, chunks
from pipelines.backtests.outcome import First, Outcome
from pipelines.backtests.tally import Result, Tally


class Clocked(MemoryBus):
    """Says that record number *n* was accepted at second *n*."""

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Any:
        return [
            record._replace(timestamp=float(record.offset)) for record in super().read(topic, partition, offset, limit)
        ]


def grown(bus: MemoryBus, to: int) -> None:
    bus.append([Entry("tagged", f"{n}.1", b"{}") for n in range(bus.end("tagged", 0), to)])


def test_a_log_that_grows_keeps_its_chunks() -> None:
    bus = Clocked()
    bus.create(Topic("tagged"))
    grown(bus, 2 * SIZE + 10)
    before = chunks(bus)
    assert [(c.start, c.end) for c in before] == [(0, SIZE), (SIZE, 2 * SIZE), (2 * SIZE, 2 * SIZE + 10)]
    grown(bus, 3 * SIZE)
    assert chunks(bus)[:2] == before[:2]
    assert chunks(bus)[2].end == 3 * SIZE


@pytest.mark.parametrize("since", [0.0, 0.5, 1.0, SIZE - 1.0, float(SIZE), SIZE + 7.0, SIZE + 8.0, 1e9])
def test_only_what_came_since_is_in_a_chunk(since: float) -> None:
    bus = Clocked()
    bus.create(Topic("tagged"))
    grown(bus, SIZE + 8)
    offsets = [offset for chunk in chunks(bus, since) for offset in range(chunk.start, chunk.end)]
    assert offsets == [offset for offset in range(SIZE + 8) if offset >= since]


CHUNK = Chunk(0, 0, 2000, "a.1")


def test_what_was_found_is_kept_by_chunk_and_question(tmp_path: Path) -> None:
    kept = Kept.of(tmp_path, "one", now=0.0)
    assert kept.get(CHUNK) is None
    tally = Tally(outcomes={"a": Outcome(None, First(2, 740_000), False), "b": Outcome(First(1, 1), First(1, 1), True)})
    result = Result(articles=3, begin=NOW, end=NOW, lists={"strikes": tally})
    kept.put(CHUNK, result)
    assert Kept.of(tmp_path, "one", now=0.0).get(CHUNK) == result
    assert Kept.of(tmp_path, "other", now=0.0).get(CHUNK) is None
    assert kept.get(CHUNK._replace(first="b.1")) is None, "another log in the same place"
    assert Kept.of(tmp_path, "one", now=0.0, fresh=True).get(CHUNK) is None


def test_a_damaged_file_is_as_if_there_were_none(tmp_path: Path) -> None:
    kept = Kept.of(tmp_path, "one", now=0.0)
    kept.put(CHUNK, Result(articles=3))
    (file,) = kept.folder.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert kept.get(CHUNK) is None


def test_backtests_long_forgotten_are_removed(tmp_path: Path) -> None:
    old = Kept.of(tmp_path, "old", now=0.0)
    written = old.folder.stat().st_mtime
    Kept.of(tmp_path, "new", now=written + FORGOTTEN - 1)
    assert old.folder.exists()
    Kept.of(tmp_path, "new", now=written + FORGOTTEN + 1)
    assert not old.folder.exists()
