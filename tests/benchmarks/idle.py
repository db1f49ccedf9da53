"""What waiting costs: the whole line with 50 feeds that answer 304, over five minutes.

Prints processor time as a share of one core and the growth of resident memory. ``WIREWATCH_IDLE_SECONDS`` shortens it.
Aim: at most 3 % of a core, flat memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.replay import resident
from tests.newsroom import Newsroom, configuration, items

FEEDS = 50
SECONDS = float(os.environ.get("WIREWATCH_IDLE_SECONDS", "300"))


def processor(pid: int) -> float:
    """Processor seconds of a process so far, its parsing children not included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run the line, let it settle, and watch it."""
    room = Newsroom(items(FEEDS * 20, FEEDS), FEEDS, step=20)
    with tempfile.TemporaryDirectory() as name, room.serving() as base:
        folder = Path(name)
        (folder / "wirewatch.yaml").write_text(configuration(base, FEEDS, interval=10))
        with (folder / "run.log").open("wb") as log:
            command = [sys.executable, "-m", "pipelines.cli", "run", "-c", str(folder / "wirewatch.yaml")]
            process = subprocess.Popen(command, stderr=log, stdout=log)
        time.sleep(40)
        before, polls, memory, started = processor(process.pid), room.polls, resident(process.pid), time.monotonic()
        time.sleep(SECONDS)
        seconds = time.monotonic() - started
        share = (processor(process.pid) - before) / seconds
        grown = resident(process.pid) - memory
        print(f"  {FEEDS} feeds, {(room.polls - polls) / seconds:.1f} polls/s answered 304, {seconds:.0f} s")
        print(f"  {share * 100:.2f} % of a core; resident {memory:.0f} MB, grown by {grown:+.1f} MB")
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == 0, (folder / "run.log").read_text()[-2000:]
