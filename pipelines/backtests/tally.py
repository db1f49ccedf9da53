"""What two versions of watchlists came to on a part of a log, to be joined with that of other parts.

Of each list it is a `Tally` by article, so parts join in whatever order they were read, repeats and all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from pipelines.backtests.outcome import Difference, Kind, Outcome

KEPT = 1000
"""Differences of each kind that a report tells in full, the newest; the others are counted."""

DAY = 86400.0


class Tally(Struct, frozen=True, kw_only=True):
    """Two versions of a list on some articles, by article id. Memory: 400 bytes an alert, 1 KB a difference."""

    outcomes: dict[str, Outcome] = {}
    differences: dict[str, Difference] = {}


class Result(Struct, frozen=True, kw_only=True):
    """A part of a log that was read: how much it was, from when to when, and the tally of each list by id.

    *copies* are never alerted on. *failed* records could not be read, or not be matched: the flow sets such aside.
    """

    articles: int = 0
    copies: int = 0
    failed: int = 0
    begin: datetime | None = None
    end: datetime | None = None
    lists: dict[str, Tally] = {}

    @property
    def days(self) -> float:
        """How many days it spans, at least one: an hour says nothing of a day."""
        return max(1.0, (self.end - self.begin).total_seconds() / DAY) if self.begin and self.end else 1.0


class Joining:
    """Puts outcomes together into one tally with the newest *most* differences of each kind."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._outcomes: dict[str, Outcome] = {}
        self._differences: dict[str, Difference] = {}

    def add(self, name: str, found: Outcome, difference: Difference | None) -> None:
        """Add what a revision of the article with the id *name* came to."""
        known, told = self._outcomes.get(name), self._differences.get(name)
        self._outcomes[name] = known.join(found) if known else found
        if difference:
            self._differences[name] = told.join(difference) if told else difference
        if len(self._differences) > 6 * self._most:  # bounds memory; to sort at every article would be slow
            self._differences = self._newest()

    def tally(self) -> Tally:
        """All that was added."""
        return Tally(outcomes=self._outcomes, differences=self._newest())

    def _newest(self) -> dict[str, Difference]:
        """The differences to keep, newest first; a later revision may have shown that one is none."""
        room: dict[Kind, int] = {"added": self._most, "lost": self._most, "changed": self._most, "same": 0}
        kept = {}
        for name, told in sorted(self._differences.items(), key=lambda item: (item[1].told.at, item[0]), reverse=True):
            kind = self._outcomes[name].kind
            if room[kind]:
                room[kind] -= 1
                kept[name] = told
        return kept


def whole(parts: Iterable[Result], most: int = KEPT) -> Result:
    """One result of *parts*, which are of different records."""
    total = Result()
    lists: dict[str, Joining] = {}
    for part in parts:
        total = Result(
            articles=total.articles + part.articles,
            copies=total.copies + part.copies,
            failed=total.failed + part.failed,
            begin=min((moment for moment in (total.begin, part.begin) if moment), default=None),
            end=max((moment for moment in (total.end, part.end) if moment), default=None),
        )
        for watchlist, tally in part.lists.items():
            joining = lists.setdefault(watchlist, Joining(most))
            for name, found in tally.outcomes.items():
                joining.add(name, found, tally.differences.get(name))
    return msgspec.structs.replace(total, lists={name: joining.tally() for name, joining in lists.items()})
