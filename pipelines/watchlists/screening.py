"""Whether a condition may hold at all, judged by which of its leaves an article has and not by where they stand.

Most candidates have words of one half of a list and none of the other; this tells without looking at a position.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Set

from pipelines.watchlists.conditions import Condition, Group, Leaf, Listed, Named, Near, Of, Sentence, Weights
from pipelines.watchlists.facts import Facts

Screen = Callable[[Set[int]], bool]
"""False when a condition cannot hold, given the numbers of the leaves that were met."""


def screened(condition: Condition, number: Callable[[Leaf], int]) -> Screen:
    """*condition* as a screen. Guarantees: it is true whenever the condition holds.

    Cost of a call: a look-up for each leaf. Does not: look at what must not be there, at distances, zones and counts.
    """
    match condition:
        case Group():
            words = frozenset(number(part) for part in condition.any if isinstance(part, Leaf))
            some = [screened(part, number) for part in condition.any if not isinstance(part, Leaf)]
            every = [screened(part, number) for part in condition.all]
            if not condition.any:
                return _all(every)
            return lambda met: (
                (not words.isdisjoint(met) or any(may(met) for may in some)) and all(may(met) for may in every)
            )
        case Near():
            return _all([screened(part, number) for part in condition.near])
        case Sentence():
            return _all([screened(part, number) for part in condition.sentence])
        case Of():
            return screened(condition.of, number)
        case Weights():
            rows = [(screened(row.of, number), row.best) for row in condition.weights]
            return lambda met: round(sum(best for may, best in rows if may(met)), 6) >= condition.threshold
        case Facts():
            return lambda met: True
        case Named() | Listed():
            raise AssertionError(condition)  # it has been replaced
        case _:
            leaf = number(condition)
            return lambda met: leaf in met


def _all(screens: Collection[Screen]) -> Screen:
    return lambda met: all(may(met) for may in screens)
