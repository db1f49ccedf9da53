"""Points, thresholds and levels."""

from __future__ import annotations

import pytest
from factories import article, tagged

from connectors.errors import ConfigError
from pipelines.watchlists.explaining import missing
from pipelines.watchlists.matching import Match, Matcher, explain
from pipelines.watchlists.watchlist import parse

LIST = """
id: w
title: w
groups: {region: [karabakh*, artsakh]}
match:
  weights:
    - {of: {group: region}, once: {title: 1, lead: 0.35}, each: {lead: 0.25, body: 0.25}}
    - {of: veteran*, once: -0.5}
    - {of: hills, each: 0.2, most: 2, cap: 0.3}
  threshold: 0.5
  about: 0.8
"""


def match(title: str, body: str = "", lead: str = "-") -> Match | None:
    found = Matcher([parse(LIST, "w.yaml")]).match(tagged(article(title, body, lead=lead)))
    return found[0] if found else None


@pytest.mark.parametrize(
    ("title", "lead", "body", "score", "level"),
    [
        ("Karabakh", "-", "", 1.0, "about"),
        ("-", "Karabakh", "", 0.6, "alert"),
        ("-", "Karabakh, Artsakh", "", 0.85, "about"),
        ("-", "-", "Karabakh", None, ""),
        ("-", "-", "Karabakh, Karabakh, Artsakh", 0.75, "alert"),
        ("-", "-", "Artsakh " * 20, 1.0, "about"),  # four count
        ("Karabakh", "-", "a veteran", 0.5, "alert"),
        ("Karabakh veterans", "-", "veterans, veterans", None, ""),  # once a zone
        ("-", "Karabakh", "hills, hills, hills", 0.9, "about"),  # two of them, at most .3
    ],
)
def test_points_add_up(title: str, lead: str, body: str, score: float | None, level: str) -> None:
    found = match(title, body, lead)
    assert (found and found.score, found.level if found else "") == (score, level)
    if found and "hills" not in body:
        assert sum(points.points for points in found.points) == pytest.approx(found.score)


def test_an_alert_says_what_gave_the_points_and_a_person_sees_the_sum() -> None:
    found = match("-", "Artsakh and Karabakh", "Karabakh")
    assert found
    assert [(p.rule, p.zone, p.hits, p.points) for p in found.points] == [
        ("group: region", "lead", 1, 0.6),
        ("group: region", "body", 2, 0.5),
    ]
    _, told = explain(parse(LIST, "w.yaml"), tagged(article("-", "Artsakh", lead="Karabakh"))).parts
    assert told.rule == "score of 0.5, about it from 0.8; it is 0.85"
    assert told.parts[0].rule == "+0.85: 0.6 for 1 in lead + 0.25 for 1 in body"
    assert [part.rule for part in told.parts[0].parts] == ["group: region"]
    assert told.parts[1].rule == "+0"


def test_of_a_score_without_points_the_nearest_row_is_missing_and_of_a_low_one_the_score() -> None:
    for body, wanted in (("", "group: region"), ("Artsakh", "score of 0.5, about it from 0.8; it is 0.25")):
        text = tagged(article("-", body, lead="-"))
        assert missing(explain(parse(LIST, "w.yaml"), text)) == (wanted,)


def test_a_list_without_weights_is_about_what_it_finds_and_has_no_score() -> None:
    (found,) = Matcher([parse("id: w\ntitle: w\nmatch: war\n", "w")]).match(tagged(article("war")))
    assert (found.level, found.score, found.points, found.sinks) == ("about", None, (), None)


def test_the_level_asks_anew_with_the_higher_threshold_wherever_the_weights_stand() -> None:
    text = (
        "id: w\ntitle: w\nmatch: {any: [peace, {all: [war, {weights: [{of: war, each: 1}], threshold: 1, about: 2}]}]}"
    )
    matcher = Matcher([parse(text, "w")])
    levels = [m.level for t in ("war", "war war", "war peace") for m in matcher.match(tagged(article(t)))]
    assert levels == ["alert", "about", "about"]


@pytest.mark.parametrize(
    ("delivery", "sinks"),
    [("{}", (None, None)), ("{level: about}", ((), None)), ("{sinks: [a], level: about}", ((), ("a",)))],
)
def test_an_alert_below_the_level_that_its_list_delivers_is_for_no_sink(
    delivery: str, sinks: tuple[object, object]
) -> None:
    matcher = Matcher([parse(f"{LIST}delivery: {delivery}\n", "w")])
    texts = [article("-", lead="Karabakh"), article("Karabakh")]
    assert tuple(m.sinks for t in texts for m in matcher.match(tagged(t))) == sinks


@pytest.mark.parametrize(
    ("weights", "place", "message"),
    [
        ("[{of: war, each: 1}], threshold: 5", "3:18", "the weights never come to 5"),
        ("[{of: war, each: 1}], threshold: 1, about: 0.5", "3:18", "about must not be less than threshold"),
        ("[{of: war}], threshold: 1", "3:19", "needs points: once or each"),
        ("[{of: war, each: {titel: 1}}], threshold: 1", "3:36", "unknown key 'titel'"),
        ("[{of: {none: [war]}, each: 1}], threshold: 1", "3:24", "'none' alone has no words"),
        ("[], threshold: 1", "3:18", "must not be empty"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused_at_their_place(weights: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"id: w\ntitle: w\nmatch: {{weights: {weights}}}\n", "w.yaml")
    assert str(caught.value).startswith(f"w.yaml:{place}: "), str(caught.value)
    assert message in str(caught.value)
