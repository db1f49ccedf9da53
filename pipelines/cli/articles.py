"""An article named on the command line: a file, standard input, or an id on the log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import ConfigError, Problem, RejectedError

if TYPE_CHECKING:
    from connectors.records import Article, TaggedArticle
    from pipelines.config import Config

LIMIT = 10_000_000
"""Bytes of a file that is read: more is no article."""

HELP = "A file (a record in JSON, or text whose first line is the title), or - for standard input."


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
    import msgspec

    from connectors.records import Article, decode

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


def find_article(config: Config, name: str) -> TaggedArticle | None:
    """The article with the id or key *name* as the flow has seen it, its newest revision; None when it has not.

    Cost: reads the topic `tagged` whole.
    """
    from connectors.buses import every
    from connectors.records import TaggedArticle, decode
    from pipelines.cli.settings import open_log

    found = None
    wanted = (name.encode(), f"{name}.".encode())
    for record in every(open_log(config), "tagged"):
        key = record.key.encode()
        if key == wanted[0] or (key.startswith(wanted[1]) and key[len(wanted[1]) :].isdigit()):
            try:
                found = decode(TaggedArticle, record.value)
            except RejectedError:
                continue
    return found
