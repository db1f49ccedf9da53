"""Savepoint, upgrade, cold start, expiry, and what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clustered import count, firsts, fresh, kill, plan, restore, running, settings, until, workers
from factories import article
from newsroom import event

from connectors.buses import Bus, Entry, Record, every
from connectors.errors import ConfigError, TransientError
from connectors.records import Alert, StoryMember, TaggedArticle, decode, encode
from pipelines.job import Job

TEXT = "Shelling was heard in Nagorno-Karabakh and the monitors wrote it down that night. " * 3


def put(bus: Bus, name: str, number: int, source: str = "wire") -> set[str]:
    made = [
        article(
            event(f"{name} {n}", 7),
            f"{event(f'{name} {n}', 30)}. {TEXT}",
            source=source,
            entry=f"{name}{n}",
            language="en",
        )
        for n in range(number)
    ]
    bus.append([Entry("articles", a.key, encode(a)) for a in made])
    return {a.key for a in made}


def out(bus: Bus, keys: set[str]) -> bool:
    return keys <= firsts(bus, "tagged").keys()


def remembered(bus: Bus, copies: set[str], wanted: set[str]) -> dict[str, Record]:
    """Wait until both are out; the copies were told from new ones. The alerts, one for each *wanted*."""
    until(lambda: out(bus, wanted | copies), 60)
    tagged = {k: decode(TaggedArticle, r.value) for k, r in firsts(bus, "tagged").items()}
    assert all(tagged[k].duplicate_of for k in copies)
    return alerted(bus, wanted)


def alerted(bus: Bus, wanted: set[str]) -> dict[str, Record]:
    """The alerts, once there is one for each *wanted*: they follow their articles. A repeat must say the same."""
    end = time.monotonic() + 30
    while True:
        alerts = firsts(bus, "alerts.nagorno-karabakh")
        found = {decode(Alert, r.value).article for r in alerts.values()}
        if found == wanted or time.monotonic() > end:
            break
        time.sleep(0.2)
    told = {m.article: m for r in every(bus, "stories") if (m := decode(StoryMember, r.value))}
    tagged = {k: decode(TaggedArticle, r.value) for k, r in firsts(bus, "tagged").items()}
    assert not wanted - found, [(told.get(key), tagged[key]) for key in wanted - found]
    assert not found - wanted
    return alerts


def test_an_upgrade_loses_nothing_and_says_nothing_else_twice() -> None:
    address = fresh(articles=2)
    bus = address.open()
    with running(address) as (job, current):
        wanted = put(bus, "before", 200)
        until(lambda: out(bus, wanted), 60)
        where = job.savepoint(current, stop=True)
        wanted |= put(bus, "between", 200)
        with pytest.raises(ConfigError, match="wirewatch flink submit"):
            job.the_running()
        again = job.submit(plan(address), where)
        assert not job.check(again).troubles()
        wanted |= put(bus, "after", 50)
        copies = put(bus, "before", 20, source="copycat")
        assert len(remembered(bus, copies, wanted)) == count(bus, "alerts.nagorno-karabakh")


def test_a_start_without_a_savepoint_goes_on_at_the_committed_offsets_and_remembers() -> None:
    address = fresh(articles=2)
    bus = address.open()
    with running(address) as (job, current):
        wanted = put(bus, "before", 200)
        until(lambda: out(bus, wanted), 60)
        until(lambda: sum(p.offset for p in bus.positions() if p.group == "flow") >= count(bus, "articles"), 30)
        job.flink.cancel(current)
        until(lambda: job.running() is None, 30)
        wanted |= put(bus, "between", 100)
        copies = put(bus, "before", 20, source="copycat")
        again = job.submit(plan(address))
        assert not job.check(again).troubles()
        remembered(bus, copies, wanted)


def test_a_copy_is_known_until_its_horizon_passes_and_not_longer_even_on_an_idle_stream() -> None:
    address = fresh()
    bus = address.open()
    horizon = 8.0
    with running(address, horizon):
        started = time.time()
        first = put(bus, "only", 1)
        until(lambda: out(bus, first), 20)
        time.sleep(max(0.0, started + horizon - 2 - time.time()))
        early = put(bus, "only", 1, source="early")
        until(lambda: out(bus, early), 20)
        time.sleep(2 * horizon + 8)  # nothing arrives: only the clock moves the watermark
        late = put(bus, "only", 1, source="late")
        until(lambda: out(bus, late), 20)
    tagged = {k: decode(TaggedArticle, r.value) for k, r in firsts(bus, "tagged").items()}
    assert [bool(tagged[next(iter(keys))].duplicate_of) for keys in (first, early, late)] == [False, True, False]


def test_a_worker_killed_in_the_middle_loses_nothing() -> None:
    address = fresh(articles=2)
    bus = address.open()
    with running(address):
        wanted = put(bus, "before", 300)
        kill("worker")
        for n in range(20):
            wanted |= put(bus, f"during{n}", 10)
            time.sleep(0.1)
        until(lambda: out(bus, wanted), 120)
        assert workers()
        alerted(bus, wanted)


def test_poison_is_set_aside_and_its_siblings_go_on() -> None:
    address = fresh()
    bus = address.open()
    with running(address):
        wanted = put(bus, "good", 5)
        bus.append([Entry("articles", "poison", b"\xff\x00"), Entry("articles", "newer", b'{"schema": 99}')])
        bus.append([Entry("articles", "large", b"x" * 10_000_000)])
        wanted |= put(bus, "more", 5)
        until(lambda: out(bus, wanted), 60)
        until(lambda: count(bus, "dead-letters") >= 3, 30)
    assert {decode_key(r.value) for r in firsts(bus, "dead-letters").values()} == {"poison", "newer", "large"}


def decode_key(value: bytes | None) -> str:
    from connectors.records import DeadLetter

    return decode(DeadLetter, value).key


def test_a_second_job_a_missing_savepoint_and_a_dead_cluster_are_named(tmp_path: Path) -> None:
    address = fresh()
    with running(address) as (job, current):
        with pytest.raises(ConfigError, match="runs already"):
            job.submit(plan(address))
        other = Job(settings(), address.open())
        with pytest.raises(ConfigError, match=r"(?i)savepoint|checkpoint|not found|no such"):
            other.submit(plan(address), str(tmp_path / "no-such-savepoint"))
        assert job.running() == current
    with pytest.raises(TransientError, match="no Flink answers"):
        Job(settings(rest="http://127.0.0.1:9"), address.open()).running()


def test_a_job_without_workers_is_found_out() -> None:
    """Flink shows it as running; the canary says what is missing."""
    address = fresh()
    job = Job(settings(pool="127.0.0.1:9"), address.open())
    current = job.submit(plan(address))
    try:
        seen = job.check(current, patience=15)
        assert any("pool of workers" in t or "the job is" in t for t in seen.troubles())
    finally:
        job.flink.cancel(current)


def test_workers_without_this_package_are_found_out(tmp_path: Path) -> None:
    """A pool whose Python has Beam and no wirewatch."""
    hide = "import sys; sys.modules['pipelines'] = sys.modules['connectors'] = None; "
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{hide}$2"\n')
    python.chmod(0o755)
    pool = subprocess.Popen(
        [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", "--service_port=51999"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        start_new_session=True,
    )
    address = fresh()
    job = Job(settings(pool="127.0.0.1:51999"), address.open())
    try:
        current = job.submit(plan(address))
        seen = job.check(current, patience=40)
        job.flink.cancel(current)
        assert any("ModuleNotFoundError" in trouble or "No module" in trouble for trouble in seen.troubles())
    finally:
        os.killpg(pool.pid, signal.SIGKILL)


def test_the_pool_and_its_workers_may_die_and_come_back() -> None:
    address = fresh()
    bus = address.open()
    with running(address):
        wanted = put(bus, "before", 50)
        kill("worker", "pool")
        wanted |= put(bus, "during", 50)
        time.sleep(2)
        restore()
        until(lambda: out(bus, wanted), 120)


def test_a_broker_that_is_away_is_waited_for_and_the_job_does_not_start_again() -> None:
    address = fresh(articles=2)
    bus = address.open()
    with running(address) as (job, current):
        wanted = put(bus, "before", 100)
        kill("kafka")
        time.sleep(8)
        restore()
        wanted |= put(bus, "after", 100)
        until(lambda: out(bus, wanted), 60)
        assert not job.flink.failure(current)
        assert not job.check(current).troubles()
