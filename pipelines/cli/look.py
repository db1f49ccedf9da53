"""``status`` and ``tail``: look at a log, whether wirewatch runs on it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, FeedsFile, configuration, open_log

if TYPE_CHECKING:
    from rich.text import Text

    from connectors.buses import Bus, Record
    from pipelines.status import Status

REST = 0.5
"""Seconds between looks for what other processes appended."""


def status(config: ConfigFile = None, feeds: FeedsFile = None, data: DataFolder = None, json: AsJson = False) -> None:
    """Say how it is doing: counts, lags, sources, dead letters.

    Exit 0 when healthy, 1 when degraded: a source failed three times in a row or is gone; sources or readers are more
    than five minutes behind; articles are unaccounted for; or the bus does not answer. Dead letters by themselves are
    no trouble: they were set aside on purpose.
    """
    import msgspec

    from pipelines.cli import output
    from pipelines.counting import read
    from pipelines.spool import open_spool

    settings = configuration(config, feeds, data, watchlists=False)
    seen = read(open_log(settings), settings, spool=open_spool(settings, make=False))
    troubles = seen.troubles()
    if json:
        output.as_json(msgspec.to_builtins(seen) | {"healthy": not troubles, "troubles": troubles})
    else:
        _show(seen, troubles)
    raise typer.Exit(1 if troubles else 0)


def tail(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic; alerts.csto may be written csto.")],
    *,
    follow: Annotated[bool, typer.Option(help="Go on with what comes, until Ctrl-C.")] = True,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, metavar="N", help="Begin so many records before the end.")
    ] = 10,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the first record kept.")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """Subscribe to a topic, such as alerts.csto.

    Alerts are shown as they come, records of other topics as JSON.
    """
    bus = open_log(configuration(config, data=data, watchlists=False))
    name = _named(bus, topic)
    offsets = {
        partition: max(bus.begin(name, partition), 0 if from_beginning else bus.end(name, partition) - last)
        for partition in range(bus.topics()[name].partitions)
    }
    while True:
        found = [record for partition, offset in offsets.items() for record in bus.read(name, partition, offset, 100)]
        for record in sorted(found, key=lambda r: r.timestamp):
            _print(record, json)
            offsets[record.partition] = max(offsets[record.partition], record.offset + 1)
        if not found:
            if not follow:
                return
            bus.wait(REST)


def _named(bus: Bus, topic: str) -> str:
    from pipelines.located import nearest

    known = bus.topics()
    for name in (topic, f"alerts.{topic}"):
        if name in known:
            return name
    raise ConfigError(f"no topic '{topic}'{nearest(topic, known)} (there are: {', '.join(sorted(known))})")


def _print(record: Record, json: bool) -> None:
    from connectors.errors import RejectedError
    from connectors.records import Alert, decode
    from connectors.sinks.stdout import plain, render
    from pipelines.cli import output

    if not record.topic.startswith("alerts."):
        text = (record.value or b"null").decode("utf-8", "backslashreplace")
        typer.echo(output.safe(text if json else f"{record.offset} {record.key} {text}"))
        return
    try:
        alert = decode(Alert, record.value)
    except RejectedError as error:
        typer.echo(f"{record.topic} {record.offset}: {error}", err=True)
        return
    if json:
        output.as_json(alert)
    elif output.console().is_terminal:
        output.show(render(alert), "")
    else:
        typer.echo(plain(alert))


def _show(seen: Status, troubles: list[str]) -> None:
    from rich.text import Text

    from connectors.sinks.stdout import visible
    from pipelines.cli import output

    lost = seen.balance if seen.lost else 0
    counts = (
        f"{seen.accepted} articles accepted = {seen.processed} processed + {seen.dead_lettered} dead-lettered"
        f" + {seen.in_flight} in flight"
        + (f" + {lost} LOST" if lost else "")
        + (f" - {seen.repeated} repeated by a crash" if seen.repeated else "")
    )
    if not seen.away:
        output.show(Text(counts, style="bold red" if lost else "bold"))
    if spool := seen.spool:
        since = f", the oldest was accepted {output.ago(spool.since, seen.at)}" if spool.since else ""
        output.show(Text(f"{spool.records} records wait on the spool{since}", style="yellow" if spool.records else ""))
        if spool.damaged:
            output.show(Text(f"{spool.damaged} damaged records were set aside there: check the disk", style="yellow"))
    if seen.damaged:
        output.show(Text(f"{seen.damaged} damaged records were set aside: check the disk", style="yellow"))
    output.table(
        "Topics", ["topic", "records"], ((span.topic, str(span.records)) for span in seen.topics if span.records)
    )
    output.table(
        "Readers",
        ["group", "topic", "partition", "offset", "end", "lag", "waiting since"],
        (
            (
                x.group,
                x.topic,
                str(x.partition),
                str(x.committed),
                str(x.end),
                _amount(x.lag),
                output.ago(x.waiting, seen.at),
            )
            for x in seen.lags
        ),
    )
    output.table(
        "Sources",
        ["source", "state", "polled", "next", "entries", "new", "failures", "reason"],
        [
            (
                h.source,
                Text(h.state, style="green" if not h.failures else "red"),
                output.ago(h.at, seen.at),
                output.ago(h.next_poll, seen.at),
                str(h.entries),
                str(h.new),
                _amount(h.failures),
                h.reason,
            )
            for h in seen.sources
        ]
        + [(name, "not yet", "-", "-", "-", "-", "-", "") for name in seen.unpolled],
    )
    if seen.dead_letters:
        output.table(
            "Dead letters", ["stage", "reason", "count"], ((x.stage, x.reason, str(x.count)) for x in seen.dead_letters)
        )
    if troubles:
        output.show(Text("Degraded", style="bold red"), *(Text(f"- {visible(trouble)}") for trouble in troubles))
    else:
        output.show(Text("Healthy", style="bold green"))


def _amount(number: int) -> Text:
    from rich.text import Text

    return Text(str(number), style="yellow" if number else "")
