"""What reading names costs as they grow, 1,000 to 100,000 of them, beside a bare automaton and spaCy's PhraseMatcher.

Names are made up, of one or two words; articles are those of ``watchlist`` with a name in every fiftieth word. *bare*
scans texts that are folded already for the same names. All say how many names they found, and it is asserted that a
scanner finds all that were put there. Then the shipped gazetteer: how long it takes to load and how much memory, and what
reading an article costs with all rules.

Aims: scanner ÷ bare at most 1.3, with folding at most 2; loaded in 0.5 s, within 150 MB.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from pipelines import taggers
from pipelines.config import shipped
from pipelines.folding import fold
from pipelines.scanning import Pattern, Scanner
from pipelines.taggers import gazetteer
from tests.benchmarks.rounds import interleaved, report
from tests.benchmarks.watchlist import common, word
from tests.factories import article, tagged

SIZES = (1_000, 10_000, 100_000)
ARTICLES, WORDS, APART = 200, 340, 50

LOAD = """
import os, time
import pipelines.taggers.gazetteer as tagger
from pipelines.config import shipped
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
before = resident()
began = time.perf_counter()
tagger.build(tagger.Options(folders=(shipped() / "gazetteer",)))
took = time.perf_counter() - began
print(f"  shipped gazetteer: loaded in {took:.2f} s, {resident() - before:.0f} MB")
"""


def main() -> None:
    """A block for each size, then the shipped gazetteer."""
    most = int(os.environ.get("WIREWATCH_NAMES", "100000"))
    for size in (size for size in SIZES if size <= most):
        rng = random.Random(5)
        names = list(dict.fromkeys(_name(rng) for _ in range(size)))
        texts = [text_of(rng, names) for _ in range(ARTICLES)]
        scanner = Scanner(map(Pattern, names))
        bare = AhoCorasick(
            [fold(name).text for name in names],
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA,
        )
        folded = [fold(text).text for text in texts]
        found = sum(len(scanner.scan(text)) for text in texts)
        assert found >= ARTICLES * (WORDS // APART)
        contenders = {
            "scanner": lambda scanner=scanner, texts=texts: [scanner.scan(text) for text in texts] and None,
            "with folding": lambda scanner=scanner, texts=texts: _anew(scanner, texts),
            "bare": lambda bare=bare, folded=folded: (
                [bare.find_matches_as_indexes(text, overlapping=True) for text in folded] and None
            ),
        }
        if size <= 10_000:
            contenders["PhraseMatcher"] = _phrase_matcher(names, texts)
        print(f"  {len(names):,} names, {found / ARTICLES:.1f} an article")
        times = interleaved(contenders, rounds=5)
        for name in contenders:
            if name != "bare":
                report(times, "article", ARTICLES, name, "bare")
    subprocess.run([sys.executable, "-c", LOAD], check=True)
    _rules()


def _name(rng: random.Random) -> str:
    words = [word(5_000 + rng.randrange(200_000)).capitalize() for _ in range(rng.randint(1, 2))]
    return " ".join(words)


def text_of(rng: random.Random, names: list[str]) -> str:
    return " ".join(rng.choice(names) if n % APART == 0 else common(rng) for n in range(1, WORDS + 1))


def _anew(scanner: Scanner, texts: list[str]) -> None:
    for text in texts:
        fold.cache_clear()
        scanner.scan(text)


def _phrase_matcher(names: list[str], texts: list[str]):  # type: ignore[no-untyped-def]
    import spacy
    from spacy.matcher import PhraseMatcher

    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add("name", [nlp.make_doc(name) for name in names])
    return lambda: [matcher(nlp.make_doc(text)) for text in texts] and None


def _rules() -> None:
    """The shipped gazetteer with all rules on made-up news, beside the fold alone."""
    rng = random.Random(6)
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    places = ("Paris", "Yerevan", "Georgia", "Springfield", "London", "Baku", "Jordan", "Moscow", "Lebanon", "Armenian")
    made = [tagged(article(common(rng), text_of(rng, list(places)), entry=str(n))) for n in range(ARTICLES)]

    def rules() -> None:
        fold.cache_clear()
        taggers.tagged(tagger, made)

    def folding() -> None:
        fold.cache_clear()
        for one in made:
            fold(one.article.body)

    report(interleaved({"all rules": rules, "fold": folding}, rounds=5), "article", ARTICLES, "all rules", "fold")
