"""A source: a configured place that is polled for articles.

A source is a module of this folder with ``Options`` (a frozen pydantic model, its fields documented) and
``build(name, options, tools)``. In YAML, ``type:`` is the module's name. A source holds no state: it is a function
from a *cursor* to a *batch* with the next cursor. `connectors.poll` publishes the batch, then keeps the cursor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from connectors.records import Article, DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.child import Child
    from connectors.fetch import Fetcher

State = Literal["ok", "empty", "unchanged", "blocked", "html", "broken", "gone"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll gave.

    *articles* are new or revised since the cursor. *cursor* is where the next poll starts, opaque to all but the
    source. *state* and *reason* say how the place is doing (``ok``, ``unchanged`` and ``empty`` are healthy; the
    others count as failures). *rejected* are entries, or the whole document, set aside. *entries* is how many the
    document listed. *next_poll* is the server's wish in seconds (Retry-After, max-age), None when it had none.
    """

    cursor: str
    articles: tuple[Article, ...] = ()
    rejected: tuple[DeadLetter, ...] = ()
    state: State = "ok"
    reason: str = ""
    status: int = 0
    entries: int = 0
    next_poll: float | None = None
    more: bool = False
    """A source that has more to give at once (the next part of a recording) says so here."""
    finished: bool = False
    """A source that can never give more (a recording at its end) says so here and is not polled again."""

    @property
    def failed(self) -> bool:
        """Whether this poll counts as a failure for the schedule."""
        return self.state not in ("ok", "empty", "unchanged")


@dataclass(frozen=True, slots=True)
class Tools:
    """What sources share: one fetcher, one pool of parsing children, one clock (UTC)."""

    fetch: Fetcher
    child: Child
    now: Callable[[], datetime]


class Source(Protocol):
    """A place to poll."""

    async def poll(self, cursor: str) -> Batch:
        """What is new since *cursor* ("" on the first poll).

        Network and parse failures are values (`Batch.state`), with the old cursor. Raises nothing on purpose.
        """
