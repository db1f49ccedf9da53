"""``replay``: what recorded articles would alert now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.settings import AsJson, ConfigFile, configuration, named_watchlist


def replay(
    recording: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="Articles, one JSON record a line.")],
    watchlist: Annotated[
        str, typer.Option("--watchlist", "-w", metavar="ID", help="Only its alerts.", show_default="all")
    ] = "",
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show what recorded articles would alert. Writes nothing.

    They go through the same flow as articles of feeds. The same articles and watchlists give the same alerts, byte for
    byte. 'wirewatch parse --json' and 'wirewatch tail articles --json' make recordings.
    """
    from connectors.records import Alert
    from connectors.sinks.stdout import plain, render, visible
    from pipelines import logs
    from pipelines.cli import output

    settings = configuration(config)
    if watchlist:
        named_watchlist(settings, watchlist)
    logs.setup("warning")  # before Beam is imported, which has things to say
    from pipelines.replaying import replay as replayed

    terminal = output.console().is_terminal
    for found in replayed(settings, recording, watchlist):
        if not isinstance(found, Alert):
            typer.echo(f"set aside: {found.key} {found.stage} {found.reason} {visible(found.detail)}", err=True)
        elif json:
            output.as_json(found)
        elif terminal:
            output.show(render(found), "")
        else:
            typer.echo(plain(found))
