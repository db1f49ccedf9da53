"""Where a name says itself that it lies: ``Paris, Texas``, ``Lebanon, Pa.``, ``Arica, a port in Chile``."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.folding import fold
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.places.english import English
from pipelines.places.mention import Mention

_AFTER = re.compile(
    r"(?:['’]s)?(?:, ?| \(|, in |, (?:the |an? )?(?:\w+ )?(?:capital|city|town|village|port|region|suburb) (?:of|in) )"
    r"((?:[A-Z][\w.'’-]*)(?: (?:[A-Z][\w.'’-]*|of|and)){0,3})"
)
_BEFORE = re.compile(r"([A-Z]\w+) (?:province|region|state|department|district|county|canton|oblast|governorate) of $")
"""The people before a region of theirs: the Belgian province of Luxembourg."""

_LIST = re.compile(r"[^.;]{0,40}(?:,| and) (?:[A-Z]|and)")


class Container(NamedTuple):
    """The country, and region where it is known, that a name is said to lie in; *listed*: as one of several names."""

    country: str
    admin: str
    listed: bool


def container(mention: Mention, gazetteer: Gazetteer, english: English | None) -> Container | None:
    """What stands behind *mention* to say where it lies: a state, region or abbreviation that it may lie in.

    Georgia is the state of the US when a town of that name is known there, else the country.
    """
    found = _AFTER.match(mention.rest)
    if not found:
        return _owned(mention, gazetteer)
    known = english.tables.containers if english else {}
    words = found[1]
    while words:
        listed = bool(_LIST.match(mention.rest[found.start(1) + len(words) :]))
        bare = words.rstrip(",;)'’")
        short = bare.rstrip(".").removesuffix("'s").removesuffix("’s")
        if short == "Georgia":
            there = any(place.admin == "US.GA" for place in mention.places)
            entity = mention.name.entity if mention.name else None
            if not there and ("GE" in mention.countries or (entity and entity.country == "GE")):
                return Container("GE", "", listed)
        if said := known.get(bare) or (len(short) > 2 and known.get(short)):
            return Container(*said, listed)
        folded = fold(short).text
        if country := gazetteer.states.get(folded):
            return Container(country, "", listed)
        regions = {country for country in gazetteer.regions(folded) if country in mention.countries}
        if len(regions) == 1:
            return Container(regions.pop(), "", listed)
        words = words.rpartition(" ")[0]
    return None


def _owned(mention: Mention, gazetteer: Gazetteer) -> Container | None:
    """What stands before *mention*: of which country it is a region."""
    found = _BEFORE.search(mention.left)
    for hit in gazetteer.scan(found[1], "en") if found else ():
        name = gazetteer.names[hit.pattern]
        if name.demonym and name.entity.country in mention.countries:
            return Container(name.entity.country, "", False)
    return None
