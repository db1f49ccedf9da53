"""kill -9 at random moments: nothing accepted is lost, nothing takes effect twice; SIGTERM drains."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from newsroom import Item, Newsroom, configuration, items

from connectors.buses import Bus, every, local
from connectors.records import Alert, Article, TaggedArticle, decode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

FEEDS = 4
KILLS = int(os.environ.get("WIREWATCH_KILLS", "5"))
SEED = int(os.environ.get("WIREWATCH_SEED", "7"))
IN_FORCE = '"watchlists in force"'
"""What the log says once the flow has begun."""


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.cli", "run", "--config", str(folder / "wirewatch.yaml"), *more]
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


def values(bus: Bus, topic: str) -> Iterator[bytes]:
    return (record.value for record in every(bus, topic) if record.value is not None)


def until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for something, no longer than so many *seconds*."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


def count(folder: Path, world: list[Item]) -> None:
    """Count ids, not lines of a log: every item once on `articles` and `tagged`, every alert once in effect."""
    bus = local.build(local.Options(path=folder / "data"))
    wanted = Counter(f"{i.feed}/{i.guid}" for i in world)
    accepted = [decode(Article, v) for v in values(bus, "articles")]
    assert Counter(f"{a.source.removeprefix('feed')}/{a.entry}" for a in accepted) == wanted
    tagged = [decode(TaggedArticle, v) for v in values(bus, "tagged")]
    assert Counter(f"{t.article.source.removeprefix('feed')}/{t.article.entry}" for t in tagged) == wanted
    texts = {i.guid: (i.title, i.text) for i in world}  # of two copies either may be polled first
    originals = [texts[t.article.entry] for t in tagged if not t.duplicate_of]
    assert Counter(originals) == Counter(set(texts.values()))
    due = {texts[i.guid] for i in world if i.alerts}
    stories = {t.article.id: texts[t.article.entry] for t in tagged}
    alerts = [decode(Alert, v) for v in values(bus, "alerts.nagorno-karabakh")]
    assert Counter(stories[a.story] for a in alerts) == Counter(due)
    delivered = [json.loads(line)["id"] for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert Counter(delivered) == Counter(a.id for a in alerts)
    assert bus.damaged() == 0
    bus.close()


def test_killed_at_random_moments_nothing_is_lost_and_nothing_alerts_twice(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    world = items(40 * (KILLS + 4), FEEDS, SEED)
    room = Newsroom(world, FEEDS, step=4)
    in_flight = 0
    with room.serving() as base:
        (tmp_path / "wirewatch.yaml").write_text(configuration(base, FEEDS))
        for _ in range(KILLS):
            before, process = room.polls, start(tmp_path)
            time.sleep(rng.uniform(2.0, 6.0))
            until(lambda before=before: room.polls > before, 30)  # a slow machine is still starting
            polls = room.polls - before
            process.kill()
            process.wait()
            in_flight += polls > 0 and not room.exhausted
        log = tmp_path / "run.log"
        started = log.read_text().count(IN_FORCE)
        process = start(tmp_path)
        until(lambda: room.exhausted, 120)
        until(lambda: log.read_text().count(IN_FORCE) > started, 60)
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == 0
        assert start(tmp_path, "--until-idle").wait(60) == 0, (tmp_path / "run.log").read_text()[-3000:]
    assert in_flight, f"no kill hit while work was in flight (seed {SEED})"
    count(tmp_path, world)


def test_a_request_to_stop_drains_and_ends_with_zero_within_ten_seconds(tmp_path: Path) -> None:
    world = items(120, FEEDS, SEED)
    room = Newsroom(world, FEEDS, step=10)
    with room.serving() as base:
        (tmp_path / "wirewatch.yaml").write_text(configuration(base, FEEDS))
        process = start(tmp_path)
        while room.polls < FEEDS * 2:
            time.sleep(0.05)
        stopped = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, (tmp_path / "run.log").read_text()[-3000:]
        assert time.monotonic() - stopped < 10
