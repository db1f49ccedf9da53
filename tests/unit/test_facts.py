"""What a watchlist may ask of an article beside its words, and the zones about its text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import NOW, article, tagged

from connectors.errors import ConfigError
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import parse


def fires(match: str, title: str = "war", language: str = "ru", **fields: object) -> bool:
    matcher = Matcher([parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")])
    return bool(matcher.match(tagged(article(title, **fields), language=language)))


@pytest.mark.parametrize(
    ("asked", "so", "not_so"),
    [
        ("languages: [ru, uk]", {"language": "uk"}, {"language": "en"}),
        ("languages: ru", {"language": "ru"}, {"language": "en"}),
        ("sources: [tass]", {"source": "tass"}, {"source": "tass-en"}),
        ("groups: [state-media]", {"groups": ("a", "state-media")}, {"groups": ("a",)}),
        ("countries: [RU, AM]", {"country": "AM"}, {"country": ""}),
        ("agencies: [ria novosti]", {"origin": "RIA Novosti"}, {"origin": "Reuters"}),
        ("newer: 2d", {"published": NOW - timedelta(days=1)}, {"published": NOW - timedelta(days=3)}),
        ("newer: 2d", {"updated": NOW - timedelta(days=1)}, {}),
        ("older: 2d", {"published": NOW - timedelta(days=3)}, {}),
        ("longer: 3", {"body": "one two three"}, {"body": "one two"}),
        ("shorter: 3", {"body": "one"}, {"body": "one two"}),
        ("languages: [ru], longer: 3", {"body": "one two three"}, {"body": "one two three", "language": "en"}),
    ],
)
def test_a_fact_is_asked_of_the_article(asked: str, so: dict[str, object], not_so: dict[str, object]) -> None:
    match = f"{{all: [war, {{article: {{{asked}}}}}]}}"
    assert fires(match, **so)
    assert not fires(match, **not_so)
    assert fires(f"{{all: [war], none: [{{article: {{{asked}}}}}]}}", **not_so)


@pytest.mark.parametrize(
    ("match", "place", "message"),
    [
        ("{all: [war, {article: {}}]}", "3:30", "needs one of the keys languages, sources"),
        ("{all: [war, {article: {newer: soon}}]}", "3:38", "must be a time with its unit"),
        ("{all: [war, {article: {countries: [Armenia]}}]}", "3:43", "must be a two-letter country code in capitals"),
        ("{all: [war, {article: {lenght: 3}}]}", "3:31", "unknown key 'lenght'"),
        ("{near: [war, {article: {longer: 3}}], distance: 3}", "3:21", "'article' has no words in the article"),
        ("{article: {longer: 3}}", "3:1", "would hold for articles that say nothing of it"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_at_its_place(match: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")
    assert str(caught.value).startswith(f"w.yaml:{place}: ")
    assert message in str(caught.value)


def test_address_author_and_source_are_read_only_when_asked_for() -> None:
    about = {"title": "x", "url": "https://example.org/world/war-in-the-hills", "authors": ("A. War", "B. Peace")}
    assert not fires("war", **about, source="war-wire")
    assert fires("{of: war, in: [url]}", **about)
    assert fires("{of: peace, in: [author]}", **about)
    assert fires("{of: war, in: [source]}", **about, source="war-wire")
    assert not fires("{of: hills, in: [title]}", **about)
    assert not fires("{all: [{of: war, in: [url]}, hills]}", **about)
    assert fires("{near: [{of: war, in: [url]}, {of: hills, in: [url]}], distance: 3}", **about)


@pytest.mark.parametrize(
    ("zone", "title", "lead", "body", "held"),
    [
        ("lead", "a", "", "war " + "x " * 60, True),  # without a lead the beginning of the body is it
        ("lead", "a", "", "x " * 60 + "war", False),
        ("lead", "a", "y", "war", False),
        ("title", "", "", "war", True),  # without a title too
        ("title", "", "", "x " * 30 + "war", False),
        ("body", "a", "", "war", True),  # it stands in the body all the same
    ],
)
def test_the_beginning_of_a_text_stands_for_the_zone_it_has_not(
    zone: str, title: str, lead: str, body: str, held: bool
) -> None:
    assert fires(f"{{of: war, in: [{zone}]}}", title, lead=lead, body=body) is held
