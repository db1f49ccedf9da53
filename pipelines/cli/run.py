"""``run``, ``poll``, ``flow``, ``deliver`` and ``demo``: start the loops."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import ConfigFile, DataFolder, FeedsFile, configuration

UntilIdle = Annotated[bool, typer.Option("--until-idle", help="End when everything is processed.")]
LogsAsJson = Annotated[
    bool, typer.Option("--json", help="Logs as JSON, on a terminal too.", show_default="when it is no terminal")
]


def run(
    config: ConfigFile = None,
    feeds: FeedsFile = None,
    data: DataFolder = None,
    until_idle: UntilIdle = False,
    json: LogsAsJson = False,
) -> None:
    """Poll, process and deliver, until Ctrl-C. It goes on where it stopped."""
    _start(("poll", "flow", "deliver"), config, feeds, data, until_idle=until_idle, json=json)


def poll(
    config: ConfigFile = None,
    feeds: FeedsFile = None,
    data: DataFolder = None,
    until_idle: UntilIdle = False,
    json: LogsAsJson = False,
) -> None:
    """Only poll: from feeds to the topic articles."""
    _start(("poll",), config, feeds, data, until_idle=until_idle, json=json)


def flow(
    config: ConfigFile = None,
    data: DataFolder = None,
    runner: Annotated[
        Literal["local", "flink"],
        typer.Option(help="flink: as a job on the cluster of the configuration; Ctrl-C stops it with a savepoint."),
    ] = "local",
    until_idle: UntilIdle = False,
    json: LogsAsJson = False,
) -> None:
    """Only process: from articles to alerts."""
    _start(("flow",), config, None, data, until_idle=until_idle, json=json, runner=runner)


def deliver(
    config: ConfigFile = None,
    data: DataFolder = None,
    sink: Annotated[str | None, typer.Option(metavar="NAME", help="Only this sink.", show_default="all")] = None,
    until_idle: UntilIdle = False,
    json: LogsAsJson = False,
) -> None:
    """Only deliver: from alerts to sinks."""
    _start(("deliver",), config, None, data, until_idle=until_idle, json=json, sink=sink)


def demo(
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the outcome to an SVG.", hidden=True)
    ] = None,
) -> None:
    """See it work in a minute, without a network.

    Serves sample feeds on this machine, runs the shipped configuration on them until all is processed, and shows the
    alerts and what they took. Exit 0 when exactly the expected alerts came.
    """
    from pipelines import logs

    logs.setup("warning")  # before Beam is imported, which has things to say
    from pipelines.demo import demo as demonstrate

    raise typer.Exit(demonstrate(picture))


def _start(
    loops: tuple[str, ...],
    config: ConfigFile,
    feeds: FeedsFile,
    data: DataFolder,
    *,
    until_idle: bool,
    json: bool,
    sink: str | None = None,
    runner: str = "local",
) -> None:
    from dataclasses import replace

    from pipelines import logs
    from pipelines.knowledge import gazetteer
    from pipelines.located import nearest

    settings = configuration(config, feeds, data, known=gazetteer.ids if "flow" in loops else None)
    if sink is not None:
        names = [s.name for s in settings.sinks]
        if sink not in names:
            raise ConfigError(
                f"{settings.path}: no sink '{sink}'{nearest(sink, names)} (there are: {', '.join(names)})"
            )
        settings = replace(settings, sinks=tuple(s for s in settings.sinks if s.name == sink))
    logs.setup(settings.log.level, as_json=json or None)
    from pipelines.run import Runner
    from pipelines.run import run as start

    raise typer.Exit(start(settings, loops=frozenset(loops), until_idle=until_idle, runner=Runner(runner)))
