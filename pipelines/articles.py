"""An article in a file or on standard input: a record in JSON, or text whose first line is the title."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import ConfigError, Problem, RejectedError
from connectors.records import Article, decode

LIMIT = 10_000_000
"""Bytes of a file that is read: more is no article."""


def read_article(name: str) -> Article:
    """The article in the file *name*, or on standard input when it is ``-``.

    Raises:
        ConfigError: it cannot be read or is no article.
    """
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            raw = file.read(LIMIT + 1)
    except OSError as error:
        raise ConfigError(Problem(name, 0, 0, f"cannot be read: {error.strerror}")) from None
    if len(raw) > LIMIT:
        raise ConfigError(Problem(name, 0, 0, f"is larger than {LIMIT // 1_000_000} MB"))
    try:
        return article_of(raw)
    except RejectedError as error:
        raise ConfigError(Problem(name, 0, 0, f"is no article: {error.detail}")) from None


def article_of(raw: bytes) -> Article:
    """The article that *raw* says: a record, fields of one (a title is enough), or text, its first line the title.

    Raises:
        RejectedError: it is none of these.
    """
    given: dict[str, Any]
    if raw.lstrip().startswith(b"{"):
        try:
            given = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RejectedError("not_json", str(error)) from None
        given = given["article"] if isinstance(given.get("article"), dict) else given
        given = {{"text": "body", "lang": "language"}.get(name, name): value for name, value in given.items()}
    else:
        text = raw.decode("utf-8-sig", "replace").strip()
        title, _, body = text.partition("\n")
        given = {"title": title.strip(), "body": body.strip()}
    if not any(given.get(zone) for zone in ("title", "lead", "body", "captions")):
        raise RejectedError("empty", "it has no text: a title, lead, body or captions")
    least = {"id": "-", "source": "-", "url": "", "title": "", "fetched": "1970-01-01T00:00:00Z"}
    return decode(Article, msgspec.json.encode(least | given))
