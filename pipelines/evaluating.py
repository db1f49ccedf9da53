"""Whether a condition holds for an article, and the hits that made it hold.

A condition is compiled once, into a function of a `pipelines.standing.Text`. `explain` evaluates it part by part and
keeps what each came to, for a person to read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connectors.records import Evidence
from pipelines.conditions import FARTHEST, Condition, Group, Leaf, Named, Near, Of, Sentence, leaves
from pipelines.standing import Hit, Hits, Text, apart, near, together

Rule = Callable[[Text], Hits | None]
"""The hits of a condition that holds, none for one that has no words; None when it does not hold."""

Number = Callable[[Leaf], int]
"""The number of a leaf in `Text.met`."""


def compiled(condition: Condition, number: Number) -> Rule:
    """*condition* as a function. Cost of a call: a look-up for each leaf, and words and sentences where they matter."""
    match condition:
        case Group():
            some, every, no = (
                [compiled(part, number) for part in group] for group in (condition.any, condition.all, condition.none)
            )
            return lambda text: _group(text, some, every, no)
        case Near():
            rules = [compiled(part, number) for part in condition.near]
            return lambda text: _joined(rules, text, lambda p: near(text, p, condition.distance, condition.ordered))
        case Sentence():
            rules = [compiled(part, number) for part in condition.sentence]
            return lambda text: _joined(rules, text, lambda p: together(text, p))
        case Of():
            rule, scope = compiled(condition.of, number), _scope(condition, number)
            return lambda text: _counted(rule(scope(text)), condition.count)
        case Named():
            raise AssertionError(condition)  # `resolved` has replaced it
        case _:
            leaf = number(condition)
            return lambda text: text.met.get(leaf) or None


def _group(text: Text, some: Sequence[Rule], every: Sequence[Rule], no: Sequence[Rule]) -> Hits | None:
    hits: Hits = []
    if some:
        held = [found for rule in some if (found := rule(text)) is not None]
        if not held:
            return None
        hits += (hit for found in held for hit in found)
    for rule in every:
        if (found := rule(text)) is None:
            return None
        hits += found
    return None if any(rule(text) is not None for rule in no) else hits


def _joined(rules: Iterable[Rule], text: Text, join: Callable[[list[Hits]], Hits]) -> Hits | None:
    """The hits that stand together, when every part has some."""
    parts = []
    for rule in rules:
        if not (found := rule(text)):
            return None
        parts.append(found)
    return join(parts) or None


def _counted(hits: Hits | None, count: int) -> Hits | None:
    return hits if hits is not None and len({(hit.zone, hit.start) for hit in hits}) >= count else None


def _scope(condition: Of, number: Number) -> Callable[[Text], Text]:
    """What `Of` leaves of an article: hits in other zones and near the guards do not count."""
    inside = frozenset(number(leaf) for _, leaf in leaves(condition.of))
    guards = [compiled(guard, number) for guard in condition.unless_near]
    zones, distance = condition.in_, condition.distance or 0

    def scope(text: Text) -> Text:
        if not (met := inside & text.met.keys()):
            return text.only({})
        void = [hit for guard in guards for hit in guard(text) or ()]

        def left(hits: Hits) -> Hits:
            scoped = [hit for hit in hits if zones is None or hit.zone in zones]
            return list(apart(text, scoped, void, distance)) if void else scoped

        return text.only({leaf: kept for leaf in met if (kept := left(text.met[leaf]))})

    return scope


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a condition held: a phrase, place or actor with what was met of it, a group with its parts."""

    rule: str
    held: bool
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Explanation, ...] = ()


def explain(condition: Condition, number: Number, text: Text, shown: Callable[[Hit], Evidence]) -> Explanation:
    """Why *condition* holds or not, part by part; a part of `Of` is told of what `Of` leaves."""
    match condition:
        case Group():
            groups = []
            for name, group in condition.parts():
                inner = tuple(explain(part, number, text, shown) for part in group)
                some, every = any(part.held for part in inner), all(part.held for part in inner)
                held = {"any": some, "all": every, "none": not some}[name]
                groups.append(Explanation(name, held, parts=inner))
            if condition.label:
                return Explanation(str(condition), groups[0].held, parts=groups[0].parts)
            if len(groups) == 1:
                return groups[0]
            return Explanation("all", all(group.held for group in groups), parts=tuple(groups))
        case Near() | Sentence():
            together = condition.near if isinstance(condition, Near) else condition.sentence
            inner = tuple(explain(part, number, text, shown) for part in together)
        case Of():
            inner = (explain(condition.of, number, _scope(condition, number)(text), shown),)
        case Named():
            raise AssertionError(condition)
        case _:
            evidence = tuple(shown(hit) for hit in text.met.get(number(condition), ()))
            return Explanation(str(condition), bool(evidence), evidence)
    held = compiled(condition, number)(text) is not None
    return Explanation(str(condition) + ("" if held else _missed(condition, number, text)), held, parts=inner)


def _missed(condition: Near | Sentence | Of, number: Number, text: Text) -> str:
    """By how much *condition* does not hold, when that can be said: "; the nearest are 14 words apart"."""
    if isinstance(condition, Of):
        found = compiled(condition.of, number)(_scope(condition, number)(text)) or ()
        return f"; it is {len({(hit.zone, hit.start) for hit in found})}" if found else ""
    if isinstance(condition, Near):
        parts = [compiled(part, number)(text) or [] for part in condition.near]
        if all(parts):
            apart = bisect_left(range(FARTHEST), True, key=lambda d: bool(near(text, parts, d, condition.ordered)))
            return f"; the nearest are {apart if apart < FARTHEST else f'{FARTHEST} or more'} words apart"
    return ""
