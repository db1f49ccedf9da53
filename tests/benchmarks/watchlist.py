"""What watchlists cost as their number grows: 10 to 100,000 lists, each looking for some seven things.

Lists are drawn as on a large desk: a third any of an actor's spellings, a third an actor with context and without
something, a sixth ``near``, a sixth long lists of words. Names are those of other people's desks, so the matches of an
article stay nearly the same while lists are added. (*Natural* lists look for what the news talks about, and matches
grow with them: ``watchlist-peers`` times those too.) Matches are compared with each list evaluated alone before
anything is timed. Floors: the bare automaton over the same folded phrases, and (up to 1,000) every list alone.

Aims: ours ÷ bare scan at most 1.5; at 100,000 ÷ at 1,000 lists at most 3; 1.2 KB a list; at 10,000 lists p50 2 ms and
p99 10 ms an article.
"""

from __future__ import annotations

import gc
import os
import random
import time
from pathlib import Path

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from connectors.records import TaggedArticle
from pipelines.folding import fold
from pipelines.watchlists.conditions import Condition, Group, Near
from pipelines.watchlists.matching import Matcher, naive
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.walking import leaves
from pipelines.watchlists.watchlist import Watchlist
from tests.benchmarks.latency import percentiles
from tests.benchmarks.rounds import interleaved, report
from tests.factories import article, tagged

SIZES = (10, 100, 1_000, 10_000, 100_000)
ARTICLES, WORDS = 200, 340
NAMES = 750_000
"""So many that 100,000 natural lists have some seven matches an article."""

FIRST = ("ka", "ra", "ba", "gor", "no", "mar", "ti", "sel", "du", "vin", "ol", "pe", "ru", "za", "chi", "lo")
LAST = ("n", "s", "r", "v", "yan", "ov", "lu", "men", "da", "tek")


def word(number: int) -> str:
    """A made-up word of two to four syllables; different numbers give different words."""
    made, number = LAST[number % len(LAST)], number // len(LAST)
    while True:
        made, number = FIRST[number % len(FIRST)] + made, number // len(FIRST)
        if not number:
            return made


def common(rng: random.Random) -> str:
    """A word of everybody's, as often as its rank says (Zipf)."""
    return word(200 + int(4000 ** rng.random()))


def name(rng: random.Random, desks: int) -> str:
    """A name of two words that only some desks look for."""
    return f"{word(5_000 + rng.randrange(desks * 4))} {word(5_000 + rng.randrange(40_000))}"


def in_the_news(rng: random.Random) -> str:
    """One of the `NAMES` in the news; the more it is talked of the more desks look for it."""
    rank = int(NAMES * rng.random() ** 2)
    return f"{word(5_000 + rank % 1_000)} {word(6_000 + rank // 1_000)}"


def lists(count: int, rng: random.Random, *, natural: bool = False) -> list[Watchlist]:
    """*count* lists."""

    def names(number: int) -> tuple[Phrase, ...]:
        drawn = (in_the_news(rng) if natural else name(rng, max(count, 100)) for _ in range(number))
        return tuple(Phrase(phrase=phrase) for phrase in drawn)

    def words(number: int) -> tuple[Phrase, ...]:
        return tuple(Phrase(phrase=common(rng), broad=True) for _ in range(number))

    made = []
    for n in range(count):
        kind = rng.random()
        if kind < 0.35:
            match: Condition = Group(any=names(6))
        elif kind < 0.7:
            match = Group(all=(Group(any=names(3)), Group(any=words(4))), none=words(1))
        elif kind < 0.85:
            match = Near(near=(Group(any=names(3)), Group(any=words(3))), distance=rng.randint(3, 10))
        else:
            match = Group(any=names(10))
        made.append(Watchlist(id=f"list-{n}", title=f"List {n}", match=match))
    return made


def articles(
    rng: random.Random, made: list[Watchlist], *, natural: bool = False, count: int = ARTICLES
) -> list[TaggedArticle]:
    """News of common words: a tenth has a name of the first ten lists; when *natural* all have three in the news."""
    own = [leaf.phrase for w in made[:10] for _, leaf in leaves(w.condition) if " " in str(leaf)]
    found = []
    for n in range(count):
        text = [common(rng) for _ in range(WORDS)]
        if natural:
            for _ in range(3):
                text[rng.randrange(WORDS)] = in_the_news(rng)
        elif n % 10 == 0:
            text[rng.randrange(WORDS)] = rng.choice(own)
        found.append(tagged(article(common(rng), " ".join(text), entry=str(n))))
    return found


def main() -> None:
    """A row for each size, up to ``WIREWATCH_LISTS``."""
    costs = {}
    for count in (size for size in SIZES if size <= int(os.environ.get("WIREWATCH_LISTS", "100000"))):
        rng = random.Random(7)
        made = lists(count, rng)
        texts = articles(random.Random(8), made)
        before, started = _resident(), time.process_time()
        matcher = Matcher(made)
        built = time.process_time() - started
        kilobytes = (_resident() - before) / count
        keys = {fold(leaf.phrase).text for w in made for _, leaf in leaves(w.condition) if isinstance(leaf, Phrase)}
        bare = AhoCorasick(sorted(keys), matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA)
        folded = [[fold(text).text for _, text in t.article.zones()] for t in texts]
        matches = sum(len(matcher.match(t)) for t in texts)
        if count <= 1_000:
            for t in texts[:20]:
                assert [m.watchlist.id for m in matcher.match(t)] == sorted(w.id for w in made if naive(w, t))
        cost = f"built in {built:.1f} s, {kilobytes:.2f} KB each"
        print(f"  {count} lists: {cost}, {matches / ARTICLES:.3f} matches an article")
        contenders = {
            "matcher": lambda matcher=matcher, texts=texts: [matcher.match(t) for t in texts] and None,
            "bare scan": lambda bare=bare, folded=folded: (
                [bare.find_matches_as_indexes(z, overlapping=True) for zones in folded for z in zones] and None
            ),
        }
        times = interleaved(contenders, rounds=5)
        report(times, "article", ARTICLES, "matcher", "bare scan")
        costs[count] = min(times["matcher"])
        if count == 10_000:
            percentiles("one article", [_took(matcher, t) for t in texts])
    for low, high in ((10, 100_000), (1_000, 100_000)):
        if high in costs:
            print(f"  cost at {high:,} lists ÷ at {low:,}: {costs[high] / costs[low]:.2f}")


def _resident() -> float:
    """KB of this process, without what only waits to be collected."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def _took(matcher: Matcher, text: TaggedArticle) -> float:
    started = time.perf_counter()
    matcher.match(text)
    return time.perf_counter() - started
