"""What an edit of one list among many costs: until it is live, while the line waits, and when all are compiled anew.

A folder of lists as in the benchmark `watchlist` (``WIREWATCH_LISTS`` of them, 100,000 by default) is published on a log
in memory, and compiled as a worker of the flow does it. Then one file is edited, and the time goes from the moment the
file is closed until the worker's rules have it. *pause* is how long the worker's look at the topic took, in which no
article is matched. At last all lists are compiled anew beside a line that goes on matching.

Aims: live within 1 s, no pause that is felt, an article during the rebuild at most 1.1 times as long as before.
"""

from __future__ import annotations

import io
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from connectors.buses import Topic
from connectors.records import TaggedArticle
from pipelines import logs, watching
from pipelines import rules as module
from pipelines.address import Address
from pipelines.newest import Newest
from pipelines.rules import RulesAt
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.walking import plain
from pipelines.watchlists.watchlist import Watchlist
from tests.benchmarks.watchlist import articles, lists

EDITS = 20


def main() -> None:
    """Print a row for each question."""
    logs.setup("warning")
    count = int(os.environ.get("WIREWATCH_LISTS", "100000"))
    made = lists(count, random.Random(7))
    texts = articles(random.Random(8), made)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        for watchlist in made:
            (folder / f"{watchlist.id}.yaml").write_text(text_of(watchlist), "utf-8")
        address = Address("memory", f'{{"name": "{uuid.uuid4()}"}}')
        bus = address.open()
        bus.create(Topic("watchlists", compact=True))
        stored = Newest("watchlists")
        began = time.perf_counter()
        watching.publish(folder, bus, stored=stored, strict=True)
        read = time.perf_counter()
        at = RulesAt(address)
        at()
        built = time.perf_counter()
        print(
            f"  {count:,} lists: read and published in {read - began:.0f} s, read and compiled in {built - read:.0f} s"
        )
        lives, pauses = [], []
        for number in range(EDITS):
            path = folder / f"list-{number}.yaml"
            path.write_text(path.read_text("utf-8").replace("title: List", "title: Desk"), "utf-8")
            began = time.perf_counter()
            watching.publish(folder, bus, stored=stored, touched={path.name})
            published = time.perf_counter()
            pauses.append(_look(at))
            assert {w.id: w for w in at().matcher.watchlists}[f"list-{number}"].title.startswith("Desk")
            lives.append(published - began + pauses[-1])
        idle = statistics.median(_look(at) for _ in range(EDITS))
        print(f"  an edit is live after {statistics.median(lives) * 1e3:.0f} ms (worst {max(lives) * 1e3:.0f})")
        print(
            f"  pause of the line: {statistics.median(pauses) * 1e3:.1f} ms (worst {max(pauses) * 1e3:.1f}), a look without an edit {idle * 1e3:.2f}"
        )
        _beside(at, texts)


def text_of(watchlist: Watchlist) -> str:
    """The file of *watchlist*."""
    out, yaml = io.StringIO(), YAML(typ="safe")
    yaml.dump({"id": watchlist.id, "title": watchlist.title, "match": plain(watchlist.condition)}, out)
    return out.getvalue()


def _look(at: RulesAt) -> float:
    began = time.perf_counter()
    at()
    return time.perf_counter() - began


def _beside(at: RulesAt, texts: list[TaggedArticle]) -> None:
    """Articles matched while all lists are compiled anew, against articles matched before and after."""
    matcher = at().matcher
    alone = _costs(matcher, texts, lambda: False, 20 * len(texts))
    rebuilding = module._Rebuilding(matcher.watchlists, at().matcher._inside)
    rebuilding.start()
    began = time.perf_counter()
    beside = _costs(matcher, texts, lambda: not rebuilding.is_alive(), 10**9)
    took = time.perf_counter() - began
    again = _costs(matcher, texts, lambda: False, 20 * len(texts))
    before, during = statistics.mean(alone + again), statistics.mean(beside)
    worst = sorted(beside)[-len(beside) // 1000]
    print(f"  compiled anew beside the line in {took:.0f} s; an article {before * 1e6:.0f} µs before and after,")
    print(
        f"  {during * 1e6:.0f} µs meanwhile (÷ {during / before:.2f}), p99.9 {worst * 1e3:.1f} ms, worst {max(beside) * 1e3:.0f} ms"
    )


def _costs(matcher: Matcher, texts: list[TaggedArticle], ended: Callable[[], bool], most: int) -> list[float]:
    """Seconds of each article, one after the other, until it *ended* or *most* are through; some 2,000 a second."""
    found: list[float] = []
    while len(found) < most and not ended():
        began = time.perf_counter()
        matcher.match(texts[len(found) % len(texts)])
        found.append(time.perf_counter() - began)
        time.sleep(0.0005)
    return found
