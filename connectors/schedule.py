"""When to poll a source next: a pure decision over how its polls went.

The interval follows what a poll finds: many new entries shorten it, none lengthen it. What the server asks for is a
floor. Failures back off in a straight line, by weight of how hard they are, and never end: a feed is not given up.
Source: Media Cloud's fetcher (overlap-driven interval; linear back-off with fractional weights; feeds never die).
"""

from __future__ import annotations

from random import Random

from pydantic import BaseModel, ConfigDict, Field

FRESH = 0.67
"""Share of entries that are new above which a feed is polled sooner: more may have passed unseen."""

STALE = 0.33
"""Share below which it is polled later."""

WEIGHTS = {"gone": 1.0, "html": 1.0, "blocked": 1.0, "broken": 0.5}
"""How much a failure of each kind lengthens the wait, in intervals; a network fault, which passes, 0.25."""

PASSING = 0.25

JITTER = 0.1
"""Share by which a wait is lengthened or shortened at random, so that feeds do not come due together."""


class Pace(BaseModel):
    """How often a source is polled, in seconds: *interval* at first, then between *minimum* and *maximum*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: float = Field(default=300.0, gt=0, description="seconds between polls at first, and the least afterwards")
    maximum: float = Field(default=86400.0, gt=0, description="the most, however quiet or broken the source is")


def next_interval(interval: float, new: int, entries: int, pace: Pace) -> float:
    """The interval after a poll that worked and gave *new* of *entries*."""
    share = new / entries if entries else 0.0
    if share > FRESH:
        interval /= 2
    elif share < STALE:
        interval *= 1.5
    return min(max(interval, pace.interval), max(pace.maximum, pace.interval))


def wait(interval: float, failures: float, asked: float | None, pace: Pace, rng: Random) -> float:
    """Seconds until the next poll. *failures* is the sum of weights since the last poll that worked."""
    most = max(pace.maximum, pace.interval)
    seconds = min(most, max(interval * (1 + failures), asked or 0.0))
    return seconds * (1 + JITTER * (2 * rng.random() - 1))
