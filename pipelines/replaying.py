"""Recorded articles through the same flow, on a log in memory: what would have alerted, and nothing written."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

from connectors.buses import Entry, every
from connectors.errors import RejectedError
from connectors.records import Alert, DeadLetter, decode, encode
from connectors.sources import replay as recorded
from pipelines import flow, watching
from pipelines.address import Address
from pipelines.config import Config
from pipelines.layout import TOPICS
from pipelines.plan import plan_of

log = structlog.get_logger(__name__)

EPOCH = datetime.fromtimestamp(0, UTC)

_runs = itertools.count()


def replay(config: Config, path: Path, watchlist: str = "") -> Iterator[Alert | DeadLetter]:
    """Run the articles recorded at *path* through the flow: its alerts (of *watchlist*, or all), then its dead letters.

    Same input and same rules give the same bytes: ids and times come from the articles.

    Raises:
        ConfigError: a watchlist is broken.
    """
    address = Address("memory", f'{{"name": "replay-{next(_runs)}"}}')
    bus = address.open()
    for topic in TOPICS:
        bus.create(topic)
    watching.publish(config.watchlists, bus, strict=True)
    bus.append([*_entries(path)])
    end = bus.end("articles", 0)
    stop = threading.Event()
    failure: list[BaseException] = []

    def work() -> None:
        try:
            flow.run(plan_of(config, address), stop)
        except BaseException as error:  # raised again below, in the caller's thread
            failure.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    while (bus.committed(flow.GROUP, "articles", 0) or 0) < end and worker.is_alive():
        time.sleep(0.02)
    stop.set()
    worker.join()
    if failure:
        raise failure[0]
    for name in sorted(name for name in bus.topics() if name.startswith("alerts.")):
        alerts = [decode(Alert, record.value) for record in every(bus, name)]
        yield from (alert for alert in alerts if watchlist in ("", alert.watchlist))
    yield from (decode(DeadLetter, record.value) for record in every(bus, "dead-letters"))


def _entries(path: Path) -> Iterator[Entry]:
    """The articles recorded at *path*. Those without a time of their own get the epoch, so that runs are alike."""
    for place, raw in recorded.documents(path):
        try:
            article = recorded.read(raw, "replay", EPOCH)
        except RejectedError as error:
            log.warning("not replayed", place=place, reason=str(error))
        else:
            yield Entry("articles", article.key, encode(article))
