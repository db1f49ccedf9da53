"""The job's jar and options, Flink's answers, and what a look makes of them: without a cluster."""

from __future__ import annotations

import asyncio
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.buses import Topic, memory
from connectors.errors import ConfigError, TransientError
from connectors.flink import Flink
from pipelines.address import Address
from pipelines.canary import EXTREME, Look, Probe
from pipelines.flink import ENTRY, SETTINGS, options, package
from pipelines.flow import Plan
from pipelines.job import Job
from pipelines.plan import TaggerAt
from pipelines.rules import RulesAt
from pipelines.sections import Flink as Settings

WELL = Look(
    job="j",
    state="RUNNING",
    probe=1.0,
    checkpoints=3,
    failed=0,
    checkpoint_age=2.0,
    checkpoint_bytes=10,
    watermarks={"Deduplicate": [3.0, 4.0]},
)


def settings(**changes: Any) -> Settings:
    return Settings.model_construct(**{**Settings().__dict__, **changes})


# Options


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_an_option_that_would_silence_the_job_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ConfigError, match=f"flink.options.{name}: "):
        options(settings(options={name: "1"}))


def test_other_options_tune_the_job() -> None:
    chosen = options(settings(options={"max_bundle_size": "50", "state_backend": "rocksdb"}, checkpoint=5.0))
    assert chosen["max_bundle_size"] == "50"
    assert chosen["fail_on_checkpointing_errors"] is False
    assert chosen["state_backend"] == "rocksdb"
    assert chosen["checkpointing_interval"] == "5000"
    assert chosen["finish_bundle_before_checkpointing"] is True


# The jar


@pytest.fixture
def plan() -> Plan:
    address = Address("memory", '{"name": "graph"}')
    address.open().create(Topic("articles", partitions=2))
    return Plan(address, TaggerAt((Path("gazetteer"),)), RulesAt(address), 60.0)


def server(folder: Path) -> Path:
    jar = folder / "server.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(ENTRY.replace(".", "/") + ".class", b"")
    return jar


def test_the_jar_carries_the_graph_with_our_pool_and_the_options(plan: Plan, tmp_path: Path) -> None:
    package(plan, settings(jar=server(tmp_path), pool="127.0.0.1:50007"), tmp_path / "job.jar")
    with zipfile.ZipFile(tmp_path / "job.jar") as jar:
        assert json.loads(jar.read("BEAM-PIPELINE/pipeline-manifest.json")) == {"defaultJobName": "flow"}
        graph = json.loads(jar.read("BEAM-PIPELINE/flow/pipeline.json"))
        given = json.loads(jar.read("BEAM-PIPELINE/flow/pipeline-options.json"))
    (environment,) = [e for e in graph["components"]["environments"].values() if "external" in e["urn"]]
    assert not environment.get("dependencies")
    assert given["beam:option:checkpointing_interval:v1"] == "2000"


@pytest.mark.parametrize(("content", "says"), [(None, "no job server at"), (b"PK\x03\x04half", "truncated")])
def test_a_jar_that_is_missing_or_truncated_is_refused(
    plan: Plan, tmp_path: Path, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / "server.jar").write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        package(plan, settings(jar=tmp_path / "server.jar"), tmp_path / "job.jar")


def test_a_jar_of_something_else_is_refused(plan: Plan, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "server.jar", "w") as archive:
        archive.writestr("README", b"")
    with pytest.raises(ConfigError, match="no job server of Beam"):
        package(plan, settings(jar=tmp_path / "server.jar"), tmp_path / "job.jar")


# What a look says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "FAILED"}, "the job is failed"),
        ({"probe": None}, "probe has not come out"),
        ({"checkpoints": 0, "failed": 4}, r"no checkpoint has completed \(4 failed\)"),
        ({"checkpoint_age": 500.0}, "500 s ago"),
        ({"watermarks": {}}, "no keyed step"),
        ({"watermarks": {"Deduplicate": []}}, "not told yet"),
        ({"watermarks": {"Deduplicate": [1.0, None]}}, "extreme"),
        ({"watermarks": {"Deduplicate": [1.0, 300.0]}}, "300 s behind"),
    ],
)
def test_a_look_names_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    import re

    import msgspec

    assert WELL.troubles() == []
    (trouble,) = msgspec.structs.replace(WELL, **changes).troubles()
    assert re.search(says, trouble)


def test_a_failure_is_shown_only_beside_something_that_is_wrong() -> None:
    import msgspec

    healed = msgspec.structs.replace(WELL, failure="ModuleNotFoundError: No module named 'pipelines'")
    assert healed.troubles() == []
    assert "ModuleNotFoundError" in msgspec.structs.replace(healed, state="RESTARTING").troubles()[-1]


def test_a_probe_comes_out_when_its_key_stands_on_tagged() -> None:
    from connectors.buses import Entry

    bus = memory.build(memory.Options())
    for name in ("articles", "tagged"):
        bus.create(Topic(name, partitions=2, unique=True))
    bus.append([Entry("tagged", "old", b"")])
    clock = iter([100.0, 103.5])
    probe = Probe(bus, lambda: next(clock))
    assert probe.took() is None
    bus.append([Entry("tagged", "other", b""), Entry("tagged", probe.key, b"")])
    assert probe.took() == 3.5
    assert probe.took() == 3.5


# Flink's answers


@pytest.fixture
def cluster() -> Iterator[Callable[[dict[str, Any]], str]]:
    """Serves answers by "METHOD path" on a loopback port, from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def serve(answers: dict[str, Any]) -> str:
        async def handle(request: web.Request) -> web.Response:
            answer = answers[f"{request.method} {request.path}"]
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            return web.Response(status=status, body=raw)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield lambda answers: asyncio.run_coroutine_threadsafe(serve(answers), loop).result(5)
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


Cluster = Callable[[dict[str, Any]], str]


def test_a_cluster_that_does_not_answer_is_asked_for_by_address() -> None:
    with pytest.raises(TransientError, match=r"no Flink answers at http://127\.0\.0\.1:9"):
        Flink("http://127.0.0.1:9").overview()


def test_a_refusal_gives_the_last_cause_of_the_stack_trace(cluster: Cluster) -> None:
    trace = "o.a.f.RestHandlerException: no\n\tat x\nCaused by: java.io.FileNotFoundException: Cannot find savepoint /sp\n\tat y"
    rest = cluster({"POST /jars/a.jar/run": (400, {"errors": ["Internal", trace]})})
    with pytest.raises(ConfigError, match=r"refuses POST .*: java.io.FileNotFoundException: Cannot find savepoint /sp"):
        Flink(rest).run("a.jar", ENTRY, parallelism=1, savepoint="/sp", skip_unknown_state=False)


@pytest.mark.parametrize("body", [b"<html>", bytes(9 * 2**20)])
def test_what_is_no_flink_is_named_so(cluster: Cluster, body: bytes) -> None:
    with pytest.raises(ConfigError, match="is it Flink"):
        Flink(cluster({"GET /overview": body})).overview()


def test_only_one_job_runs_under_a_name(cluster: Cluster, plan: Plan) -> None:
    jobs = [{"jid": "old", "name": "wirewatch", "state": "FINISHED", "start-time": 1}]
    rest = cluster({"GET /jobs/overview": {"jobs": [*jobs, {**jobs[0], "jid": "new", "state": "RUNNING"}]}})
    job = Job(settings(rest=rest), memory.build(memory.Options()))
    assert job.running() == "new"
    with pytest.raises(ConfigError, match="new runs already"):
        job.submit(plan)


def test_a_job_that_does_not_run_is_named(cluster: Cluster) -> None:
    job = Job(settings(rest=cluster({"GET /jobs/overview": {"jobs": []}})), memory.build(memory.Options()))
    with pytest.raises(ConfigError, match="wirewatch flink submit"):
        job.the_running()


def test_a_savepoint_that_failed_says_why(cluster: Cluster) -> None:
    failed = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"stack-trace": "IOException: disk full"}}}
    rest = cluster({"POST /jobs/j/savepoints": {"request-id": "r"}, "GET /jobs/j/savepoints/r": failed})
    with pytest.raises(ConfigError, match="disk full"):
        Job(settings(rest=rest), memory.build(memory.Options())).savepoint("j")


def test_the_failure_of_a_worker_is_told_in_its_own_words(cluster: Cluster) -> None:
    trace = (
        "java.util.concurrent.ExecutionException: x\nCaused by: java.lang.RuntimeException: Error received from SDK "
        'harness: Traceback (most recent call last):\n  File "a.py", line 1\nModuleNotFoundError: No module named '
        "'pipelines'\n\tat org.apache.beam\nCaused by: java.lang.Error: last"
    )
    rest = cluster({"GET /jobs/j/exceptions": {"exceptionHistory": {"entries": [{"stacktrace": trace}]}}})
    assert Flink(rest).failure("j") == "ModuleNotFoundError: No module named 'pipelines'"


def test_watermarks_beyond_time_are_extremes() -> None:
    assert 2**63 // 1000 - 1 > EXTREME > 4e12
