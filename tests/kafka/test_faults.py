"""A broker of one's own that is killed, halted and started again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import Process

from connectors.buses import Bus, Entry, Position, Topic, every
from connectors.errors import TransientError

SOON = 5.0
"""Seconds after the broker answers again in which the bus must work."""


@contextmanager
def halted(process: Process) -> Iterator[None]:
    os.kill(process.pid, signal.SIGSTOP)
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    while process.facts():
        time.sleep(0.01)


class Worker(threading.Thread):
    """Does *work* again and again; what it heard instead of success."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.stop = threading.Event()
        self.heard: list[str] = []
        self.longest = 0.0
        self.worked = 0.0
        self.bug: BaseException | None = None
        self.start()

    def run(self) -> None:
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self.work()
                self.worked = time.monotonic()
            except TransientError as error:
                self.heard.append(str(error))
                self.stop.wait(0.1)
            except BaseException as bug:
                self.bug = bug
                return
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self) -> None:
        self.stop.set()
        self.join(30)
        assert not self.is_alive()
        assert self.bug is None


def first(bus: Bus, topic: str) -> list[str]:
    """The keys in order, as readers have them that keep the first."""
    return list(dict.fromkeys(record.key for record in every(bus, topic)))


def test_a_killed_broker_costs_nothing_that_was_acknowledged(
    start: Callable[[], Process], opened: Callable[..., Bus]
) -> None:
    process = start()
    bus = opened(bootstrap=f"127.0.0.1:{process.port}", timeout=2)
    bus.create(Topic("a", unique=True))
    acknowledged: list[str] = []
    seen: list[str] = []
    at = [0, 0]

    def append() -> None:
        bus.append([Entry("a", f"{at[0]}", b"x"), Entry("a", f"{at[0]}.", b"y")], [Position("g", "a", 0, at[1])])
        acknowledged.extend([f"{at[0]}", f"{at[0]}."])
        at[0] += 1
        time.sleep(0.005)

    def read() -> None:
        for record in bus.read("a", 0, at[1], 100):
            seen.append(record.key)
            at[1] = record.offset + 1
        bus.wait(0.05)

    workers = [Worker(append), Worker(read)]
    for _ in range(2):
        time.sleep(2)
        kill(process)
        before = len(acknowledged)
        time.sleep(3)
        assert len(acknowledged) <= before + 2
        process = start()
        began = time.monotonic()
        while any(worker.worked < began for worker in workers) and time.monotonic() < began + 30:
            time.sleep(0.01)
        assert time.monotonic() - began < SOON
    time.sleep(1)
    for worker in workers:
        worker.end()
        assert worker.longest < 7
    assert workers[0].heard
    assert all("127.0.0.1" in told and " cannot " in told for told in workers[0].heard)
    assert workers[1].heard
    while found := bus.read("a", 0, at[1], 1000):
        seen += [record.key for record in found]
        at[1] = found[-1].offset + 1
    assert [key for key in dict.fromkeys(seen) if key in set(acknowledged)] == acknowledged
    assert first(bus, "a") == list(dict.fromkeys(seen))
    assert bus.committed("g", "a", 0) is not None


def test_a_halted_broker_leaves_an_append_unknown_and_the_same_again_adds_nothing(
    start: Callable[[], Process], opened: Callable[..., Bus]
) -> None:
    process = start()
    bus = opened(bootstrap=f"127.0.0.1:{process.port}", timeout=2)
    bus.create(Topic("a", unique=True))
    bus.append([Entry("a", "before", b"")])
    bus.topics()
    with halted(process):
        began = time.monotonic()
        with pytest.raises(TransientError, match=r"cannot append now.*whether it was done is unknown"):
            bus.append([Entry("a", "during", b"")])
        assert time.monotonic() - began < 5
        for call in (bus.topics, bus.positions, lambda: bus.append([Entry("a", "during", b"")])):
            began = time.monotonic()
            with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
                call()
            assert time.monotonic() - began < 5
    began = time.monotonic()
    while True:
        try:
            bus.append([Entry("a", "during", b"")])
            break
        except TransientError:
            assert time.monotonic() - began < SOON
    bus.append([Entry("a", "after", b"")])
    assert first(bus, "a") == ["before", "during", "after"]
    assert bus.append([Entry("a", "during", b"")]) == 0


def test_threads_that_wait_for_a_halted_broker_do_not_wait_for_each_other(
    start: Callable[[], Process], opened: Callable[..., Bus]
) -> None:
    process = start()
    bus = opened(bootstrap=f"127.0.0.1:{process.port}", timeout=2)
    for number in range(6):
        bus.create(Topic(f"t{number}"))
        bus.read(f"t{number}", 0, 0, 1)
    with halted(process):
        workers = [Worker(lambda n=number: bus.append([Entry(f"t{n}", "k", b"")]) and None) for number in range(3)]  # type: ignore[misc]
        workers += [Worker(lambda n=number: bus.read(f"t{n}", 0, 0, 1) and None) for number in range(3, 6)]  # type: ignore[misc]
        time.sleep(9)
        assert all(worker.heard for worker in workers)
        began = time.monotonic()
        for worker in workers:
            worker.end()
        assert time.monotonic() - began < 8
    assert max(worker.longest for worker in workers) < 8


def test_a_bus_can_be_opened_before_its_broker(start: Callable[[], Process], opened: Callable[..., Bus]) -> None:
    process = start()
    kill(process)
    bus = opened(bootstrap=f"127.0.0.1:{process.port}", timeout=1)
    for _ in range(2):
        with pytest.raises(TransientError, match=f"127.0.0.1:{process.port} cannot tell its topics now"):
            bus.create(Topic("a"))
    bus.wait(0.05)
    start()
    began = time.monotonic()
    while True:
        try:
            bus.create(Topic("a"))
            break
        except TransientError:
            assert time.monotonic() - began < SOON
    assert bus.append([Entry("a", "k", b"")]) == 1
