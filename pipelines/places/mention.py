"""The names in an article, and what stands around each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from connectors.records import TaggedArticle, Zone
from pipelines.folding import fold
from pipelines.knowledge.entity import Name
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.knowledge.world import Place

BEFORE, AFTER = 25, 60
"""Characters beside a name that the rules look at."""

MOST = 1_000
"""Names of an article that are read, the first in reading order, and as many surnames, slips and verbs of a zone: some
rules compare names with each other, and an article made of nothing but names must not hold up the others."""

_NEXT = re.compile(r" ([\w'’-]+)")


class Mention(NamedTuple):
    """One name: ``zone[start:end] == surface``, *position* characters from the beginning of the article.

    *name* is what the gazetteer says of it, None when it only is in the *places* of the world. *left* is the text
    before it and *rest* that after it, *before* the word before it with its punctuation, *after* the word after it,
    when a space alone parts them.
    """

    zone: Zone
    start: int
    end: int
    surface: str
    key: str
    position: int
    name: Name | None
    places: tuple[Place, ...]
    left: str
    before: str
    after: str
    rest: str

    @property
    def capital_before(self) -> bool:
        """Whether the word before has a capital, with no stop between but that of an abbreviation."""
        return self.before[:1].isupper() and (self.before[-1].isalnum() or self.before[-1] == ".")

    @property
    def capital_after(self) -> bool:
        return self.after[:1].isupper()

    @property
    def previous(self) -> str:
        """The word before, small."""
        return self.before.rstrip(".").lower()

    @property
    def next(self) -> str:
        """The word after, small."""
        return self.after.lower()

    @property
    def countries(self) -> set[str]:
        """Those that have a place of the name."""
        return {place.country for place in self.places}

    @property
    def largest(self) -> int:
        """People of the largest place of the name."""
        return max((place.population for place in self.places), default=0)

    @property
    def city(self) -> bool:
        return any(place.kind == "city" for place in self.places)

    @property
    def region(self) -> bool:
        return any(place.kind == "region" for place in self.places)

    @property
    def district(self) -> bool:
        return any(place.kind == "district" for place in self.places)

    @property
    def single(self) -> bool:
        return " " not in self.key


def mentions(tagged: TaggedArticle, gazetteer: Gazetteer) -> Iterator[Mention]:
    """The names in the article in reading order, the first `MOST`; of those that overlap the leftmost and longest."""
    return itertools.islice(_all(tagged, gazetteer), MOST)


def _all(tagged: TaggedArticle, gazetteer: Gazetteer) -> Iterator[Mention]:
    offset = 0
    for zone, text in tagged.article.zones():
        yield from _of(zone, text, offset, tagged.language_in(zone), gazetteer)
        offset += len(text) + 1


def _of(zone: Zone, text: str, offset: int, language: str, gazetteer: Gazetteer) -> Iterator[Mention]:
    names: dict[tuple[int, int], Name] = {}
    for hit in gazetteer.scan(text, language):
        names[hit.start, hit.end] = gazetteer.names[hit.pattern]
    keys = {(start, end): name for name, start, end in gazetteer.world.scan(text)}
    reached = -1
    for start, end in sorted({*names, *keys}, key=lambda span: (span[0], -span[1])):
        if start < reached:
            continue
        reached = end
        surface = text[start:end]
        own = names.get((start, end))
        found = keys.get((start, end), "")
        after = _NEXT.match(text, end)
        yield Mention(
            zone=zone,
            start=start,
            end=end,
            surface=surface,
            key=found or fold(surface).text,
            position=offset + start,
            name=own,
            places=gazetteer.places(found) if found else (),
            left=text[max(0, start - BEFORE) : start],
            before=_before(text, start),
            after=after[1] if after else "",
            rest=text[end : end + AFTER],
        )


def _before(text: str, start: int) -> str:
    """The word before *start*, when only a space parts them."""
    window = text[max(0, start - BEFORE) : start]
    if not window.endswith(" "):
        return ""
    return window.rstrip(" ").rpartition(" ")[2].rpartition("\n")[2].lstrip("\"'“‘(«[")
