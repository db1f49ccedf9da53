"""Beam's job server for Flink: the jar that a flow is packed into.

The official one is a single jar that has the version of the installed Beam. Not every Maven repository has it; then a
stand-in is merged from the nearest parts that do exist. Which of the two there is stands beside it, in
``job-server.json``, because they differ: the stand-in's runner leaks a little state with every read of a source.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import downloads
from processes import ClusterError
from tools import tell

FLINK = downloads.FLINK.rpartition(".")[0]
RUNNER, SERVICE = "2.70.0", "2.65.0"
"""Parts of the stand-in: the newest runner for this Flink, and the newest job service that goes with it."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the same parts must give the same jar. A zip file knows none earlier."""

MANIFEST = "\r\n".join(
    [
        "Manifest-Version: 1.0",
        "Main-Class: org.apache.beam.runners.flink.FlinkJobServerDriver",
        "Multi-Release: true",
        "",
        "",
    ]
)


def obtain(cache: downloads.Cache) -> Path:
    """The folder with ``job-server.jar`` and ``job-server.json``.

    Raises:
        ClusterError: as `Cache.jars`.
    """
    beam = version("apache-beam")
    (dist,) = cache.flink().glob("flink-dist-*.jar")

    def fill(folder: Path) -> None:
        jar = folder / "job-server.jar"
        facts: dict[str, Any] = {
            "beam": beam,
            "flink": FLINK,
            **(_official(cache, jar, beam) or _stand_in(cache, jar, dist)),
        }
        facts |= {"sha256": downloads.sha256(jar), "bytes": jar.stat().st_size}
        (folder / "job-server.json").write_text(json.dumps(facts, indent=2) + "\n")

    return cache.obtain(f"job-server-{beam}-flink-{FLINK}", fill)


def describe(folder: Path) -> str:
    """One line about the job server in *folder*."""
    facts: dict[str, Any] = json.loads((folder / "job-server.json").read_text())
    size = f"{facts['bytes'] / 1e6:.0f} MB"
    if facts["kind"] == "official":
        return f"official {facts['beam']} for Flink {facts['flink']}, {size}"
    return (
        f"stand-in for {facts['beam']}, which Maven did not find: runner {facts['runner']}, "
        f"job service {facts['service']}, Flink {facts['flink']}, {size}"
    )


def _official(cache: downloads.Cache, jar: Path, beam: str) -> dict[str, str] | None:
    """Get the official jar; None when there is none of that version."""
    parts = jar.parent / "parts"
    try:
        cache.jars(parts, "job-server", f"job-server-{beam}", beam=beam, flink=FLINK)
    except ClusterError as error:
        if "Could not find artifact" not in str(error):
            raise
        return None
    (whole,) = parts.glob("beam-runners-flink-*-job-server-*.jar")
    whole.replace(jar)
    shutil.rmtree(parts)
    return {"kind": "official"}


def _stand_in(cache: downloads.Cache, jar: Path, dist: Path) -> dict[str, str]:
    tell(f"job server: Maven finds no official one of this version; merging a stand-in of runner {RUNNER}")
    parts = jar.parent / "parts"
    cache.jars(parts, "stand-in", f"beam-{RUNNER}", runner=RUNNER, service=SERVICE, flink=FLINK)
    merge(parts, dist, jar)
    shutil.rmtree(parts)
    return {"kind": "stand-in", "runner": RUNNER, "service": SERVICE}


def merge(parts: Path, dist: Path, target: Path) -> None:
    """Write the jars of *parts* as one, Beam's first, without what the cluster has in *dist* (Flink's own jar).

    Of files with one name the first counts, as on a class path; lists of services are joined. Signatures are left
    out: they are of jars that are no more. Flink's classes always come from the cluster, so a copy would only make
    every upload a third longer.
    """
    with zipfile.ZipFile(dist) as archive:
        has = set(archive.namelist())
    services: dict[str, list[bytes]] = {}
    seen = {"META-INF/MANIFEST.MF", "module-info.class"}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(_entry("META-INF/MANIFEST.MF"), MANIFEST)
        for jar in sorted(parts.glob("*.jar"), key=lambda path: (not path.name.startswith("beam-"), path.name)):
            flinks = jar.name.startswith("flink-")
            with zipfile.ZipFile(jar) as archive:
                for name in archive.namelist():
                    signature = name.startswith("META-INF/") and name.endswith((".SF", ".DSA", ".RSA", ".EC"))
                    if name.endswith("/") or name in seen or signature or (flinks and name in has):
                        continue
                    if name.startswith("META-INF/services/"):
                        services.setdefault(name, []).append(archive.read(name))
                        continue
                    seen.add(name)
                    out.writestr(_entry(name), archive.read(name))
        for name, lists in sorted(services.items()):
            out.writestr(_entry(name), b"\n".join(lists))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
