"""Articles a second of a backtest over a stored log, with all shipped lists, in one process and in two.

``WIREWATCH_ARTICLES`` articles (a million) stand on a local log in a temporary folder: made-up news of some hundred
words, one in five of which matches; with ``WIREWATCH_BENCH`` the articles recorded in that folder. They repeat with new
ids, tagged once. Both versions of each list are the shipped one, so every article is matched twice. A rate is told of
the wall, starting of the processes and all, and of their processor time, which a busy machine does not lengthen: they
stand back for whatever else runs. Eight processes are projected from the latter, as if there were eight free cores and
memory to feed them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from connectors.buses import Bus, Entry, Topic
from connectors.errors import RejectedError
from connectors.records import Article, TaggedArticle, encode
from connectors.sources import replay as recorded
from pipelines import taggers
from pipelines.address import Address
from pipelines.backtests.backtest import Pair
from pipelines.backtests.backtesting import Job
from pipelines.backtests.chunks import Kept, chunks
from pipelines.backtests.processes import run
from pipelines.backtests.tally import whole
from pipelines.config import shipped
from pipelines.language import language_of
from pipelines.taggers import gazetteer
from pipelines.watchlists.folder import load_folder
from tests.factories import NOW, article
from tests.newsroom import items

ARTICLES = int(os.environ.get("WIREWATCH_ARTICLES", "1000000"))
DISTINCT = 5_000
"""Articles that are tagged; the others repeat them."""

DAYS = 90
PLACEHOLDER = "f" * 32


def news() -> list[Article]:
    """The articles that repeat."""
    folder = os.environ.get("WIREWATCH_BENCH")
    found = list(itertools.islice(_recorded(Path(folder)), DISTINCT)) if folder else []
    return found or [article(item.title, item.text, entry=item.guid) for item in items(DISTINCT, seed=3)]


def _recorded(folder: Path) -> Iterator[Article]:
    for _, raw in recorded.documents(folder):
        with contextlib.suppress(RejectedError):
            yield recorded.read(raw, "recorded", NOW)


def fill(bus: Bus) -> None:
    """Put `ARTICLES` records on the topic `tagged`, over `DAYS` days."""
    bus.create(Topic("tagged", unique=True))
    known = news()
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    raws = []
    for number, one in enumerate(
        taggers.tagged(tagger, [TaggedArticle(article=a, language=language_of(a)) for a in known])
    ):
        made = one.article
        fetched = NOW - timedelta(days=DAYS * (1 - number / len(known)))
        fields = {
            name: getattr(made, name) for name in ("source", "url", "title", "lead", "body", "captions", "language")
        }
        new = Article(id=PLACEHOLDER, fetched=fetched, **fields)
        raws.append(encode(msgspec.structs.replace(one, article=new)))
    print(f"  {ARTICLES:,} articles of {sum(map(len, raws)) / len(raws):,.0f} bytes, {len(raws):,} of them distinct")
    for start in range(0, ARTICLES, 1000):
        entries = []
        for number in range(start, min(start + 1000, ARTICLES)):
            raw, own = raws[number % len(raws)], f"{number:032x}"
            entries.append(Entry("tagged", f"{own}.1", raw.replace(PLACEHOLDER.encode(), own.encode())))
        bus.append(entries)


def main() -> None:
    """One process, then two."""
    lists = [watchlist for watchlist, _ in load_folder(shipped() / "watchlists")[0]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = Address("local", f'{{"path": "{folder}"}}')
        bus = address.open()
        fill(bus)
        job = Job(address, tuple(Pair(watchlist, watchlist) for watchlist in lists), (shipped() / "gazetteer",))
        todo = chunks(bus)
        for processes in (1, 2):
            kept = Kept.of(folder, job.question, time.time(), fresh=True)
            started, before = time.monotonic(), _processor()
            run(job, kept, todo, processes, lambda chunk: None)
            took, worked = time.monotonic() - started, _processor() - before
            joining = time.monotonic()
            result = whole(found for chunk in todo if (found := kept.get(chunk)))
            assert (result.articles, result.failed) == (ARTICLES, 0)
            print(
                f"  {processes} processes, {len(lists)} lists: {ARTICLES / took:,.0f} articles/s,"
                f" {ARTICLES / worked:,.0f} a second of processor; put together in {time.monotonic() - joining:.1f} s"
            )
        alerts = sum(len(tally.outcomes) for tally in result.lists.values())
        print(f"  {alerts:,} alerts; eight processes, projected: {8 * ARTICLES / worked:,.0f} articles/s")
        bus.close()


def _processor() -> float:
    """Seconds of processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
