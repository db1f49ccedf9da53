"""How a backtest looks at a terminal: of each list alerts a day, a plot of the days, and the newest that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connectors.records import Evidence
from connectors.sinks.stdout import visible
from pipelines.backtests.backtest import Backtest, Comparison, Day, pooled
from pipelines.backtests.outcome import Difference

SHOWN = 5
"""Differences of each kind that are shown; a report tells of more."""

BARS = "▁▂▃▄▅▆▇█"

WIDEST = 92
"""Bars of a plot: a quarter of a year day by day."""

MARKS = {"added": ("+", "green"), "lost": ("−", "red"), "changed": ("~", "yellow")}


def compared(backtest: Backtest, width: int) -> Iterator[RenderableType]:
    """The lines to show on a terminal *width* characters wide."""
    yield Text(f"{amount(len(backtest.lists), 'list')} on {read(backtest)}", "bold")
    for comparison in backtest.lists:
        yield ""
        yield Text.assemble((visible(comparison.id), "bold"), "  ", visible(comparison.title))
        yield from _numbers(comparison)
        if days := pooled(comparison.days, max(10, min(width - 28, WIDEST))):
            yield Padding(_plot(days, comparison), (0, 0, 0, 2), expand=False)
            yield Text(f"          {_scale(days, comparison)}", "dim")
        for kind, (mark, style) in MARKS.items():
            count = getattr(comparison, kind)
            told = comparison.differences[kind][:SHOWN]
            if count:
                more = f", the newest {len(told)}" if count > len(told) else ""
                yield Text.assemble("\n  ", (f"{mark} {count:,} {kind}{more}", f"bold {style}"))
            for number, difference in enumerate(told):
                if number:
                    yield ""
                yield Padding(_difference(difference), (0, 0, 0, 4), expand=False)


def read(backtest: Backtest) -> str:
    """What was read, in words: "48,210 articles (3,112 copies left out), 25 Aug 2026 to 23 Nov 2026"."""
    left_out = [f"{backtest.copies:,} of them copies"] if backtest.copies else []
    left_out += [f"{backtest.failed:,} could not be read"] if backtest.failed else []
    aside = f" ({', '.join(left_out)})" if left_out else ""
    when = f", {backtest.begin:%-d %b %Y} to {backtest.end:%-d %b %Y}" if backtest.begin and backtest.end else ""
    return f"{amount(backtest.articles, 'article')}{aside}{when}"


def amount(number: int, what: str) -> str:
    """*number* of *what*, in the plural when it is not one."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def bars(counts: Sequence[int], highest: int) -> str:
    """One character a count: a dot for none, else a bar, full at *highest*."""
    return "".join(BARS[-(-count * len(BARS) // highest) - 1] if count else "·" for count in counts)


def _numbers(comparison: Comparison) -> Iterator[RenderableType]:
    counts = [f"{getattr(comparison, kind):,} {kind}" for kind in MARKS] + [f"{comparison.same:,} the same"]
    if comparison.running:
        yield Text.assemble(
            "  alerts a day: ", (f"{comparison.a_day_before:,g} → {comparison.a_day_after:,g}", "bold"),
            f"   ({', '.join(counts)})",
        )  # fmt: skip
    else:
        yield Text.assemble("  alerts a day: ", (f"{comparison.a_day_after:,g}", "bold"), "   (no version of it runs)")


def _plot(days: Sequence[Day], comparison: Comparison) -> Table:
    rows = [("running", [day.before for day in days])] if comparison.running else []
    rows += [("changed" if comparison.running else "new", [day.after for day in days])]
    highest = max((count for _, counts in rows for count in counts), default=0)
    plot = Table.grid(padding=(0, 1))
    for name, counts in rows:
        plot.add_row(Text(name, "dim"), Text(bars(counts, highest or 1), "cyan"), f"{amount(sum(counts), 'alert')}")
    return plot


def _scale(days: Sequence[Day], comparison: Comparison) -> str:
    size = (days[1].date - days[0].date).days if len(days) > 1 else 1
    each = "a day" if size == 1 else f"{size} days"
    highest = max(max(day.before, day.after) for day in days)
    return f"{days[0].date:%-d %b} to {comparison.days[-1].date:%-d %b}; a bar is {each}, the highest {highest:,}"


def _difference(difference: Difference) -> Table:
    told = difference.told
    block = Table.grid(padding=(0, 1))
    block.add_column(no_wrap=True)
    block.add_column(overflow="fold")
    when, where = f"{told.at.astimezone(UTC):%-d %b %H:%M}", f"{told.source}, {told.language}"
    block.add_row(
        Text(when, "dim"), Text.assemble((visible(told.title) or "(no title)", "bold"), "  ", (visible(where), "dim"))
    )
    if difference.change:
        block.add_row("", Text(difference.change))
    for mark, version in (("−", difference.before), ("+", difference.after)):
        for piece in version.evidence if version else ():
            block.add_row(Text(f"{mark} {piece.zone}", MARKS["added" if mark == "+" else "lost"][1]), _words(piece))
    return block


def _words(piece: Evidence) -> Text:
    words = Text(visible(piece.snippet, 400))
    words.highlight_regex(re.escape(visible(piece.surface)), "bold")
    how = "" if piece.how == "exact" else f", {piece.how}"
    return Text.assemble(words, "  ", (f"({visible(piece.rule, 60)}{how})", "dim"))
