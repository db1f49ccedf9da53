"""Regular expressions and words open in their midst."""

from __future__ import annotations

import pytest
from factories import article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigError
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.regexes import Regex, Regexes, wild
from pipelines.watchlists.watchlist import parse


def surfaces(match: str, body: str) -> list[str]:
    matcher = Matcher([parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")])
    return [e.surface for m in matcher.match(tagged(article("-", body))) for e in m.evidence]


@pytest.mark.parametrize(
    ("match", "body", "found"),
    [
        ("{regex: 'colou?r'}", "Colour and color, discolour.", ["Colour", "color"]),
        ("{regex: 'a|ab|abc'}", "abc", ["abc"]),  # the longest
        (r"{regex: 'S-\d{3}'}", "An S-300 and an s-400x", ["S-300"]),
        (r"{regex: '[A-Z]{3}-\d', case: true}", "ABC-1 abc-2", ["ABC-1"]),
        (r"{regex: 'қара\pL*'}", "Таулы Қарабақта", ["Қарабақта"]),
        ("'*stan'", "Kazakhstan and Turkmenistan's standing", ["Kazakhstan", "Turkmenistan"]),
        ("'kara*bakh*'", "Karabakh, KARA-BAKH no, Karadagbakhs", ["Karabakh", "Karadagbakhs"]),
        ("'*карабах*'", "НагорноКарабахский, закарабахье", ["НагорноКарабахский", "закарабахье"]),
        ("'*kat*stroph* aid'", "Katastrophen aid", ["Katastrophen aid"]),
    ],
)
def test_hits_are_whole_words(match: str, body: str, found: list[str]) -> None:
    assert surfaces(match, body) == found


@pytest.mark.parametrize(
    ("regex", "message"),
    [
        ("(a+", "missing ): (a+ (RE2 syntax)"),
        ("(?<=a)b", "invalid perl operator: (?<= (RE2 syntax)"),
        (r"(war)\1", r"invalid escape sequence: \1"),
        ("(a{1000}){1000}", "invalid repetition size"),
        (r"\bwar", r"\b knows English letters only"),
        (r"\w+ov", r"\w knows English letters only: write [\pL\pN]"),
        (".*", "would match almost every article"),
        (r"\pL+", "would match almost every article"),
        ("x?", "would match almost every article"),
    ],
)
def test_an_expression_that_cannot_be_meant_is_refused_at_its_place(regex: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"id: w\ntitle: w\nmatch: {{regex: '{regex}'}}\n", "w.yaml")
    assert str(caught.value).startswith("w.yaml:3:")
    assert message in str(caught.value)


@pytest.mark.parametrize("regex", ["(a+)+$", "(x+x+)+y", "(a|aa)+$"])
def test_what_makes_others_backtrack_for_ever_is_read_once(regex: str) -> None:
    assert not list(Regexes([Regex(regex=regex)]).find("a" * 100_000 + "x" * 100_000 + "!"))


@given(st.text("ab-c ж", max_size=12), st.sampled_from(["ab", "abc", "cab", "bab"]), st.sampled_from(["ab", "жab"]))
def test_a_word_open_in_its_midst_is_found_as_by_looking_at_each_word(text: str, head: str, tail: str) -> None:
    phrase = Phrase(phrase=f"{head}*{tail}", broad=True)
    words = [w for w in text.replace("-", " ").split() if w.startswith(head) and w.endswith(tail)]
    words = [w for w in words if 0 <= len(w) - len(head) - len(tail) <= 8]
    folded = text.replace("-", " ")
    assert [folded[start:end] for _, start, end in wild([phrase]).find(folded)] == words
