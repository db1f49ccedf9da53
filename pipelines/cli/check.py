"""``check``: read the configuration and all it names, or some watchlists; try the examples, and name every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, FeedsFile, configuration

if TYPE_CHECKING:
    from connectors.errors import Problem
    from pipelines.config import Config
    from pipelines.watchlists.watchlist import Watchlist


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="A configuration, or some watchlists.",
            show_default="./wirewatch.yaml, else the shipped",
        ),
    ] = None,
    feeds: FeedsFile = None,
    show: Annotated[
        str | None, typer.Option("--print", metavar="ID", help="Show a watchlist as match and as query.")
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Name every mistake in configuration, feeds and watchlists.

    The examples of the watchlists are tried. Each mistake is a line, file:line:column: what is wrong. Exit 2 when there
    is one. A list that matches more than one in a hundred articles of the log is warned of.
    """
    from dataclasses import asdict

    from pipelines.cli import output
    from pipelines.knowledge import gazetteer

    lists = [path for path in files or [] if _is_watchlist(path)]
    others = [path for path in files or [] if path not in lists]
    problems: list[Problem] = []
    warnings: list[Problem] = []
    settings = None
    if others[1:] or (others and lists):
        raise typer.BadParameter("one configuration, or watchlists (which have an id, and match or query)")
    try:
        known = None if lists else gazetteer.ids
        settings = configuration(others[0] if others else config, feeds, known=known, watchlists=not lists)
        chosen = _chosen(settings, lists)
        problems += _examples(settings, chosen)
        warnings += [*_uninflected(chosen), *_too_common(settings, chosen)]
    except ConfigError as error:
        problems += error.problems
    if json:
        said = [asdict(problem) | {"severity": "error"} for problem in problems]
        output.as_json(said + [asdict(warning) | {"severity": "warning"} for warning in warnings])
    else:
        for problem in problems:
            typer.echo(str(problem))
        for warning in warnings:
            typer.echo(f"{warning.path}:{warning.line}:{warning.column}: warning: {warning.message}")
    if problems and not json:
        typer.echo(f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}", err=True)
    elif settings and not json:
        typer.echo(_both_ways(settings, show) if show else _summary(settings, chosen, lists))
    raise typer.Exit(2 if problems else 0)


def _is_watchlist(path: Path) -> bool:
    """Whether *path* looks like a watchlist, from the keys its lines begin with: it may have mistakes."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            keys = {line.partition(":")[0].strip() for line in file if ":" in line and not line[0].isspace()}
    except OSError:
        return False
    return "id" in keys or bool(keys & {"match", "query"})


def _chosen(config: Config, files: list[Path]) -> list[Watchlist]:
    from pipelines.cli.lists import chosen

    return chosen(config, files)


def _examples(config: Config, watchlists: list[Watchlist]) -> list[Problem]:
    from pipelines.watchlists.examples import tried

    return [problem for watchlist in watchlists for problem in tried(config.gazetteer, watchlist)]


def _uninflected(watchlists: list[Watchlist]) -> list[Problem]:
    """A warning at the first phrase that only an extra that is not installed can inflect."""
    from pipelines.watchlists.expanding import lacking

    for watchlist in watchlists:
        for loc, phrase in watchlist.phrases():
            if extra := lacking(phrase):
                message = (
                    f"this and others like it are met as they stand: pip install 'wirewatch[{extra}]' inflects them"
                )
                return [watchlist.problem(message, loc)]
    return []


def _too_common(config: Config, watchlists: list[Watchlist]) -> list[Problem]:
    """Warnings from the log, when there is one to look at."""
    from connectors.errors import TransientError
    from pipelines.cli.settings import open_log
    from pipelines.knowledge.gazetteer import inside
    from pipelines.watchlists.sampling import too_common

    try:
        return too_common(open_log(config), watchlists, inside(*config.gazetteer))
    except (ConfigError, TransientError):  # none yet, or it is away: nothing to warn of
        return []


def _both_ways(config: Config, name: str) -> str:
    """What the watchlist *name* looks for, its groups put in, in both forms that a file may have."""
    from io import StringIO

    from ruamel.yaml import YAML

    from pipelines.located import nearest
    from pipelines.watchlists.folder import load_folder
    from pipelines.watchlists.walking import plain
    from pipelines.watchlists.writing import written

    lists = {watchlist.id: watchlist for watchlist, _ in load_folder(config.watchlists)[0]}
    if name not in lists:
        raise ConfigError(f"no watchlist '{name}'{nearest(name, lists)} (there are: {', '.join(lists)})")
    condition, text, yaml = lists[name].condition, StringIO(), YAML(typ="safe")
    yaml.allow_unicode, yaml.width = True, 110
    yaml.dump({"match": plain(condition)}, text)
    return f"{text.getvalue()}\nquery: >-\n  {written(condition)}"


def _summary(config: Config, watchlists: list[Watchlist], files: list[Path]) -> str:
    examples = sum(len(w.examples.alert) + len(w.examples.quiet) for w in watchlists)
    if files:
        return f"no mistakes (watchlists: {len(watchlists)}, examples: {examples})"
    return (
        f"{config.path}: no mistakes (sources: {len(config.sources)}, watchlists: {len(watchlists)},"
        f" examples: {examples}, sinks: {len(config.sinks)})"
    )
