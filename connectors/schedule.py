"""When to poll a source next: a pure decision over how its polls went.

The interval follows what a poll finds. Where most entries are new, more may have passed unseen, and it is halved.
Where none is, it grows by half, up to `QUIET` times the first. Anything new brings it back to the first. What the
server asks for is a floor. Failures back off in a straight line, by weight of how hard they are, and never end: a
feed is not given up.

Source: Media Cloud's fetcher (interval by overlap; linear back-off with fractional weights; feeds never die). Theirs
is for an archive, and lets a quiet feed wait for a day; ours is for alerts, so the wait after a silence is bounded.
"""

from __future__ import annotations

from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

CROWDED = 0.67
"""Share of entries that are new above which two polls hardly overlap (Media Cloud: under a third already seen)."""

QUIET = 12
"""Intervals that the first may grow to while nothing is new: from five minutes to an hour."""

WEIGHTS = {"gone": 1.0, "html": 1.0, "blocked": 1.0, "broken": 0.5}
"""How much each failure in a row of a kind lengthens the wait, in intervals (Media Cloud: hard 1, soft 0.5)."""

PASSING = 0.25
"""The same for a fault of the network, which passes (Media Cloud: temporary 0.25)."""

JITTER = 0.1
"""Share by which a wait is lengthened or shortened at random, so that feeds do not come due together."""


class Pace(BaseModel):
    """How often a source is polled, in seconds. An *interval* that is given is also the *minimum*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: float = Field(default=300.0, gt=0, description="seconds between polls at first")
    minimum: float = Field(default=60.0, gt=0, description="the least, however much there is")
    maximum: float = Field(default=86400.0, gt=0, description="the most, however quiet or broken the source is")

    @model_validator(mode="before")
    @classmethod
    def _as_given(cls, given: Any) -> Any:
        if isinstance(given, dict) and "interval" in given:
            return {"minimum": given["interval"]} | given
        return given

    def bounded(self, seconds: float) -> float:
        """*seconds* between the minimum and the maximum, which give way to the interval when it is outside."""
        return min(max(seconds, min(self.minimum, self.interval)), max(self.maximum, self.interval))


def next_interval(interval: float, new: int, entries: int, pace: Pace) -> float:
    """The interval after a poll that worked and found *new* of *entries* listed, None of which may be."""
    if not new:
        return pace.bounded(min(interval * 1.5, QUIET * pace.interval))
    interval = min(interval, pace.interval)
    return pace.bounded(interval / 2 if new > CROWDED * entries else interval)


def weight(state: str, reason: str) -> float:
    """How hard a failure is, from 0 to 1."""
    return PASSING if reason.startswith("network") else WEIGHTS.get(state, PASSING)


def wait(interval: float, failures: float, asked: float | None, pace: Pace, rng: Random) -> float:
    """Seconds until the next poll.

    *failures* is how many failed in a row, by weight. *asked* is what the server wishes: the wait is no shorter, unless
    that is more than the maximum.
    """
    usual = interval * (1 + failures) * (1 + JITTER * (2 * rng.random() - 1))
    return pace.bounded(max(usual, asked or 0.0))
