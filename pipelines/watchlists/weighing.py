"""The arithmetic of ``weights``: points of hits by zone, their sum, and what level it reaches.

The form is that of the Europe Media Monitor (weights and a threshold; Steinberger et al., 2009) with what was measured
to be needed for conflicts: points once a zone beside points for each hit, and a bound of hits (research on watchlists
§3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.records import Points, Zone
from pipelines.watchlists.conditions import Row, Weights
from pipelines.watchlists.standing import Hits, Text, reading


class Weighed(NamedTuple):
    """What a row came to: its *total*, and the points by zone that it is the sum of, before a cap."""

    total: float
    points: tuple[Points, ...]


def sum_of(rows: Iterable[Weighed]) -> float:
    """The score: what *rows* come to together, without what binary fractions leave (0.7 - 0.2 is 0.5)."""
    return round(sum(row.total for row in rows), 6)


def weighed(condition: Weights, found: Sequence[Hits], text: Text) -> list[Weighed]:
    """What each row of *condition* comes to with the hits *found* of it."""
    return [_row(row, hits, text) for row, hits in zip(condition.weights, found, strict=True)]


def _row(row: Row, hits: Hits, text: Text) -> Weighed:
    there: Counter[Zone] = Counter()
    counted: Counter[Zone] = Counter()
    spots = set()
    for hit in sorted(hits, key=reading):
        if (hit.zone, hit.start) not in spots:
            spots.add((hit.zone, hit.start))
            zone = text.part(hit)
            there[zone] += 1
            if row.each.of(zone) and counted.total() < row.most:
                counted[zone] += 1
    points = []
    for zone, count in there.items():
        sum_ = row.once.of(zone) + row.each.of(zone) * counted[zone]
        if sum_:
            points.append(Points(rule=str(row.of), zone=zone, hits=count, points=round(sum_, 6)))
    total = sum(p.points for p in points)
    return Weighed(total if row.cap is None else min(total, row.cap), tuple(points))
