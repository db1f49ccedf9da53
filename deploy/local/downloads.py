"""Kafka and Flink, downloaded once: through Maven and pip, verified, and kept in the user's cache.

A folder in the cache is whole and verified, always: it is filled under another name and gets its own as the last
step. What an interrupted download leaves is never looked at; what Maven already has it does not download again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from processes import ClusterError
from tools import maven, tell

KAFKA = "4.4.0"
FLINK = "1.19.3"

HERE = Path(__file__).parent
SDIST = f"apache-flink-libraries-{FLINK}.tar.gz"
WANTED = ("flink-dist-", "log4j-")
"""The jars that a cluster needs of the 230 MB source package for Python, which has no smaller form: 122 MB."""

PACE = (0.2, 5.0)
"""Seconds between two signs of progress: at a terminal, where each replaces the last, and elsewhere."""


def checksums(section: str) -> dict[str, str]:
    """The sha256 of each file of *section* (the part before the slash) in ``checksums.txt``."""
    lines = (line.split() for line in (HERE / "checksums.txt").read_text().splitlines() if line[:1] not in {"", "#"})
    return {path.partition("/")[2]: digest for digest, path in lines if path.partition("/")[0] == section}


def sha256(path: Path) -> str:
    """The digest of a whole file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, expected: dict[str, str]) -> None:
    """Check that *folder* holds the files *expected*, and no others.

    Raises:
        ClusterError: it does not. A file with another content is deleted first.
    """
    found = {path.name for path in folder.iterdir()}
    if found != expected.keys():
        unlike = ", ".join(sorted(found ^ expected.keys()))
        raise ClusterError(f"the download differs from deploy/local/checksums.txt; missing or not listed: {unlike}")
    for name, digest in expected.items():
        if (actual := sha256(folder / name)) != digest:
            (folder / name).unlink()
            raise ClusterError(f"{name} is not what it should be; deleted. sha256 expected {digest}, found {actual}")


class Cache:
    """The downloads in *folder*."""

    def __init__(self, folder: Path | None = None) -> None:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self.folder = folder or home / "wirewatch"
        self.bytes = 0  # downloaded so far
        self.seconds = 0.0  # that it took, merging included

    def kafka(self) -> Path:
        """The folder of Kafka's jars.

        Raises:
            ClusterError: no Maven, no network, or another content than expected; so for all methods.
        """
        return self.obtain(f"kafka-{KAFKA}", lambda part: self.jars(part, "kafka", f"kafka-{KAFKA}", kafka=KAFKA))

    def flink(self) -> Path:
        """The folder of Flink's jars."""
        return self.obtain(f"flink-{FLINK}", self._flink)

    def obtain(self, name: str, fill: Callable[[Path], None]) -> Path:
        """The folder *name*; *fill* is given an empty one to make it from, unless it is there."""
        target = self.folder / name
        if target.is_dir():
            return target
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two that download at once would only share the line
            began, part = time.monotonic(), self.folder / f".{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            if not target.is_dir():
                part.mkdir()
                fill(part)
                part.rename(target)
                self.seconds += time.monotonic() - began
        return target

    def jars(self, folder: Path, profile: str, section: str, **versions: str) -> None:
        """Put the jars that *profile* of ``pom.xml`` names into *folder*, verified by *section* if it has any pins."""
        store = self.folder / ".maven"  # kept when interrupted: the next try downloads the rest
        command = [maven(), "-B", "-f", str(HERE / "pom.xml"), "-P", profile, f"-Dmaven.repo.local={store}"]
        command += ["-U"]  # what was not there yesterday may be today
        command += [f"-D{key}={value}" for key, value in versions.items()]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        self.run(profile, command, store, "*")
        try:
            if expected := checksums(section):
                verify(folder, expected)
        finally:
            shutil.rmtree(store, ignore_errors=True)  # all is copied; and what is not as expected must not come back

    def _flink(self, folder: Path) -> None:
        scratch, got = folder / "pip", folder / "pip" / "got"
        got.mkdir(parents=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
        command += ["--no-binary", "apache-flink-libraries", "--disable-pip-version-check", "--dest", str(got)]
        self.run("flink", [*command, f"apache-flink-libraries=={FLINK}"], scratch, "*.tar.gz", TMPDIR=str(scratch))
        verify(got, checksums("sdist"))
        with tarfile.open(got / SDIST) as archive:
            for member in archive:
                path = Path(member.name)
                source = archive.extractfile(member)
                if source and path.parent.name == "lib" and path.name.startswith(WANTED):
                    with (folder / path.name).open("wb") as jar:
                        shutil.copyfileobj(source, jar)
        shutil.rmtree(scratch)
        verify(folder, checksums(f"flink-{FLINK}"))

    def run(self, what: str, command: list[str], watched: Path, pattern: str, **environment: str) -> None:
        """Run *command*, telling how the files like *pattern* in *watched* grow."""
        began = said = time.monotonic()
        before, pace = _size(watched, pattern)[1], PACE[not sys.stderr.isatty()]
        with (
            tempfile.TemporaryFile("w+") as log,
            subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}) as child,
        ):
            try:
                while child.poll() is None:
                    time.sleep(0.1)
                    if time.monotonic() > said + pace:
                        said, (files, size) = time.monotonic(), _size(watched, pattern)
                        tell(f"{what}: {files} files, {size / 1e6:.0f} MB, {said - began:.0f} s", passing=True)
            except BaseException:
                child.terminate()
                raise
            log.seek(0)
            if child.returncode:
                raise ClusterError(f"{what}: {command[0]} failed:\n" + "".join(log.readlines()[-12:]))
        files, size = _size(watched, pattern)
        self.bytes += size - before
        tell(f"{what}: {files} files, {(size - before) / 1e6:.0f} MB downloaded in {time.monotonic() - began:.0f} s")


def _size(folder: Path, pattern: str) -> tuple[int, int]:
    """How many files like *pattern* are in *folder*, copies counted once, and their bytes."""
    sizes: dict[str, int] = {}
    for path in folder.rglob(pattern):
        with suppress(FileNotFoundError):  # renamed meanwhile
            sizes[path.name] = path.stat().st_size
    return len(sizes), sum(sizes.values())
