"""What makes two articles the same, and how long it is remembered."""

import msgspec
import pytest
from factories import article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import TaggedArticle
from pipelines.copies.signing import sign
from pipelines.dedup import Seen, canonical_url, fingerprints, normal_text, remembered

LONG = "Negotiators from both capitals met for six hours and agreed to meet again within the month. "


def signed(*args: object, **fields: object) -> TaggedArticle:
    made = article(*args, **fields)  # type: ignore[arg-type]
    return tagged(made, fingerprints=fingerprints(made), signature=sign(made))


@pytest.mark.parametrize(
    "spelling",
    [
        "http://www.example.org/news/1?utm_source=rss&utm_medium=feed",
        "https://example.org:443/news/1/",
        "HTTPS://EXAMPLE.org/news/1#comments",
        "https://example.org/news/./1?at_medium=RSS&CMP=x",
        "https://m.example.org/news/1",
        "https://amp.example.org/news/1/amp/",
        "https://example.org/news/1?amp",
        "https://example.org/news/1?outputType=amp",
        "https://mobile.example.org/news/1/index.html",
    ],
)
def test_spellings_of_one_address_are_one(spelling: str) -> None:
    assert canonical_url(spelling) == "https://example.org/news/1"


def test_a_host_that_only_looks_like_a_telephones_keeps_its_name() -> None:
    assert canonical_url("https://m.am/news/1") == "https://m.am/news/1"
    assert canonical_url("https://amp.dev/news?output=rss") == "https://amp.dev/news?output=rss"
    assert canonical_url("https://example.org/story.amp.html") == canonical_url("https://example.org/story.html")


def test_a_parameter_that_says_what_is_read_is_kept() -> None:
    assert canonical_url("https://example.org/story?id=5&utm_source=x") == "https://example.org/story?id=5"
    assert canonical_url("https://example.org/story?id=5") != canonical_url("https://example.org/story?id=6")


@pytest.mark.parametrize(
    "url", ["", "https://example.org", "https://example.org/", "mailto:a@b.org", "http://[::1", "x"]
)
def test_what_is_no_address_of_a_page_has_no_canonical_form(url: str) -> None:
    assert canonical_url(url) == ""


@given(st.text(max_size=60))
def test_any_text_can_be_asked_for_its_canonical_address(text: str) -> None:
    once = canonical_url("https://example.org/" + text)
    assert not once or canonical_url(once) == once


def test_the_same_words_under_two_addresses_are_a_copy() -> None:
    first = signed("Talks resume", LONG, source="a", url="https://a.example/1")
    copy = signed("TALKS — resume", LONG.replace(" ", "  "), source="b", url="https://b.example/9")
    judged, _ = Seen().judge([first, copy])
    assert [t.duplicate_of for t in judged] == ["", first.article.id]


def test_a_link_to_an_article_in_another_feed_is_a_copy() -> None:
    lead = "Both sides want a date before the end of the year."
    first = signed("Talks resume in Geneva", LONG, lead=lead, source="a", url="https://a.example/1?utm_source=world")
    link = signed("Talks resume in Geneva — Daily", source="b", url="http://www.a.example/1")
    part = signed("Talks resume in Geneva", LONG[:60], source="c", url="http://a.example/1")
    summary = signed("Talks resume in Geneva", lead=lead, source="d", url="http://a.example/1")
    judged, _ = Seen().judge([first, link, part, summary])
    assert [t.duplicate_of for t in judged[1:]] == [first.article.id] * 3


def test_a_link_to_a_copy_is_a_copy_of_the_first() -> None:
    first, copy = (signed("Talks resume in Geneva", LONG, source=s, url=f"https://{s}.example/1") for s in "ab")
    link = signed("Talks resume in Geneva", source="c", url="https://b.example/1")
    assert Seen().judge([first, copy, link])[0][2].duplicate_of == first.article.id


@pytest.mark.parametrize("title", ["Talks resume in Geneva", "Ten cakes for spring"])
def test_nobody_silences_an_article_by_publishing_something_at_its_address(title: str) -> None:
    bait = signed(title, "Butter, sugar, eggs and two cups of flour.", source="a", url="https://b.example/1")
    article = signed("Talks resume in Geneva", LONG, source="b", url="https://b.example/1")
    judged, _ = Seen().judge([bait, article])
    assert [t.duplicate_of for t in judged] == ["", ""]


def test_a_source_has_one_article_at_an_address() -> None:
    first = signed("Talks resume", LONG, source="a", entry="1", url="https://a.example/1")
    again = signed("Ministers meet", "Other words.", source="a", entry="2", url="https://a.example/1")
    assert Seen().judge([first, again])[0][1].duplicate_of == first.article.id


def test_a_copy_of_a_copy_names_the_first() -> None:
    a = signed("Talks resume", LONG, source="a", url="https://a.example/1")
    b = signed("Talks resume", LONG, source="b", url="https://b.example/2")
    c = signed("Other headline altogether, and long", source="b", entry="c", url="https://b.example/2")
    judged, _ = Seen().judge([a, b, c])
    assert [t.duplicate_of for t in judged] == ["", a.article.id, a.article.id]


def test_short_texts_alike_are_not_copies() -> None:
    first, other = (signed("Morning briefing", source=s, url=f"https://{s}.example/1") for s in "ab")
    judged, _ = Seen().judge([first, other])
    assert [t.duplicate_of for t in judged] == ["", ""]


def test_a_revision_is_not_a_copy_of_itself() -> None:
    first = signed("Talks resume", LONG)
    again = tagged(msgspec.structs.replace(first.article, revision=2), fingerprints=first.fingerprints)
    judged, _ = Seen().judge([first, again])
    assert [t.duplicate_of for t in judged] == ["", ""]


def test_captions_do_not_make_a_difference() -> None:
    assert normal_text(article("T", LONG, captions="A photo")) == normal_text(article("T", LONG))


def test_what_was_seen_is_forgotten_after_two_generations_and_not_before() -> None:
    seen, first = Seen(), signed("Talks resume", LONG, source="a")
    seen.judge([first])
    copy = signed("Talks resume", LONG, source="b")
    seen.age()
    assert seen.judge([copy])[0][0].duplicate_of == first.article.id
    seen.age()
    seen.age()
    assert len(seen) == 0


ARTICLES = [
    signed(f"Story number {n} of the day, told at some length", LONG + str(n % 3), source="ab"[n % 2]) for n in range(6)
]


@given(st.lists(st.sampled_from(ARTICLES), max_size=12), st.integers(0, 12))
def test_a_memory_rebuilt_from_its_segments_judges_alike(articles: list[TaggedArticle], cut: int) -> None:
    kept = Seen()
    _, segment = kept.judge(articles[:cut])
    rebuilt = Seen([], [segment])
    assert rebuilt.judge(articles[cut:])[0] == kept.judge(articles[cut:])[0]


@given(st.lists(st.sampled_from(ARTICLES), max_size=12))
def test_judging_a_replayed_batch_gives_the_same_answer(articles: list[TaggedArticle]) -> None:
    seen = Seen()
    first, again = seen.judge(articles)[0], seen.judge(articles)[0]
    assert [t.duplicate_of for t in again] == [t.duplicate_of for t in first]


@given(st.lists(st.sampled_from(ARTICLES), max_size=12), st.lists(st.sampled_from(ARTICLES), max_size=6))
def test_a_memory_recalled_from_judged_articles_judges_alike(
    before: list[TaggedArticle], after: list[TaggedArticle]
) -> None:
    kept = Seen()
    judged, _ = kept.judge(before)
    recalled = Seen()
    recalled.recall(map(remembered, judged))
    assert recalled.judge(after)[0] == kept.judge(after)[0]
