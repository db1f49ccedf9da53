"""The gazetteer as it was last read, so that starting reads no YAML again: ``compiled.json.gz`` beside its files.

It ships with the files that come with wirewatch, and is made by ``wirewatch knowledge build``. When a file has changed
since, all are read again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from pipelines.scanning import State

FILE = "compiled.json.gz"

FORMAT = 1
"""Counts up when what is kept is read otherwise."""


Row = tuple[str, int, str, int]
"""Of a name: text, number of its entity, languages, flags."""


class Compiled(msgspec.Struct, frozen=True):
    """*entities* as their files say, the names of each and the scanners over them, in their order."""

    digest: str
    entities: list[dict[str, Any]]
    names: list[Row]
    countries: dict[str, str]
    scanner: State
    surname_names: list[Row]
    surnames: State


def digest(paths: Iterable[Path]) -> str:
    """Of the content of the files, and of how they are read."""
    found = hashlib.sha256(f"{FORMAT}".encode())
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def read(folder: Path, digest: str) -> Compiled | None:
    """What is kept in *folder*, when it was made of files with this *digest*."""
    with contextlib.suppress(OSError, EOFError, msgspec.DecodeError):
        kept = msgspec.json.decode(gzip.decompress((folder / FILE).read_bytes()), type=Compiled)
        return kept if kept.digest == digest else None
    return None


def write(folder: Path, compiled: Compiled) -> None:
    """Keep *compiled* in *folder*, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    new = folder / f".{FILE}.{os.getpid()}"
    new.write_bytes(gzip.compress(msgspec.json.encode(compiled), 6, mtime=0))
    new.replace(folder / FILE)
