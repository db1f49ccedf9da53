"""Which texts hold a key: a table of fixed rows, the newest eight entries of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipelines.copies.signing import Keys

WAYS = 8
"""Entries of a row. What is pushed out is the oldest: words that every article of a source has limit themselves."""

FULL = 5
"""Entries of a row, on the average, from which the table is doubled: then one row of fourteen has lost one."""

FIRST = 1 << 8
"""Rows at first; a power of two."""

FOUND, LEAST, FEW = 8, 2, 12
"""Texts that are found at most; keys they share at least, one for a text of few keys."""

_CHUNK = 1 << 16


class Index:
    """Finds texts, which are numbers from 0, by the keys they share.

    Cost: some 0.03 ms to look up or add a text, whatever it holds; 13 to 26 bytes a key (measured:
    `tests/benchmarks/copies`). Doubling copies the table: some 0.2 s a million texts.
    """

    def __init__(self) -> None:
        self._rows: npt.NDArray[np.uint64] = np.zeros((FIRST, WAYS), np.uint64)  # a key, and the text's number plus one
        self._held = 0

    def add(self, keys: Keys, text: int) -> None:
        """Let *text* be found by *keys*."""
        if self._held + len(keys) > len(self._rows) * FULL:
            self._double()
        rows = keys & np.uint32(len(self._rows) - 1)
        self._rows[rows, 1:] = self._rows[rows, :-1]
        self._rows[rows, 0] = keys.astype(np.uint64) << np.uint64(32) | np.uint64(text + 1)
        self._held += len(keys)

    def find(self, keys: Keys) -> list[int]:
        """The texts that share most of *keys*, the oldest of equals first."""
        entries = self._rows[keys & np.uint32(len(self._rows) - 1)]
        same = entries[(entries >> np.uint64(32) == keys[:, None]) & (entries != 0)]
        texts, shared = np.unique(same & np.uint64(0xFFFFFFFF), return_counts=True)
        enough = shared >= (LEAST if len(keys) >= FEW else 1)
        texts, shared = texts[enough], shared[enough]
        found: list[int] = (texts[np.argsort(-shared, kind="stable")[:FOUND]].astype(np.int64) - 1).tolist()
        return found

    def __sizeof__(self) -> int:
        return self._rows.nbytes

    def _double(self) -> None:
        """Twice the rows: an entry stays where it is or goes to the row as far behind, by the next bit of its key."""
        old, count = self._rows, len(self._rows)
        self._rows = np.zeros((2 * count, WAYS), np.uint64)
        bit = np.uint64(count << 32)
        for start in range(0, count, _CHUNK):
            rows = old[start : start + _CHUNK]
            for half, leaves in enumerate(((rows & bit) != 0, (rows & bit) == 0)):
                order = np.argsort(leaves, axis=1, kind="stable")
                kept = np.take_along_axis(np.where(leaves, np.uint64(0), rows), order, axis=1)
                self._rows[half * count + start : half * count + start + len(rows)] = kept
