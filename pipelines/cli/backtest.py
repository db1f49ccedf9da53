"""``backtest``: what changed watchlists would have alerted on, beside those that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError, Problem
from pipelines.cli.lists import Files, chosen
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, open_log

if TYPE_CHECKING:
    from pipelines.backtests.backtest import Pair
    from pipelines.backtests.chunks import Chunk
    from pipelines.config import Config


def backtest(
    files: Files = None,
    *,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what came in this long, such as 90d.", show_default="all")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="REPORT", dir_okay=False, help="Write a report as one HTML file.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes to work in.", show_default="one a core")
    ] = None,
    retag: Annotated[
        bool, typer.Option("--retag", help="Try the changed lists on tags of the gazetteer as it is now.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew instead of going on.")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """Try changed watchlists on the articles of the log, and compare with those that run.

    Without FILE all files of the folder that differ from the running version. Shows which alerts would come, go or have
    another reason. Writes nothing to the log, and stands back for what runs beside it. Ctrl-C stops it; the same
    command goes on from there.
    """
    import os
    import time

    from pipelines import logs
    from pipelines.backtests.backtest import backtest as made
    from pipelines.backtests.backtesting import Job
    from pipelines.backtests.chunks import Kept, chunks
    from pipelines.backtests.processes import run
    from pipelines.backtests.report import page
    from pipelines.backtests.tally import whole
    from pipelines.cli import output
    from pipelines.cli.comparing import compared
    from pipelines.layout import address_of

    logs.setup("warning")
    now = time.time()
    settings = configuration(config, data=data, watchlists=not files)
    oldest = now - _seconds(since) if since else None
    pairs = _pairs(settings, files or [])
    if not pairs:
        typer.echo("no watchlist differs from the version that runs; name files to try those anyway", err=True)
        return
    job = Job(address_of(settings), tuple(pairs), settings.gazetteer, retag)
    kept = Kept.of(settings.data, job.question, now, fresh=fresh)
    every = chunks(job.address.open(), oldest)
    todo = [chunk for chunk in every if kept.get(chunk) is None]
    try:
        with _progress(every, todo) as done:
            run(job, kept, todo, processes or os.cpu_count() or 1, done)
    except KeyboardInterrupt:
        typer.echo("stopped; what is done is kept, and the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    found = made(pairs, whole(result for chunk in every if (result := kept.get(chunk))))
    if html:
        try:
            html.write_text(page(found), "utf-8")
        except OSError as error:
            raise ConfigError(Problem(str(html), 0, 0, f"cannot be written: {error.strerror}")) from None
    if json:
        output.as_json(found)
    else:
        output.show(*compared(found, output.console().width))


def _pairs(config: Config, files: list[Path]) -> list[Pair]:
    """What to compare.

    Raises:
        ConfigError: with every mistake of the lists, failing examples too.
    """
    from pipelines.backtests.backtest import Pair
    from pipelines.rules import stored
    from pipelines.watchlists.examples import tried

    lists = chosen(config, files)
    if problems := [problem for watchlist in lists for problem in tried(config.gazetteer, watchlist)]:
        raise ConfigError(*problems)
    running = {watchlist.id: watchlist for watchlist in stored(open_log(config))}
    pairs = [Pair(running.get(watchlist.id), watchlist) for watchlist in lists]
    return [pair for pair in pairs if files or pair.before is None or pair.before.version != pair.after.version]


def _seconds(since: str) -> float:
    from pipelines.sections import seconds

    try:
        return seconds(since)
    except ValueError as error:
        raise typer.BadParameter(f"--since {error}") from None


@contextmanager
def _progress(every: list[Chunk], todo: list[Chunk]) -> Iterator[Callable[[Chunk], None]]:
    """A bar on standard error, when that is a terminal; it begins with what was done before."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    def articles(chunks: list[Chunk]) -> int:
        return sum(chunk.end - chunk.start for chunk in chunks)

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("articles"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        total = articles(every)
        task = progress.add_task("", total=total, completed=total - articles(todo))
        yield lambda chunk: progress.update(task, advance=articles([chunk]))
