"""How Armenian nouns decline: the eastern standard, cases and articles, in both numbers.

The last word of a phrase declines. A name has no plural, and keeps its vowels; a common noun loses ի and ու before an
ending in many words (խորհուրդ, խորհրդի) and in others not (քույր), so both stand: the wrong one is no word. Not here:
adjectives made of names (ղարաբաղյան), which surnames look like, and the few old declensions (օր, մարդ, տուն).
"""

from __future__ import annotations

import re

CASES = ("ի", "ին", "ից", "ով", "ում")
"""Genitive, dative with the article, ablative, instrumental, locative."""

ARTICLES = ("ը", "ն")

_VOWEL = "(?:ու|[աեէըիոօև])"


def forms(words: list[str]) -> list[str]:
    """Every form of the phrase *words*."""
    *before, last = words
    return [" ".join([*before, form]) for form in _singular(last) + _plural(last)]


def _singular(word: str) -> list[str]:
    name = word[:1].isupper()
    if word.endswith("յուն"):
        stem = word[: -len("ուն")]
        return _all(word, *ARTICLES, "ից", "ով", "ում") + _all(stem, "ան", "անը", "անն", "ամբ")
    if re.search("ում$", word) and not name:
        stem = word[: -len("ում")]
        return _all(word, *ARTICLES, "ից", "ով") + _all(stem, "ման", "մանը", "մանն", "մամբ")
    if word.endswith("ու"):
        return _all(word, "ն") + _all(word[:-2] + "վ", *CASES)
    if word.endswith("ի") and not name:
        return _all(word, "ն", "ից", "ով", "ում") + _all(word[:-1], "ու", "ուն", "ուց", "ով")
    if word.endswith("ի"):
        return _all(word, "ն", *CASES)
    if re.search("[աեէոօ]$", word):
        return _all(word, "ն", *("յ" + case for case in CASES))
    return _all(word, *ARTICLES, *CASES) + [form for stem in _reduced(word) for form in _all(stem, *CASES)]


def _plural(word: str) -> list[str]:
    """The plural with its cases; none of a name or of what is one."""
    if word[:1].isupper() or word.endswith("ներ"):
        return []
    plural = "ներ" if len(re.findall(_VOWEL, word)) > 1 else "եր"
    stems = [word + plural] + [stem + plural for stem in _reduced(word)]
    if word.endswith("գիր"):
        stems.append(word[:-2] + "րեր")
    return [form for stem in stems for form in _all(stem, "", *ARTICLES, *CASES)]


def _reduced(word: str) -> list[str]:
    """A common noun without the ի or ու of its last syllable, if it has one there."""
    found = None if word[:1].isupper() else re.search("(?<!յ)(ու|ի)[^աեէըիոօուև]+$", word)
    return [word[: found.start(1)] + word[found.end(1) :]] if found else []


def _all(stem: str, *endings: str) -> list[str]:
    return [stem + ending for ending in endings]
