from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel

from connectors.errors import ConfigError
from pipelines.events import DEPTH_LIMIT
from pipelines.located import SIZE_LIMIT, Document, read, read_file, validate


class Feed(BaseModel):
    name: str
    severity: Literal["low", "high"] = "low"


class Settings(BaseModel):
    watchlists: list[str] = []
    feeds: tuple[Feed, ...] = ()
    port: int = 1


def mistakes(text: bytes | str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def refusals(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate(Settings, read(text, "f.yaml"))
    return [str(problem) for problem in caught.value.problems]


def test_words_that_only_yaml_1_1_reads_as_something_else_stay_words() -> None:
    text = "[NO, on, yes, y, 017, 0x1f, 12:30:00, 1_000, 1e3, .inf, 2024-13-45, 2024-01-01, 0o17, +1, =]"
    assert read(text, "f").data == text.strip("[]").split(", ")


def test_numbers_truth_and_nothing_are_read_as_json_reads_them() -> None:
    data = read("[1, -2, 0, 1.5, true, False, null, ~, '1', \"true\"]", "f").data
    assert data == [1, -2, 0, 1.5, True, False, None, None, "1", "true"]
    assert [type(x) for x in data[:4]] == [int, int, int, float]


def test_keys_are_always_text() -> None:
    assert read("1: a\ntrue: b\nno: c\n", "f").data == {"1": "a", "true": "b", "no": "c"}


def test_every_node_has_its_line_and_column() -> None:
    document = read("a: 1\nb:\n  - x\n  - {c: yes}\n", "f")
    assert document.place(("a",), key=True) == (1, 1)
    assert document.place(("a",)) == (1, 4)
    assert document.place(("b", 0)) == (3, 5)
    assert document.place(("b", 1, "c")) == (4, 9)
    assert document.place(("b", 1, "c"), key=True) == (4, 6)
    assert document.place(("b", 1, "absent")) == (4, 5)


def test_columns_count_characters_not_bytes() -> None:
    assert read("{ключ: Ա}", "f").place(("ключ",)) == (1, 8)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: b: c", "f.yaml:1:5: not YAML: mapping values are not allowed here"),
        ("a:\n\t- x", "f.yaml:2:1: a tab cannot indent; use spaces"),
        ("a: 'x", "f.yaml:1:6: not YAML: found unexpected end of stream (while scanning a quoted scalar)"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document; a file holds one"),
        ("", "f.yaml:1:1: the file is empty"),
        ("# nothing\n---\n", "the file is empty"),
        ("x: 1\n y: 2", "f.yaml:2:3: not YAML: mapping values are not allowed here"),
        (b"\xff\xfea\0", "f.yaml:1:1: the file is UTF-16; save it as UTF-8"),
        ("a: é".encode("latin-1"), "f.yaml:1:4: byte 0xE9 is not UTF-8; save the file as UTF-8"),
        ("a: b\nc: d".encode("utf-16-le"), "f.yaml:1:2: control character U+0000 (is the file UTF-16?"),
        ("a: \x1b[31m", "f.yaml:1:4: control character U+001B"),
        ('a: "\\ud800"', "f.yaml:1:4: control character U+D800 in a value"),
        ('a: "\\0"', "f.yaml:1:4: control character U+0000 in a value"),
        ('a: "\\U00110000"', "not YAML"),
        ("? [a]\n: b", "f.yaml:1:3: a key must be a plain word"),
        ("a: " + "1" * 5000, "f.yaml:1:4: a number of more than 18 digits; put it in quotes if it is text"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: duplicate key 'a', first on line 1"),
        ("a: !!python/object/apply:os.system [id]", "f.yaml:1:4: tag tag:yaml.org,2002:python/object/apply"),
        ("a: !!binary x", "f.yaml:1:4: tag tag:yaml.org,2002:binary: tags are not allowed"),
        ("a: ! x", "f.yaml:1:4: tag !: tags are not allowed"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_at_its_place(text: bytes | str, complaint: str) -> None:
    assert complaint in mistakes(text)[0]


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert read(b"\xef\xbb\xbfa: 1", "f").data == read("\ufeffa: 1", "f").data == {"a": 1}


def test_aliases_anchors_and_merge_keys_are_all_reported_and_nothing_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdef", "bcdefg", strict=True))
    found = mistakes(bomb + "h: {<<: *a}\n")
    assert found[0] == "f.yaml:1:4: anchor &a: anchors are not allowed"
    assert found[2] == "f.yaml:2:8: alias *a: aliases are not allowed, write the value again"
    assert "f.yaml:8:5: merge key <<: merge keys are not allowed, write the keys again" in found


def test_self_reference_is_refused() -> None:
    assert "alias *x" in mistakes("&x [*x]")[1]


@pytest.mark.slow
@pytest.mark.parametrize("bracket", ["[", "- ", "{a: ", "a:\n "])
def test_deep_nesting_is_refused_without_recursion(bracket: str) -> None:
    text = "".join(" " * i + "a:\n" for i in range(300)) if bracket.startswith("a") else bracket * 100_000
    assert f"nested deeper than {DEPTH_LIMIT} levels" in mistakes(text)[0]


def test_nesting_up_to_the_limit_is_read() -> None:
    data = read("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT, "f").data
    assert repr(data).count("[") == DEPTH_LIMIT


def test_too_large_a_text_is_refused_unread() -> None:
    assert mistakes(b"x" * (SIZE_LIMIT + 1)) == ["f.yaml: is larger than 10 MB"]


def test_at_most_a_hundred_mistakes_are_listed() -> None:
    assert len(mistakes("a: 1\n" * 1000)) == 100


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    locked = tmp_path / "locked.yaml"
    locked.write_text("a: 1")
    locked.chmod(0)
    paths = {tmp_path / "absent.yaml": "No such file", tmp_path: "Is a directory"}
    if os.geteuid():
        paths[locked] = "Permission denied"
    for path, why in paths.items():
        with pytest.raises(ConfigError, match=f"{path}: cannot be read: {why}"):
            read_file(path)


def test_a_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [1")
    with pytest.raises(ConfigError, match=r"a\.yaml:1:6: not YAML"):
        read_file(tmp_path / "a.yaml")


def test_every_mistake_is_reported_at_once_in_reading_order() -> None:
    text = """\
wathclists: [x]
feeds:
  - {name: 1, severity: hgih, nmae: x}
  - severity: low
  - oops
port: many
watchlists: [a, 1, NO]
"""
    assert refusals(text) == [
        "f.yaml:1:1: unknown key 'wathclists'; did you mean 'watchlists'?",
        "f.yaml:3:12: 'name' must be text; put it in quotes",
        "f.yaml:3:25: 'severity' must be one of low, high",
        "f.yaml:3:31: unknown key 'nmae'; did you mean 'name'?",
        "f.yaml:4:5: missing key 'name'",
        "f.yaml:5:5: 'feeds' item 3 must be a mapping of keys to values",
        "f.yaml:6:7: 'port' must be a whole number",
        "f.yaml:7:17: 'watchlists' item 2 must be text; put it in quotes",
    ]


def test_a_file_of_another_shape_is_refused_in_plain_words() -> None:
    assert refusals("- a\n- b\n") == ["f.yaml:1:1: this must be a mapping of keys to values"]
    assert refusals("feeds:\n") == ["f.yaml:1:1: 'feeds' is empty"]


def test_values_are_never_quoted() -> None:
    found = refusals("port: hunter2\nfeeds: [{name: a, severity: hunter2}]\nwatchlists: {hunter2: 1}\n")
    assert len(found) == 3
    assert "hunter2" not in "\n".join(found[:2])


def test_a_part_is_validated_without_the_keys_of_others() -> None:
    document = read("feeds:\n  - {name: a, type: rss, svrity: low}\n", "f.yaml")
    with pytest.raises(ConfigError) as caught:
        validate(Feed, document, ("feeds", 0), {"type"})
    assert str(caught.value) == "f.yaml:2:26: unknown key 'svrity'; did you mean 'severity'?"


class Feeds(RootModel[list[Feed]]):
    pass


def test_a_list_of_mappings_is_a_model_too() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(Feeds, read("- {name: a}\n- {nmae: b}\n", "f.yaml"))
    assert [str(problem) for problem in caught.value.problems] == [
        "f.yaml:2:3: missing key 'name'",
        "f.yaml:2:4: unknown key 'nmae'; did you mean 'name'?",
    ]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(categories=["L", "N", "Zs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcNO~1 ", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_json_is_read_as_json(data: object) -> None:
    import json

    text = json.dumps(data, ensure_ascii=False)
    if data is None:
        assert mistakes(text) == ["f.yaml:1:1: the file is empty"]
    else:
        assert read(text, "f.yaml").data == data


@given(st.text("ab:-[]{}&*!%@|>'\"#?,\\ \n\t~<1.", max_size=40) | st.binary(max_size=40))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with suppress(ConfigError):
        assert isinstance(read(text, "f"), Document)
