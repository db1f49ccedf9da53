"""When to poll a source next: a pure decision over how its polls went.

The interval finds a feed's rhythm: it settles where a poll brings about one new entry. None lengthens it, several
shorten it. What the server asks for is a floor. Failures back off in a straight line, by weight of how hard they are, and
never end: a feed is not given up. Source: Media Cloud's fetcher, for the fractional weights and for feeds that never
die; its overlap rule saves requests where an alert wants the entry soon.
"""

from __future__ import annotations

from random import Random

from pydantic import BaseModel, ConfigDict, Field

SLOWER = 1.5
"""Factor after a poll without news: from five minutes to an hour in seven polls."""

FASTER = 4
"""Greatest factor by which one poll shortens the interval."""

WEIGHTS = {"gone": 1.0, "html": 1.0, "blocked": 1.0, "broken": 0.5}
"""Intervals that each failure in a row adds to the wait, by state."""

PASSING = 0.25
"""The same for a fault of the network, which passes."""

LONGEST = 86400.0
"""Seconds: a source that fails is still asked once a day, and no server can ask for more."""

JITTER = 0.1
"""Share by which a wait is lengthened or shortened at random, so that feeds do not come due together."""


class Pace(BaseModel):
    """How often a healthy source is polled, in seconds: from every *interval* to every *maximum*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: float = Field(default=300.0, gt=0, description="the least seconds between polls, and the first wait")
    maximum: float = Field(default=3600.0, gt=0, description="the most, however quiet the source is")


def next_interval(interval: float, new: int, pace: Pace) -> float:
    """The interval after a poll that worked and brought *new* entries."""
    interval = interval / min(new, FASTER) if new else interval * SLOWER
    return max(pace.interval, min(interval, pace.maximum))


def wait(interval: float, failures: float, asked: float | None, rng: Random) -> float:
    """Seconds until the next poll.

    Args:
        interval: The source's interval.
        failures: The sum of the weights of its failures in a row; 0 after a poll that worked.
        asked: What the server asked for.
        rng: For jitter.
    """
    seconds = max(interval, min(LONGEST, max(interval * (1 + failures), asked or 0.0)))
    return seconds * (1 + JITTER * (2 * rng.random() - 1))
