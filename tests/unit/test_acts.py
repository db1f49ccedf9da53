"""Who does what to whom in an English sentence, on the shipped names and verbs."""

from __future__ import annotations

from typing import get_args

import pytest
from factories import article, tagged

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import inside
from pipelines.places import acts
from pipelines.taggers import gazetteer
from pipelines.watchlists.conditions import Verb
from pipelines.watchlists.matching import Matcher, naive
from pipelines.watchlists.watchlist import Watchlist


def read(text: str, language: str = "en") -> TaggedArticle:
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    return taggers.tagged(tagger, [tagged(article("", text, url=""), language=language)])[0]


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("Russia blames Armenia for the failure.", [("russia", "accuse", "armenia")]),
        ("Armenia was accused by Azerbaijan.", [("azerbaijan", "accuse", "armenia")]),
        ("Armenia was openly blamed by Russia.", [("russia", "accuse", "armenia")]),
        ("Azerbaijan shelled Stepanakert overnight.", [("azerbaijan", "shell", "stepanakert")]),
        ("Armenia withdrew from the CSTO.", [("armenia", "withdraw", "csto")]),
        ("Nikol Pashinyan criticised the CSTO again.", [("nikol-pashinyan", "condemn", "csto")]),
        ("The Kremlin, an ally of Iran, condemned Israel.", [("kremlin", "condemn", "israel")]),
        ("Armenia did not attack Azerbaijan.", []),
        ("Armenia denied attacking Azerbaijan.", []),
        ("The Russian attack angered Ukraine.", []),
        ("Ilham Aliyev arrived. Armenia watched.", []),
        ("Russia said it was sorry, and Armenia left.", []),
        ("Russia attacked on Monday, while Armenia watched.", []),
    ],
)
def test_the_act_between_two_names_is_read_with_its_direction(text: str, done: list[tuple[str, str, str]]) -> None:
    assert [(act.source, act.verb, act.target) for act in read(text).acts] == done


def test_what_both_do_is_read_both_ways() -> None:
    found = {(act.source, act.target) for act in read("Ilham Aliyev met Nikol Pashinyan in Brussels.").acts}
    assert found == {("ilham-aliyev", "nikol-pashinyan"), ("nikol-pashinyan", "ilham-aliyev")}


def test_an_act_says_which_countries_stand_behind_it_and_its_code() -> None:
    (act,) = read("The Russian foreign ministry accused Azerbaijan.").acts
    assert (act.source_country, act.target_country, act.code) == ("RU", "AZ", "112")


def test_acts_are_read_in_english_only() -> None:
    assert read("Russia blames Armenia.", "de").acts == ()


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({"act": "accuse", "source": "russia", "target": "armenia"}, True),
        ({"act": "any", "source": "russia"}, True),
        ({"act": "accuse", "target": "armenia"}, True),
        ({"act": "accuse", "source": "armenia", "target": "russia"}, False),
        ({"act": "attack", "source": "russia", "target": "armenia"}, False),
    ],
)
def test_a_watchlist_asks_who_does_what_to_whom(match: dict[str, str], holds: bool) -> None:
    watchlist = Watchlist.model_validate({"id": "w", "title": "W", "match": match})
    places = inside(shipped() / "gazetteer")
    news = read("Talks stalled. The Russian foreign ministry accused Nikol Pashinyan.")
    found = Matcher([watchlist], places).match(news)
    assert bool(found) == holds == bool(naive(watchlist, news, places))
    assert [e.surface for m in found for e in m.evidence] == (["accused"] if holds else [])


def test_the_verbs_that_a_watchlist_may_name_are_those_that_are_read() -> None:
    assert {*get_args(Verb)} == {*acts.load(shipped() / "languages").names, "any"}
