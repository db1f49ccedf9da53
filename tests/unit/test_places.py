"""The rules that tell which place a name is of, one by one, on a small gazetteer of its own."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from factories import article, tagged

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge import gazetteer as knowledge
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.knowledge.world import Place, key, row
from pipelines.places.placing import Placed, placed
from pipelines.taggers import gazetteer

NAMES = """\
- {id: armenia, kind: place, country: AM, names: {en: [Armenia], ru: [Армения, Армении]}, demonyms: {en: [Armenian]}}
- {id: georgia, kind: place, country: GE, names: {ru: [Грузия, Грузии]}, demonyms: {en: [Georgian]}}
- {id: russia, kind: place, country: RU, names: {en: [Russia]}, demonyms: {en: [Russian], ru: [российск*, россиян*]}}
- {id: lebanon, kind: place, country: LB, names: {en: [Lebanon]}}
- {id: united-states, kind: place, country: US, names: {en: [US, U.S.]}, demonyms: {en: [American]}}
- {id: island-of-enver, kind: place, claimants: [AM, enver], names: {en: [Enver]}}
- {id: armenian-guard, kind: actor, type: ministry, country: AM, names: {en: [Armenian guard]}}
- {id: mira-tolan, kind: actor, type: person, offices: [{title: president, country: AM}], names: {en: [Mira Tolan]},
   surnames: {en: [Tolan], ru: [Толан]}}
- {id: old-envoy, kind: actor, type: person, offices: [{title: president, country: RU, until: "2020"}], names: {en: [Old Envoy]}}
- {id: ivo-tolan, kind: actor, type: person, offices: [{title: chancellor, country: GE}], names: {en: [Ivo Tolan]},
   surnames: {en: [Tolan]}}
"""
COUNTRIES = "".join(
    f"{id_}\tplace\t{code}\ten\t{name}\n"
    for id_, code, name in (
        ("armenia", "AM", "Republic of Armenia"),
        ("georgia", "GE", "Republic of Georgia"),
        ("russia", "RU", "Russian Federation"),
        ("lebanon", "LB", "Republic of Lebanon"),
        ("united-states", "US", "United States"),
    )
)
WORLD = {
    "Paris": [Place("FR", "FR.11", "city", 2_100_000, 1), Place("US", "US.TX", "city", 24_000, 2)],
    "Lebanon": [Place("US", "US.PA", "city", 25_000, 3)],
    "Georgia": [Place("US", "US.GA", "region", 6_000_000, 4)],
    "Athens": [Place("GR", "GR.35", "city", 660_000, 5), Place("US", "US.GA", "city", 116_000, 6)],
    "Texas": [Place("US", "US.TX", "region", 6_000_000, 7)],
    "Jordan": [Place("US", "US.MN", "city", 6_000, 8)],
    "Reading": [Place("GB", "GB.ENG", "city", 318_000, 9)],
    "Tolan": [Place("US", "US.TX", "city", 6_000, 10)],
    "Armenia": [Place("CO", "CO.23", "city", 300_000, 11)],
    "Colombia": [Place("CO", "CO.01", "region", 3_000_000, 12)],
    "Atlanta": [Place("US", "US.GA", "city", 500_000, 13)],
    "Macon": [Place("US", "US.GA", "city", 150_000, 14)],
    "Savannah": [Place("US", "US.GA", "city", 145_000, 15)],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gazetteer")
    (made / "names.yaml").write_text(NAMES, "utf-8")
    (made / "countries.tsv").write_text("id\tkind\tcountry\tlanguage\tname\n" + COUNTRIES, "utf-8")
    lines = [
        "name\tplaces",
        *(f"{name}\t{row(places)}" for name, places in sorted((key(n), p) for n, p in WORLD.items())),
    ]
    (made / "world.tsv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return made


@pytest.fixture(scope="module")
def known(folder: Path) -> Gazetteer:
    return knowledge.load(folder)


def read(known: Gazetteer, text: str, language: str = "en", **fields: str) -> dict[str, Placed]:
    """What is read at each name of *text*; of a name that stands twice the last."""
    made = tagged(article(fields.pop("title", ""), text, url=fields.pop("url", ""), **fields), language=language)
    return {one.mention.surface: one for one in placed(made, known, shipped() / "languages")}


def country(known: Gazetteer, text: str, name: str, **fields: str) -> str:
    said = read(known, text, **fields)[name].resolved
    return said.country if said else ""


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("The mayor of Paris spoke.", "Paris", "FR"),
        ("A fire in Paris, Texas, was put out.", "Paris", "US"),
        ("He was born in Lebanon, Pa., in 1950.", "Lebanon", "US"),
        ("Talks in Lebanon went on.", "Lebanon", "LB"),
        ("A quake in Armenia, Colombia.", "Armenia", "CO"),
        ("Envoys of Armenia, Colombia and Lebanon met.", "Armenia", "AM"),
        ("Students in Athens, Georgia, marched.", "Athens", "US"),
        ("Athens (Greece) was hot.", "Athens", "GR"),
    ],
)
def test_what_stands_behind_a_name_says_where_it_lies(known: Gazetteer, text: str, name: str, code: str) -> None:
    assert country(known, text, name) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Atlanta and Macon hope that Georgia gets the plant; Savannah too, the sheriff said.", "US"),
        ("Russia and Georgia agreed.", "GE"),
        ("The Georgian premier said that Georgia agreed.", "GE"),
        ("Russia was blamed in Atlanta, in Macon and in Savannah, where Georgia votes.", "US"),
    ],
)
def test_georgia_is_told_by_what_else_is_named(known: Gazetteer, text: str, code: str) -> None:
    assert country(known, text, "Georgia") == code


@pytest.mark.parametrize(
    "text",
    ["Michael Jordan won.", "Coach Jordan won.", "J. Jordan won.", "Jordan Smith won.", "Jordan Jr. won."],
)
def test_the_name_of_a_person_is_no_place(known: Gazetteer, text: str) -> None:
    assert read(known, text)["Jordan"].resolved is None


def test_a_person_s_name_is_a_person_s_wherever_it_stands_again(known: Gazetteer) -> None:
    found = read(known, "Michael Jordan won. Later Jordan left.")
    assert found["Jordan"].resolved is None
    assert read(known, "Michael Jordan won. He lives in Jordan.")["Jordan"].resolved is not None


def test_a_word_that_is_also_a_town_says_little(known: Gazetteer) -> None:
    assert read(known, "Reading is fun.")["Reading"].score < 0.5
    assert read(known, "A fire in Reading.")["Reading"].score > read(known, "Reading is fun.")["Reading"].score


@pytest.mark.parametrize(
    ("fields", "code"), [({}, "FR"), ({"country": "US"}, "US"), ({"url": "https://www.parisbeacon.com/a"}, "US")]
)
def test_the_source_speaks_for_its_own_country(known: Gazetteer, fields: dict[str, str], code: str) -> None:
    assert country(known, "The school board met in Paris on Monday.", "Paris", **fields) == code


def test_a_state_that_is_a_town_of_a_local_paper_is_the_town(known: Gazetteer) -> None:
    text = "The Lebanon school board, the sheriff and the township said Republicans and Democrats of the county agree."
    assert country(known, text, "Lebanon") == "US"
    assert country(known, text + " Russia and Armenia watch.", "Lebanon") == "LB"


def test_repetitions_add_less_and_less(known: Gazetteer) -> None:
    made = tagged(article("", "In Paris. In Paris. In Paris. In Paris. In Paris.", url=""))
    first, second, third, *rest = (one.score for one in placed(made, known, shipped() / "languages"))
    assert first > second == third > 0
    assert rest == [0, 0]


def test_money_is_no_country_and_an_acronym_no_town(known: Gazetteer) -> None:
    found = read(known, "It cost US$ 5 and had TOLAN.")
    assert all(one.resolved is None for name, one in found.items() if name in ("US", "TOLAN"))


def tags(folder: Path, text: str, language: str = "en", title: str = "") -> TaggedArticle:
    tagger = gazetteer.build(gazetteer.Options(folders=(folder,)))
    return taggers.tagged(tagger, [tagged(article(title, text, url=""), language=language)])[0]


def test_a_contested_place_has_its_claimants_and_makes_no_country(folder: Path) -> None:
    found = tags(folder, "Shots were heard in Enver.")
    assert [(tag.id, tag.country, tag.claimants) for tag in found.tags] == [("island-of-enver", "", ("AM", "enver"))]
    assert found.countries == ()


def test_a_government_speaks_for_its_state(folder: Path) -> None:
    found = tags(folder, "The Armenian guard left.")
    assert [(tag.id, tag.country) for tag in found.tags] == [("armenian-guard", "AM")]
    assert [country.code for country in found.countries] == ["AM"]


def test_one_of_a_people_says_less_than_the_adjective(folder: Path) -> None:
    assert not [c for c in tags(folder, "Россиянин уехал в Армению, Армении рады.", "ru").countries if c.code == "RU"]
    assert {c.code for c in tags(folder, "Российский посол уехал.", "ru").countries} == {"RU"}


def test_the_country_of_the_title_comes_first(folder: Path) -> None:
    text = "A long report. " * 20 + "Russia, Russia and Armenia."
    assert [c.code for c in tags(folder, text).countries] == ["RU", "AM"]
    assert tags(folder, text, title="Armenia decides").countries[0].code == "AM"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mira Tolan spoke. Then Tolan left.", ["mira-tolan", "mira-tolan"]),
        ("Tolan left.", []),
        ("President Tolan left.", ["mira-tolan"]),
        ("Chancellor Tolan left.", ["ivo-tolan"]),
        ("Mira Tolan and Ivo Tolan met, then Tolan left.", ["mira-tolan", "ivo-tolan"]),
    ],
)
def test_a_surname_is_read_after_the_name_or_the_office(folder: Path, text: str, found: list[str]) -> None:
    assert [tag.id for tag in tags(folder, text).tags if tag.kind == "actor"] == found


def test_an_article_of_nothing_but_names_is_read_to_a_bound(folder: Path) -> None:
    text = "Russia accuses Paris Tolan Lebanon Georgia, " * 5_000
    found = tags(folder, text)
    assert 0 < len(found.tags) <= 3_000
    assert found.countries


def test_a_person_acts_for_the_state_in_office_and_for_none_after_it(folder: Path) -> None:
    found = {tag.id: tag.country for tag in tags(folder, "Mira Tolan met Old Envoy.").tags}
    assert found == {"mira-tolan": "AM", "old-envoy": ""}


def test_a_town_lies_where_the_words_behind_it_say(known: Gazetteer) -> None:
    assert country(known, "A bus overturned near Armenia, the capital of Colombia's region.", "Armenia") == "CO"
    assert country(known, "He moved to Paris, a town in Texas.", "Paris") == "US"


def test_a_state_that_the_article_also_writes_small_is_a_thing(folder: Path) -> None:
    assert [c.code for c in tags(folder, "Turkey prices rose. A frozen turkey costs more in Lebanon.").countries] == [
        "LB"
    ]
