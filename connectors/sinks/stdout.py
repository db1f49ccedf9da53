"""Alerts on standard output: blocks for a person at a terminal, lines for a pipe, JSON for a program.

Text of a feed is shown, never executed: escape sequences, bells, direction overrides and other invisible
characters appear as visible marks (`visible`), and long text is clipped. `render` and `plain` are pure, so
that other commands show alerts the same way.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from connectors.errors import RejectedError, TransientError
from connectors.records import Alert, Evidence, encode

TITLE = 300
"""Characters of a title or an address that are shown."""

SHOWN = 5
"""Distinct pieces of evidence that are shown; the rest is a count."""

COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}

# Controls, separators, surrogates, format characters; not the joiners that Persian and Indic words need.
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_BEYOND_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Options(BaseModel):
    """How alerts look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["auto", "rich", "plain", "json"] = Field(
        "auto", description="rich: coloured blocks; plain: text lines; json: one record a line; "
        "auto: rich on a terminal, plain otherwise"
    )  # fmt: skip


def build(name: str, options: Options) -> Stdout:
    """A sink on this process's standard output."""
    return Stdout(options.format, sys.stdout)


class Stdout:
    """Writes alerts to *stream* in the order given, flushed before returning.

    Guarantees: at least once; a repeat is shown again. Does not: colour a stream that is no terminal, unless
    *form* is ``rich``.
    """

    def __init__(self, form: Literal["auto", "rich", "plain", "json"], stream: TextIO) -> None:
        terminal = Console(file=stream).is_terminal  # knows FORCE_COLOR and the like
        self._form = ("rich" if terminal else "plain") if form == "auto" else form
        self._stream = stream

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        try:
            await asyncio.to_thread(self._write, alerts)  # a stopped terminal must not stop the event loop
        except BrokenPipeError as error:
            raise RejectedError("gone", "nobody reads standard output any more") from error
        except OSError as error:
            raise TransientError(f"standard output: {error}") from error

    async def close(self) -> None:
        """Leave the stream open: it belongs to the process."""

    def _write(self, alerts: Sequence[Alert]) -> None:
        if self._form == "rich":
            page = io.StringIO()  # rich on the stream itself would end the process when its reader leaves
            console = Console(file=page, width=Console(file=self._stream).width, force_terminal=True)
            for alert in alerts:
                console.print(render(alert), "")
            text = page.getvalue()
        else:
            show = _json if self._form == "json" else plain
            text = "".join(show(alert) + "\n" for alert in alerts)
        self._stream.write(text)
        self._stream.flush()


def visible(text: str, most: int = TITLE) -> str:
    """*text* on one line, at most *most* characters of it, with nothing left that a terminal would obey.

    Runs of white space become one space, C0 controls their picture (``␛``), other invisible characters their
    code (``⟨U+202E⟩``).
    """
    text = " ".join(text[: 4 * most].split())
    clipped = text if len(text) <= most else text[: most - 1] + "…"
    return _INVISIBLE.sub(_mark, clipped)


def plain(alert: Alert) -> str:
    """*alert* as text: a line to grep for, then its evidence indented."""
    first = (
        f"{alert.fetched:%Y-%m-%dT%H:%M:%SZ} {_what(alert)} {visible(alert.watchlist)}: "
        f"{visible(alert.title)} [{_origin(alert, ', ')}] {visible(alert.url, 2000)}"
    )
    shown, more = fold(alert.evidence)
    rows = [f"    {e.zone}: {visible(e.surface)} ({_why(e)}) {visible(e.snippet)}".rstrip() for e in shown]
    return "\n".join([first, *rows, *([f"    + {more} more"] if more else [])])


def render(alert: Alert) -> RenderableType:
    """*alert* as a block for a terminal: severity, watchlist and time; title; where from; the evidence."""
    colour = COLOURS[alert.severity]
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(no_wrap=True)
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(no_wrap=True, justify="right")
    head.add_row(
        Text(f" {_what(alert)} ", style=f"bold reverse {colour}"),
        Text.assemble((visible(alert.watchlist_title), "bold"), "  ", (visible(alert.watchlist), "dim")),
        Text(f"{alert.fetched:%d %b %Y %H:%M:%S} UTC", style="dim"),
    )
    shown, more = fold(alert.evidence)
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    rows.add_column(no_wrap=True, max_width=36, overflow="ellipsis")
    for e in shown:
        rows.add_row(e.zone, _snippet(e, colour), _marked(e))
    if more:
        rows.add_row("", Text(f"+ {more} more", style="dim italic"), "")
    return _Bar(
        Group(
            head,
            Text(visible(alert.title), style="bold"),
            Text(_origin(alert, " · "), style="dim"),
            Text(visible(alert.url, 2000), style="blue", overflow="fold"),
            rows,
        ),
        Style.parse(colour),
    )


def fold(evidence: Sequence[Evidence], most: int = SHOWN) -> tuple[list[Evidence], int]:
    """The first *most* distinct pieces (rule and words), and how many were left out."""
    distinct: dict[tuple[str, str], Evidence] = {}
    for piece in evidence:
        distinct.setdefault((piece.rule, piece.surface.casefold()), piece)
    shown = list(distinct.values())[:most]
    return shown, len(evidence) - len(shown)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A coloured bar to the left of *inner*, however it wraps."""

    inner: RenderableType
    style: Style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self.inner, options.update(width=max(1, options.max_width - 2))):
            yield Segment("▌ ", self.style)
            yield from line
            yield Segment.line()


def _what(alert: Alert) -> str:
    """``HIGH``; ``HIGH update`` of an alert that updates another."""
    return alert.severity.upper() + (" update" if alert.updates else "")


def _snippet(piece: Evidence, colour: str) -> Text:
    surface = visible(piece.surface)
    text = Text(visible(piece.snippet) or surface)
    text.highlight_regex(rf"(?<!\w){re.escape(surface)}(?!\w)", f"bold {colour}")
    return text


def _marked(piece: Evidence) -> Text:
    how = "" if piece.how == "exact" else f"{piece.how}  "
    return Text.assemble((how, "bold magenta"), (visible(piece.rule, 60), "green"))


def _why(piece: Evidence) -> str:
    return visible(piece.rule, 60) if piece.how == "exact" else f"{visible(piece.rule, 60)}, {piece.how}"


def _origin(alert: Alert, between: str) -> str:
    return between.join(visible(part) for part in alert.details)


def _json(alert: Alert) -> str:
    """Canonical JSON, the characters that a terminal may obey escaped: the same record, spelt otherwise."""
    return _BEYOND_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(alert).decode())


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return f"⟨U+{code:04X}⟩"
