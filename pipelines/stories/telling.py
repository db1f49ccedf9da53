"""When a story is told: at once, or only when it is fresh, confirmed by others, or growing."""

from __future__ import annotations

import msgspec

from pipelines.stories.linking import Member
from pipelines.stories.terms import ORIGIN

SPAN = 3_600.0
"""Seconds within which the articles of a growing story are counted."""


class Telling(msgspec.Struct, frozen=True):
    """What a watchlist wants told of its stories.

    *max_age*: seconds from publishing to fetching of the article that raises the alert; *origins*: who told of it
    independently; *growth*: its articles within an hour. *updates*: sinks are told what is new, too.
    """

    max_age: float | None = None
    origins: int = 1
    growth: int = 1
    updates: bool = False


class Story:
    """What is known of a story as a whole."""

    def __init__(self) -> None:
        self.facts: set[int] = set()
        self.times: list[float] = []
        self.alerted = False

    def add(self, member: Member) -> None:
        """Take one more article into account."""
        self.facts.update(member.facts)
        self.times.append(member.at)
        self.alerted |= member.alerted

    def worth(self, member: Member, age: float, telling: Telling) -> bool:
        """Whether with *member*, *age* seconds old when it was fetched, it is to be told. Copies are no members."""
        origins = {fact for fact in (*self.facts, *member.facts) if fact & 3 == ORIGIN}
        near = 1 + sum(abs(member.at - at) <= SPAN for at in self.times)
        fresh = telling.max_age is None or age <= telling.max_age
        return fresh and len(origins) >= telling.origins and near >= telling.growth
