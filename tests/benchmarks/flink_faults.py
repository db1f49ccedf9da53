"""What a failure costs on the cluster: 100 articles a second for 20 seconds, the fault after 8, all counted by id.

Accepted is what the broker acknowledged; what came out is counted outside the system under test: `tagged` by key, and
alerts in the file and at the address that a real ``wirewatch deliver`` wrote to. Lost must be 0, repeats must have
the same key and content, no alert may be delivered twice. Aim for the worst latency: 20 s.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connectors.buses import Entry
from connectors.errors import TransientError
from connectors.records import Alert, decode, encode
from tests import clustered
from tests.clustered import Role, count, firsts, fresh, kill, restore, running, until
from tests.factories import article
from tests.newsroom import event

RATE, SECONDS, AT = 100, 20, 8
TEXT = "Shelling was heard in Nagorno-Karabakh. " * 10


@contextmanager
def receiver() -> Iterator[tuple[str, Counter[str]]]:
    """A webhook's address, and how often it took each alert."""
    taken: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            taken[self.headers["webhook-id"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", taken
    server.shutdown()


class Deliverer(Role):
    """A ``wirewatch deliver`` to a file and to *url*."""

    def __init__(self, folder: Path, prefix: str, url: str) -> None:
        sources = "sources: [{name: none, type: replay, path: none.jsonl}]\n"
        sinks = (
            f"  - {{name: file, type: jsonl, path: alerts.jsonl}}\n  - {{name: hook, type: webhook, url: '{url}'}}\n"
        )
        super().__init__("deliver", folder, prefix, f"{sources}sinks:\n{sinks}")

    def delivered(self) -> list[str]:
        file = self.folder / "alerts.jsonl"
        return [json.loads(line)["id"] for line in file.read_text().splitlines()] if file.exists() else []


def taskmanager() -> None:
    """The one that runs the most."""
    busy = max(("taskmanager-1", "taskmanager-2"), key=lambda n: cpu(clustered.processes.find(clustered.FOLDER, n).pid))
    kill(busy)
    time.sleep(1)
    restore()


def cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def broker(sign: int, away: float = 2.0) -> None:
    os.kill(clustered.processes.find(clustered.FOLDER, "kafka").pid, sign)
    time.sleep(away)
    until(lambda: clustered.processes.find(clustered.FOLDER, "kafka") is None, 30)
    restore()


def pool_and_worker() -> None:
    kill("worker", "pool")
    time.sleep(3)
    restore()


FAULTS: dict[str, Callable[[Deliverer], None]] = {
    "none": lambda _: None,
    "kill -9 worker": lambda _: kill("worker"),
    "kill -9 pool and worker": lambda _: pool_and_worker(),
    "kill -9 taskmanager": lambda _: taskmanager(),
    "SIGTERM broker": lambda _: broker(signal.SIGTERM),
    "kill -9 broker": lambda _: broker(signal.SIGKILL),
    "kill -9 deliverer": lambda d: (d.kill(), time.sleep(1), d.start()),
}


def suffer(name: str, fault: Callable[[Deliverer], None]) -> bool:
    """Run one; print its row; whether all promises held."""
    prefix = f"f{time.time_ns() % 10**9}."
    address = fresh(prefix=prefix, articles=2)
    bus = address.open()
    accepted: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, receiver() as (url, hooked), running(address) as (job, current):
        deliverer = Deliverer(Path(folder), prefix, url)
        started, n, thread = time.monotonic(), 0, threading.Thread(target=fault, args=(deliverer,))
        while n < RATE * SECONDS:
            time.sleep(max(0.0, started + n / RATE - time.monotonic()))
            if n == RATE * AT:
                thread.start()
            seeds = [f"{prefix}{m}" for m in range(n, n + 10)]
            part = [article(event(seed, 7), f"{event(seed, 40)}. {TEXT}", entry=seed, language="en") for seed in seeds]
            while True:  # the same call again, as the poller's spool does: the key makes it one
                try:
                    bus.append([Entry("articles", a.key, encode(a)) for a in part])
                    break
                except TransientError:
                    time.sleep(0.2)
            accepted |= dict.fromkeys((a.key for a in part), time.time())
            n += 10
        thread.join()
        until(lambda: accepted.keys() <= firsts(bus, "tagged").keys(), 180, 0.5)
        alerts = {decode(Alert, r.value).article: r for r in firsts(bus, "alerts.nagorno-karabakh").values()}
        until(lambda: {r.key for r in alerts.values()} <= set(deliverer.delivered()) & hooked.keys(), 60, 0.5)
        time.sleep(3)  # a repeat would come now
        deliverer.stop()
        delivered = Counter(deliverer.delivered())
        seen = job.check(current)
    lost = len(accepted.keys() - alerts.keys())
    repeats = count(bus, "tagged") - len(firsts(bus, "tagged"))
    twice = sum(n - 1 for n in delivered.values())
    hooked_twice = sum(n - 1 for n in hooked.values())
    worst = max(alerts[key].timestamp - at for key, at in accepted.items() if key in alerts)
    print(
        f"  {name:26} accepted {len(accepted):5} lost {lost} repeats {repeats:4} delivered twice: file {twice}, "
        f"webhook {hooked_twice}  worst {worst:5.1f} s  {'; '.join(seen.troubles()) or 'well again'}",
        flush=True,
    )
    return not lost and not twice


def main() -> None:
    """Every fault, or those whose names contain what ``WIREWATCH_FAULT`` says."""
    wanted = os.environ.get("WIREWATCH_FAULT", "")
    held = [suffer(name, fault) for name, fault in FAULTS.items() if wanted in name]
    assert all(held)
