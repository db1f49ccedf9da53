"""A Flink session cluster without Flink's start scripts: JobManager, TaskManagers, and wirewatch's worker pool."""

from __future__ import annotations

import http.client
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import processes
from processes import HOST, Process
from tools import java, java_options

DEADLINE = 90.0
"""Seconds for one process to start; 3 on an idle machine."""

OPENS = [
    *(f"--add-exports={p}=ALL-UNNAMED" for p in ("java.rmi/sun.rmi.registry", "java.security.jgss/sun.security.krb5")),
    *(
        f"--add-opens=java.base/{p}=ALL-UNNAMED"
        for p in (
            *("java.lang", "java.lang.reflect", "java.io", "java.net", "java.nio", "sun.nio.ch", "java.text"),
            *("java.time", "java.util", "java.util.concurrent"),
            *("java.util.concurrent.atomic", "java.util.concurrent.locks"),
        )
    ),
]
"""What Flink's serializers reach into; Java 17 opens it only when told."""

MEMORY = {
    # Flink's start scripts compute these from one number; without the scripts each must be given.
    "taskmanager.cpu.cores": "2.0",
    "taskmanager.memory.task.heap.size": "384m",  # these two together are -Xmx
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.task.off-heap.size": "64m",  # these two and the network's are -XX:MaxDirectMemorySize
    "taskmanager.memory.framework.off-heap.size": "128m",
    "taskmanager.memory.network.min": "32m",
    "taskmanager.memory.network.max": "32m",
    "taskmanager.memory.jvm-metaspace.size": "192m",  # -XX:MaxMetaspaceSize
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.jvm-overhead.max": "64m",
    "taskmanager.memory.managed.size": "64m",  # for a state backend on disk and for batch; hardly used here
}
"""Memory of one TaskManager."""


def configuration(folder: Path, rest: int, rpc: int, blob: int, slots: int) -> dict[str, Any]:
    """Flink's settings.

    The checkpoint interval is none of them but an option of the job: given here alone, Beam's runner thinks that
    checkpoints are off, ends its sources, and then no checkpoint ever completes.
    """
    return {
        "jobmanager.rpc.address": HOST,
        "jobmanager.bind-host": HOST,
        "jobmanager.rpc.port": rpc,
        "blob.server.port": blob,
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": rest,
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.numberOfTaskSlots": slots,
        "state.backend.type": "hashmap",  # the state of a flow fits in memory, and is faster there
        "state.checkpoints.dir": (folder / "checkpoints").as_uri(),
        "state.savepoints.dir": (folder / "savepoints").as_uri(),
        "state.checkpoints.num-retained": 3,  # one that cannot be read is not the end
        "execution.checkpointing.min-pause": "500ms",  # slow checkpoints must leave time to work
        "execution.checkpointing.timeout": "60s",  # they take 0.1 s; a hanging one is to be seen, not waited for
        # A job that is cancelled by mistake can be resumed.
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        # A worker or broker that is away comes back: try for ever, but not in a tight loop.
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1s",
        "restart-strategy.exponential-delay.max-backoff": "30s",
        # A dead TaskManager goes unnoticed for this long (ms); Flink's own 50 s are for networks that stall.
        "heartbeat.interval": 2000,
        "heartbeat.timeout": 10000,
    }


def jobmanager(folder: Path, libs: Path, *, rest: int, rpc: int, blob: int, slots: int = 2) -> Process:
    """Start the JobManager, and wait until its REST interface answers. *slots*: of each TaskManager.

    Raises:
        ClusterError: as `broker.start`; so for the other two.
    """
    processes.check_free(rest, rpc, blob)
    folder = folder.absolute()
    settings = configuration(folder, rest, rpc, blob, slots)
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "config.yaml").write_text("".join(f"{k}: {json.dumps(v)}\n" for k, v in settings.items()))
    heap = "384m"  # a job's jar of 100 MB and more goes through it
    command = [
        *_java(folder, libs, "jobmanager", heap),
        "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    ]
    process = processes.start(folder, "jobmanager", rest, [*command, "--configDir", str(folder / "conf")])
    return process.until(lambda: ask(rest, "/overview") is not None, DEADLINE)


def taskmanager(folder: Path, libs: Path, number: int, *, rest: int) -> Process:
    """Start TaskManager *number* of the JobManager whose REST port is *rest*, and wait until it is registered."""
    folder = folder.absolute()
    name = f"taskmanager-{number}"
    before = registered(rest).get(name)  # one that was killed is known for 10 s more
    memory = [part for key, value in MEMORY.items() for part in ("-D", f"{key}={value}")]
    command = [
        *_java(folder, libs, name, "512m"),
        "-XX:MaxDirectMemorySize=224m",
        "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
        *("--configDir", str(folder / "conf"), *memory, "-D", f"taskmanager.resource-id={name}"),
    ]
    process = processes.start(folder, name, 0, command)
    return process.until(lambda: registered(rest).get(name, before) != before, DEADLINE)


def pool(folder: Path, port: int) -> Process:
    """Start the pool of Python workers, and wait until its port is open."""
    processes.check_free(port)
    here = Path(sys.executable).parent
    command = [sys.executable, "-m", "pipelines.pool", "--address", f"{HOST}:{port}"]
    found_first = {"PATH": f"{here}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    process = processes.start(folder.absolute(), "pool", port, command, found_first)
    return process.until(lambda: processes.listening(port), DEADLINE)


def ask(rest: int, path: str) -> Any:
    """What the JobManager at port *rest* answers, None when it does not."""
    with suppress(OSError, http.client.HTTPException, ValueError):
        connection = http.client.HTTPConnection(HOST, rest, timeout=2)  # not urllib, which may ask a proxy
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return json.load(answer) if answer.status == 200 else None
        finally:
            connection.close()
    return None


def registered(rest: int) -> dict[str, str]:
    """The names of the TaskManagers that the JobManager at port *rest* knows, each with its address."""
    return {one["id"]: one["path"] for one in (ask(rest, "/taskmanagers") or {}).get("taskmanagers", ())}


def _java(folder: Path, libs: Path, name: str, heap: str) -> list[str]:
    fixed = [f"-Xms{heap}", f"-Xmx{heap}", "-XX:MaxMetaspaceSize=192m"]
    return [java(), *fixed, *OPENS, *java_options(folder, name, "INFO"), "-cp", f"{libs.absolute()}/*"]
