"""wirewatch's places in a spaCy pipeline of somebody else's."""

from __future__ import annotations

import spacy


def test_a_user_of_spacy_adds_the_component_by_its_name() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("wirewatch_places")
    doc = nlp("Russia blames Armenia for shots near Stepanakert.")
    found = [(span.text, span.label_, span.id_) for span in doc.spans["wirewatch"]]
    assert found == [
        ("Russia", "place", "russia"),
        ("Armenia", "place", "armenia"),
        ("Stepanakert", "place", "stepanakert"),
    ]
    assert [country.code for country in doc._.countries] == ["RU", "AM"]
    assert [(act.source, act.verb, act.target) for act in doc._.acts] == [("russia", "accuse", "armenia")]


def test_the_country_of_the_texts_may_be_said() -> None:
    texts = "The school board met in Paris on Monday."
    codes = []
    for country in ("", "US"):
        nlp = spacy.blank("en")
        nlp.add_pipe("wirewatch_places", config={"country": country})
        codes.append([found.code for found in nlp(texts)._.countries])
    assert codes == [["FR"], ["US"]]
