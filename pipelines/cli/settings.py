"""The options that commands share, and the configuration and the bus they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pydantic import BaseModel

    from connectors.buses import Bus
    from pipelines.config import Config
    from pipelines.watchlists.watchlist import Watchlist

HERE = Path("wirewatch.yaml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration.", show_default="./wirewatch.yaml, else the shipped"
    ),
]
FeedsFile = Annotated[
    Path | None, typer.Option("--feeds", metavar="FILE", help="A feed file to poll instead of the configured sources.")
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Where the log is, instead of where the configuration says."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def configuration(
    config: Path | None,
    feeds: Path | None = None,
    data: Path | None = None,
    known: Callable[[Path], Collection[str]] | None = None,
    *,
    watchlists: bool = True,
) -> Config:
    """Read the configuration file *config*; without one, the one in the working directory, else the shipped one.

    With the shipped one, what a run leaves (the log, the files of sinks) goes to the working directory. *known*
    gives the ids in a gazetteer, to check watchlists against. Without *watchlists* these are left unread.

    Raises:
        ConfigError: with every mistake.
    """
    from pipelines.config import load, shipped

    if config or HERE.exists():
        return load(config or HERE, feeds, data=data, known=known, watchlists=watchlists)
    found = load(shipped() / HERE, feeds, data=data or Path("data"), known=known, watchlists=watchlists)
    return _moved(found, shipped())


def open_log(config: Config) -> Bus:
    """The bus of *config*, to look at.

    Raises:
        ConfigError: there is no log yet.
    """
    from connectors import plugins

    bus = config.bus
    path = getattr(bus.options, "path", None)
    if isinstance(path, Path) and not path.exists():
        raise ConfigError(Problem(str(path), 0, 0, "no log here yet: 'wirewatch run' makes it"))
    opened: Bus = plugins.load("connectors.buses", bus.type).build(bus.options)
    return opened


def named_watchlist(config: Config, wanted: str) -> Watchlist:
    """The watchlist with the id *wanted*.

    Raises:
        ConfigError: there is none.
    """
    from pipelines.located import nearest
    from pipelines.watchlists.folder import load_folder

    known = {watchlist.id: watchlist for watchlist, _ in load_folder(config.watchlists)[0]}
    if wanted not in known:
        raise ConfigError(Problem(str(config.watchlists), 0, 0, f"no watchlist '{wanted}'{nearest(wanted, known)}"))
    return known[wanted]


def _moved(config: Config, origin: Path) -> Config:
    """*config* with the files of its sinks in the working directory instead of *origin*."""
    from dataclasses import replace

    def here(options: BaseModel) -> BaseModel:
        paths = {name: value for name, value in options if isinstance(value, Path) and value.is_relative_to(origin)}
        return options.model_copy(update={name: path.relative_to(origin) for name, path in paths.items()})

    return replace(config, sinks=tuple(replace(sink, options=here(sink.options)) for sink in config.sinks))
