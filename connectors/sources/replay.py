"""Recorded articles: a JSON Lines file, or a folder of them and of text files.

A line is an article as on the topic `articles`, or any object with ``title`` and ``text`` (and, when known, ``id``,
``url``, ``published``, ``lang``). A ``.txt`` file is one article: its first line the title, the rest the body. The
cursor is the number of documents given so far.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from connectors.dates import when
from connectors.errors import RejectedError
from connectors.html import clean
from connectors.records import Article, DeadLetter, article_id, dead_letter, decode
from connectors.sources import Batch, Tools

AT_ONCE = 500
"""Documents in one batch."""

LINE = 4_000_000
"""Bytes of one line; a longer one is set aside."""


class Options(BaseModel):
    """What to replay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="a .jsonl or .jsonl.gz file, or a folder of .jsonl and .txt files")


def build(name: str, options: Options, tools: Tools) -> Replay:
    """A source that gives what is recorded at ``options.path``, once."""
    return Replay(name, options.path, tools)


class Replay:
    """A recording. Holds no state between polls."""

    def __init__(self, name: str, path: Path, tools: Tools) -> None:
        self._name = name
        self._path = path
        self._tools = tools

    async def poll(self, cursor: str) -> Batch:
        start = int(cursor) if cursor.isdecimal() else 0
        articles: list[Article] = []
        rejected: list[DeadLetter] = []
        count = 0
        now = self._tools.now()
        try:
            for place, raw in itertools.islice(documents(self._path), start, start + AT_ONCE):
                count += 1
                try:
                    articles.append(read(raw, self._name, now))
                except RejectedError as error:
                    told = RejectedError(error.reason, f"{place}: {error.detail}")
                    rejected.append(dead_letter("parse", told, raw, at=now, source=self._name))
        except (OSError, EOFError) as error:
            return Batch(cursor, state="broken", reason=f"{self._path}: {error}")
        finished = count < AT_ONCE
        return Batch(
            cursor=str(start + count),
            articles=tuple(articles),
            rejected=tuple(rejected),
            state="ok" if articles else "empty",
            entries=count,
            more=not finished,
            finished=finished,
        )


def documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every document at *path*, with its place (``file:line``), in order."""
    if path.is_dir():
        for part in sorted(path.rglob("*")):
            if part.name.endswith((".jsonl", ".jsonl.gz", ".txt")):
                yield from documents(part)
    elif path.suffix == ".txt":
        title, _, body = path.read_text("utf-8", "replace").lstrip("\ufeff").partition("\n")
        yield str(path), msgspec.json.encode({"id": path.name, "title": title, "text": body})
    else:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            number = 0
            while line := file.readline(LINE):
                number += 1
                if line.strip():
                    yield f"{path}:{number}", line


def read(raw: bytes, source: str, now: datetime) -> Article:
    """One document.

    Raises:
        RejectedError: it is neither an article of ours nor an object with a title or a text.
    """
    try:
        found: Any = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RejectedError("not_json", str(error)) from error
    if isinstance(found, dict) and "fetched" in found and "source" in found:
        return decode(Article, raw)
    title, text = (_text(found, key) for key in ("title", "text")) if isinstance(found, dict) else ("", "")
    text = text or (_text(found, "body") if isinstance(found, dict) else "")
    if not (title or text):
        raise RejectedError("not_a_record", "no object with a title or a text")
    entry, url = _text(found, "id"), _text(found, "url")
    date = when(_text(found, "published"), None, None)
    return Article(
        id=article_id(source, entry, url, title or text),
        source=source,
        url=url,
        title=clean(title),
        fetched=now,
        entry=entry,
        body="\n".join(line for part in text.splitlines() if (line := clean(part))),
        language=_text(found, "lang") or _text(found, "language"),
        published=datetime.fromtimestamp(date, now.tzinfo) if date is not None else None,
    )


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""
