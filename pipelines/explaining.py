"""Why a condition held or not, part by part, for a person to read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from connectors.records import Evidence
from pipelines.conditions import FARTHEST, Condition, Group, Listed, Named, Near, Of, Sentence, Weights
from pipelines.evaluating import Number, compiled, scoped, spots
from pipelines.facts import Facts
from pipelines.standing import Hit, Text, near
from pipelines.weighing import weighed

FEW = 5
"""Conditions of which one is enough that are named; the rest is a count."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a condition held: words, a place or an actor with what was met of it, a group with its parts."""

    rule: str
    held: bool
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Explanation, ...] = ()


def explain(condition: Condition, number: Number, text: Text, shown: Callable[[Hit], Evidence]) -> Explanation:
    """Why *condition* holds or not; a part of `Of` is told of what `Of` leaves."""

    def inside(conditions: tuple[Condition, ...], text: Text = text) -> tuple[Explanation, ...]:
        return tuple(explain(part, number, text, shown) for part in conditions)

    match condition:
        case Group():
            groups = []
            for name, group in condition.parts():
                inner = inside(group)
                some, every = any(part.held for part in inner), all(part.held for part in inner)
                held = {"any": some, "all": every, "none": not some}[name]
                groups.append(Explanation(name, held, parts=inner))
            if condition.label:
                one = groups[0] if len(groups) == 1 else Explanation("", all(g.held for g in groups), (), tuple(groups))
                return Explanation(str(condition), one.held, parts=one.parts)
            if len(groups) == 1:
                return groups[0]
            return Explanation("all", all(group.held for group in groups), parts=tuple(groups))
        case Near() | Sentence():
            parts = inside(condition.near if isinstance(condition, Near) else condition.sentence)
        case Of():
            parts = inside((condition.of,), scoped(condition, number)(text))
        case Weights():
            return _score(condition, number, text, inside(tuple(row.of for row in condition.weights)))
        case Facts():
            parts = ()
        case Named() | Listed():
            raise AssertionError(condition)
        case _:
            evidence = tuple(shown(hit) for hit in text.met.get(number(condition), ()))
            return Explanation(str(condition), compiled(condition, number)(text) is not None, evidence)
    held = compiled(condition, number)(text) is not None
    return Explanation(str(condition) + ("" if held else _missed(condition, number, text)), held, parts=parts)


def _score(condition: Weights, number: Number, text: Text, parts: tuple[Explanation, ...]) -> Explanation:
    found = [compiled(row.of, number)(text) or [] for row in condition.weights]
    rows = weighed(condition, found, text)
    told = []
    for part, row in zip(parts, rows, strict=True):
        sums = " + ".join(f"{p.points:g} for {p.hits} in {p.zone}" for p in row.points)
        told.append(
            Explanation(
                f"{row.total:+g} {part.rule}{f' ({sums})' if sums else ''}", part.held, part.evidence, part.parts
            )
        )
    total = round(sum(row.total for row in rows), 6)
    return Explanation(f"{condition}; it is {total:g}", total >= condition.threshold, parts=tuple(told))


def _missed(condition: Near | Sentence | Of | Facts, number: Number, text: Text) -> str:
    """By how much *condition* does not hold, when that can be said: "; the nearest are 14 words apart"."""
    match condition:
        case Of():
            rule = compiled(condition.of, number)
            if found := rule(scoped(condition, number)(text)):
                return f"; it is {len(spots(found))}"
            where = "that near" if condition.unless_near else "elsewhere"
            return f"; it stands {where} only" if rule(text) else ""
        case Near():
            parts = [compiled(part, number)(text) or [] for part in condition.near]
            if all(parts):
                apart = bisect_left(range(FARTHEST), True, key=lambda d: bool(near(text, parts, d, condition.ordered)))
                return f"; the nearest are {apart if apart < FARTHEST else f'{FARTHEST} or more'} words apart"
        case Sentence():
            if all(compiled(part, number)(text) for part in condition.sentence):
                return "; they stand in different sentences"
    return ""


def missing(explanation: Explanation) -> tuple[str, ...]:
    """The fewest conditions that would have had to be met besides, by what they are called; () when it held.

    Of the branches of ``any`` the nearest is told: that with the fewest missing, then that with most of it met. Does
    not: find what only other words together would have brought.
    """
    if explanation.held:
        return ()
    if explanation.rule == "none":
        return tuple(f"no {part.rule}" for part in explanation.parts if part.held)
    inner = [(part, missing(part)) for part in explanation.parts if not part.held]
    if not inner or "; " in explanation.rule:
        return (explanation.rule,)
    if explanation.rule != "any" and not explanation.rule.startswith("group: "):
        return tuple(name for _, lacking in inner for name in lacking)
    if any(part.parts for part, _ in inner):
        return min(inner, key=lambda found: (len(found[1]), -_met(found[0])))[1]
    return (explanation.rule if explanation.rule != "any" else _one_of(explanation),)


def _met(explanation: Explanation) -> int:
    """How many of its words, places and actors were met."""
    return bool(explanation.evidence) + sum(map(_met, explanation.parts))


def _one_of(explanation: Explanation) -> str:
    names = [part.rule for part in explanation.parts[:FEW]]
    more = len(explanation.parts) - FEW
    return f"one of {', '.join(names)}" + (f" and {more} more" if more > 0 else "")
