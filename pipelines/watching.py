"""Watchlist files to the topic `watchlists`: at the start, and whenever the folder changes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Collection
from pathlib import Path

import structlog
from watchfiles import awatch

from connectors import metrics
from connectors.buses import Bus, Entry
from connectors.errors import ConfigError, Problem, TransientError
from pipelines.newest import Newest
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.watchlist import Watchlist, check_ids

log = structlog.get_logger(__name__)

TOPIC = "watchlists"

TOLD = 10
"""Lists that a line of the log names."""

Known = Callable[[], Collection[str]]
"""Gives the ids of the places and actors there are."""

Tried = Callable[[Watchlist], list[Problem]]
"""Tries the examples of a list."""


def _untried(_: Watchlist) -> list[Problem]:
    return []


async def watch(folder: Path, bus: Bus, stop: asyncio.Event, known: Known = tuple, tried: Tried = _untried) -> None:
    """Publish the watchlists of *folder* after every change, until *stop* is set. An edit is live in about a second."""
    stored = Newest(TOPIC)
    gc.collect()
    gc.freeze()  # what is loaded stays: to look through 100,000 lists for garbage now and then takes seconds
    async for changes in awatch(folder, stop_event=stop, debounce=300, step=50):
        touched = {str(Path(path).relative_to(folder.absolute())) for _, path in changes}
        try:
            await asyncio.to_thread(publish, folder, bus, known, tried, stored=stored, touched=touched)
        except TransientError as error:
            log.warning("watchlists not published; save a file again to retry", error=str(error))


def publish(
    folder: Path,
    bus: Bus,
    known: Known = tuple,
    tried: Tried = _untried,
    *,
    strict: bool = False,
    stored: Newest | None = None,
    touched: Collection[str] | None = None,
) -> None:
    """Bring the topic up to *folder*: new and changed files, and tombstones for those gone.

    A broken file, one that names a place or actor that is not *known*, and one whose examples do not do as they say,
    leave the version in force untouched. Nothing is tried and appended of a file that did not change. *stored* is what
    an earlier call knew of the topic, *touched* are the names of all files that may have changed since it.

    Raises:
        ConfigError: with *strict* (at the start), every mistake of every file.
    """
    loaded, problems = load_folder(folder, touched)
    found: dict[str, bytes] = {}
    try:
        names = known()
    except ConfigError as error:  # a gazetteer with mistakes says nothing against a list
        problems += error.problems if strict else ()
        names = ()
    stored = stored or Newest(TOPIC)
    stored.update(bus)
    for watchlist, text in loaded:
        new = stored.values.get(watchlist.id) != text
        wrong = check_ids(watchlist, names) if names and (new or strict) else []
        if names and not wrong and new:
            wrong = tried(watchlist)
        problems += wrong
        if not wrong:
            found[watchlist.id] = text
    if problems and strict:
        raise ConfigError(*problems)
    for problem in problems:
        log.error("watchlist refused; the version in force stays", error=str(problem))
    metrics.RELOAD_OK.set(not problems)
    entries = [Entry(TOPIC, name, text) for name, text in found.items() if stored.values.get(name) != text]
    if not problems:  # a file that cannot be read must not look like one that was taken away
        entries += [Entry(TOPIC, name, None) for name in stored.values.keys() - found.keys()]
    if entries:
        bus.append(entries)
        log.info("watchlists published", count=len(entries), first=[entry.key for entry in entries[:TOLD]])


def published(bus: Bus) -> dict[str, bytes]:
    """The newest text of each watchlist on the topic, by id."""
    stored = Newest(TOPIC)
    stored.update(bus)
    return stored.values
