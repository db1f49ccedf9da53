"""The local cluster's scripts, as far as they need neither network nor Java."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cluster
import downloads
import flink
import jobserver
import processes
import pytest
import tools
from processes import ClusterError


@pytest.fixture
def sleeper(tmp_path: Path):  # type: ignore[no-untyped-def]
    process = processes.start(tmp_path, "sleeper", 0, ["sleep", "1000"])
    yield process
    process.stop()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Downloads


def test_another_content_is_named_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"tampered")
    with pytest.raises(ClusterError) as caught:
        downloads.verify(tmp_path, {"a.jar": digest(b"good")})
    assert {"a.jar", digest(b"good"), digest(b"tampered")} <= set(re.findall(r"[\w.]+", str(caught.value)))
    assert not (tmp_path / "a.jar").exists()


@pytest.mark.parametrize("expected", [{}, {"a.jar": digest(b"a"), "b.jar": digest(b"b")}])
def test_a_file_too_many_or_too_few_is_refused(tmp_path: Path, expected: dict[str, str]) -> None:
    (tmp_path / "a.jar").write_bytes(b"a")
    with pytest.raises(ClusterError, match=r"checksums\.txt"):
        downloads.verify(tmp_path, expected)


def test_every_download_is_pinned() -> None:
    text = (Path(downloads.__file__).parent / "checksums.txt").read_text()
    assert all(re.fullmatch(r"#.*|[0-9a-f]{64}  [\w.-]+/[\w.+-]+", line) for line in text.splitlines())
    sections = (f"kafka-{downloads.KAFKA}", f"flink-{downloads.FLINK}", f"beam-{jobserver.RUNNER}", "sdist")
    assert [len(downloads.checksums(section)) for section in sections] == [45, 5, 162, 1]


def test_an_interrupted_download_does_not_count(tmp_path: Path) -> None:
    def interrupted(part: Path) -> None:
        (part / "half.jar").write_bytes(b"ha")
        raise KeyboardInterrupt

    cache = downloads.Cache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cache.obtain("x", interrupted)
    assert not (tmp_path / "x").exists()
    whole = cache.obtain("x", lambda part: part.joinpath("whole.jar").write_bytes(b"") and None)
    assert [path.name for path in whole.iterdir()] == ["whole.jar"]
    assert cache.obtain("x", interrupted) == whole


def test_a_download_that_fails_shows_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no route')"]
    with pytest.raises(ClusterError, match="no route"):
        downloads.Cache(tmp_path).run("kafka", command, tmp_path, "*")


# The job server


def jar(path: Path, **files: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_the_merged_jar_is_the_same_every_time_and_leaves_out_what_flink_has(tmp_path: Path) -> None:
    parts, service = tmp_path / "parts", "META-INF/services/x.Y"
    parts.mkdir()
    jar(parts / "a.jar", **{"A.class": "a", "Shared.class": "a's", service: "a", "META-INF/A.SF": "signed"})
    jar(parts / "beam-z.jar", **{"Shared.class": "beam's", service: "z", "META-INF/MANIFEST.MF": "z"})
    jar(parts / "flink-core.jar", **{"Core.class": "old", "Extra.class": "extra"})
    jar(tmp_path / "flink-dist.jar", **{"Core.class": "new", "A.class": "of no concern"})
    jobserver.merge(parts, tmp_path / "flink-dist.jar", tmp_path / "1.jar")
    os.utime(parts / "a.jar", (0, 0))
    jobserver.merge(parts, tmp_path / "flink-dist.jar", tmp_path / "2.jar")
    assert (tmp_path / "1.jar").read_bytes() == (tmp_path / "2.jar").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.jar") as merged:
        found = {name: merged.read(name).decode() for name in merged.namelist()}
    assert "Main-Class: org.apache.beam.runners.flink.FlinkJobServerDriver" in found.pop("META-INF/MANIFEST.MF")
    assert found == {"Shared.class": "beam's", "A.class": "a", "Extra.class": "extra", service: "z\na"}


@pytest.mark.parametrize("kind", ["official", "stand-in"])
def test_it_is_said_which_job_server_there_is(tmp_path: Path, kind: str) -> None:
    facts = {"kind": kind, "beam": "2.77.0", "flink": "1.19", "runner": "r", "service": "s", "bytes": 1}
    (tmp_path / "job-server.json").write_text(json.dumps(facts))
    assert jobserver.describe(tmp_path).startswith(kind)


# What must be there


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))


def test_without_java_or_maven_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch)
    with pytest.raises(ClusterError, match=r"no Java on PATH.*apt install openjdk.*dnf install.*brew install"):
        tools.java()
    with pytest.raises(ClusterError, match=r"no Maven.*apt install maven.*dnf install.*brew install"):
        tools.maven()
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ClusterError, match="no Java in JAVA_HOME"):
        tools.java()


@pytest.mark.parametrize(
    ("version", "good"), [("1.8.0_402", False), ("11.0.2", False), ("17.0.15", True), ("21", True)]
)
def test_a_java_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, good: bool) -> None:
    programs(tmp_path, monkeypatch, java=f"""echo 'openjdk version "{version}" 2025-04-15' >&2""")
    if good:
        assert tools.java() == str(tmp_path / "java")
    else:
        with pytest.raises(ClusterError, match=rf"is Java {version.removeprefix('1.').split('.')[0]}; 17 or newer"):
            tools.java()


def test_a_port_that_is_taken_is_named_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ClusterError, match=rf"port {port} .*(process {os.getpid()}|in use)"):
            processes.check_free(port)
    processes.check_free(port)


# Processes


@pytest.mark.slow
def test_a_process_is_found_and_ended_with_what_it_started(tmp_path: Path) -> None:
    started = processes.start(tmp_path, "family", 0, ["sh", "-c", "sleep 1000 & echo $!; wait"])
    started.until(lambda: bool(started.log.read_text()), 10)
    child = int(started.log.read_text())
    assert processes.find(tmp_path, "family") == started
    started.stop()
    assert processes.find(tmp_path, "family") is None
    time.sleep(0.1)
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False).stdout
    assert said.strip() in {"", "Z"}


def test_a_process_of_somebody_else_is_let_alone(tmp_path: Path, sleeper: processes.Process) -> None:
    """The id in the record came back as another process."""
    sleeper.record.with_name("kafka.json").write_text(
        json.dumps({"pid": sleeper.pid, "port": 1, "command": ["java", "kafka.Kafka"]})
    )
    assert processes.find(tmp_path, "kafka") is None
    cluster.down(tmp_path, ["kafka"], wipe=False)
    processes.Process(tmp_path, "kafka", sleeper.pid, 1, ("java", "kafka.Kafka")).stop()
    assert sleeper.facts()


def test_one_that_does_not_start_is_shown_with_its_log(tmp_path: Path) -> None:
    failing = processes.start(tmp_path, "failing", 0, ["sh", "-c", "echo the reason; exit 3"])
    with pytest.raises(ClusterError, match=r"failing ended[\s\S]*the reason"):
        failing.until(lambda: False, 10)
    assert not failing.record.exists()


def test_one_that_is_not_ready_in_time_is_ended(tmp_path: Path, sleeper: processes.Process) -> None:
    with pytest.raises(ClusterError, match="not ready in time"):
        sleeper.until(lambda: False, 0)
    assert not sleeper.facts()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1, "port": 0, "command": ["init?"]}'])
def test_a_record_that_says_nothing_finds_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kafka.json").write_text(text)
    assert processes.find(tmp_path, "kafka") is None


# The whole


def test_nothing_listens_to_another_machine_and_the_checkpoint_interval_is_the_jobs(tmp_path: Path) -> None:
    settings = flink.configuration(tmp_path, 1, 2, 3, 2)
    assert {v for k, v in settings.items() if k.endswith(("host", "address"))} == {"127.0.0.1"}
    assert "execution.checkpointing.interval" not in settings


def test_the_state_of_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster.main(["status", "--folder", str(tmp_path), "--json"]) == 1
    state = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in state["processes"]] == [*cluster.GROUPS["kafka"], *cluster.GROUPS["flink"]]
    assert not state["ok"]
    assert cluster.main(["status", "--folder", str(tmp_path), "--only", "kafka"]) == 1
    assert re.search(r"^kafka +down", capsys.readouterr().out, re.MULTILINE)


def test_wiping_removes_what_a_cluster_made_and_nothing_else(tmp_path: Path) -> None:
    for name in ("data/kafka", "logs", "mine"):
        (tmp_path / name).mkdir(parents=True)
    cluster.down(tmp_path, ["kafka"], wipe=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_was_started_ends_when_the_next_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(folder: Path, name: str, *_: object) -> processes.Process:
        if name == "taskmanager-1":
            raise ClusterError("no")
        return processes.start(folder, name, 0, ["sleep", "1000"])

    for name in ("kafka", "flink"):
        monkeypatch.setattr(downloads.Cache, name, lambda _: tmp_path)
    monkeypatch.setattr(tools, "java", lambda: "java")
    monkeypatch.setattr(jobserver, "obtain", lambda _: tmp_path)
    monkeypatch.setattr(cluster, "_link_job_server", lambda *_: None)
    monkeypatch.setattr(cluster, "_start", start)
    assert cluster.main(["up", "--folder", str(tmp_path)]) == 1
    assert list((tmp_path / "run").iterdir()) == []
