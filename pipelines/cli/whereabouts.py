"""An article that is named by its address, id or key: looked for on the log, and how its whereabouts look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connectors.records import TaggedArticle
from connectors.sinks.stdout import visible
from pipelines.cli.output import ago
from pipelines.cli.settings import open_log
from pipelines.config import Config
from pipelines.spool import open_spool
from pipelines.tracing import trace
from pipelines.whereabouts import Polled, Revision, SetAside, Traces, Whereabouts, whereabouts


def look(config: Config, asked: str) -> tuple[Whereabouts, TaggedArticle | None]:
    """Where the article *asked* for is, and the article itself: its newest revision that is no copy, else the newest.

    Raises:
        ConfigError: there is no log.
    """
    feeds = {source.name: getattr(source.options, "url", "") for source in config.sources}
    traces = trace(open_log(config), asked, feeds, open_spool(config, make=False))
    return whereabouts(asked, traces), _newest(traces)


def _newest(traces: Traces) -> TaggedArticle | None:
    through = {tagged.article.key for tagged in traces.tagged}
    waiting = [TaggedArticle(article=article) for article in traces.articles if article.key not in through]
    found = [*waiting, *traces.tagged]
    return max(found, key=lambda t: (not t.duplicate_of, t.article.fetched, t.article.revision), default=None)


def shown(found: Whereabouts, now: datetime) -> Iterator[Text | Padding]:
    """The lines to show."""
    if not found.revisions:
        yield Text.assemble(("never fetched", "bold red"), ": ", visible(found.asked, 2000))
        if not found.polled and not found.set_aside:
            yield Text("  no source of its site is polled, and no article of its site was fetched", "dim")
    for revision in found.revisions:
        yield Text.assemble(
            (visible(revision.title) or "(no title)", "bold"), "  ", (visible(revision.url, 2000), "blue")
        )
        yield _rows(_of_revision(revision, bool(found.set_aside), now))
    if rows := [*map(_of_letter, found.set_aside), *(_of_source(polled, now) for polled in found.polled)]:
        yield _rows(rows)
    if found.revisions:
        yield Text("")


def _rows(rows: list[tuple[str, Text]]) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=len("set aside"))
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, 2), expand=False)


def _of_revision(revision: Revision, aside: bool, now: datetime) -> list[tuple[str, Text]]:
    fetched = (
        f"{revision.fetched:%-d %b %Y %H:%M:%S} UTC ({ago(revision.fetched, now)}) from {visible(revision.source)}"
    )
    number = f", revision {revision.revision}" if revision.revision > 1 else ""
    rows = [
        ("fetched", Text(fetched + number)),
        (
            "flow",
            Text("through") if revision.processed else Text("set aside" if aside else "not through yet", "yellow"),
        ),
    ]
    if copy := revision.copy_of:
        first = f"{visible(copy.title)}  {visible(copy.url, 2000)}".strip() or f"{copy.id}, which is no longer kept"
        rows.append(("copy of", Text(first, "yellow")))
        if alike := copy.likeness:
            skipped = f", {alike.skipped} words before it left out" if alike.skipped else ""
            shares = (
                f"{alike.shared:.0%} of the shorter text is in the longer, {alike.lead:.0%} of its beginning{skipped}"
            )
            rows.append(("alike", Text(shares)))
    if revision.processed and not revision.copy_of:
        lists = ", ".join(f"{raised.watchlist} ({raised.level})" for raised in revision.alerts)
        rows.append(("alerts", Text(visible(lists), "green") if lists else Text("none")))
        for joined in revision.stories:
            score = "" if joined.score is None else f" with {joined.score:.2f}"
            told = f"{joined.how} one of {joined.watchlist}{score}: wirewatch story {joined.alert[:12]}"
            rows.append(("story", Text(visible(told))))
    return rows


def _of_letter(letter: SetAside) -> tuple[str, Text]:
    why = f"{letter.at:%-d %b %Y %H:%M:%S} UTC by {letter.stage}: {letter.reason} {letter.detail} ({letter.id[:12]})"
    return "set aside", Text(visible(why), "red")


def _of_source(polled: Polled, now: datetime) -> tuple[str, Text]:
    if polled.at is None:
        return "source", Text(f"{visible(polled.source)}: not polled yet")
    when = f"{visible(polled.source)}: polled {ago(polled.at, now)}, {polled.state} {visible(polled.reason)}".strip()
    return "source", Text(f"{when}; next {ago(polled.next_poll, now)}" if polled.next_poll else when)
