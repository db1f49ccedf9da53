"""Alerts appended to a file, one canonical JSON record a line.

The file may be rotated or read by others at any time: it is opened anew for every delivery, and searched
again when somebody else has touched it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import TransientError
from connectors.records import Alert, encode

REMEMBERED = 10_000
"""Alerts at the end of the file that are not written again; a crash repeats at most one batch."""

TAIL = 32 * 1024 * 1024
"""Bytes at the end of the file that are searched for them."""


class Options(BaseModel):
    """Where alerts are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="the file to append to; made, readable by its owner only, when missing")


def build(name: str, options: Options) -> Jsonl:
    """A sink on one file. Nothing is opened before the first alert."""
    return Jsonl(options.path)


class Jsonl:
    """Appends alerts to *path*; written and on disk (fsync) when `deliver` returns.

    Guarantees: once in effect over crashes, by the ids of the last `REMEMBERED` lines. A line torn by a
    crash or a full disk is removed before the next is written. Several processes may share the file.
    """

    batch = 100

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left: tuple[int, int] | None = None  # inode and size as the last delivery left them
        self._ids: dict[str, None] = {}

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        try:
            await asyncio.to_thread(self._append, alerts)
        except OSError as error:
            raise TransientError(f"{self._path}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Nothing is held between deliveries."""

    def _append(self, alerts: Sequence[Alert]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            status = os.fstat(file)
            if self._left != (status.st_ino, status.st_size):
                self._ids = _repair(file, status.st_size)
            size = os.fstat(file).st_size
            new: dict[str, bytes] = {}
            for alert in alerts:
                if alert.id not in self._ids and alert.id not in new:
                    new[alert.id] = encode(alert) + b"\n"
            self._left = None  # until all of this batch is on disk
            try:
                _write(file, b"".join(new.values()))
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
            if size == 0:
                _sync_folder(self._path.parent)
            self._ids.update(dict.fromkeys(new))
            while len(self._ids) > REMEMBERED:
                del self._ids[next(iter(self._ids))]
            self._left = (status.st_ino, os.fstat(file).st_size)
        finally:
            os.close(file)


class _Id(msgspec.Struct):
    id: str


def _repair(file: int, size: int) -> dict[str, None]:
    """Make the file end with a whole line; the ids of its last lines, oldest first."""
    start = max(0, size - TAIL)
    data = os.pread(file, size - start, start)
    whole, newline, last = data.rpartition(b"\n")
    if last:
        ours = last.startswith((b"{", b"\0")) and (newline or not start)  # a file system may fill up with zeros
        if _id(last) or not ours:
            _write(file, b"\n")
            whole = data
        else:
            os.ftruncate(file, start + len(whole) + len(newline))
    lines = whole.split(b"\n")[-REMEMBERED:]
    return dict.fromkeys(found for line in lines if (found := _id(line)))


def _id(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=_Id).id
    except (msgspec.MsgspecError, ValueError):
        return ""


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
