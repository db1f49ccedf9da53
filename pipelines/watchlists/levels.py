"""How much an article is about what a list looks for: the score of its weights, and the level that it reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from connectors.records import Points
from pipelines.watchlists.conditions import Condition, Group, Of, Weights
from pipelines.watchlists.evaluating import Number, compiled
from pipelines.watchlists.standing import Text
from pipelines.watchlists.walking import changed, parts
from pipelines.watchlists.weighing import sum_of, weighed

Level = Callable[[Text], tuple[Literal["alert", "about"], float | None, tuple[Points, ...]]]
"""Level, score and the points that make it up, of an article for which the condition holds."""


def leveled(condition: Condition, number: Number) -> Level:
    """The level of a condition that holds: ``about`` when it still does where ``about`` takes the threshold's place.

    So a list without weights is always ``about``. The score is the highest of its weights, not counting those within
    ``near``, ``of`` and ``none``; None when it has no weights.
    """
    scores = [(w, [compiled(row.of, number) for row in w.weights]) for w in _weights(condition)]
    raised = _raised(condition)
    rule = None if raised == condition else compiled(raised, number)

    def level(text: Text) -> tuple[Literal["alert", "about"], float | None, tuple[Points, ...]]:
        found = [weighed(w, [row(text) or [] for row in rows], text) for w, rows in scores]
        sums = [(sum_of(rows), rows) for rows in found]
        score, rows = max(sums, key=lambda s: s[0], default=(None, []))
        reached: Literal["alert", "about"] = "alert" if rule and rule(text) is None else "about"
        return reached, score, tuple(points for row in rows for points in row.points)

    return level


def _weights(condition: Condition) -> Iterator[Weights]:
    if isinstance(condition, Weights):
        yield condition
    elif isinstance(condition, Group):
        for part in (*condition.any, *condition.all):
            yield from _weights(part)


def _weighs(condition: Condition) -> bool:
    return isinstance(condition, Weights) or any(_weighs(part) for _, part in parts(condition))


def _raised(condition: Condition) -> Condition:
    """*condition* with the level ``about`` as its threshold, except in what must not hold."""
    if not _weighs(condition):
        return condition
    if isinstance(condition, Weights) and condition.about is not None:
        return condition.model_copy(update={"threshold": condition.about})
    raised = changed(condition, _raised)
    if isinstance(condition, Group):
        return raised.model_copy(update={"none": condition.none})
    if isinstance(condition, Of):
        return raised.model_copy(update={"unless_near": condition.unless_near})
    return raised
