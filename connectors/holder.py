"""One holder per role: a lock on a file in the log's folder, with the holder's pid inside."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from connectors.errors import ConfigError


@contextmanager
def hold(folder: Path, role: str) -> Iterator[None]:
    """Be the only holder of *role* in *folder* until the context ends.

    The kernel lets go of the lock when the process ends in whatever way, kill -9 included, so a lock is never
    stale; the file stays and means nothing by itself. The lock does not pass to programs that the holder
    starts.

    Raises:
        ConfigError: it is held, by another process or in this one; the message names the pid.
    """
    path = folder / f"{quote(role, safe='')}.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.read(file, 20).decode("ascii", "replace").strip() or "unknown"
            raise ConfigError(
                f"the role '{role}' in {folder} is held by process {pid}: stop that, or use another folder"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)
