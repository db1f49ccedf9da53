"""The parts of ``wirewatch.yaml`` as they are written, and the units they are written in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipelines.watchlists.phrases import Line, Slug

_TIME = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZE = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}


def seconds(value: Any) -> float:
    """How many *value* says, such as ``1h30m``."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", value) if isinstance(value, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError("must be a time with its unit, such as 30s, 5m, 1h30m or 7d")
    return sum(float(number) * _TIME[unit] for number, unit in parts)


def _bytes(value: Any) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?B)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a size with its unit, such as 500 MB or 2 GB")
    return int(float(match[1]) * _SIZE[match[2]])


Duration = Annotated[float, BeforeValidator(seconds)]
"""Seconds; in a file with units: ``30s``, ``5m``, ``1h30m``, ``7d``, ``2w``."""

Size = Annotated[int, BeforeValidator(_bytes)]
"""Bytes; in a file with a unit, decimal as disks are sold: ``500 MB``, ``2 GB``."""


class Section(BaseModel):
    """A part of the file: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Flow(Section):
    """How the flow works, in seconds.

    *horizon*: how long duplicates are remembered. *quiet*: a story is over so long after its last article.
    """

    horizon: Duration = Field(default=7 * 86400.0, ge=60, le=366 * 86400)
    quiet: Duration = Field(default=3 * 86400.0, ge=60, le=366 * 86400)


class Flink(Section):
    """A Flink cluster that runs the flow, and how. Times in seconds, in the file with units.

    *rest*: the JobManager's REST interface. *pool*: where the TaskManagers find the pool of Python workers; one
    address for all of them. *jar*: Beam's job server. *checkpoint*: between two checkpoints, and so the most that is
    done again after a failure. *bundle*: the longest that output waits for company. *options*: further options of
    Beam's Flink runner.
    """

    rest: str = Field(default="http://127.0.0.1:18081", pattern=r"^https?://[^/\s]+/?$")
    pool: str = Field(default="127.0.0.1:50000", pattern=r"^\S+:\d+$")
    jar: Path = Path("build/cluster/job-server.jar")
    job: Slug = "wirewatch"
    parallelism: int = Field(default=2, ge=1, le=128)
    checkpoint: Duration = Field(default=2.0, ge=0.5, le=600)
    bundle: Duration = Field(default=0.02, ge=0.005, le=1)
    options: dict[str, str] = {}


class Spacy(Section):
    """Statistical models by language: the names of installed spaCy packages."""

    models: dict[str, str] = {}


class Log(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Metrics(Section):
    """Where Prometheus metrics are served: a *port* of the loopback address, 0 for nowhere."""

    port: int = Field(default=9464, ge=0, le=65535)


class Retain(Section):
    """How much the bus keeps of each topic, in seconds and bytes; None keeps all."""

    time: Duration | None = Field(default=None, ge=3600)
    size: Size | None = Field(default=None, ge=1_000_000)


class File(Section):
    """``wirewatch.yaml`` as it is written."""

    data: Line = "data"
    bus: dict[str, Any] = {"type": "local"}
    partitions: dict[str, Annotated[int, Field(ge=1, le=1000)]] = {}
    sources: tuple[dict[str, Any], ...] = ()
    feeds: tuple[Line, ...] = ()
    watchlists: Line = "watchlists"
    gazetteer: Line | None = None
    sinks: tuple[dict[str, Any], ...] = ()
    flow: Flow = Flow()
    flink: Flink = Flink()
    spacy: Spacy = Spacy()
    log: Log = Log()
    metrics: Metrics = Metrics()
    retain: Retain = Retain()


class Head(Section):
    """What every bus, source and sink has beside its own options."""

    type: str


class SourceHead(Head):
    """What every source has: a *name* of its own and, if wished, how often it is polled.

    Watchlists may ask for its *country* (ISO 3166-1) and for the *groups* it is of, such as ``state-media``.
    """

    name: Slug
    interval: Duration | None = Field(default=None, ge=1, le=7 * 86400)
    country: str = Field(default="", pattern="^([A-Z]{2})?$")
    groups: tuple[Slug, ...] = ()


class SinkHead(Head):
    """What every sink has: a *name* of its own.

    If wished, the *watchlists* it tells about, and the *level* of alerts it begins at.
    """

    name: Slug
    watchlists: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    level: Literal["alert", "about"] = "alert"
