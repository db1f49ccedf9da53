"""``dead-letters``: see what was set aside and why, and try it again.

Replaying appends the record to its topic once more. It is once in effect, however often it is typed: the key of the
new record is made from the dead letter, and topics take a key once; what the flow makes of it has the keys that it
would have had the first time. If it fails again that is a new dead letter, which may be replayed in its turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError, RejectedError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, open_log

if TYPE_CHECKING:
    from connectors.buses import Bus, Entry
    from connectors.records import DeadLetter

app = typer.Typer(help="See what was set aside and why, and replay it.", no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="The id of a dead letter, or its beginning.")]


@app.command("list")
def list_(config: ConfigFile = None, data: DataFolder = None, json: AsJson = False) -> None:
    """List the dead letters, oldest first."""
    from pipelines.cli import output

    letters = _letters(open_log(configuration(config, data=data, watchlists=False)))
    if json:
        for letter in letters:
            output.as_json(letter)
        return
    rows = (
        (x.id[:12], f"{x.at:%Y-%m-%d %H:%M:%S}", x.stage, x.reason, x.source or x.topic, str(len(x.raw)), x.detail)
        for x in letters
    )
    output.table(
        f"Dead letters: {len(letters)}", ["id", "when (UTC)", "stage", "reason", "from", "bytes", "detail"], rows
    )


@app.command()
def show(
    letter: Id,
    config: ConfigFile = None,
    data: DataFolder = None,
    raw: Annotated[bool, typer.Option("--raw", help="Only its bytes, as they are.")] = False,
    json: AsJson = False,
) -> None:
    """Show a dead letter, with nothing hidden in its bytes."""
    from rich.text import Text

    from connectors.sinks.stdout import visible
    from pipelines.cli import output

    found = _letter(open_log(configuration(config, data=data, watchlists=False)), letter)
    if raw:
        typer.echo(found.raw, nl=False)
        return
    if json:
        output.as_json(found)
        return
    place = f"{found.topic}/{found.partition} offset {found.offset}" if found.offset >= 0 else found.topic
    for name, value in {
        "id": found.id,
        "when": f"{found.at:%Y-%m-%d %H:%M:%S} UTC",
        "stage": found.stage,
        "reason": found.reason,
        "detail": found.detail,
        "source": found.source,
        "topic": place,
        "key": found.key,
        "by": found.version and f"wirewatch {found.version}",
        "bytes": f"{len(found.raw)}" + (", and more that were not kept" if found.truncated else ""),
    }.items():
        if value:
            output.show(Text.assemble((f"{name:8}", "bold"), visible(value, 2000)))
    output.show("", *(Text(line) for line in output.escaped(found.raw)))


@app.command()
def replay(
    letter: Annotated[
        str | None, typer.Argument(metavar="ID", help="The id of a dead letter, or its beginning.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that can be replayed.")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Put records back where they were set aside.

    Articles are read by the flow again, alerts by every sink, which knows those it has by their id. Doing it twice does
    it once.
    """
    if (letter is None) != everything:
        raise typer.BadParameter("give the id of a dead letter, or --all")
    bus = open_log(configuration(config, data=data, watchlists=False))
    for found in _letters(bus) if letter is None else [_letter(bus, letter)]:
        try:
            entry = again(bus, found)
        except RejectedError as error:
            typer.echo(f"{found.id[:12]}  not replayed: {error.detail}", err=True)
            if letter is not None:
                raise typer.Exit(1) from None
            continue
        added = bus.append([entry])
        typer.echo(f"{found.id[:12]}  " + (f"replayed to {entry.topic}" if added else "was replayed before"))


def again(bus: Bus, letter: DeadLetter) -> Entry:
    """The entry that brings the record of *letter* back.

    An article carries the letter's id in a field ``replay``, so that a second failure is told from the first.

    Raises:
        RejectedError: there is nothing to put back; the detail says what to do instead.
    """
    import msgspec

    from connectors.buses import Entry
    from connectors.records import Article, decode, encode

    if letter.stage in ("fetch", "parse"):
        advice = (
            f"the source is polled again anyway; 'wirewatch parse' shows what a feed gives (source {letter.source})"
        )
        raise RejectedError("never_accepted", advice)
    raw = _whole(bus, letter)
    if letter.stage == "flow":
        article = decode(Article, raw)
        raw = encode(msgspec.structs.replace(article, extra={**article.extra, "replay": letter.id}))
    return Entry(letter.topic, f"replay.{letter.id}", raw)


def _whole(bus: Bus, letter: DeadLetter) -> bytes:
    """The record's bytes; from its topic when the letter holds only the first of them."""
    from connectors.buses import every

    if not letter.truncated:
        return letter.raw
    if letter.offset >= 0:
        candidates = iter(bus.read(letter.topic, letter.partition, letter.offset, 1))
    else:
        candidates = every(bus, letter.topic)
    for record in candidates:
        if record.key == letter.key and record.value is not None:
            return record.value
    raise RejectedError("cut_off", "only its first 64 KiB were kept, and its topic has dropped the record since")


def _letters(bus: Bus) -> list[DeadLetter]:
    from connectors.buses import every
    from connectors.records import DeadLetter, decode

    letters = []
    for record in every(bus, "dead-letters"):
        try:
            letters.append(decode(DeadLetter, record.value))
        except RejectedError as error:
            typer.echo(f"dead-letters {record.offset}: not readable: {error}", err=True)
    return letters


def _letter(bus: Bus, id_: str) -> DeadLetter:
    found = [letter for letter in _letters(bus) if letter.id.startswith(id_)]
    if len(found) != 1:
        reason = f"{len(found)} dead letters begin" if found else "no dead letter begins"
        raise ConfigError(f"{reason} with '{id_}': 'wirewatch dead-letters list' shows them")
    return found[0]
