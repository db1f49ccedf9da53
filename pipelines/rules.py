"""The watchlists in force: compiled from the topic `watchlists`, brought up to date as it grows.

`pipelines.watching` puts each valid file of the folder on the topic; every worker of the flow reads them there, so an
edit reaches a cluster as it reaches one machine. An edit costs what it changes: the other lists stay compiled. When
many have changed, all are compiled anew in a thread beside the flow, which goes on with those in force.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import structlog

from connectors.buses import Bus, Topic
from connectors.errors import ConfigError, TransientError
from pipelines.address import Address
from pipelines.knowledge import gazetteer
from pipelines.newest import Newest
from pipelines.stories.telling import Telling
from pipelines.taggers import Reader, spacy_names
from pipelines.watching import TOPIC
from pipelines.watchlists.finding import NOTHING, Inside
from pipelines.watchlists.linking import dependents, linked
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist, parse

log = structlog.get_logger(__name__)

T = TypeVar("T")

LATE = 500
"""Lists that may have changed since all were compiled together: each edit compiles those again, some 0.1 ms each."""

WORK, REST = 0.001, 0.009
"""Seconds that compiling beside the flow works and rests in turn, so that an article waits little longer."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What `Flag` needs, as of one moment."""

    matcher: Matcher
    reader: Reader
    topics: dict[str, str]
    states: frozenset[str] = frozenset()
    """The ids of the places that are states."""
    tellings: Mapping[str, Telling] = field(default_factory=dict)
    """What the watchlists want told of their stories, of those that want anything but the usual."""

    def topic(self, watchlist: str) -> str:
        """The topic that the alerts of *watchlist* go to."""
        return self.topics[watchlist]


@dataclass(frozen=True)
class RulesAt:
    """Finds the rules of a bus; picklable, so that it can travel with the graph.

    *places* are the folders of the gazetteer that says which place lies in which; without them none is in another.
    """

    address: Address
    models: tuple[tuple[str, str], ...] = ()
    places: tuple[Path, ...] = ()

    def __call__(self) -> Rules:
        """The rules in force now. Cost: one look at the end of a topic, unless it grew.

        While the bus is away those that were in force stay.

        Raises:
            TransientError: it is away and there are none yet.
        """
        kept = _kept.setdefault(self, _Kept(self))
        try:
            return kept.look(self.address.open())
        except TransientError as error:
            if kept.rules is None:
                raise
            log.warning("no look at the watchlists now; those in force stay", error=str(error))
            return kept.rules


@dataclass
class _Kept:
    """The watchlists of one bus as this process has them: as parsed, and compiled."""

    at: RulesAt
    rules: Rules | None = None
    newest: Newest = field(default_factory=lambda: Newest(TOPIC))
    lists: dict[str, Watchlist] = field(default_factory=dict)
    naming: set[str] = field(default_factory=set)
    """Those that name others."""
    waiting: set[str] = field(default_factory=set)
    """Those that changed and are not in force yet: the bus may go away in between."""
    inside: Inside = field(default_factory=lambda: NOTHING)
    rebuilding: _Rebuilding | None = None

    def look(self, bus: Bus) -> Rules:
        self.waiting |= self.newest.update(bus)
        changed, inside = frozenset(self.waiting), self._inside()
        if self.rules is None:
            self._read(changed)
            self.inside = inside
            new = _linked(self.lists)
            self._use(Matcher(new, inside), new, (), bus)
            gc.collect()
            gc.freeze()  # what is loaded stays: to look through it for garbage again and again takes seconds
        elif changed:
            self._read(changed)
            affected = changed | dependents((self.lists[name] for name in self.naming), changed)
            new = _linked(self.lists, affected)
            gone = affected - {watchlist.id for watchlist in new}
            self._use(self.rules.matcher.updated(new, gone), new, gone, bus)
        self.waiting -= changed
        assert self.rules
        if inside is not self.inside or (self.rebuilding is None and self.rules.matcher.late > LATE):
            self.inside, self.rebuilding = inside, _Rebuilding(self.rules.matcher.watchlists, inside)
            self.rebuilding.start()
        elif self.rebuilding and (fresh := self.rebuilding.caught_up(self.rules.matcher)):
            self.rebuilding = None
            self._use(fresh, (), (), bus)
        return self.rules

    def _read(self, names: Iterable[str]) -> None:
        """Parse the texts of *names* anew. One that this version cannot read is left out: the others still work."""
        for name in sorted(names):
            self.lists.pop(name, None)
            self.naming.discard(name)
            if (text := self.newest.values.get(name)) is not None and (watchlist := _parsed(name, text)):
                self.lists[name] = watchlist
                if watchlist.names:
                    self.naming.add(name)

    def _use(self, matcher: Matcher, new: Iterable[Watchlist], gone: Collection[str], bus: Bus) -> None:
        before = self.rules.topics if self.rules else {}
        topics = {**before, **{watchlist.id: watchlist.alerts for watchlist in new}}
        for name in gone:
            topics.pop(name, None)
        if others := {watchlist.alerts for watchlist in new if before.get(watchlist.id) != watchlist.alerts}:
            for name in others - bus.topics().keys():
                bus.create(Topic(name, unique=True))
        tellings = dict(self.rules.tellings) if self.rules else {}
        for name in (*gone, *(watchlist.id for watchlist in new)):
            tellings.pop(name, None)
        tellings |= {watchlist.id: told for watchlist in new if (told := watchlist.delivery.telling) != Telling()}
        reader = spacy_names.build(spacy_names.Options(models=dict(self.at.models)))
        self.rules = Rules(matcher, reader, topics, self._states(), tellings)
        log.info("watchlists in force", count=len(topics))

    def _states(self) -> frozenset[str]:
        try:
            return gazetteer.states(*self.at.places) if self.at.places else frozenset()
        except ConfigError:  # the tagger tells of it
            return self.rules.states if self.rules else frozenset()

    def _inside(self) -> Inside:
        try:
            return gazetteer.inside(*self.at.places) if self.at.places else NOTHING
        except ConfigError:  # the tagger tells of it
            return self.inside


class _Rebuilding(threading.Thread):
    """Compiles all lists together beside the flow."""

    def __init__(self, watchlists: list[Watchlist], inside: Inside) -> None:
        super().__init__(name="watchlists", daemon=True)
        self._before = {watchlist.id: watchlist for watchlist in watchlists}
        self._inside = inside
        self._fresh: Matcher | None = None

    def run(self) -> None:
        self._fresh = Matcher(self._before.values(), self._inside, politely)

    def caught_up(self, now: Matcher) -> Matcher | None:
        """When it is done: all together, with what has changed since on top."""
        if self._fresh is None:
            return None
        current = {watchlist.id: watchlist for watchlist in now.watchlists}
        changed = [watchlist for name, watchlist in current.items() if self._before.get(name) is not watchlist]
        return self._fresh.updated(changed, self._before.keys() - current.keys())


def politely(things: Iterable[T]) -> Iterator[T]:
    """Pass *things* on, with a rest whenever `WORK` seconds went by."""
    since = time.monotonic()
    for thing in things:
        if time.monotonic() - since > WORK:
            time.sleep(REST)
            since = time.monotonic()
        yield thing


_kept: dict[RulesAt, _Kept] = {}


def stored(bus: Bus) -> list[Watchlist]:
    """The watchlists on the topic, each with those that it names put in."""
    newest = Newest(TOPIC)
    newest.update(bus)
    return _linked({w.id: w for name, text in sorted(newest.values.items()) if (w := _parsed(name, text))})


def _linked(watchlists: Mapping[str, Watchlist], only: Collection[str] | None = None) -> list[Watchlist]:
    whole, problems = linked(watchlists, only)
    for problem in problems:
        log.warning("watchlist left out", error=str(problem))
    return whole


def _parsed(name: str, text: bytes) -> Watchlist | None:
    try:
        return parse(text.decode(), f"{TOPIC}/{name}")
    except (ConfigError, UnicodeDecodeError) as error:
        log.warning("watchlist left out", watchlist=name, error=str(error))
        return None
