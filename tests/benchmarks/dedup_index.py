"""What a memory of many texts costs: an article judged, bytes held, texts looked at, copies found, and rebuilding it.

Texts are made up of words as frequent as those of a language (Zipf), so that they share phrases as texts do; of 30 to
700 words, 360 on the average. Of each size, 400 copies are planted: cut to 40–200 words, or one word in twelve replaced,
half of them under another headline. `WIREWATCH_TEXTS` is the largest size, 100,000 by default.

Aims: cost at a million ÷ at 100,000 ≤ 1.1; ≤ 1.2 KB a text; ≤ 2 texts looked at for an article; 100,000 rebuilt in 5 s.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from pathlib import Path

import msgspec
import numpy as np

from connectors.buses import Record
from connectors.records import TaggedArticle, encode
from pipelines import stages
from pipelines.copies.signing import Signature, sign
from pipelines.dedup import Seen, fingerprints
from tests.factories import article, tagged

TIMED, PLANTED = 2_000, 400


class Writer:
    """Makes texts of made-up words, the commonest of which are as common as "the"."""

    def __init__(self, rng: random.Random) -> None:
        self._numbers = np.random.default_rng(rng.randrange(2**32))
        weights = 1 / np.arange(3, 50_003)
        self._sums = np.cumsum(weights / weights.sum())
        self._words = ["".join(rng.choice("kgtdbprsmnlvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 5))) for _ in range(50_000)]  # fmt: skip

    def text(self, length: int) -> str:
        """*length* words."""
        return " ".join(self._words[n] for n in np.searchsorted(self._sums, self._numbers.random(length)))

    def rare(self, count: int) -> list[str]:
        """*count* words that hardly occur."""
        return [self._words[n] for n in self._numbers.integers(len(self._words) // 2, len(self._words), count)]


def arrived(number: int, title: str, body: str) -> TaggedArticle:
    """An article as it comes to the memory, of one of 500 sources."""
    made = article(title, body, source=f"source-{number % 500}", entry=str(number), url=f"https://example.org/{number}")
    return tagged(made, fingerprints=fingerprints(made), signature=sign(made))


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Fill a memory, and stop at each size to look."""
    largest, rng = int(os.environ.get("WIREWATCH_TEXTS", "100000")), random.Random(6)
    writer, seen = Writer(rng), Seen()
    bodies: dict[int, tuple[str, str]] = {}
    held, costs, before = 0, {}, resident()  # bodies: titles and texts that copies are made of
    for size in (n for n in (10_000, 100_000, 1_000_000) if n <= largest):
        while held < size - TIMED:
            held += _add(seen, writer, rng, held, bodies, size)
        batch = [arrived(n, writer.text(9), writer.text(_length(rng))) for n in range(held, held + TIMED)]
        began = time.process_time()
        judged, segment = seen.judge(batch)
        costs[size] = (time.process_time() - began) / TIMED
        held += TIMED
        wrong = sum(bool(t.duplicate_of) for t in judged)
        state = statistics.mean(len(msgspec.msgpack.encode(one)) for one in segment)
        print(f"  {size:,} texts: {costs[size] * 1e6:.0f} µs to judge and remember one, taken for copies: {wrong}")
        print(
            f"    {(resident() - before) / held:,.0f} bytes a text in memory (texts of the benchmark in it), {state:.0f} in the state"
        )
        _planted(seen, writer, rng, bodies)
    if {100_000, 1_000_000} <= costs.keys():
        print(f"  cost at a million ÷ at 100,000: {costs[1_000_000] / costs[100_000]:.2f}")
    _rebuilt(writer, rng)


def _length(rng: random.Random) -> int:
    return min(700, max(30, int(rng.gauss(360, 150))))


def _add(
    seen: Seen, writer: Writer, rng: random.Random, held: int, bodies: dict[int, tuple[str, str]], size: int
) -> int:
    title, body = writer.text(9), writer.text(_length(rng))
    if rng.random() < 3 * PLANTED / size:
        bodies[held] = title, body
    seen.judge([arrived(held, title, body)])
    return 1


def _planted(seen: Seen, writer: Writer, rng: random.Random, bodies: dict[int, tuple[str, str]]) -> None:
    """Copies of texts of every age; what they are compared with, and how many are found."""
    looked = []
    found = 0
    for number in rng.sample(sorted(bodies), min(PLANTED, len(bodies))):
        title, body = bodies[number]
        words = body.split()
        if rng.random() < 0.5:
            title, words = writer.text(9), words[: rng.randint(40, 200)]
        else:
            words = [writer.text(1) if rng.random() < 1 / 12 else word for word in words]
        copy = arrived(10**9 + number, title, " ".join(words))
        looked.append(len(list(seen._newer.texts.find(Signature.unpack(copy.signature).keys))))
        found += bool(seen._copied(copy)[0])
    fresh = [arrived(2 * 10**9, "Title", writer.text(360)) for _ in range(PLANTED)]
    others = [len(list(seen._newer.texts.find(Signature.unpack(one.signature).keys))) for one in fresh]
    print(
        f"    copies found: {found} of {len(looked)}; texts looked at: {statistics.mean(looked):.2f} for a copy, {statistics.mean(others):.2f} for another"
    )


def _rebuilt(writer: Writer, rng: random.Random) -> None:
    """A memory of 100,000 articles from what is on the topic `tagged`."""
    records = []
    for number in range(1_000):
        one = arrived(number, writer.text(9), writer.text(_length(rng)))
        records.append(Record("tagged", 0, number, one.article.key, encode(one), 0.0))
    began = time.process_time()
    for known in stages.recall(records).values():
        Seen().recall(known)
    took = time.process_time() - began
    print(f"  rebuilt from the log: {took * 1e3:.0f} µs an article, {took * 100:.1f} s for 100,000")
