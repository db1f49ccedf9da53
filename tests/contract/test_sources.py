"""What every source promises; a module of the folder is tested by being there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connectors import plugins
from connectors.child import Child
from connectors.feed import parse
from connectors.fetch import Reply
from connectors.sources import Source, Tools

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>F</title><item><guid>1</guid><title>one</title></item></channel></rss>"


class Web:
    """One document at every address."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def get(self, url: str, **_: str) -> Reply:
        return Reply(status=200, url=url, body=self.body)


class InProcess:
    """The parser without its child."""

    async def parse(self, *args: Any) -> Any:
        return parse(*args)


def rss(folder: Path, body: bytes) -> Source:
    module = plugins.load("connectors.sources", "rss")
    tools: Any = Tools(Web(body), InProcess(), lambda: NOW)  # type: ignore[arg-type]
    source: Source = module.build("s", module.Options(url="https://example.org/"), tools)
    return source


def replay(folder: Path, body: bytes) -> Source:
    module = plugins.load("connectors.sources", "replay")
    good = body == FEED
    (folder / "a.jsonl").write_bytes(json.dumps({"title": "one"}).encode() if good else body)
    tools: Any = Tools(None, None, lambda: NOW)  # type: ignore[arg-type]
    source: Source = module.build("s", module.Options(path=folder / "a.jsonl"), tools)
    return source


FACTORIES: dict[str, Callable[[Path, bytes], Source]] = {"rss": rss, "replay": replay}

KINDS = plugins.names("connectors.sources")


@pytest.fixture(autouse=True)
async def _no_children_left() -> AsyncIterator[None]:
    yield
    await Child(1).close()


def test_every_source_is_in_this_suite() -> None:
    assert set(KINDS) == set(FACTORIES), "give the new source a factory here"


@pytest.mark.parametrize("kind", KINDS)
def test_its_options_are_documented_and_refuse_what_they_do_not_know(kind: str) -> None:
    options = plugins.load("connectors.sources", kind).Options
    assert issubclass(options, BaseModel)
    assert options.__doc__
    assert options.model_config.get("extra") == "forbid"
    assert all(field.description for field in options.model_fields.values())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_poll_with_the_cursor_of_the_last_gives_nothing_again(kind: str, tmp_path: Path) -> None:
    source = FACTORIES[kind](tmp_path, FEED)
    first = await source.poll("")
    again = await source.poll(first.cursor)
    assert [a.title for a in first.articles] == ["one"]
    assert (again.articles, again.failed) == ((), False)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_cursor_gives_the_same_articles(kind: str, tmp_path: Path) -> None:
    source = FACTORIES[kind](tmp_path, FEED)
    assert (await source.poll("")).articles == (await source.poll("")).articles


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"<rss><channel><item>", b"[[[[", b"x" * 10_000, b"\n" * 10_000]
)
@pytest.mark.parametrize("kind", KINDS)
async def test_bad_input_is_told_and_never_raised(kind: str, body: bytes, tmp_path: Path) -> None:
    batch = await FACTORIES[kind](tmp_path, body).poll("")
    assert batch.articles == ()
    assert batch.state
