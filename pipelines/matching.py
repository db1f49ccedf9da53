"""Which watchlists an article matches, and why.

One scan finds the phrases of all lists at once. An index from *anchors* (phrases, places and actors of which
one must be there for a list to hold) then picks the candidates, and only those are evaluated: an article that
has nothing of a list costs that list nothing, however many there are. So does Lucene Monitor's presearcher.

`naive` evaluates one list without scan, index or shortcut; `Matcher` must always agree with it. `explain` is
the same evaluation, kept as a tree for a person to read.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

from connectors.errors import Problem
from connectors.records import Article, Evidence, Tag, TaggedArticle, Zone
from pipelines.conditions import Actor, Condition, Group, Leaf, Phrase, Place, anchors, leaves
from pipelines.scanning import Pattern, Scanner
from pipelines.watchlists import Example, Watchlist

EVIDENCE_LIMIT = 20
"""Pieces of evidence an alert carries: more than a person reads, and it bounds the record."""

SNIPPET = 80
"""Characters shown on either side of the evidence."""

_ZONES: dict[Zone, int] = {zone: order for order, zone in enumerate(get_args(Zone))}


@dataclass(frozen=True, slots=True)
class Match:
    """A watchlist that holds for an article, and what made it hold, in reading order."""

    watchlist: Watchlist
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a condition held: a phrase, place or actor with what was met of it, a group with its parts."""

    rule: str
    held: bool
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Explanation, ...] = ()


Find = Callable[[Leaf], Sequence[Evidence]]
Span = tuple[Zone, int, int]
"""Where a phrase was met."""

Met = dict[int, list[Span | Tag]]
"""What was met, by the number of the phrase, place or actor."""

Rule = int | tuple[tuple["Rule", ...], ...]
"""A condition compiled: the number of a phrase, place or actor, or the three lists of a group."""


class Matcher:
    """All watchlists, compiled.

    Cost: building is linear in the phrases; a match is one scan of the text, and an evaluation of each list
    of which an anchor was met. Safe to share between threads. Does not pickle.
    """

    def __init__(self, watchlists: Iterable[Watchlist]) -> None:
        self.watchlists = tuple(sorted(watchlists, key=lambda w: w.id))
        every = dict.fromkeys(leaf for w in self.watchlists for _, leaf in leaves(w.match))
        self._numbers = {leaf: number for number, leaf in enumerate(every)}
        phrases = [leaf for leaf in every if isinstance(leaf, Phrase)]
        self._scanner = Scanner([Pattern(phrase.phrase) for phrase in phrases])
        self._phrases = [self._numbers[phrase] for phrase in phrases]
        self._entities = {_key(leaf): n for leaf, n in self._numbers.items() if not isinstance(leaf, Phrase)}
        self._rules = [_compiled(w.match, self._numbers) for w in self.watchlists]
        self._candidates: defaultdict[int, list[int]] = defaultdict(list)
        for rule, watchlist in enumerate(self.watchlists):
            for leaf in anchors(watchlist.match) or ():
                self._candidates[self._numbers[leaf]].append(rule)

    def match(self, tagged: TaggedArticle) -> list[Match]:
        """The watchlists that hold for *tagged*, by id."""
        met = self._scan(tagged)
        candidates = {rule for number in met for rule in self._candidates.get(number, ())}
        matches = []
        for rule in sorted(candidates):
            watchlist = self.watchlists[rule]
            if _admits(watchlist, tagged) and _holds(self._rules[rule], met):
                explanation = _explain(watchlist.match, lambda leaf: self._evidence(leaf, met, tagged))
                matches.append(Match(watchlist, _chosen(explanation)))
        return matches

    def _scan(self, tagged: TaggedArticle) -> Met:
        """By number, every phrase, place and actor of any list that the article has, with where."""
        met: defaultdict[int, list[Span | Tag]] = defaultdict(list)
        for tag in tagged.tags:
            if (number := self._entities.get((tag.kind, tag.id))) is not None:
                met[number].append(tag)
        for zone, text in tagged.article.zones():
            for pattern, start, end in self._scanner.scan(text):
                met[self._phrases[pattern]].append((zone, start, end))
        return met

    def _evidence(self, leaf: Leaf, met: dict[int, list[Span | Tag]], tagged: TaggedArticle) -> list[Evidence]:
        return [_evidence(leaf, span, tagged) for span in met.get(self._numbers[leaf], ())]


def naive(watchlist: Watchlist, tagged: TaggedArticle) -> Match | None:
    """The oracle: evaluate *watchlist* alone, looking for each of its phrases by itself."""
    explanation = explain(watchlist, tagged)
    return Match(watchlist, _chosen(explanation)) if explanation.held else None


def explain(watchlist: Watchlist, tagged: TaggedArticle) -> Explanation:
    """Why *watchlist* holds or not, condition by condition; the first part says whether it looks at all."""
    condition = _explain(watchlist.match, lambda leaf: _find(leaf, tagged))
    admitted = _admits(watchlist, tagged)
    source = tagged.article.source
    door = Explanation(f"language '{tagged.language}' and source '{source}' are looked at", admitted)
    return Explanation(watchlist.id, admitted and condition.held, parts=(door, condition))


def run_examples(watchlist: Watchlist, tag: Callable[[Sequence[Article]], Sequence[Sequence[Tag]]]) -> list[Problem]:
    """Try the examples of *watchlist* with a tagger's *tag*; a mistake for each that does not do as it says.

    An example without language or source has one that the list looks at: it is the words that are tried.
    """
    problems = []
    for name, examples in (("alert", watchlist.examples.alert), ("quiet", watchlist.examples.quiet)):
        tried = [_example(watchlist, example) for example in examples]
        for index, (article, tags) in enumerate(zip(tried, tag(tried) if tried else (), strict=True)):
            match = naive(watchlist, TaggedArticle(article=article, language=article.language, tags=tuple(tags)))
            if name == "alert" and match is None:
                message = "this example must alert and does not"
            elif name == "quiet" and match is not None:
                reasons = dict.fromkeys(f"'{e.surface}' ({e.rule})" for e in match.evidence)
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


def _compiled(condition: Condition, numbers: dict[Leaf, int]) -> Rule:
    if not isinstance(condition, Group):
        return numbers[condition]
    parts = (condition.any, condition.all, condition.none)
    return tuple(tuple(_compiled(inner, numbers) for inner in part) for part in parts)


def _holds(rule: Rule, met: Container[int]) -> bool:
    if isinstance(rule, int):
        return rule in met
    some, every, no = rule
    if some and not any(_holds(part, met) for part in some):
        return False
    return all(_holds(part, met) for part in every) and not any(_holds(part, met) for part in no)


def _explain(condition: Condition, find: Find) -> Explanation:
    if not isinstance(condition, Group):
        evidence = tuple(find(condition))
        return Explanation(str(condition), bool(evidence), evidence)
    parts = []
    for name, conditions in condition.parts():
        inner = tuple(_explain(part, find) for part in conditions)
        some, every = any(part.held for part in inner), all(part.held for part in inner)
        held = {"any": some, "all": every, "none": not some}[name]
        parts.append(Explanation(name, held, parts=inner))
    if len(parts) == 1:
        return parts[0]
    return Explanation("all", all(part.held for part in parts), parts=tuple(parts))


def _chosen(explanation: Explanation) -> tuple[Evidence, ...]:
    """The evidence an alert carries: each distinct surface before a repetition, slips and acronyms first."""
    seen: Counter[tuple[str, str]] = Counter()
    ranked: list[tuple[int, bool, int, Evidence]] = []
    for evidence in _outermost(_grounds(explanation)):
        same = (evidence.rule, evidence.surface.casefold())
        ranked.append((seen[same], evidence.how == "exact", len(ranked), evidence))
        seen[same] += 1
    ranked.sort(key=lambda r: r[:3])
    return tuple(sorted((evidence for *_, evidence in ranked[:EVIDENCE_LIMIT]), key=_reading))


def _outermost(found: Iterable[Evidence]) -> Iterator[Evidence]:
    """In reading order, what does not stand within something else found; of two on one span, the entity."""
    zone, end = "", 0
    for evidence in sorted(found, key=lambda e: (_ZONES[e.zone], e.start, -e.end, not e.entity, e.rule)):
        if evidence.zone != zone or evidence.end > end:
            zone, end = evidence.zone, evidence.end
            yield evidence


def _grounds(explanation: Explanation) -> Iterator[Evidence]:
    """What made *explanation* hold; what ``none`` looked for is no ground."""
    if explanation.held:
        yield from explanation.evidence
        for part in explanation.parts if explanation.rule != "none" else ():
            yield from _grounds(part)


def _reading(evidence: Evidence) -> tuple[int, int, int, str]:
    return _ZONES[evidence.zone], evidence.start, evidence.end, evidence.rule


def _find(leaf: Leaf, tagged: TaggedArticle) -> list[Evidence]:
    found: list[Span | Tag] = []
    if isinstance(leaf, Phrase):
        for zone, text in tagged.article.zones():
            found += [(zone, hit.start, hit.end) for hit in _alone(leaf).scan(text)]
    else:
        found += [tag for tag in tagged.tags if (tag.kind, tag.id) == _key(leaf)]
    return [_evidence(leaf, span, tagged) for span in found]


@functools.lru_cache(1024)
def _alone(phrase: Phrase) -> Scanner:
    return Scanner([Pattern(phrase.phrase)])


def _key(leaf: Place | Actor) -> tuple[str, str]:
    return ("place", leaf.place) if isinstance(leaf, Place) else ("actor", leaf.actor)


def _evidence(leaf: Leaf, span: Span | Tag, tagged: TaggedArticle) -> Evidence:
    if isinstance(span, Tag):
        return Evidence(
            rule=str(leaf),
            zone=span.zone,
            start=span.start,
            end=span.end,
            surface=span.surface,
            entity=span.id,
            how=span.how,
        )
    zone, start, end = span
    text: str = getattr(tagged.article, zone)
    return Evidence(rule=str(leaf), zone=zone, start=start, end=end, surface=text[start:end])


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
