"""``flink submit``, ``status``, ``savepoint``, ``upgrade`` and ``stop``: the flow's job on a Flink cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.settings import ConfigFile, DataFolder, configuration

if TYPE_CHECKING:
    from pipelines.canary import Look
    from pipelines.config import Config
    from pipelines.job import Job

app = typer.Typer(no_args_is_help=True, help="Run the flow on a Flink cluster.")

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Savepoint = Annotated[
    str | None, typer.Option(metavar="PATH", help="Go on from here.", show_default="committed offsets")
]
Folder = Annotated[
    str | None, typer.Option("--to", metavar="PATH", help="Where to put it.", show_default="the cluster's folder")
]
SkipUnknown = Annotated[
    bool, typer.Option("--skip-unknown-state", help="Drop state of steps that are no longer in the flow.")
]


@app.command()
def submit(
    config: ConfigFile = None,
    data: DataFolder = None,
    savepoint: Savepoint = None,
    skip_unknown_state: SkipUnknown = False,
    json: AsJson = False,
) -> None:
    """Start the job, and end when it works: a probe out, a checkpoint made, watermarks moving. Exit 1 if not."""
    settings, job = _job(config, data)
    started = _submit(settings, job, savepoint, skip_unknown_state)
    _tell(job.check(started, told=_progress), json)


@app.command()
def status(config: ConfigFile = None, data: DataFolder = None, json: AsJson = False) -> None:
    """Whether the job works, seen from outside. Exit 0 if so, 1 if not, 75 when the cluster does not answer."""
    _, job = _job(config, data)
    _tell(job.check(job.the_running(), patience=20.0), json)


@app.command()
def savepoint(config: ConfigFile = None, data: DataFolder = None, to: Folder = None) -> None:
    """Make a savepoint and print where it is; the job goes on."""
    _, job = _job(config, data)
    typer.echo(job.savepoint(job.the_running(), folder=to))


@app.command()
def stop(config: ConfigFile = None, data: DataFolder = None, to: Folder = None) -> None:
    """Stop the job with a savepoint and print where it is."""
    _, job = _job(config, data)
    typer.echo(job.savepoint(job.the_running(), stop=True, folder=to))


@app.command()
def upgrade(
    config: ConfigFile = None,
    data: DataFolder = None,
    to: Folder = None,
    skip_unknown_state: SkipUnknown = False,
    json: AsJson = False,
) -> None:
    """Stop the job with a savepoint and start this version of the flow from it."""
    settings, job = _job(config, data)
    made = job.savepoint(job.the_running(), stop=True, folder=to)
    typer.echo(f"savepoint {made}", err=True)
    _tell(job.check(_submit(settings, job, made, skip_unknown_state), told=_progress), json)


def _job(config: ConfigFile, data: DataFolder) -> tuple[Config, Job]:
    from pipelines import logs

    settings = configuration(config, None, data)
    logs.setup("warning")
    from pipelines.job import Job
    from pipelines.layout import open_bus

    return settings, Job(settings.flink, open_bus(settings))


def _submit(settings: Config, job: Job, savepoint: str | None, skip_unknown_state: bool) -> str:
    from functools import partial

    from pipelines import watching
    from pipelines.knowledge.gazetteer import ids
    from pipelines.layout import address_of
    from pipelines.plan import plan_of
    from pipelines.watchlists.examples import tried

    known, examples = partial(ids, *settings.gazetteer), partial(tried, settings.gazetteer)
    watching.publish(settings.watchlists, job.bus, known, examples, strict=True)
    started = job.submit(plan_of(settings, address_of(settings)), savepoint, skip_unknown_state=skip_unknown_state)
    typer.echo(f"job {started} submitted to {settings.flink.rest}", err=True)
    return started


def _progress(seen: Look) -> None:
    typer.echo(f"  {seen.state.lower()}: {'; '.join(seen.troubles()) or 'all well'}", err=True)


def _tell(seen: Look, json: bool) -> None:
    import msgspec

    troubles = seen.troubles()
    if json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(seen), "troubles": troubles}))
    else:
        typer.echo(f"job {seen.job}: {seen.state.lower()}")
        if seen.probe is not None:
            typer.echo(f"  probe        out after {seen.probe:.1f} s")
        age = f", the last {seen.checkpoint_age:.0f} s ago, {seen.checkpoint_bytes:,} bytes"
        typer.echo(f"  checkpoints  {seen.checkpoints}{age if seen.checkpoints else ''}; {seen.failed} failed")
        for step, lags in seen.watermarks.items():
            shown = ", ".join("none" if lag is None else f"{lag:.0f} s behind" for lag in lags)
            typer.echo(f"  watermark    {shown}: {step}")
        for trouble in troubles:
            typer.echo(f"  ! {trouble}")
    raise typer.Exit(1 if troubles else 0)
