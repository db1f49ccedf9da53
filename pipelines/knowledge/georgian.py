"""How Georgian nouns decline: cases, the postpositions that are written on to them, both numbers.

The last word of a phrase declines; an adjective in -ი before it loses that in some cases (მთიან ყარაბაღში). Before some
endings many stems lose their last vowel (ერევანი, ერევნის) and others do not, so both stand: the wrong one is no word.
Not here: names whose -ი belongs to the stem (გიორგი), adjectives made of names (ყარაბაღელი), the particle -ც.
"""

from __future__ import annotations

import re

DATIVE = ("ს", "სა", "ში", "ზე")
"""The dative, its long form, and with in and on; -თან (at) stands with the stem's kind."""

GENITIVE = ("ის", "ისა", "ისთვის", "ისგან", "ისკენ", "ით", "იდან")
"""The genitive, its long form, and with for, from, towards; the instrumental, and from a place."""

KEPT = ("ს", "სა", "სთვის", "სგან", "სკენ", "თი", "დან", "დ", "მდე", "ში", "ზე", "სთან")
"""The same on -ო and -უ, which stay."""


def forms(words: list[str]) -> list[str]:
    """Every form of the phrase *words*."""
    *before, last = words
    bare = [word.removesuffix("ი") for word in before]
    ergative = [word[:-1] + "მა" if word.endswith("ი") else word for word in before]
    kinds = zip((before, bare, ergative), _kinds(last), strict=True)
    return [" ".join([*modifiers, form]) for modifiers, kind in kinds for form in kind]


def _kinds(word: str) -> tuple[list[str], list[str], list[str]]:
    """The forms beside which an adjective stays as it is, loses its ending, and has the ergative's."""
    if re.search("[ოუ]$", word):
        return _all(word + "ებ", "ი", *GENITIVE), _all(word, *KEPT) + _dative(word + "ებ"), [word + "მ", word + "ებმა"]
    if re.search("[აე]$", word):
        plural = word.removesuffix("ა") + "ებ"
        genitive = _all(word[:-1], *GENITIVE) + _all(plural, "ი", *GENITIVE)
        return genitive, _all(word, *DATIVE, "სთან", "დ", "მდე") + _dative(plural), [word + "მ", plural + "მა"]
    stem = word.removesuffix("ი")
    stems = list(dict.fromkeys((stem, re.sub("(?<=[ა-ჰ][ა-ჰ])[აეო](?=[ლრნმ]$)", "", stem))))
    genitive = [form for each in stems for form in _all(each, *GENITIVE) + _all(each + "ებ", "ი", *GENITIVE)]
    dative = _dative(stem) + [form for each in stems for form in _all(each, "ად", "ამდე") + _dative(each + "ებ")]
    return genitive, dative, [stem + "მა", *(each + "ებმა" for each in stems)]


def _dative(stem: str) -> list[str]:
    return _all(stem, *DATIVE, "თან")


def _all(stem: str, *endings: str) -> list[str]:
    return [stem + ending for ending in endings]
