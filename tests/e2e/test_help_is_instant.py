"""``wirewatch --help`` answers at once: nothing heavy is imported until a command needs it."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from pipelines.cli import app

LIMIT = 0.3
"""Seconds of processor time, which a busy machine does not lengthen as it does the wall's."""

HEAVY = (
    "aiohttp",
    "apache_beam",
    "feedparser",
    "msgspec",
    "numpy",
    "pydantic",
    "ruamel",
    "spacy",
    "sqlite3",
    "structlog",
)

PROGRAM = """
import sys
from pipelines.cli import main
sys.argv = ["wirewatch", *{arguments!r}]
try:
    main()
finally:
    print(*sorted({heavy!r} & sys.modules.keys()), file=sys.stderr)
"""

NAMES = sorted(command.name or command.callback.__name__ for command in app.registered_commands if command.callback)


def ask(*arguments: str) -> tuple[str, str, float]:
    program = PROGRAM.format(arguments=arguments, heavy=set(HEAVY))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, done.stderr, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    answers = [ask("--help") for _ in range(3)]
    assert min(seconds for *_, seconds in answers) < LIMIT
    text, imported, _ = answers[0]
    assert imported.split() == []
    for name in [*NAMES, "dead-letters", "topics"]:
        assert name in text


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("run", "--help"), ("dead-letters", "--help"), ("topics", "--help"), ("explain", "-h")],
)
def test_neither_do_the_other_helps(arguments: tuple[str, ...]) -> None:
    text, imported, _ = ask(*arguments)
    assert text
    assert set(imported.split()) <= {"pydantic"}  # typer reads arguments with it
