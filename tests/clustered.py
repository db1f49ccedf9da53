"""The flow on a real cluster, for tests and benchmarks: where it is, a fresh set of topics, and a job for a while.

``make test-flink`` starts the cluster and sets the variables; without them there is none.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from connectors.buses import Bus, Entry, Record, every
from pipelines.address import Address
from pipelines.config import shipped
from pipelines.flow import Plan
from pipelines.job import Job
from pipelines.layout import TOPICS
from pipelines.rules import RulesAt
from pipelines.sections import Flink as Settings
from pipelines.taggers import gazetteer

BROKER = os.environ.get("WIREWATCH_KAFKA", "")
REST = os.environ.get("WIREWATCH_FLINK", "")

FOLDER = Path(os.environ.get("WIREWATCH_CLUSTER", "build/cluster")).absolute()
"""Where the cluster of ``make cluster-up`` keeps its processes."""

LOCAL = Path(__file__).parents[1] / "deploy" / "local"

sys.path.append(str(LOCAL))  # its modules know the processes of the cluster
import processes  # noqa: E402


def settings(**changes: Any) -> Settings:
    """The cluster's, with *changes*. The job's name is a new one unless given."""
    place = {"rest": REST, "pool": os.environ["WIREWATCH_POOL"], "jar": os.environ["WIREWATCH_JAR"]}
    return Settings.model_validate({**place, "job": f"test-{uuid.uuid4().hex[:8]}", **changes}, strict=False)


def fresh(kind: str = "kafka", folder: Path | None = None, prefix: str = "", **partitions: int) -> Address:
    """A bus of its own with the fixed topics, *partitions* as given, and the shipped watchlists."""
    prefix = prefix or f"t{uuid.uuid4().hex[:8]}."
    given = {"path": str(folder)} if kind == "local" else {"bootstrap": BROKER, "prefix": prefix}
    address = Address(kind, json.dumps(given))
    bus = address.open()
    for topic in TOPICS:
        bus.create(replace(topic, partitions=partitions.get(topic.name, 1)))
    for path in sorted((shipped() / "watchlists").glob("*.yaml")):
        bus.append([Entry("watchlists", path.stem, path.read_bytes())])
    return address


def plan(address: Address, horizon: float = 86400.0) -> Plan:
    """The shipped flow on that bus."""
    tagger = partial(gazetteer.build, gazetteer.Options(folders=(shipped() / "gazetteer",)))
    return Plan(address, tagger, RulesAt(address), horizon)


@contextmanager
def running(address: Address, horizon: float = 86400.0, **changes: Any) -> Iterator[tuple[Job, str]]:
    """A job that works, cancelled at the end."""
    job = Job(settings(**changes), address.open())
    current = job.submit(plan(address, horizon))
    try:
        seen = job.check(current)
        assert not seen.troubles(), seen.troubles()
        yield job, current
    finally:
        if left := job.running():
            job.flink.cancel(left)


def until(condition: Any, seconds: float, step: float = 0.1) -> None:
    """Wait until *condition*() holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen in {seconds} s"
        time.sleep(step)


def count(bus: Bus, topic: str) -> int:
    """How many records *topic* ever took."""
    known = bus.topics().get(topic)
    return sum(bus.end(topic, p) for p in range(known.partitions if known else 0))


def firsts(bus: Bus, topic: str) -> dict[str, Record]:
    """The first record of each key; a later one must say the same."""
    found: dict[str, Record] = {}
    for record in every(bus, topic):
        first = found.setdefault(record.key, record)
        assert first.value == record.value, f"{topic}: the key {record.key} stands with two contents"
    return found


def kill(*names: str) -> None:
    """kill -9 processes of the cluster: ``kafka``, ``jobmanager``, ``taskmanager-1`` …, ``pool``, or ``worker``."""
    for name in names:
        pids = workers() if name == "worker" else [processes.find(FOLDER, name).pid]
        assert pids, f"no {name} runs"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def workers() -> list[int]:
    """The Python workers of the pool."""
    pool = processes.find(FOLDER, "pool")
    threads = Path(f"/proc/{pool.pid}/task").glob("*/children") if pool else ()
    return [int(child) for thread in threads for child in thread.read_text().split()]


def restore() -> None:
    """Start again what was killed."""
    options = os.environ.get("WIREWATCH_CLUSTER_OPTIONS", "").split()
    command = [sys.executable, str(LOCAL / "cluster.py"), "up", "--folder", str(FOLDER), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=180)


class Role:
    """A real ``wirewatch NAME`` in *folder* on the bus at *prefix*; *rest* is what its configuration has besides."""

    def __init__(self, name: str, folder: Path, prefix: str, rest: str) -> None:
        self.name = name
        self.folder = folder
        (folder / "wirewatch.yaml").write_text(
            f"data: data\nbus: {{type: kafka, bootstrap: '{BROKER}', prefix: '{prefix}'}}\npartitions: {{articles: 2}}\n"
            f"watchlists: {shipped() / 'watchlists'}\nmetrics: {{port: 0}}\n{rest}"
        )
        self.start()

    def start(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            command = [sys.executable, "-m", "pipelines.cli", self.name, "-c", "wirewatch.yaml"]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
