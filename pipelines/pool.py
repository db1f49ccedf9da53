"""The pool of Python workers that a Flink cluster's TaskManagers ask for: ``python -m pipelines.pool``.

Beam has a pool of its own that will not do here. It listens to every network, and whoever reaches it has processes
started. Its workers keep no state between bundles, whatever a job's options say. It runs whichever python comes first
on PATH, and its workers live on when it is killed. And of two workers with one id, which is what two TaskManagers ask
for, it stops the wrong one.

Output leaves a worker with the end of its bundle, as in Beam's pool. Beam can also send it off every few milliseconds,
from a thread of its own, but that thread looks away from the one that writes: with a coder in Python it sends half an
element, which fails the job, or forgets one (tests/flow/test_pool.py shows both).
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from typing import Any

import grpc
import structlog
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker.sdk_worker import SdkHarness
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer
from apache_beam.utils import thread_pool_executor

from connectors.errors import ConfigError
from pipelines import logs

ADDRESS = "127.0.0.1:50000"
CACHE = 64
"""MB of state that a worker keeps between bundles. Without, each reading of state is a question to Flink."""

AT_THE_END = -1
"""Beam's word for "never from a thread of its own"."""

GRACE = 5.0
"""Seconds a worker may take to end: by itself, and again when it is asked."""

log = structlog.get_logger(__name__)


class Pool(BeamFnExternalWorkerPoolServicer):
    """Starts a worker process for each that is asked for. *cache* in MB.

    An id names a worker of one TaskManager; another's first worker has the same id.
    """

    def __init__(self, cache: int = CACHE) -> None:
        super().__init__()
        self._cache = str(cache << 20)
        self._workers: dict[str, list[subprocess.Popen[bytes]]] = {}

    def StartWorker(self, request: Any, context: Any) -> Any:
        # The words of the request are arguments, never code. The worker reads its standard input only to see it close,
        # which the kernel does however this process ends; and its output must not end in a pipe that nobody empties.
        code = "import sys; from pipelines.pool import work; work(*sys.argv[1:])"
        command = [sys.executable, "-c", code, request.control_endpoint.url, request.worker_id, self._cache]
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
        except OSError:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        self._workers.setdefault(request.worker_id, []).append(child)
        log.info("worker started", worker=request.worker_id, pid=child.pid)
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:
        # Flink has hung up on the worker it means, so that one ends by itself; only one that cannot be meant for
        # another is helped along.
        workers = self._workers.get(request.worker_id, [])
        end = time.monotonic() + GRACE
        while all(worker.poll() is None for worker in workers) and time.monotonic() < end:
            time.sleep(0.05)
        if len(workers) == 1:
            _end(workers)
        ended = [worker for worker in workers if worker.poll() is not None]
        for worker in ended:
            workers.remove(worker)
        log.info("worker stopped", worker=request.worker_id, pids=[worker.pid for worker in ended])
        return beam_fn_api_pb2.StopWorkerResponse()

    def close(self) -> None:
        """End all workers."""
        _end([worker for workers in self._workers.values() for worker in workers])


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        try:
            worker.wait(GRACE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def work(control: str, worker: str, cache: str) -> None:
    """Be a worker, until the pool closes standard input: asked to, or because it is no more."""
    logs.setup()

    def follow() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    SdkHarness(control, worker_id=worker, state_cache_size=int(cache), data_buffer_time_limit_ms=AT_THE_END).run()


def check(address: str) -> None:
    """Refuse an *address* that means every network of this machine.

    Raises:
        ConfigError: it does, or it is no ``host:port``.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ConfigError(f"--address {address}: host:port is needed, such as {ADDRESS}")
    try:
        found = socket.getaddrinfo(host.strip("[]") or "::", port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"--address {address}: {error.strerror}") from None
    if any(ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_unspecified for one in found):
        raise ConfigError(
            f"--address {address}: every network of this machine could start processes on it; name the one that "
            "Flink's TaskManagers come from, or say --any-interface"
        )


def serve(address: str, pool: Pool) -> tuple[grpc.Server, str]:
    """Answer at *address*; returns the server and the address with its port, which is chosen when it is 0.

    Raises:
        ConfigError: the port is taken.
    """
    # so_reuseport is on by default: a second pool would silently take half of the requests of the first.
    server = grpc.server(thread_pool_executor.shared_unbounded_instance(), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise ConfigError(
            f"cannot listen at {address}: the port is taken, or the address is not this machine's"
        ) from None
    server.start()
    return server, f"{address.rpartition(':')[0]}:{port}"


def main() -> None:
    """Run a pool until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.pool",
        description="The pool of Python workers for Flink.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--address", default=ADDRESS, help="where to listen")
    parser.add_argument("--any-interface", action="store_true", help="allow 0.0.0.0 and [::]")
    parser.add_argument("--state-cache", type=int, default=CACHE, metavar="MB", help="of each worker")
    given = parser.parse_args()
    logs.setup()
    ended = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: ended.set())
    pool = Pool(given.state_cache)
    try:
        if not given.any_interface:
            check(given.address)
        server, address = serve(given.address, pool)
    except ConfigError as error:
        sys.exit(f"pool: {error}")
    log.info("pool ready", address=address, pid=os.getpid(), cache_mb=given.state_cache)
    ended.wait()
    server.stop(0).wait()
    pool.close()


if __name__ == "__main__":
    main()
