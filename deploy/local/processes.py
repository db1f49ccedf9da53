"""Processes that outlive the command that starts them, and ways to find and end exactly those.

A record (``run/<name>.json``) holds a process's id and command. A process id can come back as somebody else's, so a
record counts only while that process still has that command line. Each process leads a group of its own, so what it
leaves behind ends with it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
"""Nothing here asks for a password, so nothing here listens to another machine."""

PATIENCE = 20.0
"""Seconds between SIGTERM and SIGKILL. A broker that is asked to end takes 3, some 10 on a busy machine."""

LINES = 25
"""Lines of a log that are shown when its process did not start."""

_CHILDREN: list[subprocess.Popen[bytes]] = []  # Popen complains when it is collected while its process runs


class ClusterError(Exception):
    """Something a person must see to; the text says what and how."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the cluster in *folder*. *port*: where it answers, 0 when it has no port of a fixed number."""

    folder: Path
    name: str
    pid: int
    port: int
    command: tuple[str, ...]

    @property
    def log(self) -> Path:
        return self.folder / "logs" / f"{self.name}.log"

    @property
    def record(self) -> Path:
        return self.folder / "run" / f"{self.name}.json"

    def facts(self) -> tuple[int, str] | None:
        """Resident bytes and age (``[[days-]hours:]minutes:seconds``), or None when it runs no more."""
        asked = ["ps", "-ww", "-o", "rss=,etime=,args=", "-p", str(self.pid)]
        try:
            found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split(maxsplit=2)
        except FileNotFoundError:
            raise ClusterError(
                "no ps on PATH; Debian/Ubuntu: apt install procps; Fedora: dnf install procps-ng"
            ) from None
        # Only the first word may differ: a stand-in for java may have replaced itself with the real one.
        words, tail = found[2].rstrip() if len(found) == 3 else "", " ".join(self.command[1:])
        if words != " ".join(self.command) and not (tail and words.endswith(f" {tail}")):
            return None
        return int(found[0]) * 1024, found[1]

    def stop(self) -> None:
        """End it and all it started: asked first, killed after `PATIENCE`."""
        with suppress(ProcessLookupError):
            if self.facts():
                os.kill(self.pid, signal.SIGTERM)
                end = time.monotonic() + PATIENCE
                while self.facts() and time.monotonic() < end:
                    time.sleep(0.1)
                os.killpg(self.pid, signal.SIGKILL)
        self.record.unlink(missing_ok=True)
        for child in _CHILDREN:
            child.poll()  # so that no ended one stays in the table of processes

    def until(self, ready: Callable[[], bool], seconds: float) -> Process:
        """Itself, once *ready*; when it is not within *seconds* it is stopped, and the error shows its log's end."""
        end = time.monotonic() + seconds
        try:
            while not ready():
                self._check(end)
                time.sleep(0.1)
        except BaseException:
            self.stop()
            raise
        return self

    def _check(self, end: float) -> None:
        if not self.facts():
            raise ClusterError(f"{self.name} ended while it started; the end of {self.log}:\n{self._tail()}")
        if time.monotonic() > end:
            raise ClusterError(f"{self.name} was not ready in time; the end of {self.log}:\n{self._tail()}")

    def _tail(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(f"    {line}" for line in deque(lines, LINES)) or "    (it is empty)"


def start(
    folder: Path, name: str, port: int, command: Iterable[str], environment: Mapping[str, str] | None = None
) -> Process:
    """Start *command* in the background. Its output goes to ``logs/<name>.log``; the log before is kept as ``.1``."""
    process = Process(folder, name, 0, port, tuple(command))
    for needed in (process.log, process.record):
        needed.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        process.log.replace(process.log.with_suffix(".log.1"))
    with process.log.open("wb") as log:
        child = subprocess.Popen(
            process.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    _CHILDREN.append(child)
    process.record.write_text(json.dumps({"pid": child.pid, "port": port, "command": process.command}))
    process = Process(folder, name, child.pid, port, process.command)
    end = time.monotonic() + 1  # for a moment after its start a process shows no command line
    while not process.facts() and child.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    return process


def find(folder: Path, name: str) -> Process | None:
    """The running process *name* of *folder*, if it is the one that was started there."""
    try:
        kept = json.loads((folder / "run" / f"{name}.json").read_text())
        process = Process(folder, name, int(kept["pid"]), int(kept["port"]), tuple(kept["command"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return process if process.facts() else None


def check_free(*ports: int) -> None:
    """Refuse ports that another process listens on.

    Raises:
        ClusterError: one is taken; names it and, where the system tells, whose it is.
    """
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise ClusterError(f"port {port} of {HOST} cannot be used: {_owner(port) or error.strerror}") from None


def _owner(port: int) -> str:
    """Who listens on *port*, when ss (Linux) or lsof (macOS) can tell."""
    for command, pattern in (
        (["ss", "-Hltnp", f"sport = :{port}"], r"pid=(\d+)"),
        (["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"], r"^(\d+)"),
    ):
        with suppress(FileNotFoundError):
            found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            if pid := re.search(pattern, found, re.MULTILINE):
                return f"taken by process {pid[1]}"
    return ""


def listening(port: int) -> bool:
    """Whether *port* takes a connection."""
    with suppress(OSError), socket.create_connection((HOST, port), 1):
        return True
    return False
