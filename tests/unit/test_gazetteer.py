"""The gazetteer: its files, its mistakes, and what it must and must not read in a text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from factories import article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigError
from connectors.records import Tag
from pipelines.config import shipped
from pipelines.folding import fold
from pipelines.knowledge import acronyms
from pipelines.knowledge.gazetteer import ids, load
from pipelines.knowledge.slips import Slips, one_off
from pipelines.language import language_of
from pipelines.taggers import gazetteer

FOLDER = shipped() / "gazetteer"


def tags(body: str, title: str = "", captions: str = "") -> list[Tag]:
    tagger = gazetteer.build(gazetteer.Options(folders=(FOLDER,)))
    made = article(title, body, captions=captions)
    return list(tagger.tag([tagged(made, language=language_of(made))])[0])


def found(body: str, **zones: str) -> set[str]:
    return {t.id for t in tags(body, **zones)}


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_the_shipped_gazetteer_has_no_mistakes_and_knows_the_region() -> None:
    known = ids(FOLDER)
    assert {"nagorno-karabakh", "armenia", "azerbaijan", "csto", "osce-minsk-group", "lachin-corridor"} <= known
    assert len(known) > 300


@pytest.mark.slow
def test_the_file_of_countries_is_what_its_program_writes() -> None:
    pytest.importorskip("babel")
    command = [sys.executable, "-m", "pipelines.knowledge.countries"]
    made = subprocess.run(command, capture_output=True, check=True, cwd=FOLDER.parents[1]).stdout.decode()
    assert made == (FOLDER / "countries.tsv").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Fighting near Nagorno-Karabakh went on.", "nagorno-karabakh"),
        ("fighting in NAGORNO KARABAKH", "nagorno-karabakh"),
        ("В Нагорном Карабахе спокойно", "nagorno-karabakh"),
        ("карабахский конфликт", "nagorno-karabakh"),
        ("Արցախում վառելիք չկա", "nagorno-karabakh"),
        ("Լեռնային Ղարաբաղի իշխանությունները", "nagorno-karabakh"),
        ("Dağlıq Qarabağda vəziyyət", "nagorno-karabakh"),
        ("Les forces du Haut-Karabakh", "nagorno-karabakh"),
        ("Dağlık Karabağ'da çatışma", "nagorno-karabakh"),
        ("Саммит ОДКБ прошёл", "csto"),
        ("ՀԱՊԿ-ի գագաթնաժողով", "csto"),
        ("KTMT-nin sammiti", "csto"),
        ("L'OTSC se réunit", "csto"),
        ("Collective Security Treaty Organization", "csto"),
        ("Collective Security Treaty Organisation", "csto"),
        ("сказал Пашиняна советник", "nikol-pashinyan"),
        ("The OSCE Minsk Group met", "osce-minsk-group"),
        ("Ermənistanın xarici işlər naziri", "armenia"),
    ],
)
def test_names_are_read_in_the_languages_of_the_news(text: str, entity: str) -> None:
    assert entity in found(text)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("Qarabağ FK won in Baku", "nagorno-karabakh"),
        ("The Karabakh horse is a mountain breed", "nagorno-karabakh"),
        ("купил карабахскую лошадь", "nagorno-karabakh"),
        ("Michael Jordan scored", "jordan"),
        ("Georgia Tech lost in Atlanta", "georgia"),
        ("turkey is served on Thursday", "turkey"),
        ("Tell us more about it", "united-states"),
        ("He odkb'd the un-named file", "un"),
    ],
)
def test_what_only_bears_the_name_is_not_tagged(text: str, entity: str) -> None:
    assert entity not in found(text)


def test_every_span_is_the_words_it_says() -> None:
    body = "Ереван — Баку: İLHAM ƏLİYEV və Nikol Pashinyan's аппарат, ՀԱՊԿ և ОДКБ."
    for tag in tags(body):
        assert body[tag.start : tag.end] == tag.surface


def test_captions_give_places_and_never_actors() -> None:
    assert found("", captions="Vladimir Putin in Stepanakert [Kremlin pool via AP]") == {"stepanakert"}


@pytest.mark.parametrize("slip", ["Nagorno-Karbakh", "Nagorno-Karabkah", "Nagorno-Karabakkh", "Нагорного Карабаxа"])
def test_a_name_one_letter_off_is_a_slip_of_the_whole_name(slip: str) -> None:
    if slip.isascii():
        assert [(t.id, t.surface, t.how) for t in tags(f"War in {slip} again.")] == [("nagorno-karabakh", slip, "slip")]
    else:
        assert "nagorno-karabakh" in found(f"Война, {slip} снова")


def test_a_word_in_small_letters_is_no_slip_of_a_name() -> None:
    assert not [t for t in tags("they karbakh the azerbaijan1 armenias") if t.how == "slip"]


def test_an_acronym_in_brackets_is_bound_for_the_whole_article() -> None:
    read = tags("The Collective Security Treaty Organisation (CTSO) met. Later the CTSO left.", title="CTSO meets")
    assert [(t.zone, t.surface, t.how) for t in read if t.id == "csto"] == [
        ("title", "CTSO", "acronym"),
        ("body", "Collective Security Treaty Organisation", "exact"),
        ("body", "CTSO", "acronym"),
        ("body", "CTSO", "acronym"),
    ]


def test_an_acronym_bound_in_one_article_is_unknown_in_the_next() -> None:
    tagger = gazetteer.build(gazetteer.Options(folders=(FOLDER,)))
    one, other = article("", "Collective Security Treaty Organisation (CTSO)."), article("", "The CTSO met.", entry="2")
    assert [bool(t) for t in tagger.tag([tagged(one), tagged(other)])] == [True, False]


def test_a_source_in_brackets_is_no_acronym() -> None:
    read = tags("The Collective Security Treaty Organisation (CNN) said so, CNN reports.")
    assert {t.id for t in read if t.surface == "CNN"} == {"cnn"}
    assert not acronyms.resembles("AP", "Collective Security Treaty Organisation")


@given(st.text("abcdeü", min_size=1, max_size=9), st.text("abcdeü", min_size=1, max_size=9))
def test_one_off_is_what_trying_every_edit_finds(one: str, other: str) -> None:
    def edits(word: str) -> set[str]:
        letters = set(one + other)
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        return (
            {a + b[1:] for a, b in cuts if b}
            | {a + c + b[1:] for a, b in cuts if b for c in letters}
            | {a + c + b for a, b in cuts for c in letters}
            | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        ) - {word}

    assert one_off(one, other) == (other in edits(one))


def test_slips_are_found_by_the_neighbours_of_the_word_too() -> None:
    slips = Slips(["minsk mediation group"])
    assert [(s.start, s.end) for s in slips.find(fold("The Minsk Mediaton Group"), "The Minsk Mediaton Group")] == [
        (4, 24)
    ]
    assert not list(slips.find(fold("The Minsk Mediaton Team"), "The Minsk Mediaton Team"))


def test_a_file_may_add_names_and_a_change_is_read(tmp_path: Path) -> None:
    write(tmp_path, "- {id: mars, kind: place, names: {en: [Mars]}}")
    assert ids(tmp_path) == {"mars"}
    write(tmp_path, "- {id: mars, kind: place, names: {en: [Mars]}}\n- {id: moon, kind: place, names: {en: [Moon]}}")
    assert ids(tmp_path) == {"mars", "moon"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("- {id: Mars, kind: place}", "a.yaml:1:8", "id"),
        ("- id: mars\n  kind: plaice", "a.yaml:2:9", "one of place"),
        ("- id: mars\n  kind: place\n  nams: {en: [Mars]}", "a.yaml:3:3", "did you mean 'names'"),
        ("- {id: a, kind: place, names: {en: ['*']}}", "a.yaml:1", "letter"),
        ("- {id: a, kind: place}\n- {id: a, kind: place}", "a.yaml:2", "also at"),
        ("id: mars", "a.yaml:1:1", "list"),
        ("- [", "a.yaml", "YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert place in str(caught.value)
    assert words in str(caught.value)


def test_an_empty_folder_and_a_missing_one_are_mistakes(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "no"):
        with pytest.raises(ConfigError):
            load(folder)


def test_a_bad_row_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"c\.tsv:2"):
        load(write(tmp_path, "id\tkind\tcountry\tlanguage\tname\nonly two\tcells\n", "c.tsv"))


def test_a_word_that_is_known_otherwise_is_no_slip() -> None:
    assert not [t for t in tags("Georgina met Francesca and Angelina in the Siberian cold.") if t.how == "slip"]
