"""Logs: one way out, readable or JSON, harmless on a terminal."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from pipelines import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_terminal_gets_lines_and_a_pipe_gets_json() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        logs.setup(stream=stream)
        structlog.get_logger("connectors.poll").warning("poll late", source="wire", seconds=3)
    assert "poll late" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()
    told = json.loads(pipe.getvalue())
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "poll late",
        "level": "warning",
        "logger": "connectors.poll",
        "source": "wire",
        "seconds": 3,
    }


def test_json_may_be_forced_on_a_terminal() -> None:
    stream = Terminal()
    logs.setup(as_json=True, stream=stream)
    structlog.get_logger().info("started")
    assert json.loads(stream.getvalue())["event"] == "started"


@pytest.mark.parametrize("as_json", [True, False])
def test_logs_of_libraries_and_warnings_go_the_same_way(as_json: bool) -> None:
    stream = io.StringIO()
    logs.setup(as_json=as_json, stream=stream)
    logging.getLogger("library").warning("told by %s", "a library", extra={"more": "yes"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old habit", stacklevel=1)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "told by a library" in lines[0]
    assert "more" in lines[0]
    assert "old habit" in lines[1]


def test_the_level_holds_for_ours_and_theirs() -> None:
    stream = io.StringIO()
    logs.setup("warning", stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    assert stream.getvalue() == ""
    logs.setup("debug", stream=stream)
    structlog.get_logger().debug("loud")
    assert "loud" in stream.getvalue()


def test_what_beam_says_at_every_start_is_not_told_but_its_warnings_are() -> None:
    stream = io.StringIO()
    logs.setup("debug", stream=stream)
    logging.warning("apitools not found, and bigquery client libraries are not available")
    logging.getLogger("apache_beam.io.gcp.bigquery").info("No module named google.cloud.bigquery_storage_v1")
    assert stream.getvalue() == ""
    logging.getLogger("apache_beam.runners").warning("a bundle failed")
    assert "a bundle failed" in stream.getvalue()


def test_text_of_a_feed_is_shown_and_not_obeyed() -> None:
    stream = io.StringIO()
    logs.setup(as_json=False, stream=stream)
    log = structlog.get_logger()
    log.error("broken\x1b[2J", detail="one\ntwo\x1b]0;x\x07\u202e")
    log.error("bug", exc_info=ValueError("\x1b[31mred"))
    written = stream.getvalue()
    assert not {"\x1b", "\x07", "\u202e"} & set(written)
    assert "ValueError: ␛[31mred" in written
    assert "one two" in written.splitlines()[0]


def test_json_of_hostile_text_is_ascii() -> None:
    stream = io.StringIO()
    logs.setup(stream=stream)
    structlog.get_logger().error("Ереван", detail="\x9b2J\u202e\x00")
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["detail"] == "\x9b2J\u202e\x00"


def test_a_traceback_tells_no_values_of_variables() -> None:
    stream = io.StringIO()
    logs.setup(as_json=False, stream=stream)
    password = "hunter" + "2"
    try:
        password.index("x")
    except ValueError:
        structlog.get_logger().exception("bug")
    assert "password.index" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
