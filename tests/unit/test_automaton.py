from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigError
from pipelines.automaton import FEW, LONG, VARIABLE, Find, ahocorasick, automaton, hyperscan

PIECES = ["a", "b", " ", "é", "ж", "жа", "Հ", "亚", "美尼", "\U0001f600", "\0"]
"""Of one to four bytes a character, and the one that ends a text in C."""

KEYS = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), min_size=1, unique=True)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def naive(keys: Collection[str], text: str) -> list[tuple[int, int, int]]:
    """Each key alone, at every place of the text."""
    places = range(len(text))
    return sorted((n, i, i + len(k)) for n, k in enumerate(keys) for i in places if text.startswith(k, i))


@given(KEYS, TEXTS)
def test_the_default_finds_what_stands_there(keys: list[str], text: str) -> None:
    assert sorted(ahocorasick(keys)(text)) == naive(keys, text)


@given(KEYS, TEXTS)
def test_hyperscan_finds_the_same(keys: list[str], text: str) -> None:
    pytest.importorskip("hyperscan")
    assert sorted(hyperscan(keys)(text)) == sorted(ahocorasick(keys)(text))


@pytest.mark.parametrize("key", ["a\0b", "я" * (LONG + 1), "\ud800", "я" * LONG])
def test_hyperscan_finds_the_same_of_keys_that_are_hard_for_it(key: str) -> None:
    pytest.importorskip("hyperscan")
    keys, text = ["a", key, "яя"], f"a {key} a\0b я".replace("\ud800", "?")
    assert sorted(hyperscan(keys)(text)) == sorted(ahocorasick(keys)(text)) == naive(keys, text)


def test_hyperscan_may_be_shared_between_threads() -> None:
    pytest.importorskip("hyperscan")
    keys = [f"word {n}" for n in range(FEW)]
    text = " ".join(keys * 20)
    find = hyperscan(keys)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sorted(find(text)), range(40)))
    assert all(answer == naive(keys, text) for answer in answers)


MANY = [f"word {n:02}" for n in range(FEW)]


@pytest.mark.parametrize(
    ("said", "keys", "made"),
    [
        ("", MANY, ahocorasick),
        ("ahocorasick", MANY, ahocorasick),
        ("hyperscan", MANY, hyperscan),
        ("hyperscan", MANY[1:], ahocorasick),
    ],
)
def test_the_environment_names_the_engine_of_all_but_small_automata(
    monkeypatch: pytest.MonkeyPatch, said: str, keys: list[str], made: Callable[[Collection[str]], Find]
) -> None:
    pytest.importorskip("hyperscan")
    monkeypatch.setenv(VARIABLE, said)
    assert type(automaton(keys)) is type(made(keys))


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no such")
    assert list(automaton(["b"], "ahocorasick")("abc")) == [(0, 1, 2)]


def test_an_engine_that_does_not_exist_is_refused_even_for_a_small_automaton() -> None:
    with pytest.raises(ConfigError, match="no engine 're2'; there are ahocorasick and hyperscan"):
        automaton(["b"], "re2")


def test_an_engine_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    with pytest.raises(ConfigError, match="hyperscan is not installed"):
        automaton(MANY, "hyperscan")
