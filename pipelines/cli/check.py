"""``check``: read the configuration and all it names, try the examples, and name every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, FeedsFile, configuration

if TYPE_CHECKING:
    from connectors.errors import Problem
    from pipelines.config import Config


def check(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The configuration.", show_default="./wirewatch.yaml, else the shipped"),
    ] = None,
    feeds: FeedsFile = None,
    json: AsJson = False,
) -> None:
    """Name every mistake in configuration, feeds and watchlists.

    The examples of the watchlists are tried. Each mistake is a line, file:line:column: what is wrong. Exit 2 when there
    is one.
    """
    from dataclasses import asdict

    from pipelines.cli import output
    from pipelines.knowledge import gazetteer

    problems: list[Problem] = []
    settings = None
    try:
        settings = configuration(config, feeds, known=gazetteer.ids)
    except ConfigError as error:
        problems += error.problems
    else:
        problems += _examples(settings)
    if json:
        output.as_json([asdict(problem) for problem in problems])
    elif problems:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}", err=True)
    elif settings:
        typer.echo(_summary(settings))
    raise typer.Exit(2 if problems else 0)


def _examples(config: Config) -> list[Problem]:
    from pipelines.matching import run_examples
    from pipelines.taggers import gazetteer
    from pipelines.watchlists import load_folder

    tagger = gazetteer.build(gazetteer.Options(folder=config.gazetteer))
    watchlists, _ = load_folder(config.watchlists)
    return [problem for watchlist, _ in watchlists for problem in run_examples(watchlist, tagger.tag)]


def _summary(config: Config) -> str:
    from pipelines.watchlists import load_folder

    watchlists = [watchlist for watchlist, _ in load_folder(config.watchlists)[0]]
    examples = sum(len(w.examples.alert) + len(w.examples.quiet) for w in watchlists)
    return (
        f"{config.path}: no mistakes (sources: {len(config.sources)}, watchlists: {len(watchlists)},"
        f" examples: {examples}, sinks: {len(config.sinks)})"
    )
