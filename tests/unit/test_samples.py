"""The sample feeds: as many, as mixed and as tricky as promised, and all of it in the oracle."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
import pytest
from factories import NOW
from rich.console import Console

from connectors.buses import Bus, Entry, Topic
from connectors.errors import RejectedError
from connectors.records import (
    Alert,
    Article,
    SourceHealth,
    TaggedArticle,
    alert_id,
    article_id,
    dead_letter,
    encode,
)
from pipelines.dedup import canonical_url, fingerprints
from pipelines.demo import NEXT, report, samples, serve, write_feeds
from pipelines.expected import Name, done, read_expected, summary

FOLDER = samples()
FILES = sorted(FOLDER.glob("*.xml"))
TWIN = Path(__file__).parents[1] / "data" / "twin.xml"
EXPECTED = read_expected(FOLDER)


def entries(file: Path) -> list[Any]:
    return list(feedparser.parse(BytesIO(file.read_bytes()), sanitize_html=False).entries)


def text_of(entry: Any) -> str:
    """All words of an entry: title, summary, content with its captions."""
    content = " ".join(c.value for c in entry.get("content", ()))
    return re.sub(r"<[^>]+>", " ", f"{entry.title} {entry.get('summary', '')} {content}")


def latest() -> dict[Name, Any]:
    """Every whole entry of every feed, in its last version."""
    found = {}
    for file in FILES:
        source = file.name.split(".")[0]
        found |= {Name(source, e.id): e for e in entries(file) if e.get("id") and not e.id.startswith("http")}
    return found


def article_of(name: Name, entry: Any, revision: int = 1) -> Article:
    """A plain reading of an entry, enough for de-duplication."""
    return Article(
        id=article_id(name.source, name.entry, entry.link, entry.title),
        source=name.source,
        entry=name.entry,
        url=entry.link,
        title=entry.title,
        lead=entry.summary,
        body=re.sub(r"<[^>]+>", " ", entry.content[0].value) if "content" in entry else "",
        fetched=NOW,
        revision=revision,
    )


def outcome(bus: Bus, *, without: Name | None = None, extra: Name | None = None) -> Bus:
    """Put on *bus* what a right run leaves there, but for one alert less or more."""
    for topic in ("articles", "tagged", "dead-letters", "source-health", "alerts.x"):
        bus.create(Topic(topic, unique=True))
    found = latest()
    for name, wanted in EXPECTED.wanted.items():
        for revision in range(1, wanted.revision + 1):
            article = article_of(name, found[name], revision)
            copy = "original" if wanted.duplicate_of else ""
            tagged = TaggedArticle(article=article, language="en", duplicate_of=copy)
            bus.append(
                [
                    Entry("articles", article.key, encode(article)),
                    Entry("tagged", article.key, encode(tagged)),
                ]
            )
        lists = () if name == without else (*wanted.alerts, *(["csto"] if name == extra else []))
        for watchlist in lists:
            alert = Alert(
                id=alert_id(watchlist, article.id),
                watchlist=watchlist,
                watchlist_title=watchlist,
                severity="high",
                story=article.id,
                article=article.key,
                source=name.source,
                url=article.url,
                title=article.title,
                language="en",
                fetched=NOW,
            )
            bus.append([Entry("alerts.x", alert.id, encode(alert))])
        health = SourceHealth(source=name.source, state="ok", at=NOW + timedelta(seconds=1))
        bus.append([Entry("source-health", name.source, encode(health))])
    for source, count in EXPECTED.dead_letters.items():
        for n in range(count):
            letter = dead_letter("parse", RejectedError("no_identity"), bytes([n]), at=NOW, source=source)
            bus.append([Entry("dead-letters", letter.id, encode(letter))])
    return bus


@pytest.fixture
def bus() -> Bus:
    memory = pytest.importorskip("connectors.buses.memory")
    built: Bus = memory.build(memory.Options())
    return built


def test_there_are_six_feeds_in_two_formats_and_five_languages() -> None:
    feeds = {f.name.split(".")[0]: feedparser.parse(BytesIO(f.read_bytes())) for f in FILES}
    assert len(feeds) == EXPECTED.totals.feeds == 6
    assert {d.version for d in feeds.values()} == {"rss20", "atom10"}
    assert {d.feed.language for d in feeds.values()} == {"en", "ru", "hy", "az", "fr"}


def test_one_feed_is_broken_and_the_others_are_well_formed() -> None:
    broken = [f.name for f in FILES if feedparser.parse(BytesIO(f.read_bytes())).bozo]
    assert broken == ["lettre-du-caucase.xml"]
    assert {f"{source}.xml" for source in EXPECTED.dead_letters} == set(broken)


def test_every_whole_entry_is_in_the_oracle_and_nothing_else() -> None:
    assert latest().keys() == EXPECTED.wanted.keys()


def test_the_totals_are_those_of_the_entries() -> None:
    wanted, totals = EXPECTED.wanted, EXPECTED.totals
    assert totals.entries == len(wanted)
    assert totals.duplicates == sum(bool(w.duplicate_of) for w in wanted.values()) >= 8
    assert totals.distinct == totals.entries - totals.duplicates >= 66
    assert totals.revisions == sum(w.revision > 1 for w in wanted.values())
    assert totals.alerts == Counter(watchlist for _, watchlist in EXPECTED.alerts)


def test_both_lists_alert_in_every_language() -> None:
    for source, entries_of in EXPECTED.articles.items():
        assert {a for w in entries_of.values() for a in w.alerts} == {"nagorno-karabakh", "csto"}, source


def test_duplicates_share_a_fingerprint_with_the_entry_they_copy_and_nothing_else_does() -> None:
    found = latest()
    marks = {name: set(fingerprints(article_of(name, entry))) for name, entry in found.items()}
    for name in found:
        alike = {other for other in found if other != name and marks[name] & marks[other]}
        first = EXPECTED.first(name)
        group = {other for other in found if EXPECTED.first(other) == first}
        assert alike == group - {name}, name


def test_some_copies_are_told_by_their_text_and_some_by_their_address() -> None:
    found = latest()
    ways = Counter(
        canonical_url(found[name].link) == canonical_url(found[EXPECTED.first(name)].link)
        for name, w in EXPECTED.wanted.items()
        if w.duplicate_of
    )
    assert min(ways[True], ways[False]) >= 3
    assert all("utm_" not in found[EXPECTED.first(name)].link for name in found)


def test_the_changing_feed_gets_three_entries_and_an_edit() -> None:
    one, two = ({e.id: text_of(e) for e in entries(FOLDER / f"three-seas-wire.{n}.xml")} for n in (1, 2))
    source = EXPECTED.articles["three-seas-wire"]
    assert two.keys() - one.keys() == {entry for entry, w in source.items() if w.version == 2}
    assert len(two) - len(one) == 3
    edited = {entry for entry in one if one[entry] != two[entry]}
    assert edited == {entry for entry, w in source.items() if w.revision == 2}
    for entry in edited:
        assert source[entry].alerts == ("csto",)
        assert "CSTO" in two[entry]
        assert "CSTO" not in one[entry]


def test_articles_are_as_long_as_agency_items() -> None:
    for name, entry in latest().items():
        words = len(re.findall(r"\w+", text_of(entry)))
        link_only = EXPECTED.wanted[name].duplicate_of and "content" not in entry
        assert 60 <= words <= 260 or link_only, (name, words)


@pytest.mark.parametrize("file", [*FILES, TWIN], ids=lambda f: f.name)
def test_no_address_is_of_the_real_world(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([^/\s\"<]+)", text)) - {"purl.org", "www.w3.org"}
    assert hosts
    assert all(re.fullmatch(r"[a-z]+\.example\.(org|com|net)", host) for host in hosts), hosts


def test_no_entry_is_later_than_the_day_the_samples_were_made() -> None:
    for entry in latest().values():
        assert "2026-11-20" <= time.strftime("%Y-%m-%d", entry.published_parsed) <= "2026-11-23"


def test_the_twin_has_every_trap_of_the_acceptance_article() -> None:
    (entry,) = entries(TWIN)
    body = entry.content[0].value
    captions = " ".join(re.findall(r"<figcaption>(.*?)</figcaption>", body, re.S))
    prose = re.sub(r"<figure>.*?</figure>", "", body, flags=re.S)
    assert not re.search("Karabakh|CSTO|CTSO", entry.title)
    assert "Nagorno-Karabakh" in entry.summary
    assert not re.search("CSTO|CTSO|Collective", entry.summary)
    assert "Nagorno-Karbakh" in captions
    assert "Nagorno-Karbakh" not in prose
    assert all(name in captions for name in ("AP", "Reuters", "Sputnik", "Kremlin pool"))
    assert "CSTO" not in body
    assert body.index("Collective Security Treaty Organisation (CTSO)") > 0.75 * len(body)
    assert body.count("CTSO") == 2
    assert body.strip().endswith("<p>Source: News Agencies</p>")


async def test_the_changing_feed_shows_its_second_version_to_a_reader_that_has_the_first() -> None:
    async with serve(FOLDER) as base, aiohttp.ClientSession() as http:
        url = f"{base}/three-seas-wire.xml"
        async with http.get(url) as first:
            assert await first.read() == (FOLDER / "three-seas-wire.1.xml").read_bytes()
            validators = {
                "If-None-Match": first.headers["ETag"],
                "If-Modified-Since": first.headers["Last-Modified"],
            }
        async with http.get(url, headers=validators) as second:
            assert await second.read() == (FOLDER / "three-seas-wire.2.xml").read_bytes()
            validators = {"If-None-Match": second.headers["ETag"]}
        async with http.get(url, headers=validators) as third:
            assert third.status == 304


async def test_feeds_that_stay_the_same_answer_304_and_others_are_not_there() -> None:
    async with serve(FOLDER) as base, aiohttp.ClientSession() as http:
        async with http.get(f"{base}/kamurj.xml") as first:
            assert first.status == 200
            assert "xml" in first.content_type
            etag = first.headers["ETag"]
        async with http.get(f"{base}/kamurj.xml", headers={"If-None-Match": etag}) as again:
            assert again.status == 304
        for path in ("expected.yaml", "no-such-feed.xml", "..%2fsamples%2fkamurj.xml"):
            async with http.get(f"{base}/{path}") as other:
                assert other.status == 404


def test_the_feed_file_lists_every_source(tmp_path: Path) -> None:
    path = write_feeds(tmp_path, "http://127.0.0.1:1", EXPECTED)
    lines = path.read_text().splitlines()
    assert len(lines) == 6
    assert "- {name: kamurj, type: rss, url: 'http://127.0.0.1:1/kamurj.xml', interval: 1s}" in lines


def test_a_right_run_is_done_and_ok(bus: Bus) -> None:
    outcome(bus)
    assert done(bus, EXPECTED)
    result = summary(bus, EXPECTED)
    totals = EXPECTED.totals
    assert result.ok
    assert (result.feeds, result.accepted) == (totals.feeds, totals.entries + totals.revisions)
    assert (result.new, result.duplicates, result.revisions) == (
        totals.distinct,
        totals.duplicates,
        totals.revisions,
    )
    assert result.alerts == totals.alerts
    assert result.dead_letters == {"parse: no_identity": sum(EXPECTED.dead_letters.values())}
    assert 0 <= result.latency(0.5) <= result.latency(0.99) < 60


def test_a_bus_with_nothing_on_it_is_not_done(bus: Bus) -> None:
    assert not done(bus, EXPECTED)
    result = summary(bus, EXPECTED)
    assert len(result.missing) == EXPECTED.alerts.total()
    assert len(result.unread) == len(EXPECTED.wanted) + len(EXPECTED.dead_letters)


def test_a_missing_alert_is_named(bus: Bus) -> None:
    result = summary(outcome(bus, without=Name("vestnik-yuga", "vy-2305")), EXPECTED)
    assert result.missing == ("vestnik-yuga/vy-2305 on csto",)
    assert not result.ok


def test_of_several_entries_on_one_event_one_alert_is_enough(bus: Bus) -> None:
    event = [Name(*entry.split("/", 1)) for entry in EXPECTED.events[-1]]
    assert all(EXPECTED.wanted[name].alerts == ("csto",) for name in event)
    found = EXPECTED.alerts - Counter((name, "csto") for name in event[1:])
    assert not EXPECTED.missing(found)
    assert EXPECTED.missing(found - Counter([(event[0], "csto")])) == Counter((name, "csto") for name in event)


def test_an_alert_on_a_quiet_article_is_named(bus: Bus) -> None:
    result = summary(outcome(bus, extra=Name("caspian-courier", "courier-4109")), EXPECTED)
    assert result.unexpected == ("caspian-courier/courier-4109 on csto",)
    assert not result.ok


def test_an_alert_may_come_from_either_of_two_copies_but_not_from_both(bus: Bus) -> None:
    original = Name("caspian-courier", "courier-4103")
    (copy,) = [n for n in EXPECTED.wanted if n != original and EXPECTED.first(n) == original]
    assert summary(outcome(bus, without=original, extra=copy), EXPECTED).ok


def test_two_alerts_of_one_text_are_one_too_many(bus: Bus) -> None:
    original = Name("caspian-courier", "courier-4103")
    (copy,) = [n for n in EXPECTED.wanted if n != original and EXPECTED.first(n) == original]
    assert summary(outcome(bus, extra=copy), EXPECTED).unexpected == (f"{original} on csto",)


def test_the_report_shows_the_counts_and_what_is_wrong(bus: Bus) -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(report(summary(outcome(bus, without=Name("vestnik-yuga", "vy-2305")), EXPECTED)), NEXT)
    shown = console.export_text()
    assert re.search(r"\b71\s+new", shown)
    assert "alerts missing: vestnik-yuga/vy-2305 on csto" in shown
    assert "wirewatch init" in shown
