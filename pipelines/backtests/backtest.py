"""A backtest: how many alerts a day a changed watchlist raises beside the running one, and which differ and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from msgspec import Struct

from pipelines.backtests.outcome import Difference
from pipelines.backtests.tally import Result, Tally
from pipelines.watchlists.watchlist import Watchlist

KINDS = ("added", "lost", "changed")
"""What an alert may be beside the same."""


class Pair(NamedTuple):
    """A list as it runs, None when it does not, and as it might."""

    before: Watchlist | None
    after: Watchlist


class Day(Struct, frozen=True):
    """Alerts of the running and of the changed version on one day, UTC."""

    date: date
    before: int
    after: int


class Comparison(Struct, frozen=True, kw_only=True):
    """One list. *running* is the version in force, "" when there is none; *days* has every day that was read.

    An alert is *added*, *lost*, *changed* (other evidence, or another level) or the *same*; *differences* tell of the
    newest of the first three.
    """

    id: str
    title: str
    path: str
    running: str
    version: str
    before: int
    after: int
    a_day_before: float
    a_day_after: float
    added: int
    lost: int
    changed: int
    same: int
    days: tuple[Day, ...]
    differences: dict[str, tuple[Difference, ...]]


class Backtest(Struct, frozen=True, kw_only=True):
    """All lists on the *articles* from *begin* to *end*; *copies* and *failed* as in `tally.Result`."""

    articles: int
    copies: int
    failed: int
    begin: datetime | None
    end: datetime | None
    lists: tuple[Comparison, ...]


def backtest(pairs: Iterable[Pair], result: Result) -> Backtest:
    """What *result* says of *pairs*."""
    return Backtest(
        articles=result.articles,
        copies=result.copies,
        failed=result.failed,
        begin=result.begin,
        end=result.end,
        lists=tuple(_comparison(pair, result.lists.get(pair.after.id, Tally()), result) for pair in pairs),
    )


def pooled(days: Sequence[Day], most: int) -> list[Day]:
    """*days*, so many together that at most *most* sums are left, each under its first date."""
    size = max(1, -(-len(days) // most))
    pools = (days[start : start + size] for start in range(0, len(days), size))
    return [Day(pool[0].date, sum(day.before for day in pool), sum(day.after for day in pool)) for pool in pools]


def _comparison(pair: Pair, tally: Tally, result: Result) -> Comparison:
    counts = dict.fromkeys((*KINDS, "same"), 0)
    for found in tally.outcomes.values():
        counts[found.kind] += 1
    differences = {
        kind: tuple(d for name, d in tally.differences.items() if tally.outcomes[name].kind == kind) for kind in KINDS
    }
    before = counts["lost"] + counts["changed"] + counts["same"]
    after = counts["added"] + counts["changed"] + counts["same"]
    return Comparison(
        id=pair.after.id,
        title=pair.after.title,
        path=pair.after.path,
        running=pair.before.version if pair.before else "",
        version=pair.after.version,
        before=before,
        after=after,
        a_day_before=round(before / result.days, 2),
        a_day_after=round(after / result.days, 2),
        days=tuple(_days(tally, result)),
        differences=differences,
        **counts,
    )


def _days(tally: Tally, result: Result) -> Iterable[Day]:
    if not (result.begin and result.end):
        return
    first = result.begin.toordinal()
    counts = [[0, 0] for _ in range(first, result.end.toordinal() + 1)]
    for found in tally.outcomes.values():
        for version, alert in enumerate((found.before, found.after)):
            if alert:
                counts[alert.day - first][version] += 1
    for number, (before, after) in enumerate(counts):
        yield Day(date.fromordinal(first + number), before, after)
