"""The watchlists that a command is given: some files, or all of the folder; checked before anything else is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.errors import Problem
    from pipelines.config import Config
    from pipelines.watchlists.watchlist import Watchlist

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", help="Watchlists.", show_default="the configured folder")
]


def chosen(config: Config, files: Sequence[Path]) -> list[Watchlist]:
    """The watchlists in *files*, with those of the folder that they name put in; without *files* all of the folder.

    Raises:
        ConfigError: with every mistake of theirs, but for examples that fail.
    """
    from pipelines.knowledge.gazetteer import ids
    from pipelines.watchlists.folder import load_folder
    from pipelines.watchlists.watchlist import check_ids

    found, problems = _parsed(config, files) if files else load_folder(config.watchlists)
    lists = [watchlist for watchlist, _ in found]
    known = ids(*config.gazetteer)
    problems += [problem for watchlist in lists for problem in check_ids(watchlist, known)]
    if problems:
        raise ConfigError(*problems)
    return lists


def _parsed(config: Config, files: Sequence[Path]) -> tuple[list[tuple[Watchlist, bytes]], list[Problem]]:
    from pipelines.located import read_bytes
    from pipelines.watchlists.folder import load_folder
    from pipelines.watchlists.linking import linked
    from pipelines.watchlists.watchlist import parse

    others = {w.id: parse(text, w.path) for w, text in load_folder(config.watchlists)[0]}
    texts: dict[str, bytes] = {}
    own: dict[str, Watchlist] = {}
    problems: list[Problem] = []
    for path in dict.fromkeys(files):
        try:
            text = read_bytes(path)
            watchlist = parse(text, str(path))
        except ConfigError as error:
            problems += error.problems
            continue
        if other := own.get(watchlist.id):
            problems.append(watchlist.problem(f"id '{watchlist.id}' is also that of {other.path}", ("id",)))
        own[watchlist.id], texts[watchlist.id] = watchlist, text
    whole, mistakes = linked(others | own)
    problems += [problem for problem in mistakes if problem.path in {watchlist.path for watchlist in own.values()}]
    return [(watchlist, texts[watchlist.id]) for watchlist in whole if watchlist.id in own], problems
