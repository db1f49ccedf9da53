"""The two programs that must be there, Java to run and Maven to download; and a word on how things go."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from processes import ClusterError

JAVA = 17
"""The oldest Java that runs a Kafka 4 broker: its classes are compiled for it. Flink 1.19 is content with 11."""

HOW = {
    "Java": "Debian/Ubuntu: apt install openjdk-17-jre-headless; Fedora: dnf install java-17-openjdk-headless; "
    "macOS: brew install openjdk@17",
    "Maven": "Debian/Ubuntu: apt install maven; Fedora: dnf install maven; macOS: brew install maven",
}
"""How to get each."""

LOGGING = Path(__file__).with_name("log4j2.properties")


def java() -> str:
    """The path of Java: the one in JAVA_HOME, else the first on PATH.

    Raises:
        ClusterError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if path is None:
        where = f"in JAVA_HOME ({home})" if home else "on PATH"
        raise ClusterError(f"no Java {where}; {JAVA} or newer is needed. {HOW['Java']}")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        found = version[1] if version else said.strip() or "one that does not tell its version"
        raise ClusterError(f"{path} is Java {found}; {JAVA} or newer is needed. {HOW['Java']}")
    return path


def maven() -> str:
    """The path of Maven.

    Raises:
        ClusterError: there is none.
    """
    path = shutil.which("mvn")
    if path is None:
        raise ClusterError(f"no Maven (mvn) on PATH; it is needed to download. {HOW['Maven']}")
    return path


def java_options(folder: Path, name: str, level: str) -> list[str]:
    """Options of every Java process: logs from *level* on, and temporary files in *folder*, emptied now."""
    scratch = folder / "tmp" / name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    return [
        "-XX:+UseSerialGC",  # small heaps: the collector with the fewest threads and the least memory of its own
        f"-Djava.io.tmpdir={scratch}",
        f"-Dlog4j.configurationFile={LOGGING}",
        f"-Dwirewatch.level={level}",
    ]


def tell(text: str, *, passing: bool = False) -> None:
    """Say *text* on standard error; at a terminal the next text takes the place of a *passing* one."""
    terminal = sys.stderr.isatty()
    sys.stderr.write(("\r\x1b[K" if terminal else "") + text + ("" if terminal and passing else "\n"))
    sys.stderr.flush()
