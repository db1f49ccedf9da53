"""The poller when the broker is away for a minute, and when the poller itself is killed: counted by id.

A real ``wirewatch poll`` on five growing feeds of this machine. Aims: it accepts on, grows by at most 50 MB, has caught
up 30 s after the broker's return; nothing is lost, repeats have the same key and content.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

from connectors.buses import Bus, every, local
from connectors.records import Article, decode
from tests import clustered
from tests.clustered import Role, firsts, fresh, restore, until
from tests.newsroom import Newsroom, items

FEEDS, AWAY = 5, 60


class Poller(Role):
    """A ``wirewatch poll`` of the feeds at *base*."""

    def __init__(self, folder: Path, prefix: str, base: str) -> None:
        sources = "\n".join(f"  - {{name: feed{n}, type: rss, url: '{base}/{n}', interval: 1s}}" for n in range(FEEDS))
        super().__init__("poll", folder, prefix, f"sources:\n{sources}\nsinks: []\n")

    @property
    def megabytes(self) -> float:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096 / 2**20

    def spooled(self) -> set[str]:
        """The entries accepted on the poller's own disk."""
        bus = local.build(local.Options(path=self.folder / "data" / "spool"))
        found = entries(bus)
        bus.close()
        return found


def entries(bus: Bus) -> set[str]:
    """The entries on `articles`."""
    articles = (decode(Article, record.value) for record in every(bus, "articles"))
    return {f"{a.source.removeprefix('feed')}/{a.entry}" for a in articles}


def shown(room: Newsroom) -> set[str]:
    """The entries that the feeds have shown."""
    return {f"{n}/{i.guid}" for n in range(FEEDS) for i in room.parts[n][: room.shown[n]]}


def away(room: Newsroom, poller: Poller, bus: Bus) -> None:
    """kill -9 the broker, bring it back after `AWAY` seconds."""
    until(lambda: len(entries(bus)) > 100, 60)
    before, largest = poller.megabytes, 0.0
    os.kill(clustered.processes.find(clustered.FOLDER, "kafka").pid, signal.SIGKILL)
    gone, accepted = time.monotonic(), len(poller.spooled())
    while time.monotonic() - gone < AWAY:
        time.sleep(1)
        largest = max(largest, poller.megabytes)
    more = len(poller.spooled()) - accepted
    wanted = poller.spooled()
    restore()
    back = time.monotonic()
    until(lambda: wanted <= set(entries(bus)), 120, 0.5)
    print(
        f"  broker away {AWAY} s: {more} articles accepted meanwhile, memory {largest - before:+.1f} MB of {before:.0f}, "
        f"caught up {time.monotonic() - back:.1f} s after its return"
    )
    assert more > 0


def killed(room: Newsroom, poller: Poller, bus: Bus) -> None:
    """kill -9 the poller five times."""
    for _ in range(5):
        time.sleep(3)
        poller.kill()
        poller.start()
    until(lambda: len(entries(bus)) > 200, 60)


def main() -> None:
    """Both, on topics of their own."""
    for fault in (away, killed):
        prefix = f"a{time.time_ns() % 10**9}."
        bus = fresh(prefix=prefix, articles=2).open()
        room = Newsroom(items(20_000, FEEDS, 4), FEEDS, step=4)
        with tempfile.TemporaryDirectory() as folder, room.serving() as base:
            poller = Poller(Path(folder), prefix, base)
            try:
                fault(room, poller, bus)
            finally:
                poller.stop()
            lost = poller.spooled() - entries(bus)
            unread = shown(room) - poller.spooled()
            kept = firsts(bus, "articles")  # a repeat must have the same content
            repeats = sum(1 for _ in every(bus, "articles")) - len(kept)
            print(
                f"  {fault.__name__}: {len(kept)} articles, lost {len(lost)}, shown and not read {len(unread)}, repeats {repeats}"
            )
            assert not lost
