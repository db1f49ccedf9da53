"""Doubts about names: those that are never read, and those that are words of every day."""

from __future__ import annotations

from pathlib import Path

from pipelines.config import shipped
from pipelines.knowledge import frequent
from pipelines.knowledge.checking import Doubt, doubts
from pipelines.knowledge.gazetteer import load
from pipelines.places import english

LANGUAGES = shipped() / "languages"

NAMES = """\
- {id: milk, kind: place, names: {ar: [حلب], en: [Milk Town]}}
- {id: needy, kind: place, names: {ar: [دبي]}, needs: {دبي: [برج]}}
- {id: riverside-guard, kind: actor, names: {en: [riverside]}}
- {id: pact, kind: actor, names: {en: [Northern Pact]}}
"""


def test_frequent_words_have_their_ranks_in_fourteen_languages() -> None:
    found = frequent.load(LANGUAGES)
    assert len(found) == 14
    assert found["en"]["the"] == 1
    assert found["fa"]["ایران"] < 100
    assert all(2_000 <= len(words) <= 3_000 for words in found.values())


def test_a_name_that_is_a_common_word_is_doubted_unless_it_needs_others(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text(NAMES, "utf-8")
    found = list(doubts(load(tmp_path), english.load(LANGUAGES), frequent.load(LANGUAGES)))
    assert [(doubt.entity, doubt.name) for doubt in found] == [("milk", "حلب"), ("riverside-guard", "riverside")]
    assert found[0].wrong.startswith("is a common word: ar, number ")
    assert found[1] == Doubt("riverside-guard", "riverside", "is a common English word and needs no capital")
