"""How the trial of an example looks: whether it is right and why, and all its conditions when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from connectors.sinks.stdout import visible
from pipelines.cli.comparing import amount
from pipelines.cli.explaining import verdict
from pipelines.watchlists.trials import Trial
from pipelines.watchlists.watchlist import Watchlist

REASONS = 4
"""Words or conditions that a line names, of an example that does as it says."""


def head(watchlist: Watchlist) -> Iterator[RenderableType]:
    """What stands above the examples of a list."""
    yield Text.assemble((visible(watchlist.id), "bold"), "  ", visible(watchlist.title))
    if not (watchlist.examples.alert or watchlist.examples.quiet):
        yield Text("  no examples: nothing says what it is for", "yellow")


def lines(trial: Trial) -> Iterator[RenderableType]:
    """What the example is and whether it is right; then why."""
    text = " ".join(part for _, part in trial.tagged.article.zones())
    mark, style = ("✔ ok   ", "green") if trial.right else ("✘ fails", "bold red")
    yield Text.assemble("  ", (mark, style), f"  {trial.expected}  ", visible(text, 200))
    place = "" if trial.right else f"{trial.path}:{trial.line}:{trial.column}: "
    yield _inset(Text.assemble((place, "bold"), (_reason(trial), "dim" if trial.right else "")))
    if trial.explanation and not trial.right:
        told = verdict(trial.explanation, trial.tagged, everything=False)
        yield from (_inset(part) for part in told if isinstance(part, Tree))


def summary(lists: int, count: int, failed: int) -> Iterator[RenderableType]:
    """The last line."""
    said = (
        (f"{failed} fail{'s' if failed == 1 else ''}", "bold red") if failed else ("all do as they say", "bold green")
    )
    yield Text.assemble(f"\n{amount(lists, 'list')}, {amount(count, 'example')}: ", said)


def plain(trial: Trial) -> dict[str, Any]:
    """The trial as plain data, with the text by zone."""
    said: dict[str, Any] = msgspec.to_builtins(trial)
    del said["tagged"]
    return said | {"right": trial.right, "text": dict(trial.tagged.article.zones())}


def _reason(trial: Trial) -> str:
    if trial.alerts:
        reasons = list(dict.fromkeys(f"'{visible(e.surface)}' ({visible(e.rule, 60)})" for e in trial.evidence))
        return f"alerts for {_some(reasons, ', ', trial.right)}"
    return f"quiet: it wants {_some([visible(name, 200) for name in trial.missing], ' and ', trial.right)}"


def _some(reasons: list[str], between: str, short: bool) -> str:
    more = len(reasons) - REASONS if short else 0
    return between.join(reasons[:REASONS] if short else reasons) + (f" and {more} more" if more > 0 else "")


def _inset(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 11), expand=False)
