"""Which watchlists an article matches, and why.

Of each list *anchors* are chosen: phrases, places and actors of which one must be there for it to hold, and which are
rare. One scan finds the anchors of all lists at once and so picks the candidates; only those are evaluated, each by
a scan for its own words. An article that has nothing of a list costs that list nothing, however many there are. So
does Lucene Monitor's presearcher.

`naive` evaluates one list without scan, index or shortcut; `Matcher` must always agree with it. `explain` is
the same evaluation, kept as a tree for a person to read.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.errors import Problem
from connectors.records import Article, Evidence, Tag, TaggedArticle
from pipelines.conditions import Actor, Leaf, Place, anchors, entity, leaves
from pipelines.evaluating import Explanation, compiled
from pipelines.evaluating import explain as explained
from pipelines.phrases import Phrase
from pipelines.scanning import Pattern, Scanner
from pipelines.standing import ORDER, Hit, Hits, Text, reading
from pipelines.watchlists import Example, Watchlist

EVIDENCE_LIMIT = 20
"""Pieces of evidence an alert carries: more than a person reads, and it bounds the record."""

HITS = 1_000
"""Hits of one phrase, place or actor that are looked at, the first in reading order: an article made of nothing but a
list's words must not hold up the others (measured: 4 s a MB of such text without this bound)."""

SNIPPET = 80
"""Characters shown on either side of the evidence."""


@dataclass(frozen=True, slots=True)
class Match:
    """A watchlist that holds for an article, and what made it hold, in reading order."""

    watchlist: Watchlist
    evidence: tuple[Evidence, ...]


class Matcher:
    """All watchlists, compiled.

    Cost: building is linear in the anchors; a match is one scan for the anchors of all lists, and a scan for its own
    words for each list of which one was met. A list is compiled when it is first evaluated. Safe to share between
    threads. Does not pickle.
    """

    def __init__(self, watchlists: Iterable[Watchlist]) -> None:
        self.watchlists = tuple(sorted(watchlists, key=lambda w: w.id))
        by_anchor: defaultdict[Leaf, list[int]] = defaultdict(list)
        for number, watchlist in enumerate(self.watchlists):
            for leaf in anchors(watchlist.condition) or ():
                by_anchor[leaf].append(number)
        phrases = {leaf: found for leaf, found in by_anchor.items() if isinstance(leaf, Phrase)}
        self._scanner = Scanner([Pattern(phrase.phrase, phrase.case) for phrase in phrases])
        self._by_phrase = list(map(tuple, phrases.values()))
        self._by_entity = {_key(leaf): found for leaf, found in by_anchor.items() if not isinstance(leaf, Phrase)}
        self._lists: dict[int, _List] = {}

    def match(self, tagged: TaggedArticle) -> list[Match]:
        """The watchlists that hold for *tagged*, by id."""
        found: list[Sequence[int]] = [self._by_entity.get((tag.kind, tag.id), ()) for tag in tagged.tags]
        for _, text in tagged.article.zones():
            found += [self._by_phrase[pattern] for pattern in self._scanner.met(text)]
        matches = []
        for number in sorted({number for numbers in found for number in numbers}):
            watchlist = self.watchlists[number]
            if _admits(watchlist, tagged) and (evidence := self._list(number).evidence(tagged)) is not None:
                matches.append(Match(watchlist, evidence))
        return matches

    def _list(self, number: int) -> _List:
        if number not in self._lists:
            self._lists[number] = _List(self.watchlists[number])
        return self._lists[number]


class _List:
    """One watchlist, ready to be evaluated: its own words in one automaton."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._leaves = list(dict.fromkeys(leaf for _, leaf in leaves(watchlist.condition)))
        numbers = {leaf: number for number, leaf in enumerate(self._leaves)}
        self._phrases = [(number, leaf) for leaf, number in numbers.items() if isinstance(leaf, Phrase)]
        self._entities = {_key(leaf): n for leaf, n in numbers.items() if not isinstance(leaf, Phrase)}
        self._scanner = Scanner([Pattern(phrase.phrase, phrase.case) for _, phrase in self._phrases])
        self._rule = compiled(watchlist.condition, numbers.__getitem__)

    def evidence(self, tagged: TaggedArticle) -> tuple[Evidence, ...] | None:
        """What made the list hold; None when it does not."""
        met: defaultdict[int, Hits] = defaultdict(list)
        for tag in tagged.tags:
            if (number := self._entities.get((tag.kind, tag.id))) is not None:
                met[number].append(Hit(tag.zone, tag.start, tag.end, number, tag.how))
        for zone, text in tagged.article.zones():
            for pattern, start, end in self._scanner.scan(text):
                number, phrase = self._phrases[pattern]
                if len(met[number]) < HITS and phrase.admits(tagged.language):
                    met[number].append(Hit(zone, start, end, number))
        hits = self._rule(Text(tagged, {number: hits[:HITS] for number, hits in met.items() if hits}))
        return None if hits is None else _chosen(_evidence(self._leaves[hit.leaf], hit, tagged) for hit in _each(hits))


def naive(watchlist: Watchlist, tagged: TaggedArticle) -> Match | None:
    """Evaluate *watchlist* alone, looking for each of its phrases by itself: slow, and without index or shortcut."""
    numbers, text, shown = _alone(watchlist, tagged)
    hits = compiled(watchlist.condition, numbers.__getitem__)(text)
    if hits is None or not _admits(watchlist, tagged):
        return None
    return Match(watchlist, _chosen(map(shown, _each(hits))))


def explain(watchlist: Watchlist, tagged: TaggedArticle) -> Explanation:
    """Why *watchlist* holds or not, condition by condition; the first part says whether it looks at all."""
    numbers, text, shown = _alone(watchlist, tagged)
    condition = explained(watchlist.condition, numbers.__getitem__, text, shown)
    admitted = _admits(watchlist, tagged)
    source = tagged.article.source
    door = Explanation(f"language '{tagged.language}' and source '{source}' are looked at", admitted)
    return Explanation(watchlist.id, admitted and condition.held, parts=(door, condition))


def _alone(watchlist: Watchlist, tagged: TaggedArticle) -> tuple[dict[Leaf, int], Text, Callable[[Hit], Evidence]]:
    found = list(dict.fromkeys(leaf for _, leaf in leaves(watchlist.condition)))
    text = Text(tagged, {n: _find(leaf, n, tagged) for n, leaf in enumerate(found)})
    return {leaf: n for n, leaf in enumerate(found)}, text, lambda hit: _evidence(found[hit.leaf], hit, tagged)


def run_examples(watchlist: Watchlist, tag: Callable[[Sequence[Article]], Sequence[Sequence[Tag]]]) -> list[Problem]:
    """Try the examples of *watchlist* with a tagger's *tag*; a mistake for each that does not do as it says.

    An example without language or source has one that the list looks at: it is the words that are tried.
    """
    problems, ready = [], _List(watchlist)
    for name, examples in (("alert", watchlist.examples.alert), ("quiet", watchlist.examples.quiet)):
        tried = [_example(watchlist, example) for example in examples]
        for index, (article, tags) in enumerate(zip(tried, tag(tried) if tried else (), strict=True)):
            tagged = TaggedArticle(article=article, language=article.language, tags=tuple(tags))
            evidence = ready.evidence(tagged) if _admits(watchlist, tagged) else None
            if name == "alert" and evidence is None:
                message = "this example must alert and does not"
            elif name == "quiet" and evidence is not None:
                reasons = dict.fromkeys(f"'{e.surface}' ({e.rule})" for e in evidence)
                message = f"this example must stay quiet and alerts, for {', '.join(reasons)}"
            else:
                continue
            problems.append(watchlist.problem(message, ("examples", name, index)))
    return problems


def snippet(text: str, start: int, end: int) -> str:
    """Some `SNIPPET` characters on either side of ``text[start:end]``, cut between words, on one line."""
    low, high = max(0, start - SNIPPET), min(len(text), end + SNIPPET)
    if low:
        low = next((i + 1 for i in range(low, start) if text[i].isspace()), low)
    if high < len(text):
        high = next((i for i in range(high - 1, end - 1, -1) if text[i].isspace()), high)
    return ("… " if low else "") + " ".join(text[low:high].split()) + (" …" if high < len(text) else "")


def _admits(watchlist: Watchlist, tagged: TaggedArticle) -> bool:
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


def _find(leaf: Leaf, number: int, tagged: TaggedArticle) -> Hits:
    if not isinstance(leaf, Phrase):
        tags = [tag for tag in tagged.tags if (tag.kind, tag.id) == _key(leaf)][:HITS]
        return [Hit(tag.zone, tag.start, tag.end, number, tag.how) for tag in tags]
    zones = tagged.article.zones() if leaf.admits(tagged.language) else ()
    found = [Hit(zone, hit.start, hit.end, number) for zone, text in zones for hit in _scanner(leaf).scan(text)]
    return found[:HITS]


@functools.lru_cache(1024)
def _scanner(phrase: Phrase) -> Scanner:
    return Scanner([Pattern(phrase.phrase, phrase.case)])


def _key(leaf: Place | Actor) -> tuple[str, str]:
    return ("place", leaf.place) if isinstance(leaf, Place) else ("actor", leaf.actor)


def _evidence(leaf: Leaf, hit: Hit, tagged: TaggedArticle) -> Evidence:
    text: str = getattr(tagged.article, hit.zone)
    return Evidence(
        rule=str(leaf),
        zone=hit.zone,
        start=hit.start,
        end=hit.end,
        surface=text[hit.start : hit.end],
        entity=entity(leaf),
        how=hit.how,
    )


def _example(watchlist: Watchlist, example: Example) -> Article:
    language = example.language or (watchlist.languages[0] if watchlist.languages else "und")
    source = example.source or (watchlist.sources.only[0] if watchlist.sources.only else "example")
    return Article(
        id="example",
        source=source,
        url="",
        title=example.title,
        lead=example.lead,
        body=example.body,
        captions=example.captions,
        language=language,
        fetched=datetime.fromtimestamp(0, UTC),
    )
