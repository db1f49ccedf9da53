"""Appending to a bus that may refuse for a while."""

from __future__ import annotations

import random
from threading import Event

from connectors.buses import Bus, Entry
from connectors.errors import TransientError

stopping = Event()
"""Set when this process is asked to stop: `append` then gives up waiting, and the uncommitted poll is read again."""


def append(bus: Bus, entries: tuple[Entry, ...], patience: float = 0.5) -> None:
    """Append until the bus takes it, waiting *patience* seconds, doubled up to a minute, between tries.

    Raises:
        TransientError: the process is stopping and the bus still refuses.
    """
    wait = patience
    while True:
        try:
            bus.append(entries)
        except TransientError:
            if stopping.wait(wait * random.uniform(0.8, 1.2)):  # noqa: S311 - spreads retries, guards nothing
                raise
            wait = min(60.0, wait * 2)
        else:
            return
