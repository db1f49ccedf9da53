"""Two versions of a watchlist on the same articles: what each alerts on, and where they differ."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterable
from datetime import timedelta
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alerts import HOSTILE
from factories import NOW, article, tagged
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from connectors.buses import Bus, Entry, Topic
from connectors.buses.memory import MemoryBus
from connectors.records import TaggedArticle, encode
from pipelines.address import Address
from pipelines.backtests.backtest import Backtest, Day, Pair, backtest, pooled
from pipelines.backtests.backtesting import Job, Reader
from pipelines.backtests.chunks import chunks
from pipelines.backtests.outcome import First, Outcome, outcome
from pipelines.backtests.report import page
from pipelines.backtests.tally import Joining, Result, whole
from pipelines.cli.comparing import BARS, bars, compared
from pipelines.config import shipped
from pipelines.stages import flag
from pipelines.taggers import Reading
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist, parse

GAZETTEER = (shipped() / "gazetteer",)
numbers = count()


def watchlist(match: str, **more: str) -> Watchlist:
    lines = {"id": "strikes", "title": "Strikes", "match": match} | more
    return parse("\n".join(f"{key}: {value}" for key, value in lines.items()), "strikes.yaml")


STRIKE = watchlist("strike*")
WIDER = watchlist("{any: [strike*, walkout*]}")
NARROWER = watchlist("{all: [strike*], none: [bowling]}")


@pytest.fixture
def address() -> Address:
    return Address("memory", f'{{"name": "backtest-{next(numbers)}"}}')


@pytest.fixture
def bus(address: Address) -> Bus:
    made = address.open()
    made.create(Topic("tagged", partitions=2))
    return made


def log(bus: Bus, *articles: TaggedArticle) -> None:
    bus.append([Entry("tagged", t.article.key, encode(t)) for t in articles])


def tried(address: Address, before: Watchlist | None, after: Watchlist, **options: Any) -> Backtest:
    """The backtest of one list on all that is on the log."""
    pairs = (Pair(before, after),)
    reader = Reader(Job(address, pairs, GAZETTEER, **options))
    return backtest(pairs, whole(reader.read(chunk) for chunk in chunks(address.open())))


def titles(found: Backtest, kind: str) -> list[str]:
    return [difference.told.title for difference in found.lists[0].differences[kind]]


def matched(list_: Watchlist, of: TaggedArticle) -> Any:
    return next(iter(Matcher([list_]).match(of)), None)


# one article


def test_an_alert_is_added_lost_changed_or_the_same() -> None:
    news = tagged(article("Dockers strike and hold a walkout"))
    kinds = {}
    for name, before, after in (
        ("added", None, STRIKE),
        ("lost", STRIKE, None),
        ("changed", STRIKE, WIDER),
        ("same", STRIKE, NARROWER),
    ):
        made = outcome(news, before and matched(before, news), after and matched(after, news))
        assert made
        kinds[name] = made[0].kind
        assert (made[1] is None) == (name == "same")
    assert kinds == {name: name for name in kinds}
    assert outcome(news, None, None) is None


def test_of_a_changed_alert_the_evidence_that_both_have_is_not_told() -> None:
    news = tagged(article("Dockers strike and hold a walkout"))
    made = outcome(news, matched(STRIKE, news), matched(WIDER, news))
    assert made
    assert made[1]
    assert made[1].before
    assert made[1].after
    assert made[1].before.evidence == ()
    (piece,) = made[1].after.evidence
    assert (piece.surface, piece.rule, piece.snippet) == ("walkout", "walkout*", "Dockers strike and hold a walkout")


def test_another_level_is_a_change() -> None:
    row = "{of: strike*, each: 1}"
    news = tagged(article("A strike"))
    low = watchlist(f"{{weights: [{row}], threshold: 1, about: 2}}")
    made = outcome(news, matched(STRIKE, news), matched(low, news))
    assert made
    assert made[0].kind == "changed"
    assert made[1]
    assert made[1].change == "about → alert"


# many articles

READ = st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans(), st.booleans(), st.booleans())
"""Article, revision, whether each version alerts on it, whether alike."""


def told(read: Iterable[tuple[int, int, bool, bool, bool]]) -> Result:
    joining = Joining()
    for name, revision, before, after, same in read:
        if before or after:
            first = First(revision, 700_000 + revision)
            made = Outcome(first if before else None, first if after else None, before and after and same)
            joining.add(str(name), made, None)
    return Result(lists={"a": joining.tally()})


@given(st.lists(READ, unique_by=lambda r: r[:2]), st.randoms(use_true_random=False))
def test_the_order_and_the_parts_in_which_a_log_is_read_change_nothing(
    read: list[tuple[int, int, bool, bool, bool]], rng: random.Random
) -> None:
    shuffled = read + rng.sample(read, len(read) // 2)  # a record may stand on the log twice
    rng.shuffle(shuffled)
    cuts = sorted(rng.choices(range(len(shuffled) + 1), k=3))
    parts = [told(shuffled[low:high]) for low, high in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    joined = whole(parts).lists["a"].outcomes if read else {}
    assert joined == (told(read).lists["a"].outcomes if read else {})
    for name in {name for name, *_ in read}:
        own = sorted(r for r in read if r[0] == name)
        firsts = [next((r for r in own if r[version]), None) for version in (2, 3)]
        if any(firsts):
            found = joined[str(name)]
            assert [found.before and found.before.revision, found.after and found.after.revision] == [
                first and first[1] for first in firsts
            ]
            assert found.same == (firsts[0] is not None and firsts[0] is firsts[1] and firsts[0][4])


def test_no_more_differences_are_kept_than_asked_for_and_those_are_the_newest() -> None:
    joining = Joining(most=3)
    for number in random.Random(1).sample(range(100), 100):
        news = tagged(article("A strike", entry=str(number), fetched=NOW + timedelta(minutes=number)))
        made = outcome(news, None, matched(STRIKE, news))
        assert made
        joining.add(news.article.id, *made)
    kept = joining.tally()
    assert len(kept.outcomes) == 100
    assert [d.told.at for d in kept.differences.values()] == [NOW + timedelta(minutes=n) for n in (99, 98, 97)]


def test_a_list_is_compared_with_the_running_one(bus: Bus, address: Address) -> None:
    log(
        bus,
        tagged(article("Dockers strike")),
        tagged(article("A walkout", fetched=NOW + timedelta(days=2))),
        tagged(article("A strike at bowling")),
        tagged(article("Nothing of it")),
    )
    found = tried(address, STRIKE, WIDER)
    (only,) = found.lists
    assert (found.articles, found.copies, found.failed) == (4, 0, 0)
    assert (only.before, only.after, only.added, only.lost, only.changed, only.same) == (2, 3, 1, 0, 0, 2)
    assert (only.a_day_before, only.a_day_after) == (1.0, 1.5)
    first = NOW.date()
    assert only.days == tuple(Day(first + timedelta(days=n), *c) for n, c in enumerate([(2, 2), (0, 0), (0, 1)]))
    assert titles(found, "added") == ["A walkout"]
    assert titles(tried(address, STRIKE, NARROWER), "lost") == ["A strike at bowling"]
    assert (tried(address, None, STRIKE).lists[0].added, tried(address, None, STRIKE).lists[0].running) == (2, "")


def test_it_alerts_as_the_flow_does(bus: Bus, address: Address) -> None:
    class Blind:
        def read(self, of: TaggedArticle) -> Reading:
            return Reading((), {zone: [] for zone, _ in of.article.zones()})

    words = ["strike", "walkout", "bowling", "harbour", "ferry"]
    rng = random.Random(5)
    news = [
        tagged(article(f"News {n}", " ".join(rng.choices(words, k=3)), fetched=NOW + timedelta(hours=n)),
               duplicate_of="first" if n % 7 == 0 else "")
        for n in range(60)
    ]  # fmt: skip
    log(bus, *news)
    for before, after in ((STRIKE, WIDER), (STRIKE, NARROWER), (WIDER, NARROWER)):
        alerts = []
        for version in (before, after):
            flagged, dead = flag(Matcher([version]), Blind(), news)
            assert not dead
            alerts.append({alert.title for _, raised in flagged for alert in raised})
        found = tried(address, before, after)
        assert set(titles(found, "added")) == alerts[1] - alerts[0]
        assert set(titles(found, "lost")) == alerts[0] - alerts[1]
        assert (found.lists[0].before, found.lists[0].after) == (len(alerts[0]), len(alerts[1]))


def test_an_article_with_several_revisions_is_counted_once(bus: Bus, address: Address) -> None:
    for revision, title in enumerate(("Dockers meet", "Dockers call a walkout", "Dockers strike after a walkout"), 1):
        log(bus, tagged(article(title, entry="one", revision=revision, fetched=NOW + timedelta(hours=revision))))
    (only,) = tried(address, STRIKE, WIDER).lists
    assert (only.before, only.after, only.changed) == (1, 1, 1)
    (difference,) = only.differences["changed"]
    assert difference.before
    assert difference.after
    assert (difference.before.title, difference.after.title) == (
        "Dockers strike after a walkout",
        "Dockers call a walkout",
    )


def test_what_cannot_be_read_is_counted_and_copies_are_never_alerted_on(bus: Bus, address: Address) -> None:
    log(bus, tagged(article("A strike")), tagged(article("A strike again"), duplicate_of="first"))
    bus.append([Entry("tagged", "broken", b"{"), Entry("tagged", "newer", b'{"schema": 99}')])
    found = tried(address, None, STRIKE)
    assert (found.articles, found.copies, found.failed, found.lists[0].after) == (4, 1, 2, 1)


def test_changed_lists_may_be_tried_on_tags_of_now(bus: Bus, address: Address) -> None:
    log(bus, tagged(article("Thousands left Stepanakert")))  # stored without tags
    place = watchlist("{place: stepanakert}")
    assert tried(address, place, place).lists[0].after == 0
    (only,) = tried(address, place, place, retag=True).lists
    assert (only.before, only.after) == (0, 1), "the running one alerted on the tags of then"


def test_a_log_without_articles_gives_a_backtest_of_nothing() -> None:
    found = backtest([Pair(STRIKE, WIDER)], Result())
    assert (found.articles, found.lists[0].days, found.lists[0].a_day_after) == (0, (), 0.0)
    assert "Strikes" in page(found)
    assert [*compared(found, 80)]
    assert chunks(MemoryBus()) == []


def test_a_question_is_another_when_a_version_or_the_tags_are(address: Address, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("[]")
    job = Job(address, (Pair(STRIKE, WIDER),), (tmp_path,))
    others = [Job(address, (Pair(STRIKE, NARROWER),), (tmp_path,)), Job(address, (Pair(None, WIDER),), (tmp_path,))]
    others += [Job(address, job.pairs, (tmp_path,), retag=True), Job(Address("memory", "{}"), job.pairs, (tmp_path,))]
    questions = {job.question, *(other.question for other in others)}
    (tmp_path / "names.yaml").write_text("[ ]")
    assert len(questions | {job.question}) == 6


# how it looks


@given(st.lists(st.integers(0, 50)), st.integers(1, 20))
def test_pooled_days_keep_their_sum_and_fit(counts: list[int], most: int) -> None:
    days = [Day(NOW.date() + timedelta(days=n), count, 2 * count) for n, count in enumerate(counts)]
    pools = pooled(days, most)
    assert len(pools) <= most
    assert (sum(p.before for p in pools), sum(p.after for p in pools)) == (sum(counts), 2 * sum(counts))


@given(st.lists(st.integers(0, 50), min_size=1))
def test_bars_are_as_high_as_their_counts(counts: list[int]) -> None:
    drawn = bars(counts, max(counts) or 1)
    heights = [" ·".find(bar) if bar == "·" else BARS.index(bar) + 2 for bar in drawn]
    assert len(drawn) == len(counts)
    assert all(
        heights[a] <= heights[b] for a in range(len(counts)) for b in range(len(counts)) if counts[a] <= counts[b]
    )
    assert all((bar == "·") == (count == 0) for bar, count in zip(drawn, counts, strict=True))


TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "section",
        "ul",
        "li",
        "b",
        "i",
        "svg",
        "rect",
        "line",
        "text",
        "details",
        "summary",
        "article",
        "time",
        "span",
        "a",
        "code",
        "mark",
    ]
)


class Page(HTMLParser):
    """Tags in order, those left open, and addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_shows_what_a_feed_says_and_obeys_nothing(bus: Bus, address: Address, name: str) -> None:
    hostile = {"title": "A strike", "url": "https://example.org/1"} | HOSTILE[name]
    hostile = {key: value for key, value in hostile.items() if key in ("title", "url", "source")}
    log(bus, tagged(article(body=f"{hostile['title'][:500]} strike <b>bold</b> & more", **hostile)))
    text = page(tried(address, None, STRIKE))
    found = Page(text)
    assert found.open == []
    assert set(found.tags) <= TAGS
    assert all(link.startswith("https://") for link in found.links)
    assert "<mark>strike</mark>" in text
    assert "default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;" in text
    assert not any(character in text for character in "\x00\x1b\x07\u202e\u2066\u2028")


def test_a_terminal_shows_what_differs_and_why(bus: Bus, address: Address) -> None:
    for number in range(8):
        log(bus, tagged(article(f"A walkout {number}", fetched=NOW + timedelta(days=number))))
    console = Console(width=100, file=io.StringIO(), markup=False, highlight=False)
    console.print(*compared(tried(address, STRIKE, WIDER), 100), sep="\n")
    text = console.file.getvalue()
    assert "1 list on 8 articles, 24 Nov 2026 to 1 Dec 2026" in text
    assert "alerts a day: 0 → 1.14   (8 added, 0 lost, 0 changed, 0 the same)" in text
    assert re.search(r"running ········ +0 alerts", text)
    assert re.search(r"changed ████████ +8 alerts", text)
    assert "+ 8 added, the newest 5" in text
    assert "+ title     A walkout 7  (walkout*)" in text
    assert "A walkout 2" not in text
