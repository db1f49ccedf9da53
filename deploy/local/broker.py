"""One Kafka broker with its controller in the same process (KRaft). Not named kafka: that is a Python client's name."""

from __future__ import annotations

import base64
import socket
import struct
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import processes
from processes import HOST, ClusterError, Process
from tools import java, java_options

DEADLINE = 90.0
"""Seconds to start; 3 on an idle machine, and 13 after a kill, since its own earlier session must first expire."""

API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The first thing every client asks: length, request kind, version, a number that comes back, no client name."""

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",  # a misspelt name must be an error, not an empty topic
    # There is one broker, so there is one copy of everything.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Few groups and small logs: Kafka's own 50 partitions and 128 MB would only cost start-up time and memory.
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "1",
    "num.io.threads": "2",
    # A broker that was killed waits at its start until its former self is given up: 9 s, of 12 (measured).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",  # no second consumer is worth 3 s of waiting
}


def start(
    folder: Path, port: int, libs: Path, extra_properties: Mapping[str, str] | None = None, *, controller: int = 0
) -> Process:
    """Start a broker with its data under *folder*, and wait until it answers.

    *libs*: the folder of Kafka's jars. *controller*: a second port, ``port + 1`` when 0. What was in the folder is
    there again; *extra_properties* come last and win.

    Raises:
        ClusterError: a port is taken, there is no Java, or the broker did not start.
    """
    controller = controller or port + 1
    processes.check_free(port, controller)
    folder = folder.absolute()
    data = folder / "data" / "kafka"
    settings = folder / "conf" / "server.properties"
    for needed in (data, settings.parent):
        needed.mkdir(parents=True, exist_ok=True)
    own = {
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": str(data),
    }
    settings.write_text("".join(f"{k}={v}\n" for k, v in {**PROPERTIES, **own, **(extra_properties or {})}.items()))
    # 256 MB: with this heap the whole process stays at 250-300 MB under a few hundred records a second.
    run = [java(), "-Xms256m", "-Xmx256m", *java_options(folder, "kafka", "WARN"), "-cp", f"{libs.absolute()}/*"]
    if not (data / "meta.properties").exists():
        _format(run, settings)
    process = processes.start(folder, "kafka", port, [*run, "kafka.Kafka", str(settings)])
    return process.until(lambda: answers(port), DEADLINE)


def _format(run: list[str], settings: Path) -> None:
    """Make the empty log, under a name of its own so that a client never takes one broker for another."""
    name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*run, "kafka.tools.StorageTool", "format", f"--cluster-id={name}", "-c", str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"Kafka's storage could not be prepared:\n{done.stdout}{done.stderr}")


def answers(port: int) -> bool:
    """Whether a broker serves requests at *port*: the port alone is open seconds earlier."""
    with suppress(OSError, struct.error), socket.create_connection((HOST, port), 1) as connection:
        connection.settimeout(2)
        connection.sendall(API_VERSIONS)
        _, number, error = struct.unpack(">iih", connection.recv(10, socket.MSG_WAITALL))
        return bool(number == 1 and error == 0)
    return False
