"""Alerts of watchlists for articles that came before them, or before their last edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.buses import Bus, Entry, Topic, every
from connectors.errors import RejectedError
from connectors.records import Alert, TaggedArticle, decode, encode
from pipelines import stages
from pipelines.taggers import Reader
from pipelines.watchlists.finding import Inside
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist

BATCH = 100
"""Articles that are matched, and whose alerts are appended, at once."""


def backfill(
    bus: Bus, watchlists: Sequence[Watchlist], inside: Inside, reader: Reader, since: float | None = None
) -> Iterator[Alert]:
    """Raise the alerts that *watchlists* have for the articles on *bus*, and give each as it stands on its topic.

    *since* leaves out what came before, in seconds since the epoch. An alert that was raised before keeps what it says.
    Guarantees: no alert twice, however often it runs. Cost: reads the topic `tagged` whole; as much as the flow's last
    step for each article.

    Raises:
        TransientError: the bus is away; what was given stands.
    """
    matcher = Matcher(watchlists, inside)
    topics = {watchlist.id: watchlist.alerts for watchlist in watchlists}
    for name in set(topics.values()) - bus.topics().keys():
        bus.create(Topic(name, unique=True))
    known = {record.key for topic in set(topics.values()) for record in every(bus, topic)}
    batch: list[TaggedArticle] = []
    for record in every(bus, "tagged"):
        if since is None or record.timestamp >= since:
            try:
                batch.append(decode(TaggedArticle, record.value))
            except RejectedError:  # the flow passed over it as well
                continue
        if len(batch) == BATCH:
            yield from _raised(bus, matcher, reader, batch, topics, known)
            batch = []
    yield from _raised(bus, matcher, reader, batch, topics, known)


def _raised(
    bus: Bus,
    matcher: Matcher,
    reader: Reader,
    batch: Sequence[TaggedArticle],
    topics: dict[str, str],
    known: set[str],
) -> list[Alert]:
    flagged, _ = stages.flag(matcher, reader, batch)
    alerts = {alert.id: alert for _, alerts in flagged for alert in alerts if alert.id not in known}
    bus.append([Entry(topics[alert.watchlist], alert.id, encode(alert)) for alert in alerts.values()])
    known |= alerts.keys()
    return list(alerts.values())
