"""Slips of the pen: words one letter off a long name.

A word of a text is a slip of a name's word when one letter is missing, added, changed or swapped with its neighbour,
and the name's word has at least eight letters (at seven, common words of other languages begin to match: measured,
research on watchlists §4). The other words of a longer name must stand beside it as they are. Found through the
variants with one letter deleted, looked up in a table (Garbe, SymSpell, 2012), each word of a text once.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.folding import Folded

LETTERS = 8
"""Least letters of a name's word that may be misspelt."""

WORD = re.compile(r"[^\W\d_]+")


class Slip(NamedTuple):
    """Name number *name* misspelt at ``[start:end]`` of the original."""

    name: int
    start: int
    end: int


class Slips:
    """The long names among *names*, ready to be found misspelt. Names with an open ending stand for their stem.

    Cost: a set look-up a word that was met before, some 3 µs for a new one.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._words: dict[str, list[tuple[int, int, tuple[str, ...]]]] = defaultdict(list)
        self._known: set[str] = set()
        for number, name in enumerate(names):
            words = tuple(WORD.findall(name))
            self._known.update(words)
            for place, word in enumerate(words):
                if len(word) >= LETTERS:
                    self._words[word].append((number, place, words))
        self._deleted: dict[str, set[str]] = defaultdict(set)
        for word in self._words:
            for variant in _deletions(word):
                self._deleted[variant].add(word)
        self.nearest = functools.lru_cache(200_000)(self._nearest)

    def find(self, folded: Folded, original: str) -> Iterator[Slip]:
        """The slips in a text. In scripts with capitals only capitalised words are names."""
        tokens = [(m.start(), m.end(), m[0]) for m in WORD.finditer(folded.text)]
        for at, (start, _, word) in enumerate(tokens):
            if len(word) < LETTERS - 1 or word in self._known:
                continue
            near = self.nearest(word)
            if not near or original[folded.span(start, start + 1)[0]].islower():
                continue
            best: tuple[int, Slip] | None = None
            for known in near:
                for number, place, words in self._words[known]:
                    first, last = at - place, at - place + len(words)
                    if first < 0 or last > len(tokens):
                        continue
                    beside = zip(tokens[first:last], words, strict=True)
                    if all(token[2] == w or i == place for i, (token, w) in enumerate(beside)) and (
                        best is None or len(words) > best[0]
                    ):
                        span = folded.span(tokens[first][0], tokens[last - 1][1])
                        best = len(words), Slip(number, *span)
            if best:
                yield best[1]

    def _nearest(self, word: str) -> tuple[str, ...]:
        """The words of names that *word* is one letter off."""
        found = set(self._deleted.get(word, ()))
        for variant in _deletions(word):
            found |= {variant} & self._words.keys()
            found |= self._deleted.get(variant, set())
        return tuple(sorted(w for w in found if w != word and one_off(word, w)))


def one_off(one: str, other: str) -> bool:
    """Whether two words differ by one letter missing, changed, or swapped with its neighbour."""
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) != len(other):
        return len(other) - len(one) == 1 and one[start:] == other[start + 1 :]
    swapped = one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
    return one != other and (one[start + 1 :] == other[start + 1 :] or swapped)


def _deletions(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}
