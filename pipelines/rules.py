"""The watchlists in force: compiled from the topic `watchlists`, compiled again when it has grown.

`pipelines.watching` puts each valid file of the folder on the topic; every worker of the flow
reads them there, so an edit reaches a cluster as it reaches one machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from connectors.buses import Bus, Topic
from connectors.errors import ConfigError, TransientError
from pipelines.address import Address
from pipelines.matching import Matcher
from pipelines.taggers import Reader, spacy_names
from pipelines.watching import TOPIC, published
from pipelines.watchlists import Watchlist, parse

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What `Flag` needs, as of one moment."""

    matcher: Matcher
    reader: Reader
    topics: dict[str, str]
    ends: tuple[int, ...]

    def topic(self, watchlist: str) -> str:
        """The topic that the alerts of *watchlist* go to."""
        return self.topics[watchlist]


@dataclass(frozen=True)
class RulesAt:
    """Finds the rules of a bus; picklable, so that it can travel with the graph."""

    address: Address
    models: tuple[tuple[str, str], ...] = ()

    def __call__(self) -> Rules:
        """The rules in force now. Cost: one look at the end of a topic, unless it grew.

        While the bus is away those that were in force stay.

        Raises:
            TransientError: it is away and there are none yet.
        """
        rules = _compiled.get(self)
        bus = self.address.open()
        try:
            ends = tuple(bus.end(TOPIC, p) for p in range(bus.topics()[TOPIC].partitions))
            if rules is None or rules.ends != ends:
                rules = _compiled[self] = self._compile(bus, ends)
        except TransientError as error:
            if rules is None:
                raise
            log.warning("no look at the watchlists now; those in force stay", error=str(error))
        return rules

    def _compile(self, bus: Bus, ends: tuple[int, ...]) -> Rules:
        watchlists = list(stored(bus))
        topics = {w.id: w.alerts for w in watchlists}
        for name in set(topics.values()) - bus.topics().keys():
            bus.create(Topic(name, unique=True))
        log.info("watchlists in force", count=len(watchlists))
        reader = spacy_names.build(spacy_names.Options(models=dict(self.models)))
        return Rules(Matcher(watchlists), reader, topics, ends)


_compiled: dict[RulesAt, Rules] = {}


def stored(bus: Bus) -> Iterator[Watchlist]:
    """The watchlists on the topic. One that this version cannot read is left out, loudly: the others still work."""
    for key, text in sorted(published(bus).items()):
        try:
            yield parse(text.decode(), f"{TOPIC}/{key}")
        except ConfigError as error:
            log.warning("watchlist left out", watchlist=key, error=str(error))
