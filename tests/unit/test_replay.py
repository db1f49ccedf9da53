"""Recorded articles: everything once, bad lines set aside with their place."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from factories import article

from connectors.records import encode
from connectors.sources import Batch, Tools, replay

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOOLS: Any = Tools(None, None, lambda: NOW)  # type: ignore[arg-type]


async def polls(path: Path) -> list[Batch]:
    source = replay.build("old", replay.Options(path=path), TOOLS)
    batches = [await source.poll("")]
    while not batches[-1].finished:
        batches.append(await source.poll(batches[-1].cursor))
    return batches


async def test_articles_of_ours_come_back_as_they_were(tmp_path: Path) -> None:
    made = [article(f"Title {n}", "Body.") for n in range(3)]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(map(encode, made)))
    (batch,) = await polls(tmp_path / "a.jsonl")
    assert list(batch.articles) == made


async def test_plain_documents_become_articles(tmp_path: Path) -> None:
    line = {"id": "7", "title": "A\x00title", "text": "One\n\nTwo", "published": "2020-09-20T20:54:47Z", "lang": "en"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    ((found,),) = [b.articles for b in await polls(tmp_path / "a.jsonl")]
    assert (found.title, found.body, found.entry, found.language) == ("Atitle", "One\nTwo", "7", "en")
    assert found.published == datetime(2020, 9, 20, 20, 54, 47, tzinfo=UTC)


async def test_a_folder_is_read_in_order_compressed_files_and_texts_too(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "1.jsonl.gz", "wb") as file:
        file.write(b'{"title": "first"}\n')
    (tmp_path / "2.txt").write_text("second\nits body")
    (tmp_path / "3.pdf").write_text("no")
    (batch,) = await polls(tmp_path)
    assert [(a.title, a.body) for a in batch.articles] == [("first", ""), ("second", "its body")]


async def test_batches_are_bounded_and_together_give_everything_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"title": str(n)}) for n in range(1203)))
    batches = await polls(tmp_path / "a.jsonl")
    assert [(len(b.articles), b.more) for b in batches] == [(500, True), (500, True), (203, False)]
    assert [a.title for b in batches for a in b.articles] == [str(n) for n in range(1203)]


@pytest.mark.parametrize("bad", ["{", "[]", '{"x": 1}', '{"title": 5}', "\ufffd", '{"source": 1, "fetched": 2}'])
async def test_a_bad_line_is_set_aside_with_its_number(tmp_path: Path, bad: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"title": "a"}}\n{bad}\n{{"title": "b"}}')
    (batch,) = await polls(tmp_path / "a.jsonl")
    assert [a.title for a in batch.articles] == ["a", "b"]
    assert [":2: " in d.detail for d in batch.rejected] == [True]


async def test_a_file_that_is_not_there_is_a_failure_not_an_error(tmp_path: Path) -> None:
    batch = await replay.build("old", replay.Options(path=tmp_path / "no.jsonl"), TOOLS).poll("")
    assert (batch.state, batch.cursor) == ("broken", "")
