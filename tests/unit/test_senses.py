"""What the name of a place is said for, and whether an article is about it: with the gazetteer that ships."""

from __future__ import annotations

import pytest
from factories import article, tagged

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.taggers import gazetteer


def read(body: str, language: str = "en", *, title: str = "", **fields: str) -> TaggedArticle:
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    made = tagged(article(title, body, language=language, **{"url": "", **fields}), language=language)
    return taggers.tagged(tagger, [made])[0]


@pytest.mark.parametrize(
    ("text", "language", "senses"),
    [
        ("Moscow accused Baku of shelling the ridge.", "en", ["government", "government"]),
        ("Talks with Yerevan have stalled.", "en", ["government"]),
        ("Yerevan's envoy left.", "en", ["government"]),
        ("A fire in Moscow killed two.", "en", [""]),
        ("Yerevan's cafes were full.", "en", [""]),
        ("Москва обвинила Баку в обстреле.", "ru", ["government", "government"]),
        ("Пожар в Москве потушили.", "ru", [""]),
        ("Երևանը մեղադրեց նրան։", "hy", ["government"]),
        ("Երևանում կրակ բռնկվեց։", "hy", [""]),
        ("YEREVAN, Jan 12 (Reuters) - It rained.", "en", ["dateline"]),
        ("YEREVAN, January 12. /ARMENPRESS/. It rained.", "en", ["dateline"]),
        ("ЕРЕВАН, 12 января. /АРКА/. Шёл дождь.", "ru", ["dateline"]),
    ],
)
def test_a_capital_may_stand_for_its_government_or_say_where_a_text_is_from(text, language, senses) -> None:
    assert [tag.sense for tag in read(text, language).tags] == senses


def test_brussels_speaks_for_the_union_and_is_a_city_else() -> None:
    assert [tag.id for tag in read("Brussels denied it.").tags] == ["eu"]
    assert [tag.id for tag in read("A tram in Brussels stopped.").tags] == ["brussels"]


def test_an_agency_that_a_text_is_from_is_no_actor() -> None:
    assert [tag.id for tag in read("YEREVAN, Jan 12 (Reuters) - It rained.").tags] == ["yerevan"]
    assert [tag.id for tag in read("He told Reuters that it rained.").tags] == ["reuters"]


FILLER = "Nothing of note was said for a long while, and the sun went on shining over the empty fields there. " * 4


def test_what_leads_or_is_named_thrice_is_what_an_article_is_about() -> None:
    once = read(FILLER + "Norway came up.")
    thrice = read(FILLER + "Norway came up. Norway again. Norway once more.")
    titled = read(FILLER, title="Norway votes")
    assert [[tag.about for tag in one.tags] for one in (once, thrice, titled)] == [[False], [True] * 3, [True]]
    assert [[(c.code, c.about) for c in one.countries] for one in (once, thrice, titled)] == [
        [("NO", False)],
        [("NO", True)],
        [("NO", True)],
    ]


def test_the_country_of_a_source_needs_no_more_than_to_be_named() -> None:
    assert [c.about for c in read(FILLER + "Norway came up.", country="NO").countries] == [True]


def test_who_is_in_office_speaks_for_a_state_that_nothing_else_names() -> None:
    assert [c.code for c in read("Nikol Pashinyan spoke for an hour.").countries] == ["AM"]
    assert [c.code for c in read("Nikol Pashinyan spoke in Norway.").countries] == ["NO"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Georgia and Armenia signed a deal.", "georgia"),
        ("India recognised Georgia at once.", "georgia"),
        ("Schools in Atlanta and across Georgia closed, the sheriff said.", "geonames-4197000"),
    ],
)
def test_georgia_is_tagged_as_what_it_is_taken_for(text: str, place: str) -> None:
    assert [tag.id for tag in read(text).tags if tag.surface == "Georgia"] == [place]
