"""The report of a backtest as one HTML file, to be kept, sent and read without a network.

It loads nothing and runs nothing, and says so to the browser (Content Security Policy). Text of feeds is escaped, and
what would hide or turn it (control characters, direction overrides) is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from html import escape

from connectors.records import Evidence
from connectors.sinks.stdout import visible
from pipelines.backtests.backtest import KINDS, Backtest, Comparison, Day, pooled
from pipelines.backtests.outcome import Difference

POLICY = "default-src 'none'; style-src 'unsafe-inline'"

BARS = 120
"""Most bars of a plot; more would be thinner than a finger."""

WIDTH, HEIGHT = 720, 96

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #667; --line: #d8dae0; --paper: #fff; --now: #2563c9;
  --was: #b9bec9; --added: #167a3e; --lost: #b3261e; --changed: #8a5a00; --mark: #fff0b3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --soft: #9aa0ac; --line: #33363d; --paper: #16181c;
  --now: #6ea3f5; --was: #4a4f5a; --added: #5ec98a; --lost: #f28b82; --changed: #e3b341; --mark: #5c4a00; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 46rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 0; }
section { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 1.25rem; }
.soft, time, .where { color: var(--soft); font-size: .875rem; }
.figures { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: .75rem 0; padding: 0; list-style: none; }
.figures b { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } .was { fill: var(--was); } .now { fill: var(--now); }
svg text { fill: var(--soft); font-size: 11px; } .axis { stroke: var(--line); }
i.was, i.now { display: inline-block; width: .7em; height: .7em; border-radius: 2px; } i.was { background: var(--was); }
i.now { background: var(--now); }
details { margin-top: 1rem; } summary { cursor: pointer; font-weight: 600; }
.added { color: var(--added); } .lost { color: var(--lost); } .changed { color: var(--changed); }
article { margin: .9rem 0 .9rem 1rem; overflow-wrap: anywhere; } article p { margin: .15rem 0; }
article a { color: inherit; font-weight: 600; } article b { font-weight: 600; }
mark { background: var(--mark); color: inherit; border-radius: 2px; padding: 0 .1em; }
code { font-size: .85em; color: var(--soft); }
"""


def page(backtest: Backtest) -> str:
    """The report, a whole HTML document."""
    when = f", {backtest.begin:%-d %b %Y} to {backtest.end:%-d %b %Y}" if backtest.begin and backtest.end else ""
    aside = f" ({backtest.copies:,} of them copies)" if backtest.copies else ""
    failed = f" {backtest.failed:,} records could not be read." if backtest.failed else ""
    sections = "".join(f"<section>{''.join(_section(comparison))}</section>" for comparison in backtest.lists)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Backtest</title>'
        f"<style>{STYLE}</style></head><body><h1>Backtest</h1>"
        f'<p class="soft">{backtest.articles:,} articles{aside}{when}.{failed}</p>{sections}</body></html>\n'
    )


def _section(comparison: Comparison) -> Iterator[str]:
    yield f"<h2>{_text(comparison.title)}</h2>"
    runs = f"version {_text(comparison.running)} runs" if comparison.running else "no version of it runs"
    yield f'<p class="soft">{_text(comparison.id)}: {_text(comparison.path)}; {runs}</p><ul class="figures">'
    before = f"{comparison.a_day_before:,g} → " if comparison.running else ""
    yield f"<li><b>{before}{comparison.a_day_after:,g}</b> alerts a day</li>"
    for kind in (*KINDS, "same"):
        yield f'<li><b class="{kind}">{getattr(comparison, kind):,}</b> {kind}</li>'
    yield "</ul>"
    yield _plot(pooled(comparison.days, BARS), bool(comparison.running))
    for kind in KINDS:
        if count := getattr(comparison, kind):
            told = comparison.differences[kind]
            more = f", the newest {len(told):,}" if len(told) < count else ""
            yield f'<details open><summary class="{kind}">{count:,} {kind}{more}</summary>'
            yield from map(_difference, told)
            yield "</details>"


def _plot(days: Sequence[Day], runs: bool) -> str:
    if not days:
        return ""
    highest = max(max(day.before, day.after) for day in days) or 1
    step = WIDTH / len(days)
    bars = []
    for number, day in enumerate(days):
        for name, count, inset in (("was", day.before, 0.06), ("now", day.after, 0.25)):
            tall = HEIGHT * count / highest
            x, y, width = step * (number + inset), HEIGHT + 14 - tall, step * (1 - 2 * inset)
            bars.append(f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{tall:.1f}"/>')
        told = f"{day.date:%-d %b %Y}: {f'{day.before:,} → ' if runs else ''}{day.after:,}"
        bars.append(
            f'<rect x="{step * number:.1f}" y="0" width="{step:.1f}" height="{HEIGHT + 14}" fill-opacity="0">'
            f"<title>{told}</title></rect>"
        )
    was = '<i class="was"></i> running, ' if runs else ""
    size = (days[1].date - days[0].date).days if len(days) > 1 else 1
    each = "a day" if size == 1 else f"{size} days"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 32}" role="img" aria-label="Alerts by day">{"".join(bars)}'
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT + 14.5}" y2="{HEIGHT + 14.5}"/>'
        f'<text x="0" y="{HEIGHT + 28}">{days[0].date:%-d %b %Y}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 28}" text-anchor="end">{days[-1].date:%-d %b %Y}</text></svg>'
        f'<p class="soft">{was}<i class="now"></i> {"changed" if runs else "new"}; a bar is {each},'
        f" the highest {highest:,} alerts</p>"
    )


def _difference(difference: Difference) -> str:
    told, change = difference.told, difference.change
    title = _text(told.title) or "(no title)"
    address = told.url.lower().startswith(("http://", "https://"))
    link = f'<a href="{escape(told.url)}" rel="noopener noreferrer">{title}</a>' if address else f"<b>{title}</b>"
    moment = told.at.astimezone(UTC)
    evidence = "".join(
        f'<p><span class="{kind}">{mark}</span> {_words(piece)}</p>'
        for kind, mark, version in (("lost", "−", difference.before), ("added", "+", difference.after))
        for piece in (version.evidence if version else ())
    )
    return (
        f"<article><p>{link}</p>"
        f'<p><time datetime="{moment.isoformat()}">{moment:%-d %b %Y %H:%M} UTC</time>'
        f' <span class="where">{_text(told.source)}, {_text(told.language)}</span>'
        f"{f' {_text(change)}' if change else ''}</p>{evidence}</article>"
    )


def _words(piece: Evidence) -> str:
    snippet, surface = visible(piece.snippet, 400), visible(piece.surface)
    parts = re.split(rf"(?<!\w)({re.escape(surface)})(?!\w)", snippet) if surface else [snippet]
    marked = "".join(f"<mark>{escape(part)}</mark>" if n % 2 else escape(part) for n, part in enumerate(parts))
    how = "" if piece.how == "exact" else f", {piece.how}"
    return f"{marked} <code>{piece.zone}: {_text(piece.rule)}{how}</code>"


def _text(text: str) -> str:
    return escape(visible(text))
