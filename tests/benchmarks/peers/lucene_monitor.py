"""Lucene Monitor (Luwak), which matches stored queries to one document at a time: the reference for a stream of news.

It runs in a JVM of its own; Maven gets its jars the first time, some 8 MB.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.peers import Document, NotRunError, Query, Result

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
JARS = HERE.parents[2] / "build" / "peers" / "lucene"

WARM, ROUNDS = 20, 5
"""Processor seconds of matching before anything is timed, and rounds that are (measured by the wall on a busy machine,
against 60 s of warming: after 2 s up to 3 times as slow, after 10 s 1.6 times, after 20 to 30 s as fast)."""


def jars() -> Path:
    """The folder of the jars.

    Raises:
        NotRunError: Java or Maven is missing, or Maven cannot get them.
    """
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            raise NotRunError(f"no {tool} on PATH")
    if not JARS.is_dir() or JARS.stat().st_mtime < POM.stat().st_mtime:
        part = JARS.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run([*command, f"-DoutputDirectory={part}"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise NotRunError(f"Maven failed: {' '.join(done.stdout.split())[:300]}")
        shutil.rmtree(JARS, ignore_errors=True)
        part.rename(JARS)
    return JARS


def run(queries: Sequence[Query], documents: Sequence[Document]) -> list[Result]:
    """With each presearcher, each in a JVM of its own: compiled code of one would slow the other.

    Raises:
        NotRunError: as `jars`.
    """
    command = ["java", "-Xmx6g", "-XX:+UseSerialGC", "-cp", f"{jars()}/*", str(HERE / "LuceneMonitor.java")]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder, "queries.jsonl"), queries)
        _write(Path(folder, "documents.jsonl"), documents)
        for presearcher in ("TermFiltered", "Multipass"):
            arguments = [folder, str(WARM), str(ROUNDS), presearcher]
            said = json.loads(
                subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout
            )
            note = f"built in {said['built']:.1f} s"
            results.append(Result(f"Lucene Monitor, {presearcher}", said["found"], said["times"], note))
    return results


def _write(path: Path, values: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
