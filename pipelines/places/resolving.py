"""Which of the places of one name is meant: what an article says of one country speaks for its other places there.

Two rounds of voting, as in Leidner, "Toponym Resolution in Text" (2007), "one sense per discourse" and spatial
coherence; constants measured: research on tagging §2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipelines.knowledge.world import Place
from pipelines.places.context import CUE, CUES_COUNTED
from pipelines.places.evidence import Evidence

CAP = 6.0
"""Most that names certain of one country speak for it."""

FLOOR = 0.15
"""What a country has of which nothing else is said."""

ROUNDS = 2

HOMONYM = 0.5
"""What must speak for the US before the name of a state is that of a town there."""

NEIGHBOURS = frozenset({"RU", "AM", "AZ", "UA", "TR"})
"""Of Georgia."""


LONELY, LARGE = 0.3, 500_000
"""How sure a place of fewer people can be that stands alone with its country (measured: `tests/eval`, lgl +0.3)."""

AMERICAN = 3
"""Different places in the US beside which Georgia is one of its states, though neighbours of the other are named."""


class Resolved(NamedTuple):
    """*evidence* with its *country*, and how sure that is, 0 to 1."""

    evidence: Evidence
    country: str
    confidence: float

    @property
    def place(self) -> Place | None:
        """The place that is meant: of those in the country the one in the region that was said, else the largest."""
        there = [place for place in self.evidence.mention.places if place.country == self.country]
        return next((place for place in there if place.admin == self.evidence.admin), there[0] if there else None)


def resolve(
    found: Sequence[Evidence], cues: Mapping[str, int], home: tuple[str, float], prior: Mapping[str, float]
) -> list[Resolved]:
    """Every piece of evidence with its country, in the order of *found*.

    *home* is the country of the source and what it counts for, *prior* what else speaks for a country beforehand.
    """
    strong = _strong(found)
    scores: defaultdict[str, float] = defaultdict(float, {code: min(sum_, CAP) for code, sum_ in strong.items()})
    for country, count in cues.items():
        scores[country] += CUE * min(count, CUES_COUNTED)
    scores[home[0]] += home[1]
    known = dict(scores)
    for country, weight in prior.items():
        scores[country] += weight
    settled = [_settled(piece, found, strong, known) for piece in found]
    for piece in settled:
        if piece.homonym:
            scores[piece.certain] = max(scores[piece.certain], min(CAP, scores[piece.certain] + piece.weight))
    votes = _votes(settled, scores)
    resolved = [_resolved(piece, votes) for piece in settled]
    return _lonely(resolved, strong, home[0]) if home[0] else resolved


def _lonely(resolved: Sequence[Resolved], strong: Mapping[str, float], home: str) -> list[Resolved]:
    """A small place abroad, of whose country nothing else is named, may as well be one at home that no list holds."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for one in resolved:
        names[one.country].add(one.evidence.mention.key)

    def doubted(one: Resolved) -> Resolved:
        mention = one.evidence.mention
        alone = one.country != home and not strong.get(one.country) and len(names[one.country]) == 1
        small = one.evidence.rule == "place" and mention.name is None and mention.largest < LARGE
        return one._replace(confidence=one.confidence * LONELY) if alone and small else one

    return list(map(doubted, resolved))


def _strong(found: Sequence[Evidence]) -> Mapping[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for piece in found:
        if piece.certain and not piece.homonym and piece.rule != "place":
            sums[piece.certain] += piece.weight
    return sums


def _settled(
    piece: Evidence, found: Sequence[Evidence], strong: Mapping[str, float], known: Mapping[str, float]
) -> Evidence:
    """A name that is a state's and a town's or another state's too, told by what else is named."""
    if piece.homonym:
        state = piece.certain
        own = strong.get(state, 0) + sum(other.shares.get(state, 0) > 0.6 for other in found if other.rule == "place")
        others = {other.certain for other in found if other.homonym} - {state}
        foreign = sum(sum_ for country, sum_ in strong.items() if country != "US") + len(others)
        if own < 1 and foreign < 1 and known.get("US", 0) >= HOMONYM:
            return piece._replace(shares={"US": 1.0}, rule="homonym")
    elif piece.rule == "georgia":
        own = strong.get("GE", 0) + sum(other.shares.get("GE", 0) > 0.5 for other in found if other.rule == "place")
        near = any(strong.get(country, 0) for country in NEIGHBOURS)
        american = {o.mention.key for o in found if o.shares.get("US", 0) > 0.5 and o.rule != "state"}
        georgian = own > 0 or (near and len(american) < AMERICAN) or known.get("GE", 0)
        elsewhere = piece.shares.get("GE", 0) > 0.5 or (not known.get("US", 0) and any(strong.values()))
        georgian = georgian or (elsewhere and not american)
        return piece._replace(shares={"GE" if georgian else "US": 1.0})
    return piece


def _votes(found: Sequence[Evidence], scores: Mapping[str, float]) -> Mapping[str, float]:
    open_ = {
        piece.mention.key: piece
        for piece in sorted(found, key=lambda p: p.weight)
        if piece.rule in ("place", "georgia")
    }
    votes: Mapping[str, float] = {}
    for number in range(ROUNDS):
        new = defaultdict(float, scores)
        for piece in open_.values():
            shares = piece.shares if number == 0 else _judged(piece.shares, votes)
            for country, share in shares.items():
                new[country] += share * min(piece.weight, 1.0)
        votes = new
    return votes


def _judged(shares: Mapping[str, float], votes: Mapping[str, float]) -> dict[str, float]:
    raised = {country: share * (FLOOR + votes.get(country, 0)) for country, share in shares.items()}
    total = sum(raised.values())
    return {country: value / total for country, value in raised.items()}


def _resolved(piece: Evidence, votes: Mapping[str, float]) -> Resolved:
    if piece.certain:
        return Resolved(piece, piece.certain, 1.0)
    judged = _judged(piece.shares, votes)
    country = max(judged, key=lambda code: (judged[code], code))
    return Resolved(piece, country, judged[country])
