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
    show: Annotated[
        str | None, typer.Option("--print", metavar="ID", help="Show a watchlist as match and as query.")
    ] = None,
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
        typer.echo(_both_ways(settings, show) if show else _summary(settings))
    raise typer.Exit(2 if problems else 0)


def _examples(config: Config) -> list[Problem]:
    from pipelines.examples import tried
    from pipelines.folder import load_folder

    watchlists, _ = load_folder(config.watchlists)
    return [problem for watchlist, _ in watchlists for problem in tried(config.gazetteer, watchlist)]


def _both_ways(config: Config, name: str) -> str:
    """What the watchlist *name* looks for, its groups put in, in both forms that a file may have."""
    from io import StringIO

    from ruamel.yaml import YAML

    from pipelines.folder import load_folder
    from pipelines.located import nearest
    from pipelines.walking import plain
    from pipelines.writing import written

    lists = {watchlist.id: watchlist for watchlist, _ in load_folder(config.watchlists)[0]}
    if name not in lists:
        raise ConfigError(f"no watchlist '{name}'{nearest(name, lists)} (there are: {', '.join(lists)})")
    condition, text, yaml = lists[name].condition, StringIO(), YAML(typ="safe")
    yaml.allow_unicode, yaml.width = True, 110
    yaml.dump({"match": plain(condition)}, text)
    return f"{text.getvalue()}\nquery: >-\n  {written(condition)}"


def _summary(config: Config) -> str:
    from pipelines.folder import load_folder

    watchlists = [watchlist for watchlist, _ in load_folder(config.watchlists)[0]]
    examples = sum(len(w.examples.alert) + len(w.examples.quiet) for w in watchlists)
    return (
        f"{config.path}: no mistakes (sources: {len(config.sources)}, watchlists: {len(watchlists)},"
        f" examples: {examples}, sinks: {len(config.sinks)})"
    )
