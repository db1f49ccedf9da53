"""Logs to standard error: lines for a person at a terminal, JSON for everything else.

All logs of the process go one way, those of libraries too. An event is a short phrase with keys and values; there
is none at level info for a single article, because a busy day would have a million. Values may hold text of feeds:
on a terminal nothing in them is obeyed, and JSON is pure ASCII.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from connectors.sinks.stdout import visible

Level = Literal["debug", "info", "warning", "error"]

QUIET = {"apache_beam": logging.WARNING, "asyncio": logging.WARNING, "watchfiles": logging.WARNING}
"""Libraries that tell of their own affairs at lower levels."""

LONGEST = 4000
"""Characters of one value on a terminal; more is an article, not a reason."""


def setup(level: Level = "info", *, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send the logs of this process to *stream* (standard error), from *level* on.

    As JSON when *as_json*, readable otherwise; None lets the stream decide: readable on a terminal. May be called
    again; the last call counts.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if as_json is None else as_json
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(as_json, stream)))
    handler.addFilter(_worth_telling)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(True)


def _rendering(as_json: bool, stream: TextIO) -> list[Processor]:
    if as_json:
        render: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        console = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_traceback, pad_event_to=32)
        render = [_harmless, console]
    return [ProcessorFormatter.remove_processors_meta, *render]


def _harmless(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Show what a terminal would obey."""
    del logger, name
    return {k: visible(v, LONGEST) if isinstance(v, str) else v for k, v in event.items()}


def _traceback(stream: TextIO, error: ExcInfo) -> None:
    """Write a traceback without the values of variables, which may be secrets, and without what a terminal obeys."""
    for line in "".join(traceback.format_exception(*error)).splitlines():
        text = line.lstrip()
        stream.write("\n" + line[: len(line) - len(text)] + visible(text, LONGEST))


def _worth_telling(record: logging.LogRecord) -> bool:
    """Whether *record* is news: Beam tells at every start that the clients of Google's cloud are not installed."""
    return not (record.name == "root" and str(record.msg).startswith("apitools not found"))
