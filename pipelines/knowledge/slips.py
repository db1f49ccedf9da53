"""Slips of the pen: words one letter off a long name.

A word of a text is a slip of a name's word when one letter is missing, added, changed or swapped with its neighbour,
and the name's word has at least eight letters (at seven, common words of other languages begin to match: measured,
research on watchlists §4). The other words of a longer name must stand beside it as they are. Found through the
variants with one letter deleted, looked up in a table (Garbe, SymSpell, 2012), each word of a text once.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipelines.folding import Folded

LETTERS = 8
"""Least letters of a name's word that may be misspelt."""

WORD = re.compile(r"[^\W\d_]+")
LONG = re.compile(rf"[^\W\d_]{{{LETTERS - 1},}}")


class Slip(NamedTuple):
    """Name number *name* misspelt at ``[start:end]`` of the original."""

    name: int
    start: int
    end: int


class Slips:
    """The long names among *names*, ready to be found misspelt. Names with an open ending stand for their stem.

    A word of which *known* is true is spelt right and no slip of another (Francesca of France).

    Cost: a look-up for each long word, some 3 µs for one not met before.
    """

    def __init__(self, names: Sequence[str], known: Callable[[str], bool] = lambda word: False) -> None:
        self._right = known
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
        tokens: list[re.Match[str]] = []
        for found in LONG.finditer(folded.text):
            near = () if found[0] in self._known else self.nearest(found[0])
            if not near or original[folded.span(found.start(), found.end())[0]].islower():
                continue
            tokens = tokens or list(WORD.finditer(folded.text))
            at = bisect.bisect_left(tokens, found.start(), key=re.Match.start)
            slips = (slip for known in near for slip in self._whole(known, tokens, at))
            best = max(slips, key=lambda slip: slip[0], default=None)
            if best:
                yield Slip(best[1], *folded.span(best[2], best[3]))

    def _whole(self, known: str, tokens: list[re.Match[str]], at: int) -> Iterator[tuple[int, int, int, int]]:
        """The names with the word *known* whose other words stand around token *at*: (words, name, start, end)."""
        for number, place, words in self._words[known]:
            first, last = at - place, at - place + len(words)
            if first < 0 or last > len(tokens):
                continue
            beside = zip(tokens[first:last], words, strict=True)
            if all(i == place or token[0] == word for i, (token, word) in enumerate(beside)):
                yield len(words), number, tokens[first].start(), tokens[last - 1].end()

    def _nearest(self, word: str) -> tuple[str, ...]:
        """The words of names that *word* is one letter off."""
        found = set(self._deleted.get(word, ()))
        for variant in _deletions(word):
            found |= {variant} & self._words.keys()
            found |= self._deleted.get(variant, set())
        near = tuple(sorted(w for w in found if w != word and one_off(word, w)))
        return () if near and self._right(word) else near


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
