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
from pipelines.stories.terms import FIGURE, ID, Terms

HEAVIEST, KEPT = 80, 200
"""Terms of an article that its likeness to others is taken over; those among which others' headlines are looked for."""

LEAST = 1.4
"""Rarity of a term that says nothing."""

DIGITS = 4
"""Decimals of a weight or share that is kept."""

APART = 0.05
"""Likeness of two articles that have nothing to do with each other."""

ELSEWHERE, OTHER_NUMBERS = 0.8, 0.9
"""What is left of a score when both open in places, or with numbers, and share none of them (measured: of those 33
pairs seventeen were joined without the second, eleven with it)."""


ENOUGH, ENOUGH_SHORT, SHORT = 0.31, 0.40, 100
"""Score from which two articles tell of one event, and from which they do when one has fewer terms than `SHORT`, for
short texts on one matter share more by chance (measured: `tests.eval`, dedup, and 33 pairs on the same matter another
day, of which six are joined; .30 to .32 and .39 to .41 do alike). Who is alerted twice has lost a minute, who is not
alerted has lost the news: where the sets disagree, the higher.
"""

ENOUGH_ACROSS, MASS = 0.75, 15.0
"""The same in two languages, and the rarity, summed up, of what they must share: some three numbers or names, and of
them a number (measured: of 69 pairs among 90 articles written for it 58 are joined, of 149 on the same matter none)."""

CONFIRMED, NUMBERS = 0.2, 3
"""What a shared number adds, and how many do: figures tell the event of today from that of last week."""


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
    language: str = ""


def member(terms: Terms, rarity: Rarity, id_: str, at: float, about: bool = True, language: str = "") -> Member:
    """What to keep of an article with *terms*, in a story of its own."""
    rare = ((term, count, rarity.of(term)) for term, count in terms.weights.items())
    weighed = ((term, (1 + math.log(count) if count > 1 else count) * r) for term, count, r in rare if r >= LEAST)
    heaviest = sorted(weighed, key=lambda pair: (-pair[1], pair[0]))[:KEPT]
    length = math.sqrt(sum(weight * weight for _, weight in heaviest[:HEAVIEST])) or 1.0
    weights = tuple(round(weight / length, DIGITS) for _, weight in heaviest[:HEAVIEST])
    kept = tuple(term for term, _ in heaviest)
    facts = tuple(terms.facts)
    return Member(
        id_, id_, at, kept, weights, terms.title, terms.opening, terms.places, about, facts, language=language
    )


def link(one: Member, other: Member, rarity: Rarity) -> Link:
    """How alike *one* and the *other* are; 1 is enough to tell of one event. Cost: some 50 µs."""
    if one.language != other.language:
        return _across(one, other, rarity)
    vector = dict(zip(one.terms, one.weights, strict=False))
    text = sum(vector.get(term, 0.0) * weight for term, weight in zip(other.terms, other.weights, strict=False))
    if text < APART:
        return _link(other, text=text)
    titles = _shares(one.title, other.title, one, other, rarity)
    title = sum(titles) / 2 if len(titles) == 2 else text
    openings = _shares(one.opening, other.opening, one, other, rarity)
    opening = min(openings) if len(openings) == 2 else 0.0
    score = (text + title + 2 * opening) / 4
    if one.places and other.places and not set(one.places) & set(other.places):
        score *= ELSEWHERE
    if (numbers := _numbers(one)) and (others := _numbers(other)) and not numbers & others:
        score *= OTHER_NUMBERS
    score /= ENOUGH_SHORT if min(len(one.terms), len(other.terms)) < SHORT else ENOUGH
    return _link(other, score, text, title, opening)


def _across(one: Member, other: Member, rarity: Rarity) -> Link:
    """How alike articles in two languages are: by the places and actors they name and the numbers they give.

    *text* is what they share of all of these, *opening* how much of either one's beginning the other has.
    """
    own, others = _universal(one), _universal(other)
    shared = own & others
    mass = sum(map(rarity.of, shared))
    numbers = sum(term & 3 == FIGURE for term in shared)
    if mass < MASS or not numbers:
        return _link(other)
    text = mass / sum(map(rarity.of, own | others))
    openings = [_share(_facts(side), known, rarity) or 0.0 for side, known in ((one, others), (other, own))]
    opening = sum(openings) / 2
    score = (text + opening) / 2 * (1 + CONFIRMED * min(numbers, NUMBERS)) / ENOUGH_ACROSS
    return _link(other, score, text, opening=opening)


def _link(other: Member, score: float = 0.0, text: float = 0.0, title: float = 0.0, opening: float = 0.0) -> Link:
    score, text, title, opening = (round(part, DIGITS) for part in (score, text, title, opening))
    return Link(article=other.id, score=score, text=text, title=title, opening=opening)


def _numbers(one: Member) -> set[int]:
    return {fact for fact in one.facts if fact & 3 == FIGURE}


def _facts(one: Member) -> list[int]:
    return [fact for fact in one.facts if fact & 3 in (FIGURE, ID)]


def _universal(one: Member) -> set[int]:
    """What is written alike in every language, as hashes: numbers, and ids of places and actors."""
    return {term for term in (*one.terms, *one.facts) if term & 3 in (FIGURE, ID)}


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
