"""``init`` and ``schema``: what a person needs to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import ConfigError, Problem

PARTS = ("wirewatch.yaml", "feeds", "watchlists")
"""What of the shipped configuration a person edits."""

NEXT = """\
A configuration to start from is in {folder}. There:
  wirewatch check          reads it all and names every mistake
  wirewatch run            polls, processes and tells, until Ctrl-C
What to edit:
  feeds/*.yaml             what is polled
  watchlists/*.yaml        what you want to be told about; edits take effect while it runs
  gazetteer/*.yaml         names of your own, laid over those that ship: write one when you need it
  wirewatch.yaml           everything else: sinks, how long things are kept
"""


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made when missing.")] = Path()) -> None:
    """Write a starter configuration to a folder. Overwrites nothing."""
    from shutil import copyfile

    from pipelines.config import shipped

    origin = shipped()
    files = [path for part in PARTS for path in sorted([origin / part, *(origin / part).rglob("*")]) if path.is_file()]
    pairs = [(path, folder / path.relative_to(origin)) for path in files]
    there = [target for _, target in pairs if target.exists()]
    if there:
        raise ConfigError(*(Problem(str(path), 0, 0, "is there already, and nothing was written") for path in there))
    try:
        for path, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, target)
    except OSError as error:
        raise ConfigError(Problem(str(error.filename or folder), 0, 0, str(error.strerror))) from None
    typer.echo(NEXT.format(folder=folder.absolute()), nl=False)


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A record, or watchlist.", show_default="list them")
    ] = None,
) -> None:
    """Print the JSON Schema of a record, or of watchlist files."""
    import json

    from pipelines.cli.schemas import schemas
    from pipelines.located import nearest

    known = schemas()
    if name is None:
        typer.echo("\n".join(known))
    elif name in known:
        typer.echo(json.dumps(known[name], indent=2, ensure_ascii=False))
    else:
        raise ConfigError(f"no schema '{name}'{nearest(name, known)} (there are: {', '.join(known)})")
