"""Inflected forms: how the words of a phrase may end in running text.

They are made once, when a watchlist is compiled, and then looked for as they stand: that costs an article nothing and,
unlike an open ending (груз*), meets no other word that begins alike. A form that is no word does no harm, one that is
another word does: what is uncertain is left out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pipelines.folding import fold
from pipelines.knowledge import armenian, endings, georgian, harmony, russian, turkic
from pipelines.knowledge.agreement import inflected
from pipelines.scanning import ACRONYM

FORMS = 80
"""Most forms a word has in one language; the longest paradigms, of Kazakh and Georgian, stay below."""

Forms = Callable[[list[str]], Iterable[str]]


class Rule(NamedTuple):
    """How a language inflects a phrase, given by words; its *letters*, and those that it is *known* by."""

    letters: str
    known: str
    forms: Forms


@functools.lru_cache(4096)
def forms(phrase: str, languages: tuple[str, ...] | None = None) -> frozenset[str]:
    """The inflected forms of *phrase*, which is a nominative, with capitals where it has them.

    *languages*: those it may be of, as two-letter codes; None: those that its letters are certain of, so that nothing
    is made of plain Latin letters. In English only the plural is made.

    Guarantees: no form is empty or folds as the phrase or another form does; at most `FORMS` of a word in a language;
    none of an acronym in capitals, whose endings are the scanner's. Cost: up to 1 ms (measured); the last 4,096 are
    remembered. Does not: inflect verbs; tell a form from another word that is written alike (Чада, Путина).
    """
    if languages is None and phrase.isascii():  # plain Latin letters are certain of nothing
        return frozenset()
    found: dict[str, str] = {}
    for language in _languages(phrase, languages):
        for form in _made(phrase, language):
            found.setdefault(_key(form), form)
    return frozenset(form for key, form in found.items() if key not in ("", _key(phrase)))


def missing(phrase: str, languages: tuple[str, ...] | None = None) -> str:
    """The extra that must be installed to inflect *phrase*, "" when none must."""
    return "ru" if "ru" in _languages(phrase, languages) and russian.dictionary() is None else ""


def _languages(phrase: str, asked: tuple[str, ...] | None) -> list[str]:
    """The languages that *phrase* can be of: of those *asked* for; else of all those that it is certain to be of."""
    words = phrase.split()
    if len(words) == 1 and _acronym(words[0]):
        return []
    text = "".join(word for word in words if phrase.isupper() or not _acronym(word))
    letters = "".join(letter for letter in text.replace("İ", "ı").lower() if letter.isalpha())
    return [
        language
        for language, rule in RULES.items()
        if re.fullmatch(f"[{rule.letters}]+", letters)
        and (language in asked if asked else rule.known and re.search(f"[{rule.known}]", letters))
    ]


def _made(phrase: str, language: str) -> Iterable[str]:
    """What the rule of *language* makes of *phrase*; of one in capitals, in capitals."""
    words, rule = phrase.split(), RULES[language]
    if not phrase.isupper():
        return rule.forms(words)
    dotted = language in ("az", "tr")
    lowered = harmony.lowered if dotted else str.lower
    made = rule.forms([word[:1] + lowered(word[1:]) for word in words])
    return [(form.replace("i", "İ") if dotted else form).upper() for form in made]


def _acronym(word: str) -> bool:
    return 1 < len(word) <= ACRONYM and word.isalpha() and word.isupper()


def _key(text: str) -> str:
    return " ".join(fold(text).text.split())


def _last(forms: Forms) -> Forms:
    """*forms* of a language in which the last word inflects, if that is no acronym."""
    return lambda words: [] if _acronym(words[-1]) else forms(words)


def _english(words: list[str]) -> list[str]:
    """The plural: of the word before a preposition (prisoners of war), else of the last."""
    head = next((i for i, word in enumerate(words) if i and word in _PREPOSITIONS), len(words)) - 1
    word = words[head]
    if len(word) < 4 or _acronym(word) or re.search("(?<!s)s$", word):
        return []
    plural = re.sub("(?<=[^aeiou])y$", "ie", word) if word.islower() else word
    plural += "es" if re.search("(s|x|z|ch|sh)$", plural) else "s"
    return [" ".join([*words[:head], plural, *words[head + 1 :]])]


_PREPOSITIONS = ("of", "in", "on", "at", "to", "for", "from", "by", "with", "against", "between", "over", "under")


def _german(words: list[str]) -> list[str]:
    """The genitive of a name or noun."""
    return [] if re.search("([sßxz]|^[^A-ZÄÖÜ].*)$", words[-1]) else [" ".join(words) + "s"]


RULES = {
    "ru": Rule("а-яё", "а-яё", russian.forms),
    "uk": Rule("а-щьюяєіїґʼ", "єіїґ", lambda words: inflected(words, endings.UKRAINIAN)),
    "kk": Rule("а-яёәғқңөұүһі", "әғқңөұүһ", _last(turkic.KAZAKH.forms)),
    "hy": Rule("ա-և", "ա-և", _last(armenian.forms)),
    "ka": Rule("ა-ჰ", "ა-ჰ", _last(georgian.forms)),
    "az": Rule("a-vx-zçəğıöşü", "əğış", _last(turkic.AZERBAIJANI.forms)),
    "tr": Rule("a-pr-vyzçğıöşüâîû", "ğış", _last(turkic.TURKISH.forms)),
    "el": Rule("ΐά-ώ", "ΐά-ώ", lambda words: inflected(words[:1], endings.GREEK) if len(words) == 1 else []),
    "pl": Rule("a-ząćęłńóśźż", "", lambda words: inflected(words, endings.POLISH)),
    "de": Rule("a-zäöüß", "", _last(_german)),
    "en": Rule("a-z", "", _last(_english)),
}
"""By language. Where letters do not tell two apart forms of both are made: ğ is Turkish and Azerbaijani. Cyrillic
without a letter of its own is taken for Russian."""
