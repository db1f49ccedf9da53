from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import automaton
from pipelines.folding import fold
from pipelines.scanning import OPEN, Occurrence, Pattern, Scanner, longest

Build = Callable[[Iterable[str]], Scanner]


@pytest.fixture(scope="module", params=automaton.ENGINES)
def scanner(request: pytest.FixtureRequest) -> Build:
    """Makes a scanner of names, with each engine in turn."""
    if request.param == "hyperscan":
        pytest.importorskip("hyperscan")
    return lambda names: Scanner(map(Pattern, names), automaton.ENGINES[request.param])


def found(scanner: Build, pattern: str, text: str) -> list[str]:
    return [text[h.start : h.end] for h in scanner([pattern]).scan(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "met"),
    [
        ("Nagorno-Karabakh", "war in NAGORNO\nKARABAKH.", ["NAGORNO\nKARABAKH"]),
        ("Karabakh", "Karabakhs, Karabakh's; (Karabakh)", ["Karabakh", "Karabakh"]),
        ("карабах*", "В Карабахе и карабахскими", ["Карабахе", "карабахскими"]),
        ("арцах*", "арцах" + "а" * OPEN, ["арцах" + "а" * OPEN]),
        ("арцах*", "арцах" + "а" * (OPEN + 1), []),
        ("Арцах", "Արցախ", []),
        ("Երևան", "ԵՐԵՒԱՆ և Երևանը", ["ԵՐԵՒԱՆ"]),
        ("bakı", "BAKI, Bakı", ["BAKI", "Bakı"]),
        ("minsk group", "the Minsk  Group", []),
        ("9/11", "9/11 and 19/11", ["9/11"]),
        ("é", "e\u0301", ["e\u0301"]),
    ],
)
def test_a_pattern_is_met_in_every_spelling_that_folds_alike(
    scanner: Build, pattern: str, text: str, met: list[str]
) -> None:
    assert found(scanner, pattern, text) == met


@pytest.mark.parametrize(
    ("pattern", "text", "met"),
    [
        ("US", "us and the US", ["US"]),
        ("CSTO", "csto, Csto, CSTO-led, CSTO's", ["CSTO", "CSTO"]),
        ("ҰҚШҰ", "ҰҚШҰның", ["ҰҚШҰның"]),
        ("ՀԱՊԿ", "ՀԱՊԿ-ի, ՀԱՊԿի", ["ՀԱՊԿ", "ՀԱՊԿի"]),
        ("UN", "UNited, UN", ["UN"]),
        ("CIS", "CISCO, CIS", ["CIS"]),
        ("KTMT", "KTMTnindir, KTMT-nin", ["KTMT"]),
        ("KARABAKH", "Karabakh", ["Karabakh"]),
        ("CSTO*", "csto, CSTOs", ["csto", "CSTOs"]),
    ],
)
def test_an_acronym_is_met_in_capitals_only(scanner: Build, pattern: str, text: str, met: list[str]) -> None:
    assert found(scanner, pattern, text) == met


@pytest.mark.parametrize(
    ("pattern", "text", "met"),
    [
        ("亚美尼亚", "他在亚美尼亚的首都", ["亚美尼亚"]),
        ("アルメニア", "首都はアルメニアです", ["アルメニア"]),
        ("Armenia", "在Armenia的", ["Armenia"]),
        ("ارمنستان", "وارمنستان و ارمنستان", ["ارمنستان", "ارمنستان"]),
        ("كاراباخ", "بكاراباخ مكاراباخ", ["كاراباخ"]),
        ("הקרבאך", "להקרבאך", ["הקרבאך"]),
    ],
)
def test_scripts_have_their_own_word_boundaries(scanner: Build, pattern: str, text: str, met: list[str]) -> None:
    assert found(scanner, pattern, text) == met


@pytest.mark.parametrize("text", ["", " ", "*", " * ", "—", "’", "\u00ad*", "!?"])
def test_a_pattern_without_a_letter_is_refused(scanner: Build, text: str) -> None:
    with pytest.raises(ValueError, match="has no letter or digit to look for"):
        scanner(["fine", text])


def test_no_patterns_find_nothing(scanner: Build) -> None:
    assert scanner([]).scan("anything") == []
    assert scanner(["x"]).scan("") == []


def test_every_pattern_of_one_spelling_is_met(scanner: Build) -> None:
    hits = scanner(["US", "us", "Us*"]).scan("US")
    assert [h.pattern for h in hits] == [0, 1, 2]


def test_of_hits_that_overlap_the_leftmost_longest_is_kept(scanner: Build) -> None:
    text = "Nagorno Karabakh horse"
    names = ["Karabakh", "Karabakh horse", "Nagorno Karabakh", "horse"]
    hits = scanner(names).scan(text)
    assert [names[h.pattern] for h in longest(hits)] == ["Nagorno Karabakh", "horse"]


WORDS = st.text("aAiİıbB", min_size=1, max_size=3)
NAMES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
PATTERNS = st.lists(st.tuples(NAMES, st.sampled_from(["", "*"])).map("".join), max_size=6)
TEXTS = st.lists(WORDS | st.sampled_from([" ", "-", "'", "…", "\u00ad", "b" * 9]), max_size=12).map("".join)


def naive(pattern: str, text: str) -> list[tuple[int, int]]:
    """One pattern at a time, by regular expression, at every place of the text."""
    stem = pattern.removesuffix("*")
    folded = fold(text)
    ending = f"\\w{{0,{OPEN}}}" if pattern.endswith("*") else ""
    acronym = pattern.isalpha() and pattern.isupper() and len(pattern) > 1
    if acronym:
        ending = "\\w{0,4}" if len(pattern) > 2 else ""
    expression = re.compile(rf"(?<!\w){re.escape(fold(stem).text)}({ending})(?!\w)")
    hits = []
    for place in range(len(folded.text)):
        if match := expression.match(folded.text, place):
            low, high = folded.span(place, match.start(1))
            last = folded.span(*match.span())[1]
            if not acronym or (text[low:high].isupper() and (high == last or text[high:last].islower())):
                hits.append((low, last))
    return hits


@given(PATTERNS, TEXTS)
def test_the_scan_finds_what_a_search_for_each_pattern_finds(scanner: Build, patterns: list[str], text: str) -> None:
    expected = [Occurrence(i, *span) for i, pattern in enumerate(patterns) for span in naive(pattern, text)]
    assert sorted(scanner(patterns).scan(text)) == sorted(expected)


@given(PATTERNS, TEXTS)
def test_what_is_met_is_what_the_scan_finds(scanner: Build, patterns: list[str], text: str) -> None:
    assert scanner(patterns).met(text) == {hit.pattern for hit in scanner(patterns).scan(text)}


@given(PATTERNS, TEXTS)
def test_longest_keeps_hits_apart_and_leaves_none_that_would_fit(
    scanner: Build, patterns: list[str], text: str
) -> None:
    hits = scanner(patterns).scan(text)
    kept = longest(hits)
    assert all(a.end <= b.start for a, b in itertools.pairwise(kept))
    assert set(kept) <= set(hits)
    assert all(any(h.start < k.end and k.start < h.end for k in kept) for h in hits)
