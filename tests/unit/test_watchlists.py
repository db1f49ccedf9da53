from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from connectors.errors import ConfigError
from pipelines.stories.telling import Telling
from pipelines.watchlists.conditions import KEYS, Actor, Group, Place
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.walking import anchors
from pipelines.watchlists.watchlist import check_ids, json_schema, parse

MINIMAL = "id: lakes\ntitle: Lakes\nmatch: [lake]\n".replace("[lake]", "lake Sevan")

CHOICE = KEYS


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "w.yaml")
    return [str(problem) for problem in caught.value.problems]


def matching(expression: str) -> str:
    return f"id: a\ntitle: A\nmatch: {expression}\n"


def test_a_watchlist_is_its_file() -> None:
    watchlist = parse(
        """
        id: river-desk
        title: Rivers
        owner: desk
        severity: high
        topic: nature
        languages: [en, no]
        sources: {not: [spam]}
        match:
          any:
            - river
            - place: sevan
            - all: [{actor: un}, {phrase: a, broad: true}]
          none: [bank*]
        examples:
          alert: ["The river rose", {title: Flood, body: The river, language: en}]
          quiet: [Rivera won]
        """,
        "w.yaml",
    )
    assert watchlist.match == Group(
        any=(
            Phrase(phrase="river"),
            Place(place="sevan"),
            Group(all=(Actor(actor="un"), Phrase(phrase="a", broad=True))),
        ),
        none=(Phrase(phrase="bank*"),),
    )
    assert (watchlist.severity, watchlist.topic, watchlist.languages) == ("high", "nature", ("en", "no"))
    assert [example.body for example in watchlist.examples.alert] == ["The river rose", "The river"]
    assert watchlist.path == "w.yaml"


def test_a_single_phrase_is_an_expression() -> None:
    assert parse(MINIMAL, "w").match == Phrase(phrase="lake Sevan")


def test_language_and_source_conditions_decide_what_is_looked_at() -> None:
    only = parse(MINIMAL + "languages: [en]\nsources: [a, b]\n", "w")
    assert only.admits("en", "a")
    assert not only.admits("ru", "a")
    assert not only.admits("en", "c")
    but = parse(MINIMAL + "sources: {not: [a]}\n", "w")
    assert but.admits("und", "c")
    assert not but.admits("und", "a")


def test_every_mistake_is_reported_at_its_place() -> None:
    text = """\
id: Bad Id
titel: x
severity: hgih
languages: [english]
sources: []
match:
  any:
    - plcae: x
    - place: Ähm
    - ""
    - all: []
    - [x]
    - 12
examples: {alert: [{titel: x}], quiet: [""]}
"""
    assert mistakes(text) == [
        "w.yaml:1:1: missing key 'title'",
        "w.yaml:1:5: 'id' must be 1 to 64 of a-z, 0-9 and -",
        "w.yaml:2:1: unknown key 'titel'; did you mean 'title'?",
        "w.yaml:3:11: 'severity' must be one of low, medium, high",
        "w.yaml:4:13: 'languages' item 1 must be a two-letter language code such as en",
        "w.yaml:5:10: 'sources' must not be empty",
        "w.yaml:8:7: unknown key 'plcae'; did you mean 'place'?",
        "w.yaml:9:14: 'place' must be 1 to 64 of a-z, 0-9 and -",
        "w.yaml:10:7: 'any' item 3 must not be empty",
        "w.yaml:11:12: 'all' must not be empty",
        f"w.yaml:12:7: 'any' item 5 {CHOICE}",
        f"w.yaml:13:7: 'any' item 6 {CHOICE}",
        "w.yaml:14:21: unknown key 'titel'; did you mean 'title'?",
        "w.yaml:14:41: 'quiet' item 1 must have a text: title, lead, body or captions, or a file",
    ]


@pytest.mark.parametrize(
    ("match", "place"),
    [
        ("{all: [war, peace], none: [film, war]}", "w.yaml:3:41"),
        ("{any: [war], none: [war]}", "w.yaml:3:28"),
        ("{any: [war, peace], none: [peace, war]}", "w.yaml:3:35"),
        ("{all: [{any: [{place: a}], none: [{place: a}]}]}", "w.yaml:3:42"),
    ],
)
def test_what_can_never_hold_is_refused_at_its_place(match: str, place: str) -> None:
    with pytest.raises(ConfigError, match=r"can never hold: '.*' is needed beside this") as caught:
        parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")
    assert place in str(caught.value)


def test_the_version_tells_texts_apart() -> None:
    one, same, other = (parse(f"id: w\ntitle: w\nmatch: {word}\n", "w.yaml") for word in ("war", "war", "peace"))
    assert one.version == same.version != other.version
    assert len(one.version) == 12


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "", "x" * 65, "🐎", "Ä", "a\\nb"])
def test_ids_that_could_not_be_file_or_topic_names_are_refused(name: str) -> None:
    assert mistakes(MINIMAL.replace("lakes", f'"{name}"')) == ["w.yaml:1:5: 'id' must be 1 to 64 of a-z, 0-9 and -"]


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("x", "would match almost every article"),
        ("'Я'", "would match almost every article"),
        ("of the", "would match almost every article"),
        ("и в", "would match almost every article"),
        ("'*'", "must have a letter or digit"),
        ("'…!'", "must have a letter or digit"),
        ("'war * peace'", "'*' stands for a part of a word: put letters beside it"),
        ("'war *'", "'*' stands for a part of a word: put letters beside it"),
        ("'a*b*c*d*'", "a word may have 2 '*' beside the one that ends it"),
        ("'go*ld'", "a '*' within a word needs 3 letters in a row beside it"),
        ("eu", "is short and other words are like it (say 'exact: true'"),
        ("'ат'", "is short and other words are like it (say 'exact: true'"),
        ("'wa*'", "an open ending needs 3 letters before it"),
        ("'the wa*'", "an open ending needs 3 letters before it"),
    ],
)
def test_phrases_that_say_nothing_are_refused(phrase: str, complaint: str) -> None:
    (mistake,) = mistakes(matching(phrase))
    assert mistake.startswith("w.yaml:3:8: ")
    assert complaint in mistake


@pytest.mark.parametrize("phrase", ["x", "of the", "'wa*'"])
def test_broad_allows_them(phrase: str) -> None:
    assert parse(matching(f"{{phrase: {phrase}, broad: true}}"), "w").id == "a"


@pytest.mark.parametrize(
    "phrase",
    ["NO", "EU", "war", "'war*'", "44-day war", "Բաքու", "'карабах*'", "U2", "'*gate'", "'kara*bakh*'", "2:0", "杯"],
)
def test_ordinary_phrases_are_taken(phrase: str) -> None:
    assert parse(matching(phrase), "w").id == "a"


@pytest.mark.parametrize("phrase", ["yes", "1915", "~", "true"])
def test_words_that_yaml_reads_otherwise_are_taken_or_ask_for_quotes(phrase: str) -> None:
    if phrase == "yes":
        assert parse(matching(phrase), "w").match == Phrase(phrase="yes")
    else:
        assert mistakes(matching(phrase))[0].startswith("w.yaml:3:8: 'match' must be a phrase")


@pytest.mark.parametrize("expression", ["{none: [war]}", "{any: [war, {none: [peace]}]}", "{all: [{none: [war]}]}"])
def test_a_list_that_holds_for_what_it_does_not_name_is_refused(expression: str) -> None:
    assert mistakes(matching(expression)) == [
        "w.yaml:3:1: would hold for articles that say nothing of it: add a phrase, place or actor that must be there"
    ]


def test_anchors_are_the_smallest_set_that_must_be_met() -> None:
    match = parse(matching("{all: [{any: [war, clash, fire]}, {place: a}], none: [film]}"), "w").match
    assert anchors(match) == {Place(place="a")}
    match = parse(matching("{any: [war, {all: [clash, {any: [fire, smoke]}]}]}"), "w").match
    assert anchors(match) == {Phrase(phrase="war"), Phrase(phrase="clash")}


def test_unknown_entities_are_named_with_the_nearest_known() -> None:
    watchlist = parse(matching("\n  any:\n    - place: lachn\n    - actor: csto\n    - word"), "w.yaml")
    assert [str(p) for p in check_ids(watchlist, {"lachin": 1, "csto": 1})] == [
        "w.yaml:5:14: no place 'lachn' in the gazetteer; did you mean 'lachin'?"
    ]
    assert check_ids(watchlist, ["lachn", "csto"]) == []


def test_a_folder_gives_the_texts_of_its_valid_lists_and_all_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL)
    (tmp_path / "b.yml").write_text(MINIMAL.replace("lakes", "ponds"))
    (tmp_path / "c.yaml").write_text(MINIMAL)
    (tmp_path / "d.yaml").write_text("id: [")
    (tmp_path / "e.yaml").mkdir()
    (tmp_path / ".hidden.yaml").write_text("no list")
    (tmp_path / "notes.txt").write_text("no list")
    loaded, problems = load_folder(tmp_path)
    assert {watchlist.id: text for watchlist, text in loaded} == {
        "lakes": MINIMAL.encode(),
        "ponds": MINIMAL.replace("lakes", "ponds").encode(),
    }
    assert [p.path.removeprefix(str(tmp_path)) for p in problems] == ["/c.yaml", "/d.yaml", "/e.yaml"]
    assert problems[0].message == f"id 'lakes' is also that of {tmp_path / 'a.yaml'}"


def test_a_list_says_what_a_story_must_be_before_it_is_told() -> None:
    assert parse(MINIMAL, "a.yaml").delivery.telling == Telling()
    said = "delivery: {updates: true, breaking: {max_age: 6h, origins: 3, growth: 5}}\n"
    telling = parse(MINIMAL + said, "a.yaml").delivery.telling
    assert telling == Telling(max_age=21_600.0, origins=3, growth=5, updates=True)
    with pytest.raises(ConfigError, match=r"a\.yaml:\d+:\d+: .*origins"):
        parse(MINIMAL + "delivery: {breaking: {origins: 0}}\n", "a.yaml")


def test_of_a_folder_read_before_only_what_was_touched_is_read_again(tmp_path: Path) -> None:
    one, other, gone = (tmp_path / f"{name}.yaml" for name in ("one", "other", "gone"))
    for path in (one, other, gone):
        path.write_text(MINIMAL.replace("lakes", path.stem))
    load_folder(tmp_path)
    for path in (one, other, tmp_path / "new.yaml"):
        path.write_text(MINIMAL.replace("lakes", path.stem + "-changed"))
    gone.unlink()

    def ids(touched: set[str] | None) -> list[str]:
        loaded, problems = load_folder(tmp_path, touched)
        assert not problems
        return [watchlist.id for watchlist, _ in loaded]

    assert ids({"one.yaml", "gone.yaml", "new.yaml", ".one.yaml.swp", "4913", "old/one.yaml"}) == [
        "new-changed", "one-changed", "other"
    ]  # fmt: skip
    assert ids({"..data"}) == ids(None) == ["new-changed", "one-changed", "other-changed"]


def test_an_absent_folder_is_one_mistake(tmp_path: Path) -> None:
    assert load_folder(tmp_path / "none") == (
        [],
        [load_folder(tmp_path / "none")[1][0]],
    )
    assert "no such folder" in str(load_folder(tmp_path / "none")[1][0])


def test_editors_get_a_schema_that_agrees_with_the_parser() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = {
        "id": "a",
        "title": "A",
        "sources": ["x"],
        "match": {"any": ["b", {"place": "c"}, {"all": ["d", {"none": ["e"]}]}]},
        "examples": {"alert": ["b", {"title": "b"}]},
    }
    assert validator.is_valid(good)
    assert validator.is_valid(good | {"sources": {"not": ["x"]}})
    for bad in ({"match": 1}, {"severity": "hgih"}, {"match": {"any": []}}, {"matches": "x"}, {"sources": 1}):
        assert not validator.is_valid(good | bad), bad


@pytest.mark.slow
def test_ten_thousand_phrases_load_in_seconds() -> None:
    text = matching("\n  any:\n" + "".join(f"    - word{i} thing\n" for i in range(10_000)))
    assert len(anchors(parse(text, "w").match) or ()) == 10_000
