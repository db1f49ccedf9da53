"""What must come of the sample feeds, and what came: the oracle of the demonstration.

``expected.yaml`` was written by hand from the texts, never from a run. `done` says that every entry is
through, `summary` compares the bus with it. Of two copies either may arrive first, so an alert is expected of
a group of copies, once, whichever member raised it; and of entries on one event at least once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from connectors.buses import Bus, Record, every
from connectors.records import Alert, Article, DeadLetter, TaggedArticle, decode
from pipelines.located import read_file, validate


class Name(NamedTuple):
    """An entry: its source, and the id its feed gives it."""

    source: str
    entry: str

    def __str__(self) -> str:
        return f"{self.source}/{self.entry}"


class Wanted(BaseModel):
    """What must come of one entry: *alerts* by watchlist, or nothing because it is a copy of *duplicate_of*.

    *revision* is the last that its feed shows; *version* the first version of the feed that has it.
    """

    model_config = ConfigDict(frozen=True)

    alerts: tuple[str, ...] = ()
    duplicate_of: str = ""
    revision: int = 1
    version: int = 1


class Totals(BaseModel):
    """Counts over all feeds. *entries* are copies too, *alerts* are by watchlist."""

    model_config = ConfigDict(frozen=True)

    feeds: int
    entries: int
    distinct: int
    duplicates: int
    revisions: int
    alerts: dict[str, int]


class Expected(BaseModel):
    """``expected.yaml``. *dead_letters*: the least set aside, by source; *articles*: by source and id.

    *events*: entries that tell of one event, of which one must alert and the others may.
    """

    model_config = ConfigDict(frozen=True)

    totals: Totals
    events: tuple[tuple[str, ...], ...] = ()
    dead_letters: dict[str, int]
    articles: dict[str, dict[str, Wanted]]

    @cached_property
    def wanted(self) -> dict[Name, Wanted]:
        """Every entry."""
        return {Name(s, e): wanted for s, entries in self.articles.items() for e, wanted in entries.items()}

    @cached_property
    def alerts(self) -> Counter[tuple[Name, str]]:
        """The alerts that must come: of which first copy, on which watchlist."""
        return Counter((name, watchlist) for name, w in self.wanted.items() for watchlist in w.alerts)

    def missing(self, found: Counter[tuple[Name, str]]) -> Counter[tuple[Name, str]]:
        """The alerts that did not come and had to: of several entries on one event, one is enough."""
        missing = self.alerts - found
        for event in self.events:
            names = [Name(*entry.split("/", 1)) for entry in event]
            for watchlist in {watchlist for _, watchlist in missing}:
                if any(found[name, watchlist] for name in names):
                    missing -= Counter((name, watchlist) for name in names)
        return missing

    def first(self, name: Name) -> Name:
        """The entry that *name* is a copy of, else itself."""
        wanted = self.wanted.get(name)
        return Name(*wanted.duplicate_of.split("/", 1)) if wanted and wanted.duplicate_of else name


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    *accepted* counts articles on the log, revisions among them; *new*, *duplicates* and *revisions* are what
    the flow made of them. *alerts* are by watchlist, *dead_letters* by stage and reason. *latencies* are the
    seconds from an article accepted to its alert durable, sorted; while the flow is still starting they hold
    that start too. *unread* are entries that never came through; *missing* and *unexpected* are alerts.
    """

    feeds: int
    accepted: int
    new: int
    duplicates: int
    revisions: int
    alerts: dict[str, int]
    dead_letters: dict[str, int]
    latencies: tuple[float, ...]
    unread: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every entry came through and exactly the expected alerts came."""
        return not (self.unread or self.missing or self.unexpected)

    def latency(self, share: float) -> float:
        """The seconds that *share* of the alerts took at most (nearest rank); NaN without alerts."""
        if not self.latencies:
            return math.nan
        return self.latencies[max(0, math.ceil(share * len(self.latencies)) - 1)]


def read_expected(folder: Path) -> Expected:
    """The oracle of the samples in *folder*.

    Raises:
        ConfigError: ``expected.yaml`` is missing or no such file.
    """
    return validate(Expected, read_file(folder / "expected.yaml"))


def done(bus: Bus, expected: Expected) -> bool:
    """Whether every expected entry is through the flow, in its last revision, and the broken set aside.

    Alerts follow their articles: they are there when the flow has committed too. Says nothing of deliveries.
    Cost: reads two topics whole, some milliseconds for the samples.
    """
    return not _unread(bus, expected)


def summary(bus: Bus, expected: Expected) -> Summary:
    """Compare what stands on *bus* with *expected*."""
    accepted = {r.key: (decode(Article, r.value), r.timestamp) for r in _records(bus, ["articles"])}
    tagged = [decode(TaggedArticle, r.value) for r in _records(bus, ["tagged"])]
    told = [(decode(Alert, r.value), r.timestamp) for r in _records(bus, _alert_topics(bus))]
    raised = [(alert, at) for alert, at in told if not alert.updates]
    letters = [decode(DeadLetter, r.value) for r in _records(bus, ["dead-letters"])]
    found = Counter(
        (expected.first(Name(article.source, article.entry)), alert.watchlist)
        for alert, _ in raised
        for article, _ in [accepted[alert.article]]
    )
    return Summary(
        feeds=len({r.key for r in _records(bus, ["source-health"])}),
        accepted=len(accepted),
        new=sum(not t.duplicate_of and t.article.revision == 1 for t in tagged),
        duplicates=sum(bool(t.duplicate_of) for t in tagged),
        revisions=sum(not t.duplicate_of and t.article.revision > 1 for t in tagged),
        alerts=dict(sorted(Counter(alert.watchlist for alert, _ in raised).items())),
        dead_letters=dict(sorted(Counter(f"{d.stage}: {d.reason}" for d in letters).items())),
        latencies=tuple(sorted(at - accepted[alert.article][1] for alert, at in raised)),
        unread=_unread(bus, expected),
        missing=_listed(expected.missing(found)),
        unexpected=_listed(found - expected.alerts),
    )


def _unread(bus: Bus, expected: Expected) -> tuple[str, ...]:
    """What is not through yet: entries in their last revision, and sources with too few dead letters."""
    revisions: dict[Name, int] = {}
    for record in _records(bus, ["tagged"]):
        article = decode(TaggedArticle, record.value).article
        name = Name(article.source, article.entry)
        revisions[name] = max(article.revision, revisions.get(name, 0))
    aside = Counter(decode(DeadLetter, record.value).source for record in _records(bus, ["dead-letters"]))
    entries = [str(name) for name, w in expected.wanted.items() if revisions.get(name, 0) < w.revision]
    return (*entries, *(f"{s} (broken entries)" for s, n in expected.dead_letters.items() if aside[s] < n))


def _records(bus: Bus, topics: Iterable[str]) -> Iterator[Record]:
    """Every record of *topics* that exist."""
    return (record for topic in topics for record in every(bus, topic))


def _alert_topics(bus: Bus) -> list[str]:
    return sorted(name for name in bus.topics() if name.startswith("alerts."))


def _listed(alerts: Counter[tuple[Name, str]]) -> tuple[str, ...]:
    return tuple(f"{name} on {watchlist}" for name, watchlist in sorted(alerts.elements()))
