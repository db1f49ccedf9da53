"""``backfill``: alerts of edited watchlists for articles that are on the log already."""

from __future__ import annotations

from typing import Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, open_log


def backfill(
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Watchlists in force.")],
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what came in this long, such as 7d.", show_default="all")
    ] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """Raise the alerts that watchlists in force have for articles on the log.

    An edit of a list changes what is told of new articles only; this asks for the old ones too. They go to the topic of
    the list and from there to its sinks. What was alerted on before is not told again. 'wirewatch backtest' shows
    beforehand what it would be.
    """
    import time

    from connectors.sinks.stdout import plain
    from pipelines import logs
    from pipelines.backfilling import backfill as raised
    from pipelines.cli import output
    from pipelines.knowledge.gazetteer import load
    from pipelines.located import nearest
    from pipelines.rules import stored
    from pipelines.sections import seconds
    from pipelines.taggers import spacy_names

    settings = configuration(config, data=data, watchlists=False)
    logs.setup("warning")
    bus = open_log(settings)
    lists = {watchlist.id: watchlist for watchlist in stored(bus)}
    for name in names:
        if name not in lists:
            raise ConfigError(
                f"no watchlist '{name}' is in force{nearest(name, lists)} ('wirewatch run' puts it there)"
            )
    try:
        begin = None if since is None else time.time() - seconds(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    reader = spacy_names.build(spacy_names.Options(models=dict(settings.spacy.models)))
    count = 0
    chosen, places = [lists[name] for name in dict.fromkeys(names)], load(*settings.gazetteer)
    for alert in raised(bus, chosen, places, reader, settings.flow.quiet, begin):
        count += 1
        if json:
            output.as_json(alert)
        else:
            typer.echo(plain(alert))
    if not json:
        typer.echo(f"{count} alert{'' if count == 1 else 's'} raised", err=True)
