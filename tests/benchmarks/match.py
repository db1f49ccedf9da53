"""What the index of the matcher saves: the matcher ÷ each watchlist evaluated alone, at growing numbers of lists.

The words of the lists are made up, and an article holds those of few lists, as on a real desk: the number of matches is
held constant while the number of lists grows. Matches are compared before anything is timed.
"""

from __future__ import annotations

import random

from pipelines.watchlists.matching import Matcher, naive
from pipelines.watchlists.watchlist import Watchlist, parse
from tests.benchmarks.rounds import interleaved, report
from tests.factories import article, tagged

SYLLABLES = ["ka", "ra", "ba", "gor", "no", "mar", "ti", "sel", "du", "vin", "ol", "pe", "ru", "za", "chi", "lo"]
ARTICLES = 60


def word(number: int) -> str:
    """A made-up word; different numbers give different words."""
    digits = []
    for _ in range(4):
        number, digit = divmod(number, len(SYLLABLES))
        digits.append(SYLLABLES[digit])
    return "".join(digits)


def lists(count: int) -> list[Watchlist]:
    """*count* lists: any of two phrases, or all of two words and none of a third."""
    made = []
    for n in range(count):
        a, b, c, d, e = (word(5 * n + k) for k in range(5))
        match = f"{{any: ['{a} {b}', {c}], none: [{e}]}}" if n % 2 else f"{{all: [{a}, {d}], none: [{e}]}}"
        made.append(parse(f"id: list-{n}\ntitle: List {n}\nmatch: {match}\n", f"list-{n}.yaml"))
    return made


def main() -> None:
    """Ratios at 10, 100 and 1,000 lists, and how our cost grows."""
    rng = random.Random(5)
    articles = [
        tagged(
            article(
                f"Title {n}", " ".join([*(word(rng.randrange(50)) for _ in range(5)), *["filler"] * 300]), entry=str(n)
            )
        )
        for n in range(ARTICLES)
    ]
    costs = {}
    for count in (10, 100, 1000):
        made = lists(count)
        matcher = Matcher(made)
        for one in articles:
            assert [m.watchlist.id for m in matcher.match(one)] == sorted(w.id for w in made if naive(w, one))
        print(f"  {count} lists, matches equal")
        times = interleaved(
            {
                "matcher": lambda matcher=matcher: [matcher.match(one) for one in articles] and None,
                "one by one": lambda made=made: [naive(w, one) for one in articles for w in made] and None,
            },
            rounds=3,
        )
        report(times, "article", ARTICLES, "matcher", "one by one")
        costs[count] = min(times["matcher"])
    print(f"  cost at 1,000 lists ÷ at 10: {costs[1000] / costs[10]:.2f}")
