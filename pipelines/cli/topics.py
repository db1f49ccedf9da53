"""``topics create`` and ``check``: the topics that a configuration needs, made, or compared with those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, open_log

if TYPE_CHECKING:
    from connectors.buses import Topic
    from connectors.errors import Problem
    from pipelines.config import Config

app = typer.Typer(
    help="Make the topics on the bus, or compare them with the configuration.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def create(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Make the topics that are missing: the fixed ones, and those of the watchlists' alerts.

    Those there are keep their records, and get the configured retention. Exit 2 when one is there with other partitions
    or of another kind; the others are made all the same.
    """
    settings = _settings(config, data)
    from pipelines.layout import address_of

    bus = address_of(settings).open()
    before = bus.topics()
    problems: list[Problem] = []
    for topic in _wanted(settings):
        try:
            bus.create(topic)
        except ConfigError as error:
            problems += error.problems
        else:
            kept = before.get(topic.name)
            done = "made" if not kept else "unchanged" if kept == topic else "retention changed"
            typer.echo(f"{topic.name}  {done}: {_words(topic)}")
    bus.close()
    if problems:
        raise ConfigError(*problems)


@app.command()
def check(config: ConfigFile = None, data: DataFolder = None, json: AsJson = False) -> None:
    """Compare partitions, kind and retention of each topic with the configuration.

    Topics that the configuration does not name are not looked at. Exit 1 when one is missing or differs.
    """
    from dataclasses import asdict

    from pipelines.cli import output

    settings = _settings(config, data)
    bus = open_log(settings)
    there = bus.topics()
    bus.close()
    wanted = _wanted(settings)
    if json:
        output.as_json(
            [{"wanted": asdict(t), "found": asdict(f) if (f := there.get(t.name)) else None} for t in wanted]
        )
    else:
        for topic in wanted:
            typer.echo(f"{topic.name}  {_verdict(topic, there.get(topic.name))}")
    raise typer.Exit(1 if any(there.get(topic.name) != topic for topic in wanted) else 0)


def _settings(config: ConfigFile, data: DataFolder) -> Config:
    from pipelines import logs

    settings = configuration(config, data=data)
    logs.setup("warning")
    return settings


def _wanted(config: Config) -> list[Topic]:
    """The fixed topics and those of alerts, as *config* wants them."""
    from connectors.buses import Topic
    from pipelines.layout import planned, retained
    from pipelines.watchlists.folder import load_folder

    names = {watchlist.alerts for watchlist, _ in load_folder(config.watchlists)[0]}
    return [*planned(config), *(retained(Topic(name, unique=True), config) for name in sorted(names))]


def _verdict(wanted: Topic, found: Topic | None) -> str:
    if found is None:
        return f"MISSING: {_words(wanted)}"
    return f"right: {_words(found)}" if found == wanted else f"DIFFERS: {_words(found)}; wanted: {_words(wanted)}"


def _words(topic: Topic) -> str:
    kind = "compacted" if topic.compact else "unique" if topic.unique else "plain"
    bounds = [
        *([f"{topic.retain_seconds:g} s"] if topic.retain_seconds is not None else []),
        *([f"{topic.retain_bytes:,} bytes"] if topic.retain_bytes is not None else []),
    ]
    parts = f"{topic.partitions} partition{'s' if topic.partitions > 1 else ''}"
    return f"{parts}, {kind}, {'the newest of a key' if topic.compact else ' and '.join(bounds) or 'all'} kept"
