"""The file of the local log: made, opened and checked, and SQLite's errors in words.

``log.db`` is an SQLite database with one table of records per partition, so that an offset is its row id and
a read is one walk along a tree. It appears by a link, complete or not at all, readable by its owner only.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from connectors.errors import ConfigError, TransientError

APPLICATION = 0x77697265
"""``wire`` in SQLite's field for whose file it is."""

VERSION = 1
"""Of the tables below; a newer one is refused."""

PAGE = 8192
"""Bytes. Measured with keys in random order, 100 records of 2.6 KB a transaction: 8 KB takes some
0.75 of the time of 4 KB and 0.65 of 32 KB, which is better only where no index of keys has to be kept."""

CHECKPOINT = 4000
"""Pages (32 MB) of write-ahead log that are moved into the file at once: a page written often moves once."""

PATIENCE = 10.0
"""Seconds to wait for other processes' transactions, each of which takes milliseconds."""

SCHEMA = f"""
CREATE TABLE topics(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL,
    only_once INTEGER NOT NULL, compact INTEGER NOT NULL, retain_seconds REAL, retain_bytes INTEGER);
CREATE TABLE partitions(
    topic INTEGER, number INTEGER, next INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY(topic, number)) WITHOUT ROWID;
CREATE TABLE commits(
    topic INTEGER, number INTEGER, consumer TEXT, next INTEGER NOT NULL,
    PRIMARY KEY(topic, number, consumer)) WITHOUT ROWID;
CREATE TABLE damaged(
    topic INTEGER, number INTEGER, offset INTEGER, timestamp, crc, key, value, found REAL,
    PRIMARY KEY(topic, number, offset));
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""


class LogFile:
    """The connections of one process to the log at *path*: one to write, one to each thread that reads.

    Closed, it opens again when it is used again.
    """

    def __init__(self, path: Path, connect: Callable[[Path], sqlite3.Connection]) -> None:
        self.path = path
        self.turn = threading.RLock()  # to write: SQLite would have our threads sleep and try again
        self._connect = connect
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has, for one statement. Never waits for a writer."""
        with explained(self.path):
            try:
                reader = self._readers.pop()
            except IndexError:
                reader = self._connect(self.path)
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
            self._readers.append(reader)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all or nothing, durable at its end.

        When anything fails in it the connection goes too: after a sync that failed, the kernel may have
        forgotten what it could not write, so the next transaction starts from the file.
        """
        with self.turn, explained(self.path):
            writer = self._writer = self._writer or self._connect(self.path)
            try:
                writer.execute("BEGIN IMMEDIATE")
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                self._writer = None
                writer.close()
                raise

    def close(self) -> None:
        """Close every connection that is not in use; the last of all processes' tidies the file up."""
        with self.turn:
            if self._writer:
                self._writer.close()
                self._writer = None
        while self._readers:
            self._readers.pop().close()


def prepare(folder: Path) -> Path:
    """Make sure that *folder* holds a log of ours, and give its path.

    A folder that is made gets mode 0700, one that exists keeps its own; files get 0600 whatever the umask.

    Raises:
        ConfigError: something else is there, or it cannot be read and written.
        TransientError: the disk is full.
    """
    path = folder / "log.db"
    try:
        if not folder.is_dir():
            folder.mkdir(0o700, parents=True)
            folder.chmod(0o700)
        left = Path(f"{path}-wal").exists()  # looked at first: another process may be making both
        if path.is_dir():
            raise ConfigError(f"{path} is a folder, the log needs a file of that name: move it away")
        if not path.exists():
            if left:
                raise ConfigError(f"{path} is gone and {path}-wal, a part of it, is not: put it back")
            with explained(path):
                _create(path)
        # By name: opening and closing the file here would drop the locks that this process may have on it.
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            with contextlib.suppress(FileNotFoundError):  # the last process to close removes two of them
                file.chmod(0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be used: {error.strerror} ({error.filename})") from error
    with explained(path), contextlib.closing(connect(path)) as connection:
        (application,), (version,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
    if application != APPLICATION:
        raise ConfigError(f"{path} is not a log of wirewatch: move it away, or put the right file in its place")
    if version > VERSION:
        raise ConfigError(f"{path} has version {version}, this program knows {VERSION}: upgrade it first")
    return path


def connect(path: Path) -> sqlite3.Connection:
    """Open the log at *path*, which must exist. Every commit is synced to disk before it returns."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.text_factory = bytes  # a damaged row may hold text that is none; decoding it must not raise
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
    connection.execute(f"PRAGMA journal_size_limit = {2 * CHECKPOINT * PAGE}")
    connection.execute("PRAGMA secure_delete = OFF")
    return connection


def _create(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
        new = Path(aside) / path.name
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
        new.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # another process was faster, and its file is as good
            os.link(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors at *path* into ours; those that would be mistakes of this program stay."""
    try:
        yield
    except sqlite3.Error as error:
        match code(error):
            case sqlite3.SQLITE_FULL:
                raise TransientError(f"{path}: the disk is full: free some space") from error
            case sqlite3.SQLITE_IOERR:
                name = error.sqlite_errorname
                raise TransientError(f"{path}: the disk failed ({name}): check it and its free space") from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                raise TransientError(f"{path}: another process kept the log locked") from error
            case sqlite3.SQLITE_CANTOPEN if os.access(path, os.R_OK | os.W_OK):
                raise TransientError(f"{path} cannot be opened now: are too many files open?") from error
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
                raise ConfigError(f"{path} must be there to read and write: check its permissions") from error
            case sqlite3.SQLITE_NOTADB:
                raise ConfigError(f"{path} is not a log of wirewatch: move it away") from error
            case sqlite3.SQLITE_CORRUPT:
                raise ConfigError(
                    f"{path} is damaged beyond single records: stop all that uses it and restore a backup, "
                    "or save what can be read with 'sqlite3 log.db .recover'"
                ) from error
        raise


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 when the error is Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
