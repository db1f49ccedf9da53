"""Where the words, places and actors that watchlists look for stand in an article."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, get_args

from connectors.records import TEXT, Act, How, Tag, TaggedArticle, Zone
from pipelines.folding import fold
from pipelines.knowledge.entity import country_key
from pipelines.knowledge.slips import Slips
from pipelines.scanning import Pattern, Scanner
from pipelines.watchlists.conditions import ANY_ACT, Actor, Deed, Leaf, Within, entity
from pipelines.watchlists.expanding import misspelt, patterns
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.regexes import Regex, Regexes, wild
from pipelines.watchlists.standing import Hit, Hits

HITS = 1_000
"""Hits of one phrase, place or actor that are looked at, the first in reading order: an article made of nothing but a
list's words must not hold up the others (measured: 4 s a MB of such text without this bound)."""

ASIDE: tuple[Zone, ...] = ("url", "author", "source")
"""Zones about the text; looked at only when a list asks for them."""

HOW: tuple[How, ...] = get_args(How)

Inside = Mapping[str, Iterable[str]]
"""The ids of the places inside each place, and of the organs of each organisation."""

Pace = Callable[[Iterable[Any]], Iterator[Any]]
"""Passes things on, at the pace that whoever builds in the background may take."""

NOTHING: Inside = MappingProxyType({})
"""No place lies in another."""


class Finder:
    """Several *leaves* at once: one scan for all phrases, one look at each tag.

    Cost: a scan of each zone; where names are met misspelt a look-up for each long word; where expressions are, a scan
    for their letters. With *aside* address, author and source are read too. Does not pickle.
    """

    def __init__(self, leaves: Sequence[Leaf], inside: Inside, *, aside: bool = False, pace: Pace = iter) -> None:
        self._leaves = leaves
        self._zones = TEXT + ASIDE if aside else TEXT
        self._owners, self._hows = array("I"), bytearray()
        self._entities: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._leading: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._deeds: defaultdict[str, list[tuple[int, Sides]]] = defaultdict(list)
        texts: list[Pattern] = []
        self._wild: list[int] = []
        self._regexes: list[int] = []
        self._names: list[int] = []
        for number, leaf in enumerate(pace(leaves)):
            if isinstance(leaf, Regex) or (isinstance(leaf, Phrase) and leaf.wild):
                (self._regexes if isinstance(leaf, Regex) else self._wild).append(number)
            elif isinstance(leaf, Phrase):
                for pattern, how in patterns(leaf):
                    texts.append(pattern)
                    self._owners.append(number)
                    self._hows.append(HOW.index(how))
                if misspelt(leaf):
                    self._names.append(number)
            elif isinstance(leaf, Deed):
                self._deeds[leaf.act].append((number, _sides(leaf, inside)))
            else:
                for key in _keys(leaf, inside):
                    (self._leading if getattr(leaf, "about", False) else self._entities)[key].append(number)
        self._scanner = Scanner(pace(texts))
        self._wild_ones = wild(leaf for n in self._wild if isinstance(leaf := leaves[n], Phrase))
        self._expressions = Regexes([leaf for n in self._regexes if isinstance(leaf := leaves[n], Regex)])
        names = [fold(str(leaves[number])).text.rstrip("*") for number in self._names]
        self._slips = Slips(names) if names else None

    def met(self, tagged: TaggedArticle) -> set[int]:
        """The numbers of the leaves that *tagged* has; cheaper than where."""
        found = {number for tag in tagged.tags for number in self._named(tag)}
        found.update(number for act in tagged.acts for number in self._done(act))
        for zone in self._zones:
            if text := tagged.article.text(zone):
                found.update(self._owners[pattern] for pattern in self._scanner.met(text))
                found.update(number for number, *_ in self._others(text))
        languages = {tagged.language, tagged.language_in("title")}
        return {number for number in found if any(self._admits(number, language) for language in languages)}

    def find(self, tagged: TaggedArticle) -> dict[int, Hits]:
        """The hits of each leaf that *tagged* has, in reading order, the first `HITS` of them."""
        met: defaultdict[int, Hits] = defaultdict(list)
        for tag in tagged.tags:
            for number in self._named(tag):
                met[number].append(Hit(tag.zone, tag.start, tag.end, number, tag.how))
        for act in tagged.acts:
            for number in self._done(act):
                met[number].append(Hit(act.zone, act.start, act.end, number))
        for zone in self._zones:
            if text := tagged.article.text(zone):
                spans: dict[tuple[int, int, int], How] = {}
                for pattern, start, end in self._scanner.scan(text):
                    number, how = self._owners[pattern], HOW[self._hows[pattern]]
                    if how == "exact" or (number, start, end) not in spans:
                        spans[number, start, end] = how
                for number, start, end, how in self._others(text):
                    spans.setdefault((number, start, end), how)
                for (number, start, end), how in sorted(spans.items(), key=lambda item: item[0][1:]):
                    if len(met[number]) < HITS and self._admits(number, tagged.language_in(zone)):
                        met[number].append(Hit(zone, start, end, number, how))
        return {number: hits[:HITS] for number, hits in met.items() if hits}

    def _named(self, tag: Tag) -> set[int]:
        """The leaves that *tag* meets: those of its id, and those of the country that a place lies in."""
        found = {*self._entities.get((tag.kind, tag.id), ())}
        if tag.about:
            found.update(self._leading.get((tag.kind, tag.id), ()))
        if tag.kind == "place" and tag.country:
            found.update(self._entities.get(("place", country_key(tag.country)), ()))
        return found

    def _done(self, act: Act) -> Iterator[int]:
        """The leaves that *act* meets."""
        sides = (act.source, act.source_country), (act.target, act.target_country)
        for number, asked in (*self._deeds.get(act.verb, ()), *self._deeds.get(ANY_ACT, ())):
            if all(
                ids is None or name in ids or country_key(country) in ids
                for ids, (name, country) in zip(asked, sides, strict=True)
            ):
                yield number

    def _others(self, text: str) -> Iterator[tuple[int, int, int, How]]:
        """Hits that the scanner does not find: expressions, words open in their midst, slips."""
        for which, start, end in self._expressions.find(text):
            yield self._regexes[which], start, end, "exact"
        if self._wild or self._slips:
            folded = fold(text)
            for which, start, end in self._wild_ones.find(folded.text):
                yield self._wild[which], *folded.span(start, end), "exact"
            if self._slips:
                for name, start, end in self._slips.find(folded, text):
                    yield self._names[name], start, end, "slip"

    def _admits(self, number: int, language: str) -> bool:
        leaf = self._leaves[number]
        return not isinstance(leaf, Phrase) or leaf.admits(language)


Sides = tuple[frozenset[str] | None, frozenset[str] | None]
"""The ids of which one acts, and of which one is acted upon; None: whoever."""


def _sides(leaf: Deed, inside: Inside) -> Sides:
    def ids(name: str | None) -> frozenset[str] | None:
        return None if name is None else frozenset((name, *inside.get(name, ())))

    return ids(leaf.source), ids(leaf.target)


def _keys(leaf: Leaf, inside: Inside) -> list[tuple[str, str]]:
    """Kind and id of the tags that meet *leaf*."""
    if isinstance(leaf, Within):
        return [("place", name) for name in sorted({leaf.within, *inside.get(leaf.within, ())})]
    if isinstance(leaf, Actor):  # with its organs
        return [("actor", name) for name in sorted({leaf.actor, *inside.get(leaf.actor, ())})]
    return [("place", entity(leaf))]
