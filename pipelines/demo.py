"""The demonstration: the sample feeds on a loopback server, and how its outcome is shown.

`serve` shows ``configs/samples`` as outlets do, with validators and 304; one feed shows its second version to
whoever comes back with the validator of the first. `write_feeds` lists them for ``wirewatch run --feeds``.
What must come of them is in `pipelines.expected`.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aiohttp import web
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from connectors.buses import Bus, every
from connectors.records import Alert, decode
from connectors.sinks.stdout import render
from pipelines import logs
from pipelines.config import Config, load, shipped
from pipelines.expected import Expected, Summary, done, read_expected, summary
from pipelines.layout import settled
from pipelines.run import LOOPS, Run
from pipelines.sections import Metrics

NEXT = """\
What to do next
  wirewatch init news   writes this configuration to the folder news; there:
  add a feed            a line in feeds/*.yaml: - {name: x, type: rss, url: …}
  add a watchlist       copy watchlists/csto.yaml; wirewatch check tries it
  run it                wirewatch run, until Ctrl-C; it goes on where it stopped
  subscribe             open alerts/csto.atom in a feed reader, or in a shell:
                        wirewatch tail alerts.csto
"""


PATIENCE = 120.0
"""Seconds after which the demonstration gives up, and says what is missing."""


def demo(picture: Path | None = None) -> int:
    """Run the three loops with the shipped configuration on the sample feeds until all is through; show what came.

    Args:
        picture: An SVG file to draw some alerts and the summary to, for a page.

    Returns:
        0 when exactly the expected alerts came, else 1.
    """
    logs.setup("warning")
    with tempfile.TemporaryDirectory(prefix="wirewatch-demo-") as folder:
        return asyncio.run(_demo(Path(folder), Console(), picture))


async def _demo(folder: Path, console: Console, picture: Path | None) -> int:
    expected = read_expected(samples())
    console.print(
        f"[bold]wirewatch demo[/bold]: {expected.totals.feeds} sample feeds on this machine, the shipped watchlists\n"
    )
    async with serve(samples()) as base:
        config = _configured(write_feeds(folder, base, expected), folder)
        run = Run(config)

        def through(bus: Bus) -> bool:
            return done(bus, expected) and settled(config, LOOPS, bus)

        try:
            code = await asyncio.wait_for(run.main(done=through), PATIENCE)
        except TimeoutError:
            code = 1
        outcome = summary(run.bus, expected)
        if picture:
            draw(run.bus, outcome, picture)
    console.print(report(outcome))
    console.print()
    console.print(NEXT, markup=False, highlight=False)
    return code or int(not outcome.ok)


def _configured(feeds: Path, folder: Path) -> Config:
    """The shipped configuration, with *feeds*, and with all that it leaves in *folder*."""
    config = load(shipped() / "wirewatch.yaml", feeds, data=folder / "data")
    sinks = tuple(
        replace(s, options=s.options.model_copy(update={"folder": folder / "alerts"})) if s.type == "atom" else s
        for s in config.sinks
    )
    return replace(config, sinks=sinks, metrics=Metrics(port=0))


def samples() -> Path:
    """The folder of the sample feeds."""
    return shipped() / "samples"


@asynccontextmanager
async def serve(folder: Path) -> AsyncIterator[str]:
    """Serve the feeds in *folder* on a free loopback port while the context lasts; its base address.

    ``/<feed>.xml`` is the file of that name. Where there are ``<feed>.1.xml`` and ``<feed>.2.xml`` instead, a
    request without a validator gets the first, one with a validator the second (304 when it has that).
    """

    async def show(request: web.Request) -> web.StreamResponse:
        feed = request.match_info["feed"]
        if (folder / f"{feed}.1.xml").is_file():
            feed += ".2" if request.headers.keys() & {"If-None-Match", "If-Modified-Since"} else ".1"
        if not (folder / f"{feed}.xml").is_file():
            raise web.HTTPNotFound
        return web.FileResponse(folder / f"{feed}.xml")

    application = web.Application()
    application.router.add_get("/{feed:[a-z-]+}.xml", show)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def write_feeds(folder: Path, base_url: str, expected: Expected, interval: str = "1s") -> Path:
    """Write ``demo-feeds.yaml``, a feed file with the sample feeds at *base_url*, into *folder*; its path."""
    path = folder / "demo-feeds.yaml"
    sources = (
        f"- {{name: {name}, type: rss, url: '{base_url}/{name}.xml', interval: {interval}}}\n"
        for name in expected.articles
    )
    path.write_text("".join(sources), encoding="utf-8")
    return path


def draw(bus: Bus, outcome: Summary, path: Path, alerts: int = 3) -> None:
    """Draw the first *alerts* of each list that show a slip, and the summary, to the SVG file *path*."""
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
    console.print("$ make demo", style="dim")
    found = [decode(Alert, r.value) for topic in ("alerts.csto", "alerts.nagorno-karabakh") for r in every(bus, topic)]
    found.sort(key=lambda alert: (all(e.how == "exact" for e in alert.evidence), alert.language, alert.id))
    for alert in found[:alerts]:
        console.print(render(alert))
    console.print(report(outcome))
    console.save_svg(str(path), title="wirewatch")


def report(summary: Summary) -> Group:
    """*summary* for a terminal."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    table.add_row(str(summary.feeds), "feeds polled")
    table.add_row(str(summary.accepted), "articles accepted")
    table.add_row(str(summary.new), "new")
    table.add_row(str(summary.duplicates), "copies, quiet")
    table.add_row(str(summary.revisions), "edited later")
    for watchlist, count in summary.alerts.items():
        table.add_row(str(count), f"alerts of {watchlist}")
    for reason, count in summary.dead_letters.items():
        table.add_row(str(count), f"set aside, {reason}")
    if summary.latencies:
        p50, p99 = summary.latency(0.5), summary.latency(0.99)
        table.add_row(f"{p50:.2f} s", f"p50 from accepted to alert, p99 {p99:.2f} s (the start of the flow included)")
    wrong = [
        Text(f"{what}: {', '.join(names)}", style="red")
        for what, names in (
            ("never came through", summary.unread),
            ("alerts missing", summary.missing),
            ("alerts not expected", summary.unexpected),
        )
        if names
    ]
    verdict = wrong or [Text("Every expected alert came, and no other.", style="green")]
    return Group(Text("Summary", style="bold"), table, *verdict)
