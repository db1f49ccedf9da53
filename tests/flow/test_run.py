"""Starting and stopping: what holds before, during and after."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.buses import Bus, Entry, Position, Topic
from connectors.errors import ConfigError, Problem, TransientError
from connectors.forward import waiting
from pipelines import spool, watching
from pipelines.appending import stopping
from pipelines.config import Bus as ConfiguredBus
from pipelines.config import Config, load
from pipelines.layout import TOPICS, address_of, open_bus, polled, retain, settled
from pipelines.plan import TaggerAt
from pipelines.run import LOOPS, Run
from pipelines.sections import Retain
from pipelines.watchlists.watchlist import Watchlist

CEASEFIRE = "id: ceasefire\ntitle: Ceasefires\nseverity: low\nmatch: {any: [ceasefire]}\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists/ceasefire.yaml").write_text(CEASEFIRE)
    (tmp_path / "old.jsonl").write_text('{"title": "A ceasefire holds"}')
    (tmp_path / "wirewatch.yaml").write_text(
        f"bus: {{type: memory, name: '{uuid.uuid4()}'}}\nmetrics: {{port: 0}}\n"
        "sources: [{name: old, type: replay, path: old.jsonl}]\nsinks: [{name: file, type: jsonl, path: out.jsonl}]\n"
    )
    return load(tmp_path / "wirewatch.yaml")


def test_watchlists_are_published_once_and_again_when_they_change(config: Config) -> None:
    bus = open_bus(config)
    for _ in range(2):
        watching.publish(config.watchlists, bus)
    assert bus.end("watchlists", 0) == 1
    (config.watchlists / "ceasefire.yaml").write_text(CEASEFIRE.replace("low", "high"))
    watching.publish(config.watchlists, bus)
    assert b"high" in watching.published(bus)["ceasefire"]


@pytest.mark.parametrize("broken", ["id: [", "id: ceasefire\ntitle: x\n", "", "\x00"])
def test_a_broken_file_leaves_the_version_in_force(config: Config, broken: str) -> None:
    bus = open_bus(config)
    watching.publish(config.watchlists, bus)
    (config.watchlists / "ceasefire.yaml").write_text(broken)
    watching.publish(config.watchlists, bus)
    assert watching.published(bus) == {"ceasefire": CEASEFIRE.encode()}


def test_a_file_that_cannot_be_read_does_not_count_as_taken_away(config: Config) -> None:
    bus = open_bus(config)
    watching.publish(config.watchlists, bus)
    (config.watchlists / "ceasefire.yaml").unlink()
    (config.watchlists / "ceasefire.yaml").mkdir()
    watching.publish(config.watchlists, bus)
    assert watching.published(bus) == {"ceasefire": CEASEFIRE.encode()}


def test_a_file_taken_away_takes_its_watchlist_with_it(config: Config) -> None:
    bus = open_bus(config)
    watching.publish(config.watchlists, bus)
    (config.watchlists / "ceasefire.yaml").unlink()
    watching.publish(config.watchlists, bus)
    assert watching.published(bus) == {}


def test_a_broken_watchlist_at_the_start_is_an_error_with_its_place(config: Config) -> None:
    (config.watchlists / "other.yaml").write_text("id: other\ntitle: x\nmtch: 1\n")
    with pytest.raises(ConfigError, match=r"other\.yaml:3:1.*did you mean 'match'"):
        watching.publish(config.watchlists, open_bus(config), strict=True)


def test_a_list_that_names_an_unknown_place_is_refused_and_the_version_in_force_stays(config: Config) -> None:
    bus = open_bus(config)
    watching.publish(config.watchlists, bus, lambda: {"baku"})
    (config.watchlists / "ceasefire.yaml").write_text(CEASEFIRE.replace("[ceasefire]", "[{place: bakku}]"))
    watching.publish(config.watchlists, bus, lambda: {"baku"})
    assert watching.published(bus) == {"ceasefire": CEASEFIRE.encode()}
    with pytest.raises(ConfigError, match="did you mean 'baku'"):
        watching.publish(config.watchlists, bus, lambda: {"baku"}, strict=True)


def test_a_list_whose_examples_fail_is_refused_and_tried_only_when_it_changed(config: Config) -> None:
    bus, asked = open_bus(config), []

    def failing(watchlist: Watchlist) -> list[Problem]:
        asked.append(watchlist.severity)
        return [watchlist.problem("this example must alert and does not")] if watchlist.severity == "high" else []

    for text in (CEASEFIRE, CEASEFIRE, CEASEFIRE.replace("low", "high")):
        (config.watchlists / "ceasefire.yaml").write_text(text)
        watching.publish(config.watchlists, bus, lambda: {"baku"}, failing)
    assert asked == ["low", "high"]
    assert watching.published(bus) == {"ceasefire": CEASEFIRE.encode()}
    with pytest.raises(ConfigError, match="this example must alert and does not"):
        watching.publish(config.watchlists, bus, lambda: {"baku"}, failing, strict=True)


def test_a_gazetteer_broken_while_it_runs_leaves_the_one_in_force(tmp_path: Path) -> None:
    file = tmp_path / "places.yaml"
    file.write_text("- {id: mars, kind: place, names: {en: [Mars]}}")
    find = TaggerAt((tmp_path,))
    good = find()
    file.write_text("- {id: mars, kind: plaice}")
    assert find() is good
    file.write_text("- {id: moon, kind: place, names: {en: [Moon]}}")
    assert find() is not good


def test_retention_is_set_on_topics_of_events_only(config: Config) -> None:
    bus = open_bus(config)
    retain(bus, replace(config, retain=Retain.model_construct(time=3600.0, size=None)))
    topics = bus.topics()
    assert topics["articles"].retain_seconds == 3600
    assert topics["cursors"] == Topic("cursors", compact=True)
    assert {t.name for t in TOPICS} <= topics.keys()


def test_nothing_is_settled_before_each_source_was_polled_and_all_was_read(config: Config) -> None:
    bus = open_bus(config)
    assert not settled(config, LOOPS, bus)
    bus.append([Entry("cursors", "old", b"{}"), Entry("articles", "k", b"{}")])
    assert not settled(config, LOOPS, bus)
    bus.append((), [Position("flow", "articles", 0, 1)])
    assert settled(config, LOOPS, bus)
    bus.create(Topic("alerts.x", unique=True))
    bus.append([Entry("alerts.x", "k", b"{}")])
    assert not settled(config, LOOPS, bus)
    bus.append((), [Position("sink.file", "alerts.x", 0, 1)])
    assert settled(config, LOOPS, bus)


def test_a_role_that_is_held_is_refused(config: Config) -> None:
    bus = address_of(config).open()
    with bus.hold("flow"), pytest.raises(ConfigError, match="flow"):
        asyncio.run(Run(config).main())


@pytest.mark.slow
def test_a_recording_goes_through_the_three_loops_and_the_run_ends_by_itself(config: Config) -> None:
    for _ in range(2):  # a second run in the same process begins afresh
        assert asyncio.run(asyncio.wait_for(Run(config).main(until_idle=True), 60)) == 0
        assert not stopping.is_set()
    out = config.path.parent / "out.jsonl"
    assert out.read_text().count("ceasefire") >= 1
    assert len(out.read_text().splitlines()) == 1


@pytest.fixture
def far(config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration whose bus counts as one of another machine."""
    monkeypatch.setattr(spool, "NEAR", frozenset({"local"}))
    return config


class Away:
    """Opens the bus of a configuration once *back* is set."""

    def __init__(self) -> None:
        self.back = False

    def __call__(self, config: Config) -> Bus:
        if not self.back:
            raise TransientError("no broker")
        return open_bus(config)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("loops", [frozenset({"poll"}), pytest.param(LOOPS, marks=pytest.mark.slow)])
async def test_polling_begins_while_the_bus_is_away_and_the_rest_when_it_is_back(
    far: Config, loops: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    monkeypatch.setattr("pipelines.run.open_bus", away)
    run = Run(far, loops)
    going = asyncio.create_task(run.main(until_idle=True))
    assert run.spool
    await until(lambda: waiting(run.spool).articles == 1)
    await asyncio.sleep(0.2)
    assert not going.done()
    assert run.bus.topics() == {}
    away.back = True
    assert await asyncio.wait_for(going, 60) == 0
    assert waiting(run.spool).records == 0
    assert run.bus.end("articles", 0) == 1
    assert polled(run.bus) == {"old"}
    if loops == LOOPS:
        assert len((far.path.parent / "out.jsonl").read_text().splitlines()) == 1


async def test_a_stop_before_the_bus_answers_ends_the_run_with_all_on_the_spool(
    far: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.run.open_bus", Away())
    run = Run(far)
    going = asyncio.create_task(run.main())
    assert run.spool
    await until(lambda: waiting(run.spool).articles == 1)
    run.stop.set()
    assert await asyncio.wait_for(going, 10) == 0
    assert waiting(run.spool).articles == 1


def test_the_spool_is_there_where_the_bus_is_far_and_the_poller_runs(far: Config, tmp_path: Path) -> None:
    assert spool.open_spool(far, make=False) is None
    assert Run(far, frozenset({"flow"})).spool is None
    assert Run(far, frozenset({"poll"})).spool
    found = spool.open_spool(far, make=False)
    assert found
    assert found.committed("forward", "articles", 0) == 0
    assert spool.open_spool(replace(far, bus=ConfiguredBus("local", None))) is None
