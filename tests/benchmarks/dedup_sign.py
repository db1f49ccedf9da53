"""What signing a text costs: ours ÷ a bare MinHash of ready shingles, and whole signings by others ÷ ours.

Peers are MinHash of rensa (Rust) and of datasketch (numpy), 128 slots over shingles of three words, which are made in
Python as their users make them; the bare one gets them ready. They keep less than we do: no titles, numbers or order.
Texts are made up, of 60, 360 and 900 words. Without ``pip install rensa datasketch`` there is no ratio.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from pipelines.copies.signing import sign
from pipelines.dedup import normal_text
from pipelines.folding import fold
from tests.benchmarks.dedup_index import Writer
from tests.benchmarks.rounds import interleaved, report
from tests.factories import article

COUNT, SLOTS = 300, 128


def shingles(text: str) -> list[str]:
    """Three words in a row, as users of the peers write them."""
    words = text.lower().split()
    return [" ".join(words[n : n + 3]) for n in range(len(words) - 2)]


def main() -> None:
    """Print the cost of each, at three lengths."""
    writer = Writer(random.Random(4))
    for length in (60, 360, 900):
        texts = [writer.text(length) for _ in range(COUNT)]
        made = [article(f"Title of {n}", text, url=f"https://example.org/{n}") for n, text in enumerate(texts)]
        for one in made:  # the line has folded them when they are signed
            normal_text(one)

        def ours(made: list = made) -> None:
            for one in made:
                sign(one)

        contenders: dict[str, Callable[[], None]] = {"ours": ours, **peers(texts)}
        times = interleaved(contenders)
        print(f"  {length} words, {sum(len(sign(one)) for one in made) / COUNT:.0f} bytes")
        for name in sorted(contenders.keys() - {"ours"}):
            report({key: times[key] for key in ("ours", name)}, "text", COUNT, "ours", name)
    print(f"  folded before, as in the line: {fold.cache_info().hits > 0}")


def peers(texts: list[str]) -> dict[str, Callable[[], None]]:
    """Those that are installed."""
    found: dict[str, Callable[[], None]] = {}
    ready = [shingles(text) for text in texts]
    try:
        from rensa import RMinHash

        def bare() -> None:
            for one in ready:
                signature = RMinHash(num_perm=SLOTS, seed=1)
                signature.update(one)
                signature.digest()

        def rensa() -> None:
            for text in texts:
                signature = RMinHash(num_perm=SLOTS, seed=1)
                signature.update(shingles(text))
                signature.digest()

        found |= {"rensa, shingles ready": bare, "rensa": rensa}
    except ImportError:
        print("  rensa is not installed: left out")
    try:
        from datasketch import MinHash

        def datasketch() -> None:
            for text in texts:
                signature = MinHash(num_perm=SLOTS)
                signature.update_batch([shingle.encode() for shingle in shingles(text)])

        found["datasketch"] = datasketch
    except ImportError:
        print("  datasketch is not installed: left out")
    return found
