"""What a watchlist costs beside other people's engines: Lucene Monitor, and tantivy with 1 and 3,000 an index.

Lists and articles are those of ``watchlist``, in two regimes: *constant*, where an article has the same few matches
however many lists there are, and *natural*, where lists look for what the news talks about. That all found the same is
asserted before a time is told. All are told in processor time for one article. Ours includes folding it, and the words
that made each list hold; the peers are given folded texts and say only which lists hold. tantivy with 3,000 documents
must wait for as many to come.

Aim: a peer that takes documents singly ÷ ours at least 10.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence

from connectors.records import TaggedArticle
from pipelines.folding import fold
from pipelines.watchlists.matching import Matcher
from tests.benchmarks.peers import NotRunError, Query, Result, document, lucene_monitor, query, tantivy_index
from tests.benchmarks.watchlist import ARTICLES, SIZES, articles, lists

BULK = 3_000
"""Documents that tantivy is given at once."""

SINGLE = 200_000
"""Queries that tantivy is asked, one document an index: two documents at 100,000 lists, which take a second each."""

ROUNDS = 5


def ours(matcher: Matcher, texts: Sequence[TaggedArticle], number: dict[str, int]) -> Result:
    """The matcher, with nothing folded before."""
    found = [[number[match.watchlist.id] for match in matcher.match(text)] for text in texts]
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in texts:
            fold.cache_clear()
            matcher.match(text)
        times.append((time.process_time() - started) / len(texts) * 1e6)
    return Result("ours", found, times)


def same(result: Result, expected: Sequence[Sequence[int]], queries: Sequence[Query]) -> int:
    """Assert that a peer found what we found; how many it found beyond, all of them ``near`` for `tantivy_index`."""
    beyond = 0
    for found, wanted in zip(result.found, expected, strict=False):
        more = set(found) - set(wanted)
        assert set(wanted) <= set(found), f"{result.name} misses {set(wanted) - set(found)}"
        assert not more or result.name.startswith("tantivy"), f"{result.name} finds {more} more"
        assert all("near" in queries[number] for number in more), f"{result.name} finds {more} more"
        beyond += len(more)
    return beyond


def compare(count: int, natural: bool) -> None:
    """One size in one regime."""
    made = lists(count, random.Random(7), natural=natural)
    texts = articles(random.Random(8), made, natural=natural, count=BULK)
    matcher = Matcher(made)
    number = {watchlist.id: n for n, watchlist in enumerate(made)}
    mine = ours(matcher, texts[:ARTICLES], number)
    everything = mine.found + [[number[m.watchlist.id] for m in matcher.match(text)] for text in texts[ARTICLES:]]
    queries, documents = [query(watchlist.condition) for watchlist in made], [document(text) for text in texts]
    matches = sum(map(len, mine.found)) / ARTICLES
    print(f"  {count:,} lists, {'natural' if natural else 'constant'}: {matches:.3f} matches an article", flush=True)
    peers: dict[str, Callable[[], list[Result]]] = {
        "Lucene Monitor": lambda: lucene_monitor.run(queries, documents[:ARTICLES]),
        "tantivy": lambda: [
            tantivy_index.run(queries, documents[: min(20, SINGLE // count)], 1, 3),
            tantivy_index.run(queries, documents, BULK, 3),
        ],
    }
    results = [mine]
    for name, run in peers.items():
        try:
            results += run()
        except NotRunError as error:
            print(f"    {name}: not run: {error}", flush=True)
    for result in results[1:]:
        beyond = same(result, everything, queries)
        which = f", and {beyond} where words are far apart" if beyond else ""
        print(f"    {result.name}: {len(result.found):,} documents, matches equal{which}")
    for result in results:
        cost = statistics.median(result.times)
        spread = max(result.times) / min(result.times)
        ratio = f"   ÷ ours {cost / statistics.median(mine.times):6.1f}" if result is not mine else ""
        note = f"   {result.note}" if result.note else ""
        print(f"    {result.name:30} {cost:10.1f} µs an article   spread {spread:.2f}{ratio}{note}", flush=True)


def main() -> None:
    """Every size up to ``WIREWATCH_LISTS``, in both regimes; a minute each, at 100,000 some five."""
    for natural in (False, True):
        for count in (size for size in SIZES if size <= int(os.environ.get("WIREWATCH_LISTS", "100000"))):
            compare(count, natural)
