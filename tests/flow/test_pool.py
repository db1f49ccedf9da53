"""The worker pool as a process: who can reach it, what it starts, and what is left when it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2 as messages
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker.data_plane import TimeBasedBufferingClosableOutputStream

from connectors.errors import ConfigError
from pipelines import pool

pytestmark = pytest.mark.slow

WORKER = 'w-1"); print("'  # an id is data


class Running:
    """A pool on a port of its own, and a client."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "pipelines.pool", "--address", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        self.said = next(json.loads(line) for line in self.process.stderr if '"pool ready"' in line)
        self.stub = beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(grpc.insecure_channel(self.said["address"]))

    def start(self, worker: str = WORKER) -> int:
        """Ask for a worker; nobody answers where it looks for work, so it waits. Returns its process id."""
        before = set(self.workers())
        request = messages.StartWorkerRequest(worker_id=worker)
        request.control_endpoint.url = "localhost:1"
        assert self.stub.StartWorker(request, timeout=10).error == ""
        (started,) = set(self.workers()) - before
        return started

    def workers(self) -> list[int]:
        command = ["ps", "-o", "pid=", "--ppid", str(self.process.pid)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # 1: there are none
        return [int(pid) for pid in found.stdout.split()]


@pytest.fixture
def running() -> Iterator[Running]:
    with_defaults = Running()
    yield with_defaults
    with_defaults.process.kill()
    with_defaults.process.communicate()


def gone(pid: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def listening(pid: int) -> set[str]:
    """The addresses that process *pid* listens at, as the kernel tells."""
    fds = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {fd.removeprefix("socket:[").rstrip("]") for fd in fds if fd.startswith("socket:")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                raw = bytes.fromhex(fields[1].partition(":")[0])
                found.add(str(ip_address(b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4)))))
    return found


def test_it_listens_to_this_machine_only(running: Running) -> None:
    assert listening(running.process.pid) <= {"127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"}
    assert listening(running.process.pid)
    assert running.said["pid"] == running.process.pid
    assert running.said["cache_mb"] == 64


@pytest.mark.parametrize("address", ["0.0.0.0:50000", "[::]:50000", ":50000", "0:50000", "[::0]:50000"])
def test_every_network_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="every network"):
        pool.check(address)


@pytest.mark.parametrize("address", ["127.0.0.1:50000", "[::1]:50000", "localhost:0", "192.0.2.1:50000"])
def test_an_address_that_is_named_is_taken(address: str) -> None:
    pool.check(address)


@pytest.mark.parametrize("address", ["", "50000", "localhost", "localhost:", "localhost:x", "no such host:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="--address"):
        pool.check(address)


@pytest.mark.parametrize("any_interface", [False, True])
def test_every_network_must_be_asked_for(any_interface: bool) -> None:
    command = [sys.executable, "-m", "pipelines.pool", "--address", "0.0.0.0:0"]
    process = subprocess.Popen([*command, *["--any-interface"] * any_interface], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    if any_interface:
        assert any("pool ready" in line for line in process.stderr)
        process.terminate()
        assert process.wait(10) == 0
    else:
        assert process.wait(30) == 1
        assert "--any-interface" in process.stderr.read()
    process.stderr.close()


def test_a_port_that_is_taken_is_refused_though_the_kernel_would_share_it(running: Running) -> None:
    command = [sys.executable, "-m", "pipelines.pool", "--address", running.said["address"]]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert f"pool: cannot listen at {running.said['address']}" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_worker_runs_this_python_with_a_state_cache_and_stops_when_asked(running: Running) -> None:
    worker = running.start()
    arguments = Path(f"/proc/{worker}/cmdline").read_text().split("\0")
    assert arguments[0] == sys.executable
    assert arguments[3:] == ["localhost:1", WORKER, str(64 << 20), ""]
    running.stub.StopWorker(messages.StopWorkerRequest(worker_id=WORKER), timeout=15)
    assert gone(worker)
    assert running.process.poll() is None


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", [0.0, 4.0])  # seconds: while the worker starts, and when it waits for work
def test_no_worker_outlives_the_pool(running: Running, ending: signal.Signals, busy: float) -> None:
    workers = [running.start("a"), running.start("b")]
    time.sleep(busy)
    assert running.workers() == workers
    running.process.send_signal(ending)
    assert all(gone(worker) for worker in workers)
    assert running.process.wait(10) == (-ending if ending == signal.SIGKILL else 0)


def test_of_two_with_one_id_none_is_stopped_that_may_be_anothers(running: Running) -> None:
    """Two TaskManagers count their workers from one, each for itself."""
    first, second = running.start(), running.start()
    os.kill(second, signal.SIGTERM)  # what hanging up on it comes to
    running.stub.StopWorker(messages.StopWorkerRequest(worker_id=WORKER), timeout=15)
    assert gone(second)
    assert running.workers() == [first]
    running.stub.StopWorker(messages.StopWorkerRequest(worker_id=WORKER), timeout=15)
    assert gone(first)


def test_beams_own_flush_tears_elements_and_forgets_some() -> None:
    """Why ours has none. When this fails, Beam has mended it: a flush may then save some milliseconds."""
    sent: list[bytes] = []
    stream = TimeBasedBufferingClosableOutputStream(flush_callback=sent.append, time_flush_threshold_ms=1)
    stream.write(b"half an el")
    end = time.monotonic() + 10
    while b"half an el" not in sent and time.monotonic() < end:
        time.sleep(0.01)  # as when a coder in Python lets another thread run
    stream.write(b"ement")
    stream.close()
    assert b"half an el" in sent

    def meanwhile(data: bytes) -> None:
        sent.append(data)
        stream.write(b"two")  # as another thread would, between what the flush took and its clearing

    stream = TimeBasedBufferingClosableOutputStream(sent.append, meanwhile, time_flush_threshold_ms=10**6)
    stream.write(b"one")
    stream.flush()
    stream.close()
    assert b"one" in sent
    assert b"two" not in b"".join(sent)
