"""What every tagger promises; a module of the folder is tested by being there."""

from __future__ import annotations

from typing import Any

import pytest
from factories import article, tagged
from pydantic import BaseModel

from connectors import plugins
from pipelines.config import shipped
from pipelines.taggers import Tagger

OPTIONS: dict[str, dict[str, Any]] = {"gazetteer": {"folders": (shipped() / "gazetteer",)}, "spacy_names": {}}

KINDS = plugins.names("pipelines.taggers")

ARTICLES = [
    article("Talks in Yerevan", "The OSCE Minsk Group met Mira Tolan there.\nՍտեփանակերտ։", captions="Putin [AP]"),
    article("", ""),
    article("Саммит ОДКБ", "В Ереване прошёл саммит. Приехал Иван Тестов.", language="ru"),
    article("\u202e\x1b[31m", "a" * 60_000 + " Baku", language="xx"),
]

TAGGED = [tagged(one, language=one.language or "en") for one in ARTICLES]


def build(kind: str) -> Tagger:
    module = plugins.load("pipelines.taggers", kind)
    tagger: Tagger = module.build(module.Options(**OPTIONS[kind]))
    return tagger


def test_every_tagger_is_in_this_suite() -> None:
    assert set(KINDS) == set(OPTIONS), "give the new tagger options here"


@pytest.mark.parametrize("kind", KINDS)
def test_its_options_refuse_what_they_do_not_know(kind: str) -> None:
    options = plugins.load("pipelines.taggers", kind).Options
    assert issubclass(options, BaseModel)
    assert options.__doc__
    assert options.model_config.get("extra") == "forbid"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_article_has_its_tags_with_true_spans(kind: str) -> None:
    read = build(kind).tag(TAGGED)
    assert len(read) == len(TAGGED)
    for one, tags in zip(ARTICLES, read, strict=True):
        zones = dict(one.zones())
        assert all(zones[t.zone][t.start : t.end] == t.surface for t in tags)
    assert read[0]
    assert read[1] == ()


@pytest.mark.parametrize("kind", KINDS)
def test_an_article_has_the_same_tags_alone_and_among_others(kind: str) -> None:
    tagger = build(kind)
    assert tagger.tag(TAGGED) == [tagger.tag([one])[0] for one in TAGGED]


@pytest.mark.parametrize("kind", KINDS)
def test_captions_hold_no_actors_and_no_names(kind: str) -> None:
    (tags,) = build(kind).tag(TAGGED[:1])
    assert not [t for t in tags if t.zone == "captions" and t.kind != "place"]


def test_sentences_end_where_their_language_ends_them() -> None:
    module = plugins.load("pipelines.taggers", "spacy_names")
    reader = module.build(module.Options())
    text = "Առաջին նախադասություն։ Երկրորդը։"
    spans = reader.read(tagged(article("", text), language="hy")).sentences["body"]
    assert [text[a:b] for a, b in spans] == ["Առաջին նախադասություն։", "Երկրորդը։"]
    assert len(reader.read(tagged(article("", "One. Two!\nThree"), language="en")).sentences["body"]) == 3


def test_a_model_that_is_not_installed_is_told_and_done_without(caplog: pytest.LogCaptureFixture) -> None:
    module = plugins.load("pipelines.taggers", "spacy_names")
    reader = module.build(module.Options(models={"en": "no_such_model"}))
    assert reader.tag([tagged(article("", "We met Mira Tolan.", language="en"))])[0]
