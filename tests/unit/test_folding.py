from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines import folding
from pipelines.folding import fold

NEWS = st.text("AaIiİıËЁёЙé-– \n\xa0'’և՛ÀßŒﬁ½…№ﾞカ가각يىةʼ\u0301\u0308\u0306\u00ad\u200b\u0640😀क्")
TEXTS = st.text() | NEWS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nagorno-Karabakh", "NAGORNO KARABAKH"),
        ("Nagorno–Karabakh", "Nagorno\nKarabakh"),
        ("Nagorno\xa0Karabakh", "Nagorno‑Karabakh"),
        ("Kara\u00adbakh", "karabakh"),
        ("DIYARBAKIR", "Diyarbakır"),
        ("İrəvan", "irəvan"),
        ("Алёна", "АЛЕНА"),
        ("Երևան", "ԵՐԵՒԱՆ"),
        ("Արցա՞խ", "Արցախ"),
        ("Baku’s", "BAKU'S"),
        ("Straße", "STRASSE"),
        ("ﬁnal", "Final"),
        ("Алие\u0308в", "Алиёв"),
        ("آذربایجان", "اذربايجان"),
        ("ｶﾞ", "ガ"),
    ],
)
def test_what_a_reader_takes_for_the_same_folds_alike(one: str, other: str) -> None:
    assert fold(one).text == fold(other).text


@pytest.mark.parametrize(("one", "other"), [("й", "и"), ("Şuşa", "Susa"), ("Georgia", "Georgi a"), ("é", "e")])
def test_what_is_another_word_folds_otherwise(one: str, other: str) -> None:
    assert fold(one).text != fold(other).text


def test_spans_lead_back_over_characters_that_changed_length() -> None:
    text = "… ՀՀ և Արցա\u00adխ"
    folded = fold(text)
    start = folded.text.index("արցախ")
    assert text[slice(*folded.span(start, start + 5))] == "Արցա\u00adխ"
    both = folded.text.index("եւ")
    assert [text[slice(*folded.span(both, both + n))] for n in (1, 2)] == ["և", "և"]


@given(TEXTS)
def test_every_span_leads_to_a_span_of_the_original(text: str) -> None:
    folded = fold(text)
    size = len(folded.text)
    for start in range(size):
        low, high = folded.span(start, start + 1)
        assert 0 <= low < high <= len(text)
        assert folded.span(start, size)[0] == low
    assert folded.span(size, size)[0] <= len(text)


@given(TEXTS)
def test_offsets_never_go_back(text: str) -> None:
    folded = fold(text)
    offsets = list(folded.offsets) if folded.offsets is not None else list(range(len(text)))
    assert offsets == sorted(offsets)
    assert len(offsets) == len(folded.text)


@given(TEXTS)
@example("e\u200b\u0308")
@example("ｶ\u00adﾞ")
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once) == (once, None)


@given(TEXTS)
def test_the_fast_way_and_the_way_piece_by_piece_agree(text: str) -> None:
    assert fold(text).text == folding._piecewise(text).text


@given(TEXTS, TEXTS)
def test_a_space_parts_what_is_folded(one: str, other: str) -> None:
    """So a name folded by itself is met in a text wherever it stands between words."""
    if not unicodedata.category((other or " ")[0]).startswith("M") and not folding._JOINING.match(other):
        assert fold(f"{one} {other}").text == f"{fold(one).text} {fold(other).text}"


@pytest.mark.slow
def test_simple_characters_fold_by_themselves_as_in_a_cluster() -> None:
    simple = re.findall(f"[{folding._SIMPLE}]", "".join(map(chr, range(sys.maxunicode + 1))))
    assert len(simple) > 30_000
    for character in simple:
        folded = folding._simple(character)
        assert (len(folded), folded) == (1, folding._cluster(character))
        assert unicodedata.category(character)[0] != "M"
        assert not folding._NOTHING.match(character)
        assert not folding._JOINING.match(character)


@given(st.text())
def test_every_character_of_the_text_has_a_folded_place_that_leads_back_to_it(text: str) -> None:
    folded = fold(text)
    for index in range(len(text)):
        at = folded.at(index)
        assert 0 <= at <= len(folded.text)
        if at < len(folded.text):
            first, last = folded.span(at, at + 1)
            assert first <= index or first == last
