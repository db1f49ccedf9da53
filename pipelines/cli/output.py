"""Answers on standard output: coloured at a terminal, aligned plain text in a pipe, JSON for a program.

Text of feeds is shown, never obeyed: no markup is read in it, and what a terminal would act upon is made visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from connectors.records import Article, Topical, encode
from connectors.sinks.stdout import visible

CELL = 120
"""Characters of one cell of a table at a terminal."""

WHOLE = 4000
"""Characters of one cell in a pipe."""

_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Row = Sequence[str | Text]


def console() -> Console:
    """The terminal, or the pipe, where no line is wrapped; with nothing of rich's own reading of texts."""
    width = None if Console().is_terminal else WHOLE
    return Console(width=width, markup=False, highlight=False, emoji=False)


def show(*parts: RenderableType) -> None:
    """Print *parts*, each on lines of its own."""
    out = console()
    for part in parts:
        out.print(part, soft_wrap=isinstance(part, str))


def table(title: str, headers: Sequence[str], rows: Iterable[Row]) -> None:
    """Print a table, its title alone when it has no rows; in a pipe as aligned columns that other tools may read."""
    out = console()
    most = CELL if out.is_terminal else WHOLE
    cells = [[cell if isinstance(cell, Text) else Text(visible(cell, most)) for cell in row] for row in rows]
    if not cells:
        show(Text(title, "bold"))
    elif out.is_terminal:
        shown = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for number, header in enumerate(headers):
            numbers = all(row[number].plain.replace("-", "0").isdecimal() for row in cells)
            shown.add_column(header, justify="right" if numbers else "left", overflow="fold")
        for row in cells:
            shown.add_row(*row)
        out.print(shown)
    else:
        _plain(title, [[*headers], *([cell.plain for cell in row] for row in cells)])


def _plain(title: str, lines: list[list[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    typer.echo(f"\n# {title}")
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def as_json(value: Any) -> None:
    """Print *value* as one line of JSON; a record as its canonical JSON."""
    line = encode(value) if isinstance(value, Topical) else msgspec.json.encode(value, order="sorted")
    typer.echo(safe(line.decode()))


def safe(json: str) -> str:
    """*json* with those characters escaped that JSON lets stand and a terminal obeys: the same value."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def ago(time: datetime | None, now: datetime) -> str:
    """How far *time* is from *now*, in the largest fitting unit: ``5m ago``, ``in 40s``; ``-`` for none."""
    if time is None:
        return "-"
    seconds = (now - time).total_seconds()
    size, unit = next((part for part in _UNITS if abs(seconds) >= part[0]), _UNITS[-1])
    amount = f"{abs(seconds) // size:.0f}{unit}"
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


def escaped(raw: bytes) -> Iterator[str]:
    """The lines of *raw* with everything that is no printable text as an escape, so that no byte is hidden."""
    for line in raw.decode("utf-8", "backslashreplace").split("\n"):
        yield "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def article_rows(articles: Iterable[Article]) -> list[Row]:
    """One row an article: published, title, characters of each zone, address."""
    return [
        (
            f"{a.published.astimezone(UTC):%Y-%m-%d %H:%M}" if a.published else "-",
            a.title or "-",
            " ".join(f"{zone} {len(text)}" for zone, text in a.zones() if zone != "title"),
            a.url,
        )
        for a in articles
    ]
