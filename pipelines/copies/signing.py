"""What is kept of a text to recognise its copies: some 700 bytes for 360 words, of which nothing can be read.

Source of method and constants: research on stories §2, where full texts and samples gave the same 10,973 decisions.
Different from it: sixteen bits of a hash are kept where it keeps thirty-two, and keys are made of what is kept.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from connectors.records import Article
from pipelines.folding import fold

Hashes = npt.NDArray[np.uint16]
Keys = npt.NDArray[np.uint32]

SHINGLE = 3
"""Words in a row that are compared as one."""

HEAD, RATE, SAMPLE = 320, 2, 1_024
"""Shingles kept in their order from the beginning; one in how many of the rest is kept, at most so many.

One in four, at most 256, would do but for long texts: there a share of a lead was guessed from three or four."""

CHARACTERS = 300_000
"""Characters of a text that are looked at."""

NUMBERS_IN, LEAD = 3_000, 400
"""Characters of a text whose numbers are kept; numbers of so many first ones are told apart."""

DENSE, WINDOW = 64, 160
"""Shingles at the beginning of which many become keys; of those up to the second fewer do, and fewest behind."""

KEY_RATES = (4, 8, 32)
"""One of how many shingles becomes a key, in these three parts."""

KEYS = 64
"""Most keys of the rest of a text."""

FIRST = 10
"""Numbers before the parts of a packed signature: sizes, and lengths of the parts."""

RANGE = 1 << 16
"""Values of a hash."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

_MOST = np.full(HEAD, (1 << 32) // KEY_RATES[2], np.uint32)
_MOST[:WINDOW], _MOST[:DENSE] = (1 << 32) // KEY_RATES[1], (1 << 32) // KEY_RATES[0]

_POWERS = np.cumprod(np.full(64, 0x9E3779B1, np.uint32), dtype=np.uint32)
_UNSPACED = re.compile("[ก-๛ぁ-ヿ㐀-䶿一-鿿]")


@dataclass(frozen=True)
class Signature:
    """The signature of one text, unpacked.

    *size*: shingles of the text. *head*: the first, in order. *sample*: sorted, those of the rest below *below*.
    *later*: keys of the rest. *lead*: shingles of a summary beside the text. *title*: words of the title. *numbers*: of
    title and text, the first *titled* of them in the title, those up to *leading* not far from its beginning.
    """

    size: int
    below: int
    head: Hashes
    sample: Hashes
    later: Keys
    lead: Hashes
    title: frozenset[int]
    numbers: tuple[int, ...]
    titled: int
    leading: int

    @functools.cached_property
    def in_head(self) -> npt.NDArray[np.bool_]:
        """For each hash whether it stands in `head` or `lead`."""
        return _table(np.concatenate((self.head, self.lead)))

    @functools.cached_property
    def in_sample(self) -> npt.NDArray[np.bool_]:
        """For each hash whether it stands in `sample`."""
        return _table(self.sample)

    @functools.cached_property
    def keys(self) -> Keys:
        """What the index finds the text by: some of the pairs of neighbours, most of them in its beginning.

        One that stands twice is there twice.
        """
        pairs = _pairs(self.head)
        return np.concatenate((pairs[pairs < _MOST[: len(pairs)]], self.later))

    def without(self, dropped: npt.NDArray[np.bool_]) -> Signature:
        """The same text as if the shingles *dropped* were not in it."""
        head, sample = self.head[~dropped[self.head]], self.sample[~dropped[self.sample]]
        rest = self.size - len(self.head)
        left = round(rest * len(sample) / len(self.sample)) if len(self.sample) else rest
        return replace(self, size=len(head) + left, head=head, sample=sample)

    def pack(self) -> bytes:
        """As it is kept: little-endian 16-bit numbers, lengths first."""
        title, numbers = np.array(sorted(self.title), np.uint16), np.array(self.numbers, np.uint16)
        parts = (self.head, self.sample, self.later.view(np.uint16), self.lead, title, numbers)
        first = (self.size, self.below, *map(len, parts), self.titled, self.leading)
        return np.concatenate((np.array(first, np.uint16), *parts)).astype("<u2").tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Signature:
        """Read what `pack` made.

        Raises:
            ValueError: *packed* is no signature.
        """
        values = np.frombuffer(packed[: len(packed) // 2 * 2], "<u2")
        size, below, *lengths, titled, leading = values[:FIRST].tolist() if len(values) >= FIRST else [0] * FIRST
        if len(packed) != 2 * (FIRST + sum(lengths)):
            raise ValueError(f"no signature: {len(packed)} bytes")
        ends = list(itertools.accumulate(lengths, initial=FIRST))
        head, sample, later, lead, title, numbers = (values[a:b] for a, b in itertools.pairwise(ends))
        words, figures = frozenset(title.tolist()), tuple(numbers.tolist())
        return cls(size, below, head, sample, later.view(np.uint32), lead, words, figures, titled, leading)


def sign(article: Article) -> bytes:
    """The signature of *article*: of its body, or its lead when that says more; the title apart.

    The same for equal articles on every machine. Cost: some 0.1 ms (measured: `tests/benchmarks/dedup_sign`).
    """
    title, (lead, body) = fold(article.title).text, sorted((article.lead, article.body), key=len)
    text = f"{title}\n{fold(body).text}"[:CHARACTERS]
    starts, words, kinds = _words(text)
    in_title = int(np.searchsorted(starts, len(title)))
    shingles = _shingles(words[in_title:])
    head, rest, below = shingles[:HEAD], shingles[HEAD:], RANGE // RATE
    sample = np.unique(rest[rest < below])
    if len(sample) > SAMPLE:
        sample, below = sample[:SAMPLE], int(sample[SAMPLE])
    pairs = _pairs(rest)
    later = pairs[pairs < _MOST[-1]][:KEYS]
    beside = _shingles(_words(fold(lead).text)[1])[:HEAD]
    numbers = list(itertools.islice(_numbers(text, kinds[: len(title) + NUMBERS_IN]), HEAD))
    titled, leading = (sum(at < end for at, _ in numbers) for end in (len(title), len(title) + LEAD))
    titles = frozenset(words[:in_title].astype(np.uint16).tolist())
    values = tuple(value for _, value in numbers)
    made = Signature(len(shingles), below, head, sample, later, beside, titles, values, titled, leading)
    return made.pack()


_IN_WORD, _ALONE, _DIGIT = 1, 2, 4


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Of each character: whether it stands in a word, whether it is one by itself (without spaces), is a digit."""
    kinds = [
        _IN_WORD * c.isalnum() | _ALONE * bool(_UNSPACED.match(c)) | _DIGIT * c.isdecimal()
        for c in map(chr, range(RANGE))
    ]
    return np.array(kinds, np.uint8)


def _words(text: str) -> tuple[npt.NDArray[np.int64], Keys, npt.NDArray[np.uint8]]:
    """Where words begin, hashes of their letters (each times the power of its place), and the kinds of all letters."""
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint32)
    kinds = _kinds()[np.minimum(codes, RANGE - 1)]
    inside, alone = (kinds & _IN_WORD) > 0, (kinds & _ALONE) > 0
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | alone[1:] | alone[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return starts, np.zeros(0, np.uint32), kinds
    first = starts[0]
    places = np.arange(first, len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
    letters = codes[first:] * inside[first:] * _POWERS[np.minimum(places, len(_POWERS) - 1)]
    return starts, _mixed(np.add.reduceat(letters, starts - first)), kinds


def _numbers(text: str, kinds: npt.NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Where each number stands, and sixteen bits of it, whatever parts its thousands."""
    end = 0
    for at in np.flatnonzero(kinds & _DIGIT).tolist():
        if at >= end and (found := _NUMBER.match(text, at)):
            end = found.end()
            yield at, int(found[0].replace(",", "").replace(".", "")[:18]) % (RANGE - 15)


def _shingles(words: Keys) -> Hashes:
    """The shingles of *words* in order; fewer words than one takes make one."""
    if not len(words):
        return np.zeros(0, np.uint16)
    if len(words) < SHINGLE:
        words = np.concatenate((words, np.zeros(SHINGLE - len(words), np.uint32)))
    mixed = words[:-2]
    for later in (words[1:-1], words[2:]):
        mixed = _mixed(mixed) + later
    return (_mixed(mixed) >> np.uint32(16)).astype(np.uint16)


def _pairs(shingles: Hashes) -> Keys:
    """A key of each shingle with the one behind it; of one alone, of itself."""
    wide: Keys = shingles.astype(np.uint32)
    return _mixed(wide[:-1] << np.uint32(16) | wide[1:]) if len(wide) > 1 else _mixed(wide)


def _mixed(hashes: Keys) -> Keys:
    """Every bit of each hash spread over all of it (the finaliser of MurmurHash3, public domain)."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def _table(hashes: Hashes) -> npt.NDArray[np.bool_]:
    table = np.zeros(RANGE, np.bool_)
    table[hashes] = True
    return table
