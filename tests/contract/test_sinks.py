"""What every sink keeps: each module of ``connectors/sinks`` is tested by existing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser
import pytest
from aiohttp import web
from alerts import HOSTILE, alert
from pydantic import BaseModel, ValidationError

from connectors import plugins
from connectors.errors import RejectedError
from connectors.records import Alert, decode
from connectors.sinks import Sink

SINKS = plugins.names("connectors.sinks")

Count = Callable[[], int]
"""How many alerts whoever reads the sink has by now."""


@dataclass(frozen=True)
class Place:
    """Where a sink of a kind delivers in a test; *once* when a repeat shows nowhere, restarts included."""

    options: dict[str, Any]
    count: Count
    once: bool = True


@asynccontextmanager
async def stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Place]:
    seen = [""]

    def count() -> int:
        seen[0] += capsys.readouterr().out
        return len(seen[0].splitlines())

    yield Place({"format": "json"}, count, once=False)


@asynccontextmanager
async def jsonl(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Place]:
    path = folder / "alerts.jsonl"
    yield Place({"path": path}, lambda: len([decode(Alert, line) for line in path.read_bytes().splitlines()]))


@asynccontextmanager
async def atom(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Place]:
    yield Place(
        {"folder": folder / "feeds"},
        lambda: sum(len(feedparser.parse(path.read_bytes()).entries) for path in (folder / "feeds").iterdir()),
    )


@asynccontextmanager
async def webhook(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Place]:
    ids: set[str] = set()  # a receiver keeps ids, as Standard Webhooks asks

    async def handle(request: web.Request) -> web.Response:
        decode(Alert, await request.read())
        ids.add(request.headers["webhook-id"])
        return web.Response()

    app = web.Application(client_max_size=300_000)
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Place({"url": f"http://127.0.0.1:{runner.addresses[0][1]}/"}, lambda: len(ids))
    await runner.cleanup()


PLACES = {"stdout": stdout, "jsonl": jsonl, "atom": atom, "webhook": webhook}


@pytest.fixture(params=SINKS)
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[tuple[Callable[[], Sink], Place]]:
    kind = request.param
    assert kind in PLACES, f"a new sink: give {kind} a place in PLACES of {__name__}"
    module = plugins.load("connectors.sinks", kind)
    async with PLACES[kind](tmp_path, capsys) as found:
        yield lambda: module.build("test", module.Options(**found.options)), found


async def test_what_is_delivered_can_be_read(place: tuple[Callable[[], Sink], Place]) -> None:
    build, found = place
    sink = build()
    await sink.deliver([alert(1), alert(2, watchlist="other")])
    await sink.deliver([alert(3)])
    await sink.close()
    assert found.count() == 3


async def test_the_same_alert_twice_is_once(place: tuple[Callable[[], Sink], Place]) -> None:
    build, found = place
    if not found.once:
        pytest.skip("what is shown is shown")
    for _restart in range(2):
        sink = build()
        await sink.deliver([alert(1), alert(2)])
        await sink.deliver([alert(1)])
        await sink.close()
    assert found.count() == 2


async def test_nothing_to_deliver_is_no_error(place: tuple[Callable[[], Sink], Place]) -> None:
    build, _ = place
    sink = build()
    await sink.deliver([])
    await sink.close()


@pytest.mark.parametrize("harm", HOSTILE)
async def test_hostile_text_harms_neither_the_sink_nor_the_next_alert(
    place: tuple[Callable[[], Sink], Place], harm: str
) -> None:
    build, found = place
    sink = build()
    delivered = 1
    try:
        await sink.deliver([alert(1, **HOSTILE[harm])])
        delivered += 1
    except RejectedError:
        pass
    await sink.deliver([alert(2)])
    await sink.close()
    assert found.count() == delivered


async def test_close_is_idempotent_and_needs_no_delivery_before(
    place: tuple[Callable[[], Sink], Place],
) -> None:
    build, _ = place
    sink = build()
    await sink.close()
    await sink.close()


@pytest.mark.parametrize("kind", SINKS)
def test_options_are_frozen_strict_and_documented(kind: str) -> None:
    options = plugins.load("connectors.sinks", kind).Options
    assert issubclass(options, BaseModel)
    assert options.model_config.get("frozen")
    assert options.__doc__
    assert all(field.description for field in options.model_fields.values())
    with pytest.raises(ValidationError, match="colour"):
        options(colour="red")
