"""Whether two articles tell of one event: how much of each one's terms, headline and opening the other has.

Source of method and constants: research on stories §4 (three shares that bring short and long texts under one
threshold), and ours: articles that open in different places tell of different events (measured: `tests.eval`, dedup).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from connectors.records import Link
from pipelines.stories.rarity import Rarity
from pipelines.stories.terms import Terms

HEAVIEST, KEPT = 80, 200
"""Terms of an article that its likeness to others is taken over; those among which others' headlines are looked for."""

LEAST = 1.4
"""Rarity of a term that says nothing."""

DIGITS = 4
"""Decimals of a weight that is kept."""

APART = 0.05
"""Likeness of two articles that have nothing to do with each other."""

ELSEWHERE = 0.8
"""What is left of a score when both open in places, and in none together."""


class Member(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of an article in a story. *at*: its time, in seconds since the epoch.

    *terms* are its heaviest, by weight; *weights* those of the first of them, a vector of length 1. *about*: it is
    about the matter of its watchlist, and does not only mention it. *alerted*: with it the alert was raised. 1.7 KB.
    """

    id: str
    story: str
    at: float
    terms: tuple[int, ...]
    weights: tuple[float, ...]
    title: tuple[int, ...]
    opening: tuple[int, ...]
    places: tuple[int, ...] = ()
    about: bool = True
    facts: tuple[int, ...] = ()
    alerted: bool = False


def member(terms: Terms, rarity: Rarity, id_: str, at: float, about: bool = True) -> Member:
    """What to keep of an article with *terms*, in a story of its own."""
    rare = ((term, count, rarity.of(term)) for term, count in terms.weights.items())
    weighed = ((term, (1 + math.log(count) if count > 1 else count) * r) for term, count, r in rare if r >= LEAST)
    heaviest = sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:KEPT]
    length = math.sqrt(sum(weight * weight for _, weight in heaviest[:HEAVIEST])) or 1.0
    weights = tuple(round(weight / length, DIGITS) for _, weight in heaviest[:HEAVIEST])
    kept = tuple(term for term, _ in heaviest)
    facts = tuple(terms.facts)
    return Member(id_, id_, at, kept, weights, terms.title, terms.opening, terms.places, about, facts)


def link(one: Member, other: Member, rarity: Rarity) -> Link:
    """How alike *one* and the *other* are. Cost: some 50 µs."""
    vector = dict(zip(one.terms, one.weights, strict=False))
    text = sum(vector.get(term, 0.0) * weight for term, weight in zip(other.terms, other.weights, strict=False))
    if text < APART:
        return Link(article=other.id, score=0.0, text=text, title=0.0, opening=0.0)
    titles = _shares(one.title, other.title, one, other, rarity)
    title = sum(titles) / 2 if len(titles) == 2 else text
    openings = _shares(one.opening, other.opening, one, other, rarity)
    opening = min(openings) if len(openings) == 2 else 0.0
    score = (text + title + 2 * opening) / 4
    if one.places and other.places and not set(one.places) & set(other.places):
        score *= ELSEWHERE
    return Link(article=other.id, score=score, text=text, title=title, opening=opening)


def _shares(of_one: Sequence[int], of_other: Sequence[int], one: Member, other: Member, rarity: Rarity) -> list[float]:
    """How much of either side's terms the other article has; nothing for a side that has none."""
    found = (_share(of_one, set(other.terms), rarity), _share(of_other, set(one.terms), rarity))
    return [share for share in found if share is not None]


def _share(terms: Iterable[int], known: set[int], rarity: Rarity) -> float | None:
    had = total = 0.0
    for term in terms:
        rare = rarity.of(term)
        if rare >= LEAST:
            total += rare
            had += rare if term in known else 0.0
    return had / total if total else None
