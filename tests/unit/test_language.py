"""Which language a text is in: headlines and longer texts, what is declared, titles in another language."""

from __future__ import annotations

import pytest
from benchmarks.languages import ASKED, headlines, right, rows
from factories import article

from pipelines.language import identified, language_of, title_language_of

RUSSIAN = "Делегация приехала в город вечером, и переговоры начались на следующее утро. О чём говорили, не сообщается."
ENGLISH = "The delegation came to town in the evening, and talks began on the next morning. What was said is not known."


def test_texts_of_two_hundred_characters_are_told_right() -> None:
    texts = [text for text in rows() if text[0] in ASKED]
    count, wrong = right(texts)
    assert len(texts) >= 180
    assert count / len(texts) >= 0.99, wrong
    assert {language for language, _ in texts} == set(ASKED)


@pytest.mark.parametrize("declared", ["", "en", "ru", None])
def test_headlines_are_told_right_whatever_is_declared(declared: str | None) -> None:
    texts = headlines()
    count, wrong = right(texts, declared)
    assert count / len(texts) >= 0.98, wrong


def test_what_is_declared_decides_only_between_what_is_alike() -> None:
    assert identified(RUSSIAN, "en") == "ru"
    assert identified("Vijesti iz grada", "hr") == "hr"


def test_of_too_few_letters_nothing_is_said_but_what_is_declared() -> None:
    assert identified("2:1") == "und"
    assert identified("CSTO!") == "und"
    assert identified("CSTO!", "pt-BR") == "pt"
    assert identified("ՀԱՊԿ") == "hy"


def test_a_title_in_another_language_than_the_text_has_its_own() -> None:
    mixed = article("Talks went on all night", RUSSIAN, language="")
    assert (language_of(mixed), title_language_of(mixed, "ru")) == ("ru", "en")
    same = article("Переговоры шли всю ночь", RUSSIAN, language="ru")
    assert (language_of(same), title_language_of(same, "ru")) == ("ru", "")
    declared = article("Переговоры шли всю ночь", ENGLISH, language="ru")
    assert (language_of(declared), title_language_of(declared, "en")) == ("en", "ru")
