"""The polling loop: what it promises to sources, to the bus and over a restart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import hostile
import pytest
from factories import article
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from connectors import poll
from connectors.buses import Entry, Position, Topic
from connectors.buses.memory import MemoryBus
from connectors.errors import RejectedError, TransientError
from connectors.feed import Feed, parse
from connectors.fetch import Fetcher
from connectors.poll import GAP, SPREAD, Planned, Turn, cursor_after, cursors, first_turns, poll_sources
from connectors.records import Article, Cursor, DeadLetter, SourceHealth, dead_letter, decode
from connectors.schedule import Pace
from connectors.sources import Batch, Tools, rss

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OFTEN = Pace(interval=0.005, maximum=0.02)
RARELY = Pace(interval=600)

Intercept = Callable[[Sequence[Entry]], None]


class Killed(BaseException):
    """What a kill does to the process."""


class WatchedBus(MemoryBus):
    """Calls *before* and *after* around each append, which may raise; keeps the topics of each, in order."""

    def __init__(self, before: Intercept = lambda entries: None, after: Intercept = lambda entries: None) -> None:
        super().__init__()
        for topic in ("articles", "dead-letters"):
            self.create(Topic(topic, unique=True))
        for topic in ("cursors", "source-health"):
            self.create(Topic(topic, compact=True))
        self.before, self.after = before, after
        self.order: list[set[str]] = []

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        self.before(entries)
        added = super().append(entries, commits)
        self.order.append({entry.topic for entry in entries})
        self.after(entries)
        return added

    def articles(self) -> list[str]:
        return [decode(Article, record.value).title for record in self.read("articles", 0, 0, 10_000)]

    def health(self, source: str) -> SourceHealth:
        records = [record for record in self.read("source-health", 0, 0, 10_000) if record.key == source]
        return decode(SourceHealth, records[-1].value)

    def heard_of(self, *names: str) -> bool:
        return set(names) <= {record.key for record in self.read("source-health", 0, 0, 10_000)}


class Lines:
    """Gives *titles* in order, some at a poll; the cursor is how many it has given."""

    def __init__(self, *titles: str, at_once: int = 2, source: str = "wire") -> None:
        self.titles, self.at_once, self.source = titles, at_once, source
        self.asked: list[str] = []

    async def poll(self, cursor: str) -> Batch:
        self.asked.append(cursor)
        start = int(cursor or 0)
        part = self.titles[start : start + self.at_once]
        given = tuple(article(title, source=self.source) for title in part)
        return Batch(str(start + len(part)), given, state="ok" if part else "unchanged", entries=len(part))


class Does:
    """Polls by calling a function; keeps the cursors it was asked with."""

    def __init__(self, function: Callable[[str], Awaitable[Batch]]) -> None:
        self.function = function
        self.asked: list[str] = []

    async def poll(self, cursor: str) -> Batch:
        self.asked.append(cursor)
        return await self.function(cursor)


def gives(batch: Batch) -> Does:
    async def same(cursor: str) -> Batch:
        return batch

    return Does(same)


async def run(
    bus: MemoryBus, *sources: Planned, until: Callable[[], bool], now: datetime = NOW, within: float = 5.0
) -> None:
    """Poll until a condition holds, then stop and drain."""
    stop = asyncio.Event()
    polling = asyncio.create_task(poll_sources(sources, bus, now=lambda: now, rng=Random(1), stop=stop))
    async with asyncio.timeout(within):
        while not until() and not polling.done():
            await asyncio.sleep(0.001)
        stop.set()
        await polling


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def letter() -> DeadLetter:
    return dead_letter("parse", RejectedError("bad_item"), b"<item", at=NOW, source="wire")


async def test_what_a_poll_found_is_published_and_then_the_cursor_moves() -> None:
    bus = WatchedBus()
    source = gives(Batch("7", (article("News"),), (letter(),), reason="1 entry set aside", status=200, entries=2))
    await run(bus, Planned("wire", source, RARELY), until=lambda: len(bus.order) == 2)
    assert bus.order == [{"articles", "dead-letters", "source-health"}, {"cursors"}]
    assert bus.articles() == ["News"]
    kept, health = cursors(bus)["wire"], bus.health("wire")
    assert (kept.value, kept.failures) == ("7", 0)
    assert (health.state, health.entries, health.new, health.rejected, health.status) == ("ok", 2, 1, 1, 200)
    assert health.next_poll == kept.next_poll
    assert kept.next_poll
    assert 540 <= (kept.next_poll - NOW).total_seconds() <= 660


async def test_an_article_says_what_is_configured_of_its_source() -> None:
    bus = WatchedBus()
    source = gives(Batch("7", (article("News"),)))
    await run(bus, Planned("wire", source, RARELY, "AM", ("state-media",)), until=lambda: len(bus.order) == 2)
    (found,) = (decode(Article, record.value) for record in bus.read("articles", 0, 0, 10))
    assert (found.country, found.groups) == ("AM", ("state-media",))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(kills=st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=5), at_once=st.integers(1, 4))
def test_a_kill_at_any_append_loses_nothing_and_doubles_nothing(kills: list[tuple[int, bool]], at_once: int) -> None:
    titles = [f"Title {n}" for n in range(7)]
    bus = WatchedBus()
    for place, durable in kills:
        left = place

        def kill(entries: Sequence[Entry]) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        bus.before, bus.after = (lambda entries: None, kill) if durable else (kill, lambda entries: None)
        with pytest.raises((Killed, BaseExceptionGroup)):
            asyncio.run(run(bus, Planned("wire", Lines(*titles, at_once=at_once), OFTEN), until=lambda: False))
    bus.before = bus.after = lambda entries: None
    asyncio.run(
        run(
            bus,
            Planned("wire", Lines(*titles, at_once=at_once), OFTEN),
            until=lambda: cursors(bus).get("wire", Cursor(source="")).value == "7",
        )
    )
    assert bus.articles() == titles


async def test_a_source_with_a_bug_is_broken_and_the_others_go_on() -> None:
    async def boom(cursor: str) -> Batch:
        raise KeyError("no such thing")

    bus, bad, good = WatchedBus(), Does(boom), Lines("a", "b", "c", "d", "e", "f")
    with capture_logs() as logs:
        await run(
            bus,
            Planned("bad", bad, OFTEN),
            Planned("wire", good, OFTEN),
            until=lambda: len(bad.asked) > 2 and len(bus.articles()) == 6,
        )
    health = bus.health("bad")
    assert (health.state, health.reason) == ("broken", "KeyError: 'no such thing'")
    assert health.failures >= 2
    assert bad.asked[0] == cursors(bus)["bad"].value == "", "its cursor stays"
    assert {"event": "bug in a source", "source": "bad", "exc_info": True, "log_level": "error"} in logs


@pytest.mark.parametrize(
    "batch",
    [
        Batch("1", (article("half \udc80 a character"),), entries=1),
        Batch("\udc80", (article("fine"),), entries=1),
        Batch("1", state="broken", reason="it said \udc80"),
    ],
    ids=["in an article", "in the cursor", "in the reason"],
)
async def test_half_a_character_stops_nothing(batch: Batch) -> None:
    bus, good = WatchedBus(), Lines("a")
    await run(
        bus,
        Planned("odd", gives(batch), RARELY),
        Planned("wire", good, RARELY),
        until=lambda: bus.heard_of("odd", "wire") and bool(cursors(bus).keys() >= {"odd", "wire"}),
    )
    assert bus.health("odd").state == "broken"
    assert bus.articles() == ["a"]


async def test_what_no_bus_takes_breaks_its_source_only() -> None:
    def refuse(entries: Sequence[Entry]) -> None:
        if any(entry.topic == "articles" and b"enormous" in (entry.value or b"") for entry in entries):
            raise RejectedError("too_large", "as large as a house")

    bus = WatchedBus(before=refuse)
    big = gives(Batch("1", (article("enormous"),), entries=1))
    await run(
        bus,
        Planned("big", big, RARELY),
        Planned("wire", Lines("a"), RARELY),
        until=lambda: cursors(bus).keys() >= {"big", "wire"},
    )
    assert (bus.health("big").state, cursors(bus)["big"].value) == ("broken", "")
    assert bus.articles() == ["a"]


async def test_a_full_disk_keeps_the_cursor_is_said_once_and_loses_nothing() -> None:
    full = True

    def refuse(entries: Sequence[Entry]) -> None:
        if full:
            raise TransientError("disk full")

    bus, source = WatchedBus(before=refuse), Lines("a", "b", "c", "d")
    before = count("wirewatch_polls_refused_total")
    with capture_logs() as logs:
        stop = asyncio.Event()
        planned = [Planned("wire", source, OFTEN)]
        polling = asyncio.create_task(poll_sources(planned, bus, now=lambda: NOW, rng=Random(1), stop=stop))
        while len(source.asked) < 4:
            await asyncio.sleep(0.001)
        assert set(source.asked) == {""}
        assert not cursors(bus)
        full = False
        while len(bus.articles()) < 4:
            await asyncio.sleep(0.001)
        stop.set()
        await polling
    assert bus.articles() == ["a", "b", "c", "d"]
    assert [line["log_level"] for line in logs] == ["warning", "info"]
    assert count("wirewatch_polls_refused_total") - before >= 3


async def test_a_full_disk_between_the_two_appends_repeats_the_poll() -> None:
    refusals = 2

    def refuse(entries: Sequence[Entry]) -> None:
        nonlocal refusals
        if entries[0].topic == "cursors" and refusals:
            refusals -= 1
            raise TransientError("disk full")

    bus, source = WatchedBus(before=refuse), Lines("a", "b")
    await run(bus, Planned("wire", source, OFTEN), until=lambda: "wire" in cursors(bus))
    assert source.asked[:3] == ["", "", ""]
    assert bus.articles() == ["a", "b"]


async def test_a_restart_does_not_poll_before_the_time_that_was_kept() -> None:
    bus, source = WatchedBus(), Lines("a")
    await run(bus, Planned("wire", source, RARELY), until=lambda: "wire" in cursors(bus))
    again, other = Lines("a"), Lines("b", source="new")
    later = NOW + timedelta(seconds=300)
    await run(
        bus,
        Planned("wire", again, RARELY),
        Planned("new", other, RARELY),
        until=lambda: "new" in cursors(bus),
        now=later,
    )
    assert (again.asked, other.asked) == ([], [""])


async def test_a_restart_goes_on_from_the_cursor() -> None:
    bus = WatchedBus()
    await run(bus, Planned("wire", Lines("a", "b", "c"), RARELY), until=lambda: "wire" in cursors(bus))
    again = Lines("a", "b", "c")
    await run(bus, Planned("wire", again, RARELY), until=lambda: len(bus.articles()) == 3, now=NOW + timedelta(hours=1))
    assert again.asked == ["2"]


async def test_an_unreadable_cursor_starts_its_source_anew_and_says_so() -> None:
    bus, source = WatchedBus(), Lines("a")
    bus.append([Entry("cursors", "wire", b"{not a cursor")])
    with capture_logs() as logs:
        await run(bus, Planned("wire", source, RARELY), until=lambda: bool(bus.articles()))
    assert source.asked == [""]
    assert logs[0]["source"] == "wire"


async def test_a_finished_source_is_not_polled_again() -> None:
    bus, source = WatchedBus(), gives(Batch("end", (article("last"),), entries=1, finished=True))
    other = Lines(*"abcdefgh", at_once=1)
    await run(
        bus,
        Planned("recording", source, OFTEN),
        Planned("wire", other, OFTEN),
        until=lambda: len(bus.articles()) == 9,
    )
    assert len(source.asked) == 1
    assert cursors(bus)["recording"].value == "end"


async def test_when_every_source_is_finished_the_loop_waits_to_be_stopped() -> None:
    bus, stop = WatchedBus(), asyncio.Event()
    source = gives(Batch("end", finished=True))
    polling = asyncio.create_task(
        poll_sources([Planned("r", source, OFTEN)], bus, now=lambda: NOW, rng=Random(1), stop=stop)
    )
    await asyncio.sleep(0.05)
    assert not polling.done()
    stop.set()
    await asyncio.wait_for(polling, 1)


async def test_a_source_polls_alone_and_one_that_hangs_delays_no_other() -> None:
    under_way = most = 0

    async def slowly(cursor: str) -> Batch:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return Batch(cursor, state="unchanged")

    async def hang(cursor: str) -> Batch:
        await asyncio.sleep(60)
        raise AssertionError

    bus, slow, quick = WatchedBus(), Does(slowly), Lines(*"abcdefghij", at_once=1)
    began = time.monotonic()
    hanging = asyncio.create_task(
        run(
            bus,
            Planned("hang", Does(hang), OFTEN),
            Planned("slow", slow, OFTEN),
            Planned("wire", quick, OFTEN),
            until=lambda: len(bus.articles()) == 10 and len(slow.asked) > 3,
        )
    )
    while len(bus.articles()) < 10 or len(slow.asked) < 4:
        await asyncio.sleep(0.001)
    assert time.monotonic() - began < 2
    assert most == 1
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_polls_under_way_finish_when_asked_to_stop_and_none_begins() -> None:
    bus, stop, begun = WatchedBus(), asyncio.Event(), asyncio.Event()

    async def slowly(cursor: str) -> Batch:
        begun.set()
        await asyncio.sleep(0.05)
        return Batch("1", (article("just in time"),), entries=1)

    source = Does(slowly)
    polling = asyncio.create_task(
        poll_sources([Planned("wire", source, OFTEN)], bus, now=lambda: NOW, rng=Random(1), stop=stop)
    )
    await begun.wait()
    stop.set()
    await asyncio.wait_for(polling, 2)
    assert len(source.asked) == 1
    assert (bus.articles(), cursors(bus)["wire"].value) == (["just in time"], "1")


async def test_a_poll_that_does_not_finish_in_time_is_ended_and_done_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poll, "GRACE", 0.05)
    bus, stop, begun = WatchedBus(), asyncio.Event(), asyncio.Event()

    async def hang(cursor: str) -> Batch:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    polling = asyncio.create_task(
        poll_sources([Planned("wire", Does(hang), OFTEN)], bus, now=lambda: NOW, rng=Random(1), stop=stop)
    )
    await begun.wait()
    stop.set()
    await asyncio.wait_for(polling, 1)
    assert not cursors(bus)
    assert not bus.articles()


async def test_a_bug_in_the_bus_stops_the_loop_loudly() -> None:
    def bug(entries: Sequence[Entry]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(WatchedBus(before=bug), Planned("wire", Lines("a"), OFTEN), until=lambda: False)


async def test_polls_are_counted() -> None:
    names = {
        "ok": ("wirewatch_polls_total", {"state": "ok"}),
        "articles": ("wirewatch_articles_total", {}),
        "rejected": ("wirewatch_rejected_total", {}),
        "sources ok": ("wirewatch_sources", {"state": "ok"}),
        "sources gone": ("wirewatch_sources", {"state": "gone"}),
        "lateness": ("wirewatch_poll_lateness_seconds_count", {}),
    }
    before = {key: count(name, **labels) for key, (name, labels) in names.items()}

    async def dies(cursor: str) -> Batch:
        if cursor:
            return Batch(cursor, state="gone")
        return Batch("1", (article("a"), article("b")), (letter(),), entries=3)

    bus, source = WatchedBus(), Does(dies)
    await run(bus, Planned("wire", source, OFTEN), until=lambda: len(source.asked) == 3)
    after = {key: count(name, **labels) - before[key] for key, (name, labels) in names.items()}
    assert after == {"ok": 1, "articles": 2, "rejected": 1, "sources ok": 0, "sources gone": 1, "lateness": 3}


def test_a_failing_source_waits_longer_each_time_and_is_never_given_up() -> None:
    cursor, waits = Cursor(source="wire", value="5", interval=300), []
    for _ in range(2000):
        cursor = cursor_after(cursor, Batch("5", state="gone", reason="HTTP 410"), Pace(), NOW, Random(1))
        assert cursor.next_poll
        waits.append((cursor.next_poll - NOW).total_seconds())
    assert waits == sorted(waits)
    assert waits[-1] == 86400
    assert (cursor.value, cursor.failures, cursor.interval) == ("5", 2000, 300)
    well = cursor_after(cursor, Batch("6", state="unchanged"), Pace(), NOW, Random(1))
    assert (well.failures, well.interval) == (0, 450)


def test_a_server_that_asks_for_time_gets_it() -> None:
    for state in ("ok", "broken"):
        after = cursor_after(Cursor(source="wire"), Batch("", state=state, next_poll=7200), Pace(), NOW, Random(1))
        assert after.next_poll == NOW + timedelta(hours=2)


def test_a_first_poll_says_nothing_about_the_pace_and_a_second_does() -> None:
    full = Batch("1", tuple(article(f"{n}") for n in range(3)), entries=3)
    first = cursor_after(Cursor(source="wire"), full, Pace(), NOW, Random(1))
    assert first.interval == 300
    assert cursor_after(first, full, Pace(), NOW, Random(1)).interval == 150


KEPT = st.dictionaries(
    st.integers(0, 60).map(str), st.none() | st.floats(-1e6, 1e6).map(lambda s: NOW + timedelta(seconds=s))
)


@given(KEPT)
def test_after_a_restart_no_source_is_early_and_those_overdue_do_not_storm(kept: dict[str, datetime | None]) -> None:
    sources = [Planned(str(n), Lines(), Pace()) for n in range(61)]
    kept_cursors = {name: Cursor(source=name, value="v", next_poll=due) for name, due in kept.items()}
    turns = {turn.planned.name: turn for turn in first_turns(sources, kept_cursors, NOW, 1000.0)}
    assert len(turns) == 61
    overdue = []
    for name, turn in turns.items():
        due = kept.get(name)
        left = (due - NOW).total_seconds() if due else 0
        if due and left > 0:
            assert turn.due == pytest.approx(1000 + min(left, 86400))
        elif due:
            overdue.append((left, turn.due - 1000))
        else:
            assert turn.due == 1000
        assert turn.cursor.value == ("v" if name in kept else "")
    delays = [delay for _, delay in sorted(overdue)]
    assert delays == pytest.approx([place * GAP for place in range(len(overdue))])
    assert all(delay <= SPREAD for delay in delays)


@pytest.mark.slow
def test_ten_thousand_sources_overdue_are_spread_over_half_a_minute() -> None:
    sources = [Planned(str(n), Lines(), Pace()) for n in range(10_000)]
    kept = {p.name: Cursor(source=p.name, next_poll=NOW - timedelta(hours=1)) for p in sources}
    dues = sorted(turn.due for turn in first_turns(sources, kept, NOW, 0.0))
    assert dues[0] == 0
    assert SPREAD - 1 < dues[-1] <= SPREAD


def test_turns_are_taken_in_the_order_in_which_they_are_due() -> None:
    planned = Planned("wire", Lines(), Pace())
    turns = [Turn(due, number, planned, Cursor(source="wire")) for number, due in enumerate([3.0, 1.0, 2.0, 1.0])]
    assert [turn.number for turn in sorted(turns)] == [1, 3, 2, 0]


class InProcess:
    """Parses without a child: these documents are harmless."""

    async def parse(self, body: bytes, url: str, content_type: str, now: float) -> Feed:
        return parse(body, url, content_type, now)


@pytest.mark.slow
async def test_hostile_feeds_do_not_slow_the_good_ones_and_each_says_what_is_wrong() -> None:
    bad = {
        "silent": "broken",
        "drip-body": "broken",
        "drip-head": "broken",
        "endless": "broken",
        "gzip-bomb": "broken",
        "gzip-cut": "broken",
        "reset": "broken",
        "loop": "broken",
        "500": "broken",
        "html": "html",
        "403": "blocked",
        "410": "gone",
    }
    bus = WatchedBus()
    hosts = iter(hostile.HOSTS)
    async with hostile.serving() as server, Fetcher(deadline=0.8) as fetcher:
        tools = Tools(fetcher, InProcess(), lambda: NOW)  # type: ignore[arg-type]

        def planned(path: str, name: str) -> Planned:
            options = rss.Options(url=server.url(path, next(hosts)))
            return Planned(name, rss.build(name, options, tools), RARELY)

        sources = [planned(f"/{name}", name) for name in bad]
        sources += [planned("/good", f"good-{n}") for n in range(12)]
        later: list[str] = []

        def all_heard() -> bool:
            if not later and len(bus.articles()) == 12:
                later.extend(name for name in bad if not bus.heard_of(name))
            return cursors(bus).keys() >= {p.name for p in sources}

        await run(bus, *sources, until=all_heard)
    assert {"silent", "drip-body", "drip-head"} <= set(later), "the good ones came before the first met its deadline"
    assert {name: bus.health(name).state for name in bad} == bad
    assert all(bus.health(name).reason for name in bad)


def test_a_source_that_has_more_is_asked_again_at_once() -> None:
    after = cursor_after(Cursor(source="wire", value="5"), Batch("10", more=True), RARELY, NOW, Random(1))
    assert after.next_poll == NOW
