"""How it is doing, read from a bus."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import NOW, article, tagged

from connectors.buses import Entry, Position, Topic
from connectors.buses.memory import MemoryBus
from connectors.errors import RejectedError, TransientError
from connectors.forward import prepare
from connectors.records import Article, SourceHealth, dead_letter, encode
from pipelines.counting import read
from pipelines.status import BEHIND, FAILURES, Aside, Spool, Status


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    for topic in (
        Topic("articles", partitions=2, unique=True),
        Topic("tagged", unique=True),
        Topic("dead-letters", unique=True),
        Topic("source-health", compact=True),
        Topic("alerts.csto", unique=True),
    ):
        made.create(topic)
    return made


def accept(bus: MemoryBus, count: int) -> list[Article]:
    articles = [article(f"Title {number}") for number in range(count)]
    bus.append([Entry("articles", a.key, encode(a)) for a in articles])
    return articles


def process(bus: MemoryBus, articles: list[Article]) -> None:
    bus.append([Entry("tagged", a.key, encode(tagged(a))) for a in articles])


def set_aside(bus: MemoryBus, of: Article, stage: Any = "flow", topic: str = "articles") -> None:
    letter = dead_letter(stage, RejectedError("tag_failed"), encode(of), at=NOW, topic=topic, key=of.key)
    bus.append([Entry("dead-letters", letter.id, encode(letter))])


def commit_all(bus: MemoryBus) -> None:
    bus.append((), [Position("flow", "articles", p, bus.end("articles", p)) for p in range(2)])


def poll(bus: MemoryBus, source: str = "wire", **changes: Any) -> None:
    values = {"source": source, "state": "ok", "at": NOW, "next_poll": NOW + timedelta(minutes=5)}
    bus.append([Entry("source-health", source, encode(SourceHealth(**(values | changes))))])


def later(bus: MemoryBus, by: timedelta = timedelta(0)) -> datetime:
    """A moment after everything on *bus* was accepted."""
    return datetime.now(NOW.tzinfo) + by


def test_an_empty_bus_is_healthy() -> None:
    seen = read(MemoryBus(), now=NOW)
    assert (seen.accepted, seen.processed, seen.dead_lettered, seen.in_flight) == (0, 0, 0, 0)
    assert seen.troubles() == []


def test_every_accepted_article_is_processed_dead_lettered_or_in_flight(bus: MemoryBus) -> None:
    articles = accept(bus, 10)
    before = read(bus)
    assert (before.accepted, before.in_flight, before.balance) == (10, 10, 0)
    process(bus, articles[:7])
    set_aside(bus, articles[7])
    set_aside(bus, articles[8])
    during = read(bus)
    assert during.balance < 0, "the offsets are not yet committed"
    assert during.lost == 0
    commit_all(bus)
    after = read(bus)
    assert (after.accepted, after.processed, after.dead_lettered, after.in_flight) == (10, 7, 2, 0)
    assert (after.balance, after.lost) == (1, 1)
    assert "unaccounted" in after.troubles()[0]
    process(bus, articles[9:])
    assert read(bus).lost == 0


def test_dead_letters_of_feeds_and_deliveries_are_no_articles(bus: MemoryBus) -> None:
    one, two = article("One"), article("Two")
    set_aside(bus, one, stage="parse", topic="")
    set_aside(bus, two, stage="deliver", topic="alerts.csto")
    seen = read(bus)
    assert seen.dead_lettered == 0
    assert seen.dead_letters == (
        Aside(stage="deliver", reason="tag_failed", count=1),
        Aside(stage="parse", reason="tag_failed", count=1),
    )


def test_a_dead_letter_that_cannot_be_read_is_still_counted(bus: MemoryBus) -> None:
    bus.append([Entry("dead-letters", "x", b"\xff")])
    assert read(bus).dead_letters == (Aside(stage="decode", reason="unreadable", count=1),)


def test_a_group_that_never_began_lags_by_all_there_is(bus: MemoryBus) -> None:
    accept(bus, 3)
    lags = [lag for lag in read(bus).lags if lag.group == "flow"]
    assert sum(lag.lag for lag in lags) == 3
    assert all(lag.waiting for lag in lags if lag.lag)


def test_what_waits_too_long_is_a_trouble(bus: MemoryBus) -> None:
    accept(bus, 3)
    assert read(bus, now=later(bus)).troubles() == []
    assert "flow is behind on articles" in read(bus, now=later(bus, BEHIND)).troubles()[0]
    commit_all(bus)
    process(bus, accept(bus, 3))
    assert read(bus, now=later(bus, BEHIND)).troubles() == []


def test_a_source_that_fails_again_and_again_is_a_trouble(bus: MemoryBus) -> None:
    poll(bus, state="broken", failures=FAILURES - 1, reason="network: refused")
    assert read(bus, now=NOW).troubles() == []
    poll(bus, state="broken", failures=FAILURES, reason="network: refused")
    assert read(bus, now=NOW).troubles() == ["wire is broken, 3 failures in a row: network: refused"]
    poll(bus)
    assert read(bus, now=NOW).troubles() == []
    poll(bus, state="gone", failures=1, reason="HTTP 410")
    assert "wire is gone" in read(bus, now=NOW).troubles()[0]


def test_nothing_polling_is_told_from_one_source_being_late(bus: MemoryBus) -> None:
    late = NOW + timedelta(minutes=5) + BEHIND + timedelta(seconds=1)
    poll(bus, "one")
    poll(bus, "two", next_poll=late)
    assert read(bus, now=late).troubles() == ["not polled in time: one"]
    poll(bus, "two")
    assert "running?" in read(bus, now=late).troubles()[0]


def test_the_newest_health_of_a_source_counts(bus: MemoryBus) -> None:
    poll(bus, new=3)
    poll(bus, new=5)
    assert [health.new for health in read(bus).sources] == [5]


def test_a_health_that_cannot_be_read_is_as_if_there_were_none(bus: MemoryBus) -> None:
    poll(bus)
    bus.append([Entry("source-health", "other", b"{}"), Entry("source-health", "third", b'{"schema": 99}')])
    assert [health.source for health in read(bus).sources] == ["wire"]


def test_a_repeat_on_a_bus_that_takes_a_key_twice_is_told_and_is_no_loss() -> None:
    bus = MemoryBus()
    for name in ("articles", "tagged", "dead-letters"):
        bus.create(Topic(name))
    articles = accept(bus, 3)
    process(bus, articles[:2])
    process(bus, articles[1:2])
    for _ in range(2):
        set_aside(bus, articles[2])
    assert read(bus).repeated == 0, "it may still be in flight"
    bus.append((), [Position("flow", "articles", 0, 3)])
    seen = read(bus)
    assert (seen.accepted, seen.processed, seen.dead_lettered, seen.in_flight) == (3, 3, 1, 0)
    assert (seen.balance, seen.repeated, seen.lost) == (-1, 1, 0)
    assert seen.troubles() == []


@pytest.fixture
def spool() -> MemoryBus:
    made = MemoryBus()
    prepare(made)
    return made


def test_what_waits_on_the_spool_is_accepted_and_in_flight(bus: MemoryBus, spool: MemoryBus) -> None:
    process(bus, accept(bus, 2))
    commit_all(bus)
    accept(spool, 3)
    spool.append([Entry("cursors", "wire", b"{}")])
    seen = read(bus, spool=spool)
    assert (seen.accepted, seen.processed, seen.in_flight, seen.balance, seen.lost) == (5, 2, 3, 0, 0)
    assert seen.spool
    assert (seen.spool.records, seen.spool.articles, bool(seen.spool.since)) == (4, 3, True)
    assert seen.troubles() == []
    assert "nothing polled since" in read(bus, now=later(bus, BEHIND), spool=spool).troubles()[0]
    spool.append((), [Position("forward", t, 0, spool.end(t, 0)) for t in ("articles", "cursors")])
    assert read(bus, now=later(bus, BEHIND), spool=spool).spool == Spool(records=0, articles=0)


def test_the_spool_knows_sooner_than_the_bus_how_a_source_fares(bus: MemoryBus, spool: MemoryBus) -> None:
    poll(bus, "wire", next_poll=NOW)
    poll(bus, "other")
    poll(spool, "wire", next_poll=NOW + BEHIND)
    seen = read(bus, now=NOW + BEHIND + timedelta(seconds=1), spool=spool)
    assert [health.source for health in seen.sources] == ["other", "wire"]
    assert seen.troubles() == []


def test_a_bus_that_is_away_is_a_trouble_and_the_spool_is_told(spool: MemoryBus) -> None:
    class Away(MemoryBus):
        def topics(self) -> dict[str, Topic]:
            raise TransientError("no broker at 127.0.0.1:9092")

    accept(spool, 3)
    poll(spool)
    seen = read(Away(), now=NOW, spool=spool)
    assert seen.spool
    assert seen.spool.articles == 3
    assert [health.source for health in seen.sources] == ["wire"]
    assert seen.troubles()[0] == "the bus cannot be read: no broker at 127.0.0.1:9092"
    assert "cannot be read" in read(Away(), now=NOW).troubles()[0]


def test_a_status_is_plain_data() -> None:
    import msgspec

    seen = read(MemoryBus(), now=NOW)
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Status) == seen
