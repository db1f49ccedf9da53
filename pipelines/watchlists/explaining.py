"""Why a condition held or not, part by part, for a person to read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from connectors.records import Evidence
from pipelines.watchlists.conditions import FARTHEST, Condition, Group, Leaf, Listed, Named, Near, Of, Sentence, Weights
from pipelines.watchlists.evaluating import Number, Rule, compiled, scoped, spots
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.standing import Hit, Text, near
from pipelines.watchlists.weighing import sum_of, weighed

FEW = 5
"""Conditions of which one is enough that are named; the rest is a count."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a condition held: words, a place or an actor with what was met of it, a group with its parts."""

    rule: str
    held: bool
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Explanation, ...] = ()


class Explainer:
    """Tells why conditions hold or not.

    What it compiles it keeps, so that it may be asked of many articles. Cost: some ms for a list of thousands of words.
    """

    def __init__(self, number: Number) -> None:
        self._number = number
        self._rules: dict[int, Rule] = {}  # by the identity of the condition: to compare long ones takes longer
        self._scopes: dict[int, Callable[[Text], Text]] = {}
        self._leaves: dict[int, tuple[int, str]] = {}

    def explain(self, condition: Condition, text: Text, shown: Callable[[Hit], Evidence]) -> Explanation:
        """Why *condition* holds or not in *text*; a part of `Of` is told of what it leaves. *shown* shows a hit."""

        def inside(conditions: tuple[Condition, ...], text: Text = text) -> tuple[Explanation, ...]:
            return tuple(self.explain(part, text, shown) for part in conditions)

        match condition:
            case Group():
                return _group(condition, [(name, inside(group)) for name, group in condition.parts()])
            case Near() | Sentence():
                parts = inside(condition.near if isinstance(condition, Near) else condition.sentence)
            case Of():
                parts = inside((condition.of,), self._scope(condition)(text))
            case Weights():
                return self._score(condition, text, inside(tuple(row.of for row in condition.weights)))
            case Facts():
                parts = ()
            case Named() | Listed():
                raise AssertionError(condition)
            case _:
                return self._leaf(condition, text, shown)
        held = self._rule(condition)(text) is not None
        return Explanation(str(condition) + ("" if held else self._missed(condition, text)), held, parts=parts)

    def _rule(self, condition: Condition) -> Rule:
        if id(condition) not in self._rules:
            self._rules[id(condition)] = compiled(condition, self._number)
        return self._rules[id(condition)]

    def _scope(self, condition: Of) -> Callable[[Text], Text]:
        if id(condition) not in self._scopes:
            self._scopes[id(condition)] = scoped(condition, self._number)
        return self._scopes[id(condition)]

    def _leaf(self, leaf: Leaf, text: Text, shown: Callable[[Hit], Evidence]) -> Explanation:
        if id(leaf) not in self._leaves:
            self._leaves[id(leaf)] = self._number(leaf), str(leaf)
        number, rule = self._leaves[id(leaf)]
        if number not in text.met:
            return Explanation(rule, held=False)
        return Explanation(rule, self._rule(leaf)(text) is not None, tuple(map(shown, text.met[number])))

    def _score(self, condition: Weights, text: Text, parts: tuple[Explanation, ...]) -> Explanation:
        rows = weighed(condition, [self._rule(row.of)(text) or [] for row in condition.weights], text)
        told = []
        for part, row in zip(parts, rows, strict=True):
            sums = " + ".join(f"{p.points:g} for {p.hits} in {p.zone}" for p in row.points)
            told.append(Explanation(f"{row.total:+g}{f': {sums}' if sums else ''}", part.held, parts=(part,)))
        total = sum_of(rows)
        return Explanation(f"{condition}; it is {total:g}", total >= condition.threshold, parts=tuple(told))

    def _missed(self, condition: Near | Sentence | Of | Facts, text: Text) -> str:
        """By how much *condition* does not hold, when that can be said: "; the nearest are 14 words apart"."""
        match condition:
            case Of():
                rule = self._rule(condition.of)
                if found := rule(self._scope(condition)(text)):
                    return f"; it is {len(spots(found))}"
                where = "that near" if condition.unless_near else "elsewhere"
                return f"; it stands {where} only" if rule(text) else ""
            case Near():
                parts = [self._rule(part)(text) or [] for part in condition.near]
                if all(parts):
                    ordered = condition.ordered
                    apart = bisect_left(range(FARTHEST), True, key=lambda d: bool(near(text, parts, d, ordered)))
                    return f"; the nearest are {apart if apart < FARTHEST else f'{FARTHEST} or more'} words apart"
            case Sentence():
                if all(self._rule(part)(text) for part in condition.sentence):
                    return "; they stand in different sentences"
        return ""


def _group(condition: Group, parts: list[tuple[str, tuple[Explanation, ...]]]) -> Explanation:
    groups = []
    for name, inner in parts:
        some, every = any(part.held for part in inner), all(part.held for part in inner)
        groups.append(Explanation(name, {"any": some, "all": every, "none": not some}[name], parts=inner))
    whole = groups[0] if len(groups) == 1 else Explanation("all", all(g.held for g in groups), parts=tuple(groups))
    return Explanation(str(condition), whole.held, parts=whole.parts) if condition.label else whole


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
    scoreless = explanation.rule.startswith("score of ") and len(inner) == len(explanation.parts)
    if not inner or ("; " in explanation.rule and not scoreless):
        return (explanation.rule,)
    if not (explanation.rule == "any" or explanation.rule.startswith("group: ") or scoreless):
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
