"""Alerts of watchlists for articles that came before them, or before their last edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.buses import Bus, Entry, Topic, every
from connectors.errors import RejectedError
from connectors.records import Alert, TaggedArticle, decode
from pipelines import stages
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.rules import Rules
from pipelines.stories import rarity
from pipelines.stories.candidate import told
from pipelines.stories.memory import Stories
from pipelines.taggers import Reader
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist

BATCH = 100
"""Articles that are matched, and whose alerts are appended, at once."""


def backfill(
    bus: Bus,
    watchlists: Sequence[Watchlist],
    places: Gazetteer,
    reader: Reader,
    quiet: float,
    since: float | None = None,
) -> Iterator[Alert]:
    """Raise the alerts that *watchlists* have for the articles on *bus*, and give each new one as it stands there.

    *since* leaves out what came before, in seconds since the epoch. An alert that was raised before keeps what it says,
    and an article joins the stories there are, which are over after *quiet* seconds. Guarantees: no alert twice,
    however often it runs. Cost: reads the topics `tagged` and `stories` whole; as much as the flow's last steps for
    each article. Does not: tell a flow that runs, which learns of stories opened here when it starts again.

    Raises:
        TransientError: the bus is away; what was given stands.
    """
    topics = {watchlist.id: watchlist.alerts for watchlist in watchlists}
    tellings = {watchlist.id: watchlist.delivery.telling for watchlist in watchlists}
    rules = Rules(Matcher(watchlists, places.inside), reader, topics, frozenset(places.countries.values()), tellings)
    for name in {*rules.topics.values(), "stories"} - bus.topics().keys():
        bus.create(Topic(name, unique=True))
    known = {record.key for topic in set(rules.topics.values()) for record in every(bus, topic)}
    frequencies = rarity.load(shipped() / "languages")
    stories = {name: Stories(rarity.Rarity(frequencies), quiet) for name in rules.topics}
    for watchlist, members in stages.recall_stories(list(every(bus, "stories"))).items():
        if watchlist in stories:
            stories[watchlist].recall(members)
    batch: list[TaggedArticle] = []
    for record in every(bus, "tagged"):
        if since is None or record.timestamp >= since:
            try:
                batch.append(decode(TaggedArticle, record.value))
            except RejectedError:  # the flow passed over it as well
                continue
        if len(batch) == BATCH:
            yield from _raised(bus, rules, stories, batch, known)
            batch = []
    yield from _raised(bus, rules, stories, batch, known)


def _raised(
    bus: Bus, rules: Rules, stories: Mapping[str, Stories], batch: Sequence[TaggedArticle], known: set[str]
) -> list[Alert]:
    flagged, _ = stages.flag(rules.matcher, rules.reader, batch)
    entries: list[Entry] = []
    for watchlist, found in stages.candidates(flagged, rules.topic, rules.states, rules.tellings).items():
        entries += told(stories[watchlist], found)[0]
    alerts = {entry.key: entry for entry in entries if entry.topic != "stories" and entry.key not in known}
    bus.append([*(entry for entry in entries if entry.topic == "stories"), *alerts.values()])
    known |= alerts.keys()
    raised = (decode(Alert, entry.value) for entry in alerts.values())
    return [alert for alert in raised if not alert.updates]
