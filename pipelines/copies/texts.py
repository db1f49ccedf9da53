"""The texts that a memory holds, found by what they share; and what each source says in all of its texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.copies.index import Index
from pipelines.copies.signing import Keys, Signature

LAST, ALIKE = 8, 3
"""Newest texts of a source that are looked at; shingles that so many of them share are the source's, not the text's.

Three, because two are often a text and its update, which share what they tell.
"""


class Text(NamedTuple):
    """A text by its packed *signature*; *first* is the id of the first of its copies."""

    first: str
    source: str
    signature: bytes


class Texts:
    """Texts in the order they came. Cost: the signature and some 0.7 KB each (measured: `tests/benchmarks/copies`)."""

    def __init__(self) -> None:
        self._texts: list[Text] = []
        self._index = Index()

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: Text, keys: Keys) -> None:
        """Hold *text*, to be found by *keys*."""
        self._index.add(keys, len(self._texts))
        self._texts.append(text)

    def find(self, keys: Keys) -> Iterator[Text]:
        """Those that share most of *keys*."""
        return (self._texts[number] for number in self._index.find(keys))


class Habits:
    """What sources say in every text: a subscription, a disclaimer, a standing introduction."""

    def __init__(self) -> None:
        self._last: dict[str, deque[Text]] = {}

    def add(self, text: Text) -> None:
        """Learn from *text*; its copies add nothing."""
        last = self._last.setdefault(text.source, deque(maxlen=LAST))
        if all(other.first != text.first for other in last):
            last.append(text)

    def of(self, source: str, *told: str) -> npt.NDArray[np.bool_]:
        """For each hash of a shingle whether *source* says it in every text, those that are *told* of left out."""
        count = np.zeros(1 << 16, np.uint8)
        for text in self._last.get(source, ()):
            if text.first not in told:
                signature = Signature.unpack(text.signature)
                count += signature.in_head | signature.in_sample
        return count >= ALIKE
