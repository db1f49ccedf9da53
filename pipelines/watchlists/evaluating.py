"""Whether a condition holds for an article, and the hits that made it hold.

A condition is compiled once, into a function of a `standing.Text`. How it came about, for a person to read, is in
`pipelines.watchlists.explaining`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeGuard

from connectors.records import TEXT
from pipelines.watchlists import facts
from pipelines.watchlists.conditions import (
    Condition,
    Group,
    Leaf,
    Listed,
    Named,
    Near,
    Of,
    Sentence,
    Weights,
)
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.standing import Hit, Hits, Text, apart, near, together
from pipelines.watchlists.walking import leaves
from pipelines.watchlists.weighing import sum_of, weighed

Rule = Callable[[Text], Hits | None]
"""The hits of a condition that holds, none for one that has no words; None when it does not hold."""

Number = Callable[[Leaf], int]
"""The number of a leaf in `Text.met`."""


def compiled(condition: Condition, number: Number) -> Rule:
    """*condition* as a function. Cost of a call: a look-up for each leaf, and words and sentences where they matter."""
    match condition:
        case Group():
            words = frozenset(number(part) for part in condition.any if _plain(part))
            some = [compiled(part, number) for part in condition.any if not _plain(part)]
            every, no = ([compiled(part, number) for part in group] for group in (condition.all, condition.none))
            if condition.label:  # used in several places, and the same there
                return lambda text: text.once(id(condition), lambda: _group(text, words, some, every, no))
            return lambda text: _group(text, words, some, every, no)
        case Near():
            rules = [compiled(part, number) for part in condition.near]
            return lambda text: _joined(rules, text, lambda p: near(text, p, condition.distance, condition.ordered))
        case Sentence():
            rules = [compiled(part, number) for part in condition.sentence]
            return lambda text: _joined(rules, text, lambda p: together(text, p))
        case Of():
            rule, scope = compiled(condition.of, number), scoped(condition, number)
            return lambda text: _counted(rule(scope(text)), condition.count)
        case Weights():
            rows = [compiled(row.of, number) for row in condition.weights]
            return lambda text: _scored(condition, rows, text)
        case Facts():
            return lambda text: [] if facts.hold(condition.article, text.tagged, text.length) else None
        case Named() | Listed():
            raise AssertionError(condition)  # it has been replaced
        case _:
            leaf = number(condition)
            return lambda text: text.met.get(leaf) or None


def _plain(condition: Condition) -> TypeGuard[Leaf]:
    """Whether *condition* holds whenever its leaf is met."""
    return isinstance(condition, Leaf)


def _group(
    text: Text, words: frozenset[int], some: Sequence[Rule], every: Sequence[Rule], no: Sequence[Rule]
) -> Hits | None:
    hits: Hits = []
    if words or some:
        held = [text.met[leaf] for leaf in words & text.met.keys()]  # most lists are long and little of them is met
        held += [found for rule in some if (found := rule(text)) is not None]
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
    return hits if hits is not None and len(spots(hits)) >= count else None


def _scored(condition: Weights, rows: Sequence[Rule], text: Text) -> Hits | None:
    found = [rule(text) or [] for rule in rows]
    points = weighed(condition, found, text)
    if sum_of(points) < condition.threshold:
        return None
    return [hit for row, hits in zip(points, found, strict=True) if row.total > 0 for hit in hits]


def spots(hits: Iterable[Hit]) -> set[tuple[str, int]]:
    """Where *hits* stand, each place once."""
    return {(hit.zone, hit.start) for hit in hits}


def scoped(condition: Of, number: Number) -> Callable[[Text], Text]:
    """What `Of` leaves of an article: hits in other zones and near the guards do not count."""
    inside = frozenset(number(leaf) for _, leaf in leaves(condition.of))
    guards = [compiled(guard, number) for guard in condition.unless_near]
    zones, distance = condition.in_, condition.distance or 0
    beside = zones is not None and not set(zones) <= set(TEXT)

    def scope(text: Text) -> Text:
        if inside.isdisjoint(text.met) and inside.isdisjoint(text.aside):
            return text.only({}, {})
        void = [hit for guard in guards for hit in guard(text) or ()]

        def left(met: dict[int, Hits]) -> dict[int, Hits]:
            kept = {}
            for leaf in inside & met.keys():
                hits = [h for h in met[leaf] if zones is None or h.zone in zones or text.part(h) in zones]
                if hits := list(apart(text, hits, void, distance)) if void else hits:
                    kept[leaf] = hits
            return kept

        if beside:
            return text.only(left(_both(text.met, text.aside)), {})
        return text.only(left(text.met), left(text.aside) if zones is None else {})

    return scope


def _both(met: dict[int, Hits], aside: dict[int, Hits]) -> dict[int, Hits]:
    return {leaf: met.get(leaf, []) + aside.get(leaf, []) for leaf in met.keys() | aside.keys()}
