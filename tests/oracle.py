"""Which words make a condition hold, by trying every choice of them; and conditions and texts to try."""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

from factories import article as an_article
from factories import tagged
from hypothesis import strategies as st

from connectors.records import TaggedArticle
from pipelines.watchlists.conditions import Condition, Group, Near, Of, PerZone, Row, Sentence, Weights
from pipelines.watchlists.facts import Asked, Facts
from pipelines.watchlists.phrases import Phrase

WORDS = ("Alpha", "Beta", "Gamma", "Delta", "Omega")

Spot: TypeAlias = tuple[str, int, int, str]
"""Zone, number of the sentence, number of the word in the zone, the word."""

Zones: TypeAlias = dict[str, list[list[str]]]


def spots(zones: Zones) -> list[Spot]:
    found = []
    for zone, sentences in zones.items():
        numbers = itertools.count()
        found += [(zone, s, next(numbers), word) for s, words in enumerate(sentences) for word in words]
    return found


def oracle(condition: Condition, there: list[Spot]) -> set[Spot] | None:
    """The words of a condition that holds, None when it does not; the plainest way to say it."""
    match condition:
        case Phrase():
            return {spot for spot in there if spot[3] == condition.phrase} or None
        case Group():
            some = [oracle(part, there) for part in condition.any]
            every = [oracle(part, there) for part in condition.all]
            no = [oracle(part, there) for part in condition.none]
            if (some and all(s is None for s in some)) or None in every or any(n is not None for n in no):
                return None
            return set().union(*(s for s in some + every if s))
        case Near() | Sentence():
            sets = [
                oracle(part, there) for part in (condition.near if isinstance(condition, Near) else condition.sentence)
            ]
            if None in sets:
                return None
            good: set[Spot] = set()
            for choice in itertools.product(*(s or () for s in sets)):
                places = [word for _, _, word, _ in choice]
                if len({zone for zone, *_ in choice}) > 1:
                    continue
                if isinstance(condition, Sentence):
                    fits = len({sentence for _, sentence, *_ in choice}) == 1
                else:
                    fits = max(places) - min(places) <= condition.distance
                    fits = fits and (not condition.ordered or all(a < b for a, b in itertools.pairwise(places)))
                good |= set(choice) if fits else set()
            return good or None
        case Facts():
            return set() if len(there) > (condition.article.longer or 0) else None
        case Weights():
            score, kept = 0.0, set[Spot]()
            for row in condition.weights:
                own = sorted(oracle(row.of, there) or (), key=lambda s: (s[0] != "title", s[2]))
                points = sum(row.once.of("lead" if zone == "body" else zone) for zone in {s[0] for s in own})
                points += sum([row.each.of("lead" if zone == "body" else zone) for zone, *_ in own][: row.most])
                points = min(points, row.cap or points)
                score += points
                kept |= set(own) if points > 0 else set()
            return kept if score >= condition.threshold else None
        case Of():
            void = [spot for guard in condition.unless_near for spot in oracle(guard, there) or ()]

            def left(spot: Spot) -> bool:
                return (condition.in_ is None or spot[0] in condition.in_) and not any(
                    v[0] == spot[0] and abs(v[2] - spot[2]) <= (condition.distance or 0) for v in void
                )

            found = oracle(condition.of, [spot for spot in there if left(spot)])
            return found if found is not None and len(found) >= condition.count else None
    raise AssertionError(condition)


def an(zones: Zones) -> TaggedArticle:
    texts = {zone: " ".join(" ".join(words) + "." for words in sentences) for zone, sentences in zones.items()}
    return tagged(an_article(**{"title": "", **texts}))


SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), min_size=1, max_size=3)
ZONES = st.fixed_dictionaries({"title": SENTENCES, "body": SENTENCES})
PHRASES = st.sampled_from([Phrase(phrase=word) for word in WORDS])


def bigger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Conditions made of others."""
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    worded = inner.filter(lambda c: not isinstance(c, Facts) and not (isinstance(c, Group) and not (c.any or c.all)))
    two = st.lists(worded, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(lambda parts: Group(any=parts), some),
        st.builds(lambda parts: Group(all=parts), some),
        st.builds(lambda parts, no: Group(all=parts, none=no), some, some),
        st.builds(lambda parts, n, o: Near(near=parts, distance=n, ordered=o), two, st.integers(1, 6), st.booleans()),
        st.builds(lambda parts: Sentence(sentence=parts), two),
        st.builds(lambda c, n: Of(of=c, count=n), worded, st.integers(2, 3)),
        st.builds(lambda n: Facts(article=Asked(longer=n)), st.integers(1, 12)),
        st.builds(
            lambda c, d, n, most: Weights(
                weights=(
                    Row(of=c, once=PerZone(title=1), each=PerZone(title=0.5, lead=0.5), most=most),
                    Row(of=d, once=PerZone(title=n, lead=n), cap=1),
                ),
                threshold=1.5,
            ),
            worded,
            worded,
            st.sampled_from([-1, 1, 2]),
            st.integers(2, 3),
        ),
        st.builds(lambda c, zone: Of(of=c, in_=(zone,)), worded, st.sampled_from(["title", "body"])),
        st.builds(lambda c, g, n: Of(of=c, unless_near=(g,), distance=n), worded, worded, st.integers(1, 3)),
    )


CONDITIONS = st.recursive(PHRASES, bigger, max_leaves=6)
