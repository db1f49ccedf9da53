"""Thousands of real articles as feed snapshots, polled over loopback through the whole line.

Needs the evaluation data (``WIREWATCH_EVAL``, or ``../shared/eval``): its articles are turned into overlapping RSS and
Atom snapshots by the script that comes with them, and served one after the other. Prints counts (each distinct article
accepted and processed once), articles a second, resident memory at the start and the end, and how long an article waited
from accepted to processed.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connectors.buses import every, local
from connectors.records import TaggedArticle, decode
from pipelines import counting
from tests.newsroom import configuration

DATA = Path(os.environ.get("WIREWATCH_EVAL", Path(__file__).parents[3] / "shared" / "eval"))
SOURCES = 2
STEP, WINDOW = 300, 400
"""New entries of a snapshot, and all of them: each is shown again beside the next."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve ``/<n>``: the snapshots of source *n*, one a request, then the last for ever."""
    snapshots = [sorted((folder / f"source{n}").iterdir()) for n in range(SOURCES)]
    turn = Counter[int]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            n = int(self.path.strip("/"))
            place = min(turn[n], len(snapshots[n]) - 1)
            turn[n] += 1
            body, etag = snapshots[n][place].read_bytes(), f'"{place}"'
            unchanged = self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", "0" if unchanged else str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if unchanged else body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Make the snapshots, serve them, run the line on them, and count."""
    articles = DATA / "bench" / "articles.jsonl.gz"
    if not articles.is_file():
        print(f"  not run: no {articles}")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, DATA / "make_replay.py", articles, folder / "snapshots", "--limit", "100000"]
        options = {"--window": WINDOW, "--step": STEP, "--sources": SOURCES}
        subprocess.run([*command, *(str(part) for pair in options.items() for part in pair)], check=True)
        expected = {json.loads(line)["id"] for line in (folder / "snapshots/expected.jsonl").open()}
        with serving(folder / "snapshots") as base:
            _run(folder, base, expected)


def _run(folder: Path, base: str, expected: set[str]) -> None:
    (folder / "wirewatch.yaml").write_text(configuration(base, SOURCES))
    command = [sys.executable, "-m", "pipelines.cli", "run", "-c", str(folder / "wirewatch.yaml")]
    started = time.monotonic()
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log)
    bus = local.build(local.Options(path=folder / "data"))
    memory: list[float] = []
    while not (topics := bus.topics()) or "tagged" not in topics or bus.end("tagged", 0) < len(expected):
        time.sleep(0.25)
        if bus.topics().get("tagged") and bus.end("tagged", 0) > 100:
            memory.append(resident(process.pid))
        assert process.poll() is None, (folder / "run.log").read_text()[-2000:]
        assert time.monotonic() - started < 900, f"{bus.end('tagged', 0)} of {len(expected)} after 15 minutes"
    time.sleep(3)
    memory.append(resident(process.pid))
    process.send_signal(signal.SIGTERM)
    assert process.wait(12) == 0
    accepted = {r.key: r.timestamp for r in every(bus, "articles")}
    tagged = [(decode(TaggedArticle, r.value), r) for r in every(bus, "tagged")]
    found = Counter(t.article.entry for t, _ in tagged)
    now = counting.read(bus)
    waits = sorted(r.timestamp - accepted[r.key] for _, r in tagged)
    busy = max(r.timestamp for _, r in tagged) - min(accepted.values())
    cuts = statistics.quantiles(waits, n=100)
    alerts = {t: bus.end(t, 0) for t in bus.topics() if t.startswith("alerts.")}
    print(
        f"  {len(expected)} distinct articles; missing {len(expected - found.keys())}, twice {sum(found.values()) - len(found)}"
    )
    print(
        f"  accepted {now.accepted} = processed {now.processed} + set aside {now.dead_lettered} + in flight {now.in_flight}"
    )
    print(f"  copies {sum(bool(t.duplicate_of) for t, _ in tagged)}, alerts {alerts}")
    print(f"  {len(tagged) / busy:.0f} articles/s over {busy:.1f} s (from the first accepted to the last processed)")
    print(f"  resident {memory[0]:.0f} MB at the start, {memory[-1]:.0f} MB at the end")
    print(
        f"  accepted to processed: p50 {cuts[49] * 1e3:.0f} ms, p99 {cuts[98] * 1e3:.0f} ms (arrivals in bursts of {STEP})"
    )
    assert set(found) == expected
    bus.close()
