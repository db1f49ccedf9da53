"""How much a term tells: the rarer it is in the language and in the stream, the more.

Background frequencies come from the ranks of the commonest words (`pipelines.knowledge.frequent`) by Zipf's law in
Mandelbrot's form, summed by stem; a word that is none of them has the frequency of one that hardly occurs. Source of
the weighting: research on stories §4, where a table of 2,000 stems is worth nine points of F1 in Russian.
"""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.knowledge import frequent
from pipelines.stories.terms import FIGURE, stemmer

PRIOR = 1_000
"""Articles of the stream that the background counts for (measured: `tests.eval`, dedup; 500 to 5,000 do alike).

Research on stories §4 took 5,000; the articles of a watchlist share its matter, so here the stream counts sooner.
"""

WORDS = 200
"""Words of an article by which a frequency becomes the chance that one has the word."""

SCALE, SHIFT = 0.1, 2.7
"""Of Zipf-Mandelbrot: the frequency of rank r is SCALE ÷ (r + SHIFT)."""

UNKNOWN, NUMERAL = 1e-7, 0.01
"""Frequency of a word that is not in the table; the chance that an article has a number."""


class Rarity:
    """Counts the articles that have a term; *frequencies* are those of the language (`load`)."""

    def __init__(self, frequencies: Mapping[int, float]) -> None:
        self._frequencies = frequencies
        self._articles = 0
        self._having: Counter[int] = Counter()

    def count(self, terms: Iterable[int]) -> None:
        """Take the *terms* of one more article into account."""
        self._articles += 1
        self._having.update(terms)

    def of(self, term: int) -> float:
        """The weight of *term*: the logarithm of how rare it is."""
        having = self._having[term] + PRIOR * self._chance(term)
        return math.log((self._articles + PRIOR + 1) / having)

    def _chance(self, term: int) -> float:
        if term & 3 == FIGURE:
            return NUMERAL
        return 1 - math.exp(-WORDS * self._frequencies.get(term, UNKNOWN))


@functools.lru_cache(1)
def load(folder: Path) -> Mapping[int, float]:
    """The frequencies of the commonest words, from *folder* (``configs/languages``), read once. Cost: 0.1 s."""
    found: dict[int, float] = {}
    for language, words in frequent.load(folder).items():
        stem, own = stemmer(language), defaultdict[int, float](float)
        for word, rank in words.items():
            own[stem(word)] += SCALE / (rank + SHIFT)
        for term, frequency in own.items():
            found[term] = max(found.get(term, 0.0), frequency)
    return found
