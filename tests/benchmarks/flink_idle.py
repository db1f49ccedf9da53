"""How the state of an idle job grows: bytes of a completed checkpoint, for ten minutes, on two partitions.

Runners of Beam before the mending of their issue 27648 keep a little for every time a reader defers; then the reader's
longest wait is what slows the growth (pipelines/splittable.py, `LONGEST`).
"""

from __future__ import annotations

import os
import time

from tests.clustered import fresh, running


def main() -> None:
    """Ten minutes, or what ``WIREWATCH_MINUTES`` says."""
    minutes = int(os.environ.get("WIREWATCH_MINUTES", "10"))
    address = fresh(articles=2)
    with running(address) as (job, current):
        sizes = []
        for minute in range(minutes + 1):
            newest = job.flink.checkpoints(current)["latest"]["completed"]
            sizes.append(newest["state_size"])
            took = newest["end_to_end_duration"]
            print(f"  after {minute:2} min: {sizes[-1]:10,} bytes, checkpoint of {took} ms", flush=True)
            time.sleep(60 if minute < minutes else 0)
    print(f"  growth {(sizes[-1] - sizes[0]) / minutes / 60:,.0f} bytes a second, {minutes} minutes, two partitions")
