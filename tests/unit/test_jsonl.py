from __future__ import annotations

import os
from pathlib import Path

import pytest
from alerts import alert
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TransientError
from connectors.records import Alert, decode, encode
from connectors.sinks import jsonl
from connectors.sinks.jsonl import Jsonl, Options


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out" / "alerts.jsonl"


def lines(path: Path) -> list[Alert]:
    data = path.read_bytes()
    assert data.endswith(b"\n") or not data
    return [decode(Alert, line) for line in data.splitlines()]


async def test_every_alert_is_a_line_of_canonical_json_for_the_owner_only(path: Path) -> None:
    await jsonl.build("file", Options(path=path)).deliver([alert(1), alert(2, watchlist="other")])
    assert path.read_bytes() == encode(alert(1)) + b"\n" + encode(alert(2, watchlist="other")) + b"\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_redelivery_after_a_restart_adds_nothing(path: Path) -> None:
    await Jsonl(path).deliver([alert(n) for n in range(5)])
    await Jsonl(path).deliver([alert(n) for n in range(3, 8)])
    assert lines(path) == [alert(n) for n in range(8)]


async def test_a_repeat_within_one_call_or_the_next_adds_nothing(path: Path) -> None:
    sink = Jsonl(path)
    await sink.deliver([alert(1), alert(1, title="later words")])
    await sink.deliver([alert(1)])
    assert lines(path) == [alert(1)]


@given(cut=st.data())
def test_a_line_torn_anywhere_is_repaired_and_written_again(
    cut: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import asyncio

    path = tmp_path_factory.mktemp("torn") / "alerts.jsonl"
    whole = b"".join(encode(alert(n)) + b"\n" for n in range(3))
    path.write_bytes(whole[: cut.draw(st.integers(0, len(whole)))])
    asyncio.run(Jsonl(path).deliver([alert(n) for n in range(4)]))
    assert lines(path) == [alert(n) for n in range(4)]


async def test_zeros_that_a_power_cut_left_are_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(encode(alert(1)) + b"\n" + b"\0" * 500)
    await Jsonl(path).deliver([alert(1), alert(2)])
    assert lines(path) == [alert(1), alert(2)]


async def test_a_whole_record_that_lacks_only_its_line_break_is_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(encode(alert(1)))
    await Jsonl(path).deliver([alert(2)])
    assert lines(path) == [alert(1), alert(2)]


async def test_words_of_somebody_else_are_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"# my alerts\nno newline here")
    await Jsonl(path).deliver([alert(1)])
    assert path.read_bytes() == b"# my alerts\nno newline here\n" + encode(alert(1)) + b"\n"


async def test_a_file_rotated_away_is_begun_anew(path: Path) -> None:
    sink = Jsonl(path)
    await sink.deliver([alert(1)])
    path.rename(path.with_suffix(".1"))
    await sink.deliver([alert(2)])
    assert lines(path) == [alert(2)]


async def test_two_sinks_on_one_file_write_every_alert_once(path: Path) -> None:
    first, second = Jsonl(path), Jsonl(path)
    for n in range(4):
        await first.deliver([alert(n)])
        await second.deliver([alert(n), alert(n + 100)])
    assert sorted(a.id for a in lines(path)) == sorted(alert(n).id for n in (0, 1, 2, 3, 100, 101, 102, 103))


async def test_only_the_end_of_the_file_is_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "REMEMBERED", 3)
    monkeypatch.setattr(jsonl, "TAIL", 4 * len(encode(alert(1))))
    await Jsonl(path).deliver([alert(n) for n in range(9)])
    sink = Jsonl(path)
    await sink.deliver([alert(n) for n in range(9)])
    assert len(lines(path)) == 9 + 6
    assert len(sink._ids) == 3


async def test_a_full_disk_leaves_no_torn_line_and_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Jsonl(path)
    await sink.deliver([alert(1)])
    write = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(TransientError, match="No space left"):
            await sink.deliver([alert(2)])
    assert lines(path) == [alert(1)]
    await sink.deliver([alert(2)])
    assert lines(path) == [alert(1), alert(2)]


async def test_a_path_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="directory"):
        await Jsonl(tmp_path).deliver([alert()])
