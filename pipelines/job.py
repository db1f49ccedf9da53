"""The life of the flow's job on a Flink cluster: submit, look, savepoint, upgrade, stop.

One job a cluster and name. All of it goes through Flink's REST interface; the job's progress is in its checkpoints
and savepoints, and as committed offsets on the bus for a start without either.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import structlog

from connectors.buses import Bus
from connectors.errors import ConfigError, TransientError
from connectors.flink import Flink
from pipelines.canary import PATIENCE, Look, Probe, look, watch
from pipelines.flow import Plan
from pipelines.sections import Flink as Settings

log = structlog.get_logger(__name__)

ALIVE = frozenset({"INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "FAILING", "RECONCILING", "SUSPENDED"})

SAVING = 120.0
"""Seconds that a savepoint may take (measured: about 1 with the state of a day)."""

EVERY = 30.0
"""Seconds between two looks at a job that works."""


class Job:
    """The flow on the cluster of *settings*. *bus* carries the probe."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        self.settings = settings
        self.flink = Flink(settings.rest)
        self.bus = bus

    def running(self) -> str | None:
        """The id of the job that runs under our name; None when none does."""
        alive = (job for job in self.flink.jobs() if job["state"] in ALIVE)
        return next((str(job["jid"]) for job in alive if job["name"] == self.settings.job), None)

    def submit(self, plan: Plan, savepoint: str | None = None, *, skip_unknown_state: bool = False) -> str:
        """Start *plan*, from *savepoint* when given, else from the offsets committed on the bus; the job's id.

        Raises:
            ConfigError: it runs already, the jar is wrong, the savepoint does not exist or does not fit.
            TransientError: no cluster answers.
        """
        from pipelines.flink import ENTRY, package  # noqa: PLC0415 - Beam takes a second to import

        if running := self.running():
            raise ConfigError(f"job {running} runs already at {self.settings.rest}: upgrade or stop it")
        with tempfile.TemporaryDirectory(prefix="wirewatch-") as folder:
            jar = Path(folder, f"{self.settings.job}.jar")
            package(plan, self.settings, jar)
            uploaded = self.flink.upload(jar)
        try:
            return self.flink.run(
                uploaded,
                ENTRY,
                parallelism=self.settings.parallelism,
                savepoint=savepoint,
                skip_unknown_state=skip_unknown_state,
            )
        finally:
            self.flink.forget(uploaded)

    def check(self, job: str, patience: float = PATIENCE, told: Callable[[Look], Any] = lambda _: None) -> Look:
        """Send a probe and look until all is well or *patience* is over."""
        self.probe = Probe(self.bus)
        return watch(self.flink, job, self.probe, patience, told)

    def savepoint(self, job: str, *, stop: bool = False, folder: str | None = None) -> str:
        """Make a savepoint, and with *stop* end the job; where it is.

        Raises:
            ConfigError: it failed.
            TransientError: it was not made within `SAVING` seconds; the job goes on.
        """
        request = self.flink.savepoint(job, stop=stop, folder=folder)
        end = time.monotonic() + SAVING
        while time.monotonic() < end:
            if place := self.flink.saved(job, request):
                return place
            time.sleep(0.2)
        raise TransientError(f"job {job}: no savepoint within {SAVING:.0f} s; the job goes on")

    def the_running(self) -> str:
        """The id of the running job.

        Raises:
            ConfigError: there is none.
        """
        if (job := self.running()) is None:
            raise ConfigError(f"no job '{self.settings.job}' runs at {self.settings.rest}: wirewatch flink submit")
        return job


def keep(job: Job, plan: Plan, mark: Path, halt: Event) -> None:
    """The flow's loop on a cluster: run the job until *halt* is set, then stop it with a savepoint.

    *mark* is a file that holds where that savepoint is, so that the next start goes on from it. A job that is found
    running (this process was killed) is taken over as it is.

    Raises:
        ConfigError: the job does not work: the message says what was seen.
    """
    current = job.running()
    if current:
        log.info("job found running", job=current)
    else:
        savepoint = mark.read_text("utf-8").strip() if mark.is_file() else None
        try:
            current = job.submit(plan, savepoint)
        except ConfigError as error:
            if not savepoint:
                raise
            instead = f"{mark}: to start at the committed offsets instead, remove this file"
            raise ConfigError(*error.problems, instead) from error
        log.info("job submitted", job=current, savepoint=savepoint)
    seen = job.check(current)
    if troubles := seen.troubles():
        raise ConfigError(f"job {current} at {job.settings.rest} does not work:", *troubles)
    mark.unlink(missing_ok=True)  # from here on it is older than what the job has done
    log.info("job works", job=current, probe=seen.probe, checkpoints=seen.checkpoints)
    while not halt.wait(EVERY):
        try:
            seen = look(job.flink, current, job.probe, time.time())
        except TransientError as error:
            log.warning("job not seen", error=str(error))
            continue
        if seen.state not in ALIVE:
            raise ConfigError(f"job {current} ended:", *seen.troubles())
        if troubles := seen.troubles():
            log.error("job does not work", job=current, troubles=troubles)
    place = job.savepoint(current, stop=True)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(place + "\n", "utf-8")
    log.info("job stopped", job=current, savepoint=place)
