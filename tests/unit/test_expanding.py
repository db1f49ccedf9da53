"""The forms, spellings and slips of a phrase, as they show in the evidence."""

from __future__ import annotations

import sys

import pytest
from factories import article, tagged

from pipelines.knowledge import inflection, russian
from pipelines.watchlists.expanding import lacking, patterns
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.watchlist import parse


def met(match: str, body: str, language: str = "en") -> list[tuple[str, str]]:
    matcher = Matcher([parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")])
    found = matcher.match(tagged(article("-", body), language=language))
    return [(e.surface, e.how) for m in found for e in m.evidence]


@pytest.mark.parametrize(
    ("match", "body", "found"),
    [
        ("граница", "На границе и за границей: граница.", ["inflected", "inflected", "exact"]),
        ("Нагорный Карабах", "Из Нагорного Карабаха.", ["inflected"]),
        ("սահման", "Սահմանին կրակում են։", ["inflected"]),
        ("{phrase: sərhəd, languages: [az]}", "Sərhəddə atışma.", ["inflected"]),
        ("honour guard", "An honor guard, an honour guard.", ["spelling", "exact"]),
        ("cease-fire", "The ceasefire and the cease fire.", ["spelling", "exact"]),
        ("Stepanakert", "In Stepanakart, Stepankert and Stepanakert.", ["slip", "slip", "exact"]),
        ("stepanakert", "In Stepanakart.", []),  # no name: it has no capital
        ("Lachin", "In Lachim.", []),  # too short for slips
        ("{phrase: Stepanakert, fuzzy: false}", "In Stepanakart.", []),
        ("{phrase: Stepanakert, exact: true}", "In Stepanakart.", []),
        ("{phrase: граница, inflect: false}", "На границе.", []),
        ("{phrase: граница, exact: true}", "На границе.", []),
        ("{phrase: honour, exact: true}", "In honor.", []),
        ("{phrase: Şuşa, accents: false}", "Susa, Şuşa, Şusa.", ["spelling", "exact"]),
        ("Şuşa", "Susa.", []),
        ("граница*", "Границе.", []),  # a stem says itself what is open
    ],
)
def test_a_phrase_is_met_in_its_forms_and_says_how(match: str, body: str, found: list[str]) -> None:
    language = "az" if "[az]" in match else "ru" if body[0] >= "А" else "en"
    assert [how for _, how in met(match, body, language)] == found


def test_an_inflected_name_is_inflected_and_no_slip() -> None:
    assert met("Степанакерт", "В Степанакерте.", "ru") == [("Степанакерте", "inflected")]


def test_a_phrase_that_says_only_itself_has_one_pattern() -> None:
    assert [(p.text, how) for p, how in patterns(Phrase(phrase="border clash"))] == [("border clash", "exact")]


def test_without_the_dictionary_russian_is_met_as_it_stands_and_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymorphy3", None)
    for cached in (russian.dictionary, inflection.forms, patterns):
        cached.cache_clear()  # type: ignore[attr-defined]
    try:
        assert lacking(Phrase(phrase="потеря")) == "ru"
        assert lacking(Phrase(phrase="потеря", inflect=False)) == ""
        assert lacking(Phrase(phrase="սահման")) == ""
        assert met("потеря", "Потерь нет, потеря одна.", "ru") == [("потеря", "exact")]
    finally:
        for cached in (russian.dictionary, inflection.forms, patterns):
            cached.cache_clear()  # type: ignore[attr-defined]
