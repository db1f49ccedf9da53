"""Who does what to whom in an English sentence, on the shipped names and verbs."""

from __future__ import annotations

import pytest
from factories import article, tagged

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.taggers import gazetteer


def read(text: str, language: str = "en") -> TaggedArticle:
    tagger = gazetteer.build(gazetteer.Options(folder=shipped() / "gazetteer"))
    return taggers.tagged(tagger, [tagged(article("", text, url=""), language=language)])[0]


@pytest.mark.parametrize(
    ("text", "acts"),
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
def test_the_act_between_two_names_is_read_with_its_direction(text: str, acts: list[tuple[str, str, str]]) -> None:
    assert [(act.source, act.verb, act.target) for act in read(text).acts] == acts


def test_what_both_do_is_read_both_ways() -> None:
    found = {(act.source, act.target) for act in read("Ilham Aliyev met Nikol Pashinyan in Brussels.").acts}
    assert found == {("ilham-aliyev", "nikol-pashinyan"), ("nikol-pashinyan", "ilham-aliyev")}


def test_an_act_says_which_countries_stand_behind_it_and_its_code() -> None:
    (act,) = read("The Russian foreign ministry accused Azerbaijan.").acts
    assert (act.source_country, act.target_country, act.code) == ("RU", "AZ", "112")


def test_acts_are_read_in_english_only() -> None:
    assert read("Russia blames Armenia.", "de").acts == ()
