"""A real Kafka and a real Flink on this machine, without Docker: ``cluster.py up | status | down | run -- COMMAND``.

Progress goes to standard error, answers to standard output. Exit codes: `status` 0 when all is well, else 1; `up` and
`down` 1 when they could not do it, with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import broker
import downloads
import flink
import jobserver
import processes
import tools
from processes import ClusterError, Process
from tools import tell


@dataclass(frozen=True)
class Ports:
    """The ports, all of 127.0.0.1. Not the usual ones: a Kafka or Flink of your own goes on undisturbed."""

    kafka: int = 19092
    controller: int = 19093
    rest: int = 18081
    rpc: int = 16123
    blob: int = 16124
    pool: int = 50000


GROUPS = {"kafka": ["kafka"], "flink": ["jobmanager", "taskmanager-1", "taskmanager-2", "pool"]}
"""Names of processes in the order they start; they end in reverse, so that none misses one it needs."""

MADE = ("run", "logs", "conf", "tmp", "data", "checkpoints", "savepoints")
"""What a cluster puts into its folder; ``job-server.*`` besides, which lead into the cache."""


def up(folder: Path, names: list[str], ports: Ports) -> None:
    """Start what does not run yet, in *folder*. When one does not start, those started before it end too."""
    tools.java()
    cache, began = downloads.Cache(), time.monotonic()
    libs = {group: getattr(cache, group)() for group in GROUPS if set(GROUPS[group]) & set(names)}
    if "flink" in libs:
        _link_job_server(folder, jobserver.obtain(cache))
    started: list[Process] = []
    try:
        for name in names:
            if running := processes.find(folder, name):
                tell(f"{name}: runs already, process {running.pid}")
                continue
            since = time.monotonic()
            tell(f"{name}: starting", passing=True)
            started.append(_start(folder, name, ports, libs))
            tell(f"{name}: ready after {time.monotonic() - since:.1f} s, process {started[-1].pid}")
    except BaseException:
        for process in reversed(started):
            tell(f"{process.name}: ending")
            process.stop()
        raise
    tell(f"downloaded {cache.bytes / 1e6:.0f} MB in {cache.seconds:.0f} s, all in {time.monotonic() - began:.0f} s")


def _start(folder: Path, name: str, ports: Ports, libs: dict[str, Path]) -> Process:
    if name == "kafka":
        return broker.start(folder, ports.kafka, libs["kafka"], controller=ports.controller)
    if name == "jobmanager":
        return flink.jobmanager(folder, libs["flink"], rest=ports.rest, rpc=ports.rpc, blob=ports.blob)
    if name == "pool":
        return flink.pool(folder, ports.pool)
    return flink.taskmanager(folder, libs["flink"], int(name[-1]), rest=ports.rest)


def _link_job_server(folder: Path, source: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("job-server.jar", "job-server.json"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(source / name)
    tell(f"job server: {jobserver.describe(folder)}")


def status(folder: Path, names: list[str]) -> dict[str, Any]:
    """What runs in *folder*, and whether it works."""
    found = {name: processes.find(folder, name) for name in names}
    manager = found.get("jobmanager")
    known = flink.registered(manager.port) if manager else {}
    rows = []
    for name, process in found.items():
        facts = process.facts() if process else None
        row: dict[str, Any] = {"name": name, "ok": False, "pid": None, "port": None, "up": None, "bytes": None}
        if process and facts:
            ok = name in known if name.startswith("taskmanager") else _answers(process)
            row |= {"ok": ok, "pid": process.pid, "port": process.port or None, "up": facts[1], "bytes": facts[0]}
        rows.append(row)
    server = jobserver.describe(folder) if (folder / "job-server.json").exists() else None
    return {"ok": all(row["ok"] for row in rows), "processes": rows, "job_server": server}


def _answers(process: Process) -> bool:
    if process.name == "kafka":
        return broker.answers(process.port)
    if process.name == "jobmanager":
        return flink.ask(process.port, "/overview") is not None
    return processes.listening(process.port)


def down(folder: Path, names: list[str], wipe: bool) -> None:
    """End what runs in *folder*; with *wipe* remove its data as well."""
    for name in reversed(names):
        if process := processes.find(folder, name):
            tell(f"{name}: ending", passing=True)
            process.stop()
            tell(f"{name}: ended")
    if wipe:
        for made in MADE:
            shutil.rmtree(folder / made, ignore_errors=True)
        tell(f"{folder}: wiped")


def run(folder: Path, names: list[str], ports: Ports, command: list[str]) -> int:
    """Run *command* with the cluster up, told by variables where it is; then end the cluster. Its exit code.

    What the cluster wrote is kept when the command fails.
    """
    up(folder, names, ports)
    code = 1
    try:
        code = subprocess.run(command, env=os.environ | environment(folder, names, ports), check=False).returncode
    finally:
        down(folder, names, wipe=code == 0)
        if code:
            tell(f"what the cluster wrote is in {folder / 'logs'}")
    return code


def environment(folder: Path, names: list[str], ports: Ports) -> dict[str, str]:
    """Where the cluster is, for tests and benchmarks."""
    found = {
        "WIREWATCH_CLUSTER": str(folder),
        "WIREWATCH_CLUSTER_OPTIONS": " ".join(f"--{p.name}-port={getattr(ports, p.name)}" for p in fields(Ports)),
    }
    if "kafka" in names:
        found["WIREWATCH_KAFKA"] = f"127.0.0.1:{ports.kafka}"
    if "jobmanager" in names:
        found["WIREWATCH_FLINK"] = f"http://127.0.0.1:{ports.rest}"
        found["WIREWATCH_POOL"] = f"127.0.0.1:{ports.pool}"
        found["WIREWATCH_JAR"] = str(folder / "job-server.jar")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Do what *arguments* say; returns the exit code."""
    parser = argparse.ArgumentParser(prog="cluster.py", description="A real Kafka and a real Flink on this machine.")
    parser.add_argument("command", choices=["up", "status", "down", "run"])
    parser.add_argument("--only", choices=sorted(GROUPS), help="one of the two")
    parser.add_argument("--folder", type=Path, default=Path("build/cluster"), help="for all that they write")
    parser.add_argument("--json", action="store_true", help="status for machines")
    parser.add_argument("--wipe", action="store_true", help="down: remove data, checkpoints and logs too")
    parser.add_argument("--shift", type=int, default=0, metavar="N", help="added to every port")
    for port in fields(Ports):
        parser.add_argument(f"--{port.name}-port", type=int, default=port.default, help="default: %(default)s")
    words = sys.argv[1:] if arguments is None else arguments
    cut = words.index("--") if "--" in words else len(words)
    given, command = parser.parse_args(words[:cut]), words[cut + 1 :]
    if (given.command == "run") != bool(command):
        parser.error("run, and only run, takes a command after --")
    folder = given.folder.absolute()
    names = [name for group in ([given.only] if given.only else GROUPS) for name in GROUPS[group]]
    ports = Ports(**{port.name: getattr(given, f"{port.name}_port") + given.shift for port in fields(Ports)})
    try:
        if given.command == "down":
            down(folder, names, given.wipe)
            return 0
        if given.command == "run":
            return run(folder, names, ports, command)
        if given.command == "up":
            up(folder, names, ports)
        state = status(folder, names)
    except ClusterError as error:
        tell(f"cluster: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(state, indent=2) if given.json else _table(state))
    return 0 if state["ok"] else 1


def _table(state: dict[str, Any]) -> str:
    form = "{:<14} {:<8} {:>7} {:>6} {:>12} {:>7}"
    lines = [form.format("", "", "pid", "port", "up", "MB")]
    for row in state["processes"]:
        kind = "ok" if row["ok"] else "not ok" if row["pid"] else "down"
        size = round(row["bytes"] / 1e6) if row["bytes"] else "-"
        lines.append(form.format(row["name"], kind, row["pid"] or "-", row["port"] or "-", row["up"] or "-", size))
    return "\n".join([*lines, f"job server: {state['job_server']}"] if state["job_server"] else lines)


if __name__ == "__main__":
    sys.exit(main())
