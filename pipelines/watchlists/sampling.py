"""How often watchlists match what a log holds, to tell those that would drown a desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from connectors.buses import Bus
from connectors.errors import Problem, RejectedError
from connectors.records import TaggedArticle, decode
from pipelines.watchlists.finding import Inside
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist

SAMPLE = 2_000
"""The newest articles that are looked at: about a second of work."""

FEWEST = 200
"""Articles below which a share says nothing."""

COMMON = 0.01
"""The share of a log that no list for alerts should match: at a desk of 5,000 articles a day, one every half hour."""


def too_common(bus: Bus, watchlists: Collection[Watchlist], inside: Inside) -> list[Problem]:
    """The *watchlists* that match more than `COMMON` of the newest `SAMPLE` articles of *bus*, at their place."""
    matcher = Matcher(watchlists, inside)
    counts: Counter[str] = Counter()
    total = 0
    for tagged in _newest(bus):
        total += 1
        counts.update(match.watchlist.id for match in matcher.match(tagged))
    return [
        watchlist.problem(
            f"matches {counts[watchlist.id] / total:.1%} of the newest {total:,} articles, more than"
            f" {COMMON:.0%}: is that meant? 'wirewatch backtest' shows them",
            (watchlist.says,),
        )
        for watchlist in (watchlists if total >= FEWEST else ())
        if counts[watchlist.id] > COMMON * total
    ]


def _newest(bus: Bus) -> Iterator[TaggedArticle]:
    """The newest articles of the topic `tagged` that are no copies, the same number of each partition."""
    topic = bus.topics().get("tagged")
    partitions = topic.partitions if topic else 0
    for partition in range(partitions):
        end = bus.end("tagged", partition)
        offset = max(end - SAMPLE // partitions, bus.begin("tagged", partition))
        while offset < end and (found := bus.read("tagged", partition, offset, 200)):
            offset = found[-1].offset + 1
            for record in found:
                try:
                    tagged = decode(TaggedArticle, record.value)
                except RejectedError:
                    continue
                if not tagged.duplicate_of:
                    yield tagged
