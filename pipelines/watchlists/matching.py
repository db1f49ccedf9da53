"""Which watchlists an article matches, and why.

Of each list *anchors* are chosen: words, places and actors of which one must be there for it to hold, and which are
rare. One scan finds the anchors of all lists at once and so picks the candidates; only those are evaluated, each by
a scan for its own words. An article that has nothing of a list costs that list nothing, however many there are. So
does Lucene Monitor's presearcher.

`naive` evaluates one list without scan, index or shortcut; `Matcher` must always agree with it. `explain` is
the same evaluation, kept as a tree for a person to read.
"""

from __future__ import annotations

import copy
import functools
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from connectors.records import Evidence, Points, TaggedArticle
from pipelines.watchlists.conditions import Leaf, entity
from pipelines.watchlists.evaluating import compiled
from pipelines.watchlists.explaining import Explainer, Explanation
from pipelines.watchlists.finding import NOTHING, Finder, Inside, Pace
from pipelines.watchlists.levels import Level, leveled
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.screening import screened
from pipelines.watchlists.standing import ORDER, Hit, Hits, Text, reading
from pipelines.watchlists.walking import anchors, aside, leaves
from pipelines.watchlists.watchlist import Watchlist

EVIDENCE_LIMIT = 20
"""Pieces of evidence an alert carries: more than a person reads, and it bounds the record."""

SNIPPET = 80
"""Characters shown on either side of the evidence."""


@dataclass(frozen=True, slots=True)
class Match:
    """A watchlist that holds for an article, and what made it hold, in reading order.

    *level* is ``alert`` when its weights say that the article only mentions the matter. *score* is the sum of *points*,
    less where a row has a cap, None for a list without weights.
    """

    watchlist: Watchlist
    evidence: tuple[Evidence, ...]
    level: Literal["alert", "about"] = "about"
    score: float | None = None
    points: tuple[Points, ...] = ()

    @property
    def sinks(self) -> tuple[str, ...] | None:
        """Those that are told, None for all; none of an alert below the level that the list asks for."""
        delivery = self.watchlist.delivery
        return () if delivery.level == "about" and self.level == "alert" else delivery.sinks


class Matcher:
    """All watchlists, compiled. *inside* tells which places lie in others.

    Cost: building is linear in the anchors; a match is one scan for the anchors of all lists, and a scan for its own
    words for each list of which one was met. A list is compiled when it is first evaluated. Safe to share between
    threads. Does not pickle.
    """

    def __init__(self, watchlists: Iterable[Watchlist], inside: Inside = NOTHING, pace: Pace = iter) -> None:
        self._inside = inside
        self._base = _Part(watchlists, inside, pace)
        self._late = _Part((), inside)
        self._hidden: frozenset[str] = frozenset()

    @property
    def watchlists(self) -> list[Watchlist]:
        """Those in force, by id."""
        base = (w for w in self._base.watchlists if w.id not in self._hidden)
        return sorted((*base, *self._late.watchlists), key=lambda w: w.id)

    @property
    def late(self) -> int:
        """Lists that came or went since it was built; each costs an edit and an article a little."""
        return len(self._late.watchlists) + len(self._hidden)

    def match(self, tagged: TaggedArticle) -> list[Match]:
        """The watchlists that hold for *tagged*, by id."""
        found = (*self._base.candidates(tagged, self._hidden), *self._late.candidates(tagged))
        matches = (ready.match(tagged) for ready in found)
        return sorted((match for match in matches if match is not None), key=lambda match: match.watchlist.id)

    def updated(self, changed: Iterable[Watchlist], gone: Iterable[str] = ()) -> Matcher:
        """The same with some lists new or changed and some *gone*. Cost: that of the lists that are `late`."""
        new = {watchlist.id: watchlist for watchlist in changed}
        out = {*new, *gone}
        other = copy.copy(self)
        other._hidden = self._hidden | (out & self._base.ids)
        other._late = _Part((*(w for w in self._late.watchlists if w.id not in out), *new.values()), self._inside)
        return other


class _Part:
    """Some watchlists behind one scan for their anchors."""

    def __init__(self, watchlists: Iterable[Watchlist], inside: Inside, pace: Pace = iter) -> None:
        self.watchlists = tuple(watchlists)
        self._inside = inside
        by_anchor: defaultdict[Leaf, list[int]] = defaultdict(list)
        for number, watchlist in enumerate(pace(self.watchlists)):
            for leaf in anchors(watchlist.condition) or ():
                by_anchor[leaf].append(number)
        beside = any(aside(watchlist.condition) for watchlist in pace(self.watchlists))
        self._finder = Finder(list(by_anchor), inside, aside=beside, pace=pace)
        self._first = array("I", (numbers[0] for numbers in by_anchor.values()))
        self._others = {leaf: tuple(n[1:]) for leaf, n in enumerate(by_anchor.values()) if n[1:]}
        self._lists: dict[int, Ready] = {}

    @functools.cached_property
    def ids(self) -> frozenset[str]:
        """Of its lists."""
        return frozenset(watchlist.id for watchlist in self.watchlists)

    def candidates(self, tagged: TaggedArticle, hidden: Set[str] = frozenset()) -> list[Ready]:
        """The lists that look at *tagged* and of which an anchor was met, ready to be evaluated."""
        met = self._finder.met(tagged)
        numbers = {self._first[leaf] for leaf in met}
        numbers.update(*(self._others.get(leaf, ()) for leaf in met))
        lists = ((number, self.watchlists[number]) for number in numbers)
        return [self._ready(n, own) for n, own in lists if own.id not in hidden and admits(own, tagged)]

    def _ready(self, number: int, watchlist: Watchlist) -> Ready:
        if number not in self._lists:
            self._lists[number] = Ready(watchlist, self._inside)
        return self._lists[number]


class Ready:
    """One watchlist, ready to be evaluated: its own words in one automaton. Asks nothing of language and source."""

    def __init__(self, watchlist: Watchlist, inside: Inside = NOTHING) -> None:
        self.watchlist = watchlist
        self._leaves = list(dict.fromkeys(leaf for _, leaf in leaves(watchlist.condition)))
        self._number = {leaf: number for number, leaf in enumerate(self._leaves)}.__getitem__
        self._finder = Finder(self._leaves, inside, aside=aside(watchlist.condition))
        self._may = screened(watchlist.condition, self._number)
        self._rule = compiled(watchlist.condition, self._number)
        self._level = leveled(watchlist.condition, self._number)
        self._explainer = Explainer(self._number)

    def match(self, tagged: TaggedArticle) -> Match | None:
        """That the list holds, and what made it; None when it does not."""
        found = self._finder.find(tagged)
        if not self._may(found.keys()):
            return None
        return _match(self.watchlist, self._leaves, Text.of(tagged, found), self._rule, self._level)

    def explain(self, tagged: TaggedArticle) -> Explanation:
        """Why the list holds or not, condition by condition; the first part says whether it looks at all."""
        text = Text.of(tagged, self._finder.find(tagged))
        condition = self._explainer.explain(
            self.watchlist.condition, text, lambda hit: _evidence(self._leaves[hit.leaf], hit, tagged)
        )
        admitted = admits(self.watchlist, tagged)
        door = f"language '{tagged.language}' and source '{tagged.article.source}' are looked at"
        return Explanation(
            self.watchlist.id, admitted and condition.held, parts=(Explanation(door, admitted), condition)
        )


def naive(watchlist: Watchlist, tagged: TaggedArticle, inside: Inside = NOTHING) -> Match | None:
    """Evaluate *watchlist* alone, looking for each of its words by itself: slow, and without index or shortcut."""
    if not admits(watchlist, tagged):
        return None
    found, text = _alone(watchlist, tagged, inside)
    number = {leaf: n for n, leaf in enumerate(found)}.__getitem__
    return _match(watchlist, found, text, compiled(watchlist.condition, number), leveled(watchlist.condition, number))


def explain(watchlist: Watchlist, tagged: TaggedArticle, inside: Inside = NOTHING) -> Explanation:
    """Why *watchlist* holds or not, as `Ready.explain` tells."""
    return Ready(watchlist, inside).explain(tagged)


def _alone(watchlist: Watchlist, tagged: TaggedArticle, inside: Inside) -> tuple[list[Leaf], Text]:
    """The leaves of *watchlist*, and the article with the hits of each, found one by one."""
    found = list(dict.fromkeys(leaf for _, leaf in leaves(watchlist.condition)))
    beside = aside(watchlist.condition)
    met: dict[int, Hits] = {}
    for number, leaf in enumerate(found):
        finder = _finder(leaf, beside) if isinstance(leaf, Phrase) else Finder([leaf], inside, aside=beside)
        if hits := finder.find(tagged).get(0):
            met[number] = [hit._replace(leaf=number) for hit in hits]
    return found, Text.of(tagged, met)


@functools.lru_cache(1024)
def _finder(leaf: Leaf, beside: bool) -> Finder:
    return Finder([leaf], NOTHING, aside=beside)


def _match(
    watchlist: Watchlist, found: Sequence[Leaf], text: Text, rule: Callable[[Text], Hits | None], level: Level
) -> Match | None:
    if (hits := rule(text)) is None:
        return None
    evidence = _chosen(_evidence(found[hit.leaf], hit, text.tagged) for hit in _each(hits))
    return Match(watchlist, evidence, *level(text))


def snippet(text: str, start: int, end: int) -> str:
    """Some `SNIPPET` characters on either side of ``text[start:end]``, cut between words, on one line."""
    low, high = max(0, start - SNIPPET), min(len(text), end + SNIPPET)
    if low:
        low = next((i + 1 for i in range(low, start) if text[i].isspace()), low)
    if high < len(text):
        high = next((i for i in range(high - 1, end - 1, -1) if text[i].isspace()), high)
    return ("… " if low else "") + " ".join(text[low:high].split()) + (" …" if high < len(text) else "")


def admits(watchlist: Watchlist, tagged: TaggedArticle) -> bool:
    """Whether *watchlist* looks at *tagged* at all."""
    return watchlist.admits(tagged.language, tagged.article.source)


def _each(hits: Hits) -> list[Hit]:
    """The *hits* without repetitions, in reading order."""
    return sorted(set(hits), key=reading)


def _chosen(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The evidence an alert carries: each distinct surface before a repetition, slips and acronyms first."""
    seen: Counter[tuple[str, str]] = Counter()
    ranked: list[tuple[int, bool, int, Evidence]] = []
    for evidence in _outermost(found):
        same = (evidence.rule, evidence.surface.casefold())
        ranked.append((seen[same], evidence.how == "exact", len(ranked), evidence))
        seen[same] += 1
    ranked.sort(key=lambda r: r[:3])
    kept = (evidence for *_, evidence in ranked[:EVIDENCE_LIMIT])
    return tuple(sorted(kept, key=lambda e: (ORDER[e.zone], e.start, e.end, e.rule)))


def _outermost(found: Iterable[Evidence]) -> Iterator[Evidence]:
    """In reading order, what does not stand within something else found; of two on one span, the entity."""
    zone, end = "", 0
    for evidence in sorted(found, key=lambda e: (ORDER[e.zone], e.start, -e.end, not e.entity, e.rule)):
        if evidence.zone != zone or evidence.end > end:
            zone, end = evidence.zone, evidence.end
            yield evidence


def _evidence(leaf: Leaf, hit: Hit, tagged: TaggedArticle) -> Evidence:
    text = tagged.article.text(hit.zone)
    return Evidence(
        rule=str(leaf),
        zone=hit.zone,
        start=hit.start,
        end=hit.end,
        surface=text[hit.start : hit.end],
        entity=entity(leaf),
        how=hit.how,
    )
