"""The command line.

Every command is a few lines: read the configuration, call the part that does the work, show what it gave. To keep
``wirewatch --help`` instant, this package imports nothing but typer and the standard library until a command runs.

Standard output is the answer, standard error the logs and complaints. Exit codes: 0 done, or yes; 1 no (degraded,
does not fire, not as expected); 2 a file or an argument must be edited; 75 try again later; 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from connectors.errors import ConfigError, TransientError
from pipelines.cli import (
    ask,
    backfill,
    backtest,
    check,
    examples,
    flink,
    knowledge,
    letters,
    look,
    replay,
    run,
    start,
    stories,
    topics,
)

TEMPORARY = 75
"""EX_TEMPFAIL of sysexits.h."""

app = typer.Typer(
    name="wirewatch",
    help="A streaming news monitor: feeds in, tagged articles and watchlist alerts out, continuously.",
    epilog="Exit codes: 0 done, or yes; 1 no; 2 a file or an argument must be edited; 75 try again later; 130 Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # measured: a plain help takes 0.12 s, one that rich draws 0.25 s
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    *(start.init, check.check, examples.test, backtest.backtest, backfill.backfill, run.demo),
    *(run.run, run.poll, run.flow, run.deliver),
    *(look.status, look.tail, stories.stories, stories.story),
    *(ask.parse, ask.tag, ask.explain, replay.replay, start.schema),
):
    app.command()(command)
app.add_typer(letters.app, name="dead-letters")
app.add_typer(topics.app, name="topics")
app.add_typer(flink.app, name="flink")
app.add_typer(knowledge.app, name="knowledge")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, with the process's own *arguments* unless given; raises SystemExit with the exit code."""
    try:
        app(args=arguments, prog_name="wirewatch")
    except ConfigError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except TransientError as error:
        typer.echo(f"not now: {error}", err=True)
        sys.exit(TEMPORARY)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"wirewatch {version('wirewatch')}")
        raise typer.Exit


@app.callback()
def wirewatch(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A streaming news monitor: feeds in, tagged articles and watchlist alerts out, continuously."""
