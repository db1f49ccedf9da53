"""Whether a job on Flink really works. Flink's own pages show a job as running while nothing comes out.

Three things are looked at: a probe, an article without text appended to `articles`, has come out on `tagged`; a
checkpoint has completed; and the watermark of each keyed step is finite (before the first read, and after a read is
lost, it stands at an extreme). The probe matches no watchlist, names nothing and is counted like any article.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from connectors.buses import Bus, Entry, partition_of
from connectors.errors import TransientError
from connectors.flink import Flink
from connectors.records import Article, digest, encode

SOURCE = "wirewatch-probe"
"""The source of probes."""

KEYED = "Deduplicate"
"""What the name of a keyed step has in it."""

EXTREME = 9_000_000_000_000_000
"""Milliseconds beyond which a watermark is one of Flink's or Beam's extremes and no time: the year 287,000."""

PATIENCE = 60.0
"""Seconds that a start has until all three hold (measured: 15 to 25 on two cores, most of it the cold worker)."""

STALE = 120.0
"""Seconds after which a watermark or a checkpoint is too old: twice what a checkpoint may take before it fails."""


class Look(Struct, frozen=True, kw_only=True):
    """One look at a job. Times in seconds; *watermarks* are the lags of each keyed step's subtasks, None if extreme.

    *probe* is how long the probe took, None while it has not come out.
    """

    job: str
    state: str
    probe: float | None
    checkpoints: int
    failed: int
    checkpoint_age: float | None
    checkpoint_bytes: int
    watermarks: dict[str, list[float | None]]
    failure: str = ""

    def troubles(self) -> list[str]:
        """What is wrong, empty when the job works."""
        found = []
        if self.state != "RUNNING":
            found.append(f"the job is {self.state.lower()}")
        if self.probe is None:
            found.append("the probe has not come out: nothing passes through the flow; is the pool of workers up?")
        if not self.checkpoints:
            found.append(f"no checkpoint has completed ({self.failed} failed)")
        elif (self.checkpoint_age or 0) > STALE:
            found.append(f"the last checkpoint completed {self.checkpoint_age:.0f} s ago")
        if not self.watermarks:
            found.append("there is no keyed step in the job: is it wirewatch's?")
        for step, lags in self.watermarks.items():
            if not lags:
                found.append(f"the watermark of '{step}' is not told yet")
            if any(lag is not None and lag > STALE for lag in lags):
                found.append(f"the watermark of '{step}' is {max(filter(None, lags)):.0f} s behind")
            if None in lags:
                found.append(f"the watermark of '{step}' stands at an extreme: its memory would never expire")
        if found and self.failure:
            found.append(f"the last failure: {self.failure}")
        return found


class Probe:
    """An article without text, on its way from `articles` to `tagged`."""

    def __init__(self, bus: Bus, now: Callable[[], float] = time.time) -> None:
        self._bus = bus
        self._now = now
        self._sent = now()
        at = datetime.fromtimestamp(self._sent, UTC)
        article = Article(id=digest(SOURCE, at.isoformat()), source=SOURCE, url="", title="", fetched=at)
        self.key = article.key
        self._partition = partition_of(self.key, bus.topics()["tagged"].partitions)
        self._offset = bus.end("tagged", self._partition)
        self._took: float | None = None
        bus.append([Entry("articles", self.key, encode(article))])

    def took(self) -> float | None:
        """Seconds until it came out; None while it has not."""
        while self._took is None and (found := self._bus.read("tagged", self._partition, self._offset, 1000)):
            self._offset = found[-1].offset + 1
            if any(record.key == self.key for record in found):
                self._took = self._now() - self._sent
        return self._took


def look(flink: Flink, job: str, probe: Probe, now: float) -> Look:
    """Look at *job* once, at *now* (seconds since the epoch)."""
    found = flink.job(job)
    checkpoints = flink.checkpoints(job)
    newest = (checkpoints.get("latest") or {}).get("completed") or {}
    at = newest.get("latest_ack_timestamp")
    return Look(
        job=job,
        state=found["state"],
        probe=probe.took(),
        checkpoints=checkpoints["counts"]["completed"],
        failed=checkpoints["counts"]["failed"],
        checkpoint_age=round(now - at / 1000, 1) if at else None,
        checkpoint_bytes=newest.get("state_size", 0),
        watermarks={
            name: [_lag(value, now) for value in flink.watermarks(job, vertex["id"])]
            for vertex in found["vertices"]
            if KEYED in (name := _short(vertex))
        },
        failure=flink.failure(job),
    )


def watch(flink: Flink, job: str, probe: Probe, patience: float, told: Callable[[Look], Any] = print) -> Look:
    """Look again and again until nothing is wrong, or *patience* seconds have passed; the last look.

    *told* is called with every look, for progress. A cluster that does not answer in between is asked again.
    """
    end = time.monotonic() + patience
    while True:
        try:
            seen = look(flink, job, probe, time.time())
        except TransientError:
            if time.monotonic() >= end:
                raise
        else:
            told(seen)
            if not seen.troubles() or time.monotonic() >= end or seen.state in ("FAILED", "CANCELED", "FINISHED"):
                return seen
        time.sleep(1.0)


def _lag(watermark: int, now: float) -> float | None:
    return None if abs(watermark) > EXTREME else round(now - watermark / 1000, 1)


def _short(vertex: dict[str, Any]) -> str:
    """A step's name without what Flink escapes in it."""
    return str(vertex["name"]).replace("&#39;", "'").replace("\n", " ")[:120]
