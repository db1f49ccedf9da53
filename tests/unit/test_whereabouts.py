"""Where an article is, read from a bus and told."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from alerts import alert
from factories import NOW, article, tagged
from rich.console import Console

from connectors.buses import Entry, Topic
from connectors.buses.memory import MemoryBus
from connectors.errors import RejectedError
from connectors.records import Article, Likeness, Link, SourceHealth, StoryMember, dead_letter, encode
from pipelines.cli.whereabouts import shown
from pipelines.tracing import trace
from pipelines.whereabouts import Copied, Joined, Polled, Raised, Whereabouts, whereabouts

URL = "https://www.hill-courier.example/news/1?utm_source=rss"
FIRST = article("Ships wait", "In the harbour.", source="hill-courier", url=URL)
OTHER = article("Weather", "Rain.", source="hill-courier", url="https://hill-courier.example/weather")
FEEDS = {"hill-courier": "https://feeds.hill-courier.example/rss", "other": "https://other.example/rss"}


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    for name in ("articles", "tagged", "dead-letters", "alerts.csto"):
        made.create(Topic(name, partitions=2 if name == "articles" else 1, unique=True))
    made.create(Topic("source-health", compact=True))
    made.create(Topic("stories", unique=True))
    return made


def fetched(bus: MemoryBus, *articles: Article) -> None:
    bus.append([Entry("articles", a.key, encode(a)) for a in articles])


def processed(bus: MemoryBus, of: Article, **fields: Any) -> None:
    bus.append([Entry("tagged", of.key, encode(tagged(of, **fields)))])


def polled(bus: MemoryBus, source: str) -> None:
    health = SourceHealth(source=source, state="ok", at=NOW, next_poll=NOW + timedelta(minutes=5))
    bus.append([Entry("source-health", source, encode(health))])


def set_aside(bus: MemoryBus, stage: Any, raw: bytes, **place: Any) -> str:
    letter = dead_letter(stage, RejectedError("tag_failed", "too deep"), raw, at=NOW, **place)
    bus.append([Entry("dead-letters", letter.id, encode(letter))])
    return letter.id


def look(bus: MemoryBus, asked: str, spool: MemoryBus | None = None) -> Whereabouts:
    return whereabouts(asked, trace(bus, asked, FEEDS, spool))


@pytest.mark.parametrize(
    "asked",
    [
        URL,
        "http://hill-courier.example/news/1",
        "https://HILL-COURIER.example:443/news/1#top",
        FIRST.id,
        FIRST.key,
    ],
)
def test_an_article_is_found_by_any_spelling_of_its_address_by_id_and_by_key(bus: MemoryBus, asked: str) -> None:
    fetched(bus, OTHER, FIRST)
    (revision,) = look(bus, asked).revisions
    assert (revision.key, revision.source, revision.fetched, revision.processed) == (
        FIRST.key,
        "hill-courier",
        NOW,
        False,
    )


@pytest.mark.parametrize("asked", ["https://hill-courier.example/news", "https://other.example/news/1", FIRST.id[:-1]])
def test_what_is_only_like_it_is_not_found(bus: MemoryBus, asked: str) -> None:
    fetched(bus, FIRST)
    assert look(bus, asked).revisions == ()


def test_an_article_that_is_through_tells_what_it_alerted(bus: MemoryBus) -> None:
    second = article(
        "Ships go", source="hill-courier", url=URL, entry="Ships wait", revision=2, fetched=NOW + timedelta(1)
    )
    for revision in (second, FIRST):
        fetched(bus, revision)
        processed(bus, revision)
    for number, of in enumerate((second, OTHER)):
        made = alert(number, story=of.id, article=of.key, level="alert")
        bus.append([Entry("alerts.csto", made.id, encode(made))])
    found = look(bus, FIRST.id)
    assert [(r.revision, r.processed, r.alerts) for r in found.revisions] == [
        (1, True, ()),
        (2, True, (Raised(watchlist="csto", level="alert"),)),
    ]
    assert [r.revision for r in look(bus, second.key).revisions] == [2]


def test_an_article_says_which_story_it_is_in(bus: MemoryBus) -> None:
    processed(bus, FIRST)
    processed(bus, OTHER)
    link = Link(article="opener", score=0.5, text=0.4, title=0.6, opening=0.5)
    for of, list_, how in ((FIRST, "csto", "joined"), (FIRST, "mines", "opened"), (OTHER, "csto", "opened")):
        member = StoryMember(
            id=f"{list_} {of.id}", watchlist=list_, story="opener", alert=f"alert of {list_}", how=how, article=of.key,
            source=of.source, url=of.url, title=of.title, language="en", at=NOW, fetched=NOW,
            link=link if how == "joined" else None,
        )  # fmt: skip
        bus.append([Entry("stories", member.id, encode(member))])
    (revision,) = look(bus, URL).revisions
    assert revision.stories == (
        Joined(watchlist="csto", how="joined", alert="alert of csto", score=0.5),
        Joined(watchlist="mines", how="opened", alert="alert of mines"),
    )
    out = Console(file=io.StringIO(), width=200)
    out.print(*shown(look(bus, URL), NOW))
    assert "joined one of csto with 0.50: wirewatch story alert of cst" in out.file.getvalue()  # type: ignore[attr-defined]


def test_a_copy_names_what_it_is_a_copy_of(bus: MemoryBus) -> None:
    copy = article("Ships wait", source="other", url="https://other.example/2", entry="copy")
    processed(bus, FIRST)
    alike = Likeness(shared=0.97, lead=0.9, title=1.0, skipped=12)
    processed(bus, copy, duplicate_of=FIRST.id, likeness=alike)
    (revision,) = look(bus, "https://other.example/2").revisions
    assert revision.copy_of == Copied(id=FIRST.id, title="Ships wait", url=URL, likeness=alike)


def test_a_first_that_is_no_longer_kept_is_told_by_its_id(bus: MemoryBus) -> None:
    processed(bus, FIRST, duplicate_of="long-gone")
    (revision,) = look(bus, URL).revisions
    assert revision.copy_of == Copied(id="long-gone")


def test_an_article_whose_fetched_record_is_no_longer_kept_is_found_all_the_same(bus: MemoryBus) -> None:
    processed(bus, FIRST)
    assert [r.processed for r in look(bus, URL).revisions] == [True]


@pytest.mark.parametrize(
    ("stage", "place"),
    [
        ("flow", {"topic": "articles", "key": FIRST.key}),
        ("decode", {"topic": "articles", "key": "replay.x", "offset": 3}),
        ("deliver", {"topic": "alerts.csto", "key": "an-alert"}),
    ],
)
def test_a_dead_letter_of_it_is_told_with_its_reason(bus: MemoryBus, stage: Any, place: dict[str, Any]) -> None:
    fetched(bus, FIRST)
    letter = set_aside(bus, stage, encode(FIRST), **place)
    set_aside(bus, "flow", encode(OTHER), topic="articles", key=OTHER.key)
    found = look(bus, URL)
    assert [(x.id, x.stage, x.reason, x.detail, x.at) for x in found.set_aside] == [
        (letter, stage, "tag_failed", "too deep", NOW)
    ]


def test_an_entry_that_no_article_could_be_made_of_is_told_by_its_address(bus: MemoryBus) -> None:
    set_aside(bus, "parse", b"<item><link>https://hill-courier.example/broken</link></item>", source="hill-courier")
    found = look(bus, "https://hill-courier.example/broken")
    assert (found.revisions, [x.stage for x in found.set_aside]) == ((), ["parse"])


def test_of_what_was_never_fetched_the_sources_of_its_site_are_told(bus: MemoryBus) -> None:
    for source in ("hill-courier", "other", "mirror"):
        polled(bus, source)
    fetched(bus, article("Elsewhere", source="mirror", url="https://hill-courier.example/elsewhere"))
    found = look(bus, "https://hill-courier.example/never")
    ok = {"state": "ok", "at": NOW, "next_poll": NOW + timedelta(minutes=5)}
    assert found.polled == (Polled(source="hill-courier", **ok), Polled(source="mirror", **ok))
    assert look(bus, "https://nobody.example/never").polled == ()


def test_a_source_that_was_not_polled_yet_is_told_too(bus: MemoryBus) -> None:
    assert look(bus, "https://other.example/1").polled == (Polled(source="other"),)


def test_what_waits_on_the_spool_was_fetched(bus: MemoryBus) -> None:
    spool = MemoryBus()
    spool.create(Topic("articles", unique=True))
    fetched(spool, FIRST)
    fetched(bus, FIRST)
    assert len(look(bus, URL, spool).revisions) == 1
    assert len(look(MemoryBus(), URL, spool).revisions) == 1


def test_records_that_cannot_be_read_are_passed_over(bus: MemoryBus) -> None:
    for topic in ("articles", "tagged", "dead-letters", "alerts.csto", "source-health"):
        bus.append([Entry(topic, "x", b"{"), Entry(topic, "y", b"\xff"), Entry(topic, "z", b'{"schema": 99}')])
    fetched(bus, FIRST)
    assert len(look(bus, URL).revisions) == 1


def said(found: Whereabouts) -> str:
    out = io.StringIO()
    Console(file=out, width=100, markup=False, highlight=False).print(*shown(found, NOW + timedelta(hours=2)), sep="\n")
    return out.getvalue()


def test_it_is_told_in_words(bus: MemoryBus) -> None:
    fetched(bus, FIRST)
    assert "flow       not through yet" in said(look(bus, URL))
    processed(bus, FIRST)
    text = said(look(bus, URL))
    assert f"Ships wait  {URL}" in text
    assert "fetched    24 Nov 2026 12:00:00 UTC (2h ago) from hill-courier" in text
    assert "flow       through" in text
    assert "alerts     none" in text
    polled(bus, "other")
    text = said(look(bus, "https://other.example/1"))
    assert "never fetched: https://other.example/1" in text
    assert "source     other: polled 2h ago, ok; next 1h ago" in text
    assert "no source of its site is polled" in said(look(bus, "https://nobody.example/1"))
