"""How much the name of a town or region weighs in an English text: by its size, and by what stands beside it.

Constants: measured, research on tagging §2.
"""

from __future__ import annotations

import re

from pipelines.places.english import English
from pipelines.places.mention import Mention

SIZES = ((5_000, 0.25), (20_000, 0.4), (100_000, 0.6), (500_000, 1.1))
"""Towns below so many people weigh so much; larger ones `CITY`."""

CITY, STATE_OF_US, REGION, DISTRICT = 1.6, 2.5, 0.9, 0.45

LOCATED, LOCATED_WORD, DATELINED = 0.5, 0.3, 1.0
"""What a preposition before it adds, less for what is a word or name as well, and what standing as a dateline adds."""

COMMON, PART, NAMESAKE, NAMESAKE_BARE = 0.25, 0.35, 0.5, 0.3
"""What is left of a name that is also a word; that is part of a longer name; that people bear, without preposition."""

DATELINE = re.compile(r"\s*(?:\([A-Z][\w .]*\)|,[^.]{0,30}\([A-Z]|--|—|–|- )")

BEGINNING = 60
"""Characters of an article within which a dateline stands."""

SURNAME = 0.004
"""Percent of people from which a surname is a common one."""


def weight(mention: Mention, english: English, *, american: bool) -> float:
    """The points of *mention*, a town or region; *american*: likely in the US."""
    located = mention.previous in english.tables.locative
    points = _size(mention, american=american) + _standing(mention, english, located)
    if _common(mention, english) and not (mention.region and mention.largest >= 2_000_000):
        points *= COMMON
    points *= _part(mention, english, located)
    return points * _namesake(mention, english, located, american)


def _size(mention: Mention, *, american: bool) -> float:
    if not mention.places:
        return CITY
    size = next((points for most, points in SIZES if mention.largest < most), CITY)
    if mention.region:
        return STATE_OF_US if american else max(REGION, size if mention.city else 0)
    return max(size, DISTRICT) if mention.district else size


def _standing(mention: Mention, english: English, located: bool) -> float:
    """What is added for a preposition before the name, or for its standing as a dateline."""
    if located:
        known = english.of(mention.key)
        plain = mention.largest >= 15_000 or not (known.common or known.first or known.last)
        return LOCATED if plain else LOCATED_WORD
    capitals = mention.surface.isupper() and len(mention.surface) > 3
    dateline = capitals and mention.position < BEGINNING and DATELINE.match(mention.rest)
    return DATELINED if dateline else 0.0


def _common(mention: Mention, english: English) -> bool:
    """Whether the name is also a word like any other, or made of such."""
    if mention.single:
        return english.of(mention.key).common or english.of(mention.key.rstrip("s")).common
    return all(english.of(word).common for word in mention.key.split())


def _part(mention: Mention, english: English, located: bool) -> float:
    """What is left when the name is part of a longer one: Lincoln Street, Hampton Wick Festival."""
    tables, left = english.tables, 1.0
    site = mention.next in tables.sites
    if mention.capital_after and (site or (mention.largest < 1_000_000 and mention.next not in tables.kinds)):
        left *= PART
    if mention.largest < 1_000_000 and mention.capital_before and mention.position and not located:
        free = mention.previous in tables.directions or english.of(mention.previous).common
        left *= 1.0 if free else PART
    return left


def _namesake(mention: Mention, english: English, located: bool, american: bool) -> float:
    """What is left when people bear the name as well."""
    known, region = english.of(mention.key), mention.region
    if not mention.single or not (known.first or known.last):
        return 1.0
    small = mention.largest < 500_000 or (known.first > 0 and region and mention.largest < 3_000_000)
    if (known.first or known.last >= SURNAME) and small and not (region and american):
        return NAMESAKE if located else NAMESAKE_BARE
    return 1.0 if located or mention.largest >= 300_000 else NAMESAKE
