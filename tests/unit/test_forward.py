"""From the spool to the bus: in order, at least once, whether the bus answers or not."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from random import Random

import pytest
from factories import NOW, article
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from connectors import forward as module
from connectors.buses import Bus, Entry, Position, Topic, local
from connectors.buses.memory import MemoryBus
from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.forward import BYTES, GROUP, KEPT, RECORDS, TOPICS, adopt, forward, prepare, waiting
from connectors.poll import cursors
from connectors.records import Cursor, DeadLetter, decode, encode


class Broker(MemoryBus):
    """Takes keys again and again, like Kafka. *before* and *after* each append may raise; keeps what it was given."""

    def __init__(self, before: Callable[[Sequence[Entry]], None] = lambda entries: None) -> None:
        super().__init__()
        for topic in TOPICS:
            self.create(Topic(topic.name, compact=topic.compact))
        self.before = before
        self.after: Callable[[Sequence[Entry]], None] = lambda entries: None
        self.given: list[list[Entry]] = []

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        self.before(entries)
        added = super().append(entries, commits)
        self.given.append(list(entries))
        self.after(entries)
        return added

    def keys(self, topic: str) -> list[str]:
        return [record.key for record in self.read(topic, 0, 0, 100_000)]

    def order(self) -> list[tuple[str, str]]:
        return [(entry.topic, entry.key) for entries in self.given for entry in entries]


def away(entries: Sequence[Entry]) -> None:
    raise TransientError("no broker")


def a_spool() -> MemoryBus:
    spool = MemoryBus()
    prepare(spool)
    return spool


def poll(spool: Bus, *numbers: int, value: bytes = b"{}") -> None:
    """What the poller appends after each of some polls."""
    for n in numbers:
        spool.append([Entry("articles", f"a{n}", value), Entry("source-health", "wire", b"{}")])
        spool.append([Entry("cursors", "wire", str(n).encode())])


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORTEST", 0.005)
    monkeypatch.setattr(module, "IDLE", 0.02)


@contextlib.asynccontextmanager
async def forwarding(spool: Bus, bus: Callable[[], Bus]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    loop = asyncio.create_task(forward(spool, bus, stop=stop, now=lambda: NOW, rng=Random(1)))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(loop, 5)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


def empty(spool: Bus) -> bool:
    return not waiting(spool).records


async def test_what_is_polled_comes_to_the_bus_in_order_and_wakes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 60)
    spool, broker = a_spool(), Broker()
    poll(spool, 1, 2, 3)
    async with forwarding(spool, lambda: broker):
        await until(lambda: len(broker.keys("cursors")) == 3)
        poll(spool, 4)
        await until(lambda: empty(spool))
        monkeypatch.setattr(module, "IDLE", 0)
        poll(spool, 5)
    assert broker.keys("articles") == ["a1", "a2", "a3", "a4", "a5"]
    assert len(broker.keys("source-health")) == 5
    assert spool.committed(GROUP, "articles", 0) == 5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["poll", "refuse", "repeat"]), max_size=12))
def test_a_cursor_never_comes_to_the_bus_before_its_articles(events: list[str]) -> None:
    """Whatever is polled while a round is under way, and wherever the bus refuses or takes without saying so."""
    spool, broker, rest = a_spool(), Broker(), iter(events)
    polled = 0

    def before(entries: Sequence[Entry]) -> None:
        nonlocal polled
        event = next(rest, "")
        if event == "poll":
            polled += 1
            poll(spool, polled)
        elif event == "refuse":
            raise TransientError("no broker")

    def after(entries: Sequence[Entry]) -> None:
        if next(rest, "") == "repeat":
            raise TransientError("taken, and the answer lost")

    async def main() -> None:
        nonlocal polled
        polled += 1
        poll(spool, polled)
        async with forwarding(spool, lambda: broker):
            await until(lambda: empty(spool))

    broker.before, broker.after = before, after
    asyncio.run(main())
    seen: set[str] = set()
    for topic, entries in ((entries[0].topic, entries) for entries in broker.given):
        if topic == "articles":
            seen |= {entry.key for entry in entries}
        elif topic == "cursors":
            assert all(f"a{(entry.value or b'').decode()}" in seen for entry in entries)
    firsts = list(dict.fromkeys(broker.keys("articles")))
    assert firsts == [f"a{n}" for n in range(1, polled + 1)]


async def test_a_cursor_stays_behind_what_is_polled_while_a_round_looks_where_the_topics_end() -> None:
    class Busy(MemoryBus):
        """Something is polled whenever the forwarder looks at an end."""

        polled = 0

        def end(self, topic: str, partition: int) -> int:
            found = super().end(topic, partition)
            if self.polled < 9:
                self.polled += 1
                poll(self, self.polled)
            return found

    spool, broker = Busy(), Broker()
    seen: set[str] = set()
    prepare(spool)
    async with forwarding(spool, lambda: broker):
        await until(lambda: spool.polled == 9 and empty(spool))
    for entry in (entry for entries in broker.given for entry in entries):
        if entry.topic == "articles":
            seen.add(entry.key)
        elif entry.topic == "cursors":
            assert f"a{(entry.value or b'').decode()}" in seen


async def test_a_bus_that_is_away_keeps_nothing_from_being_accepted_and_is_told_once() -> None:
    spool, broker = a_spool(), Broker(before=away)
    with capture_logs() as logs:
        async with forwarding(spool, lambda: broker):
            for n in range(20):
                poll(spool, n)
                await asyncio.sleep(0.002)
            assert broker.keys("articles") == []
            assert (waiting(spool).records, waiting(spool).articles) == (60, 20)
            await until(lambda: REGISTRY.get_sample_value("wirewatch_spool_waiting") == 60)
            broker.before = lambda entries: None
            await until(lambda: empty(spool))
    assert broker.keys("articles") == [f"a{n}" for n in range(20)]
    assert [line["log_level"] for line in logs] == ["warning", "info"]
    assert REGISTRY.get_sample_value("wirewatch_spool_waiting") == 0


async def test_a_bus_that_cannot_even_be_opened_is_asked_again() -> None:
    spool, broker, tries = a_spool(), Broker(), iter([1, 2, 3])

    def opened() -> Bus:
        if next(tries, None):
            raise TransientError("no broker")
        return broker

    poll(spool, 1)
    async with forwarding(spool, opened):
        await until(lambda: empty(spool))
    assert broker.keys("articles") == ["a1"]


async def test_a_bus_whose_password_is_wrong_keeps_nothing_from_being_accepted_and_is_told_as_an_error() -> None:
    spool, broker = a_spool(), Broker()
    wrong: list[Exception] = [TransientError("away"), *[ConfigError("refuses user 'desk'")] * 3, TransientError("away")]

    def opened() -> Bus:
        if wrong:
            raise wrong.pop()
        return broker

    with capture_logs() as logs:
        async with forwarding(spool, opened):
            poll(spool, 1)
            await until(lambda: empty(spool))
    assert broker.keys("articles") == ["a1"]
    told = [(line["log_level"], line.get("error")) for line in logs]
    assert told == [("warning", "away"), ("error", "refuses user 'desk'"), ("warning", "away"), ("info", None)]


async def test_a_restart_in_the_middle_repeats_a_batch_at_most_with_the_same_keys(tmp_path: Path) -> None:
    class Killed(BaseException):
        """What a kill does."""

    def killed(entries: Sequence[Entry]) -> None:
        raise Killed

    spool, broker = local.build(local.Options(path=tmp_path / "spool")), Broker()
    prepare(spool)
    keys = [f"a{n}" for n in range(2 * RECORDS + 50)]
    spool.append([Entry("articles", key, b"{}") for key in keys])
    broker.after = lambda entries: killed(entries) if len(broker.given) == 2 else None
    with pytest.raises(Killed):
        await forward(spool, lambda: broker, stop=asyncio.Event(), now=lambda: NOW, rng=Random(1))
    assert spool.committed(GROUP, "articles", 0) == RECORDS
    broker.after = lambda entries: None
    again = local.build(local.Options(path=tmp_path / "spool"))
    prepare(again)
    async with forwarding(again, lambda: broker):
        await until(lambda: empty(again))
    assert broker.keys("articles") == keys[: 2 * RECORDS] + keys[RECORDS:]
    for bus in (spool, again):
        bus.close()


async def test_a_full_disk_under_the_spool_sends_nothing_again() -> None:
    refusals = 3

    class Full(MemoryBus):
        def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
            nonlocal refusals
            if refusals and any(position.offset for position in commits):
                refusals -= 1
                raise TransientError("disk full")
            return super().append(entries, commits)

    spool, broker = Full(), Broker()
    prepare(spool)
    poll(spool, 1)
    async with forwarding(spool, lambda: broker):
        await until(lambda: empty(spool))
    assert broker.order() == [("articles", "a1"), ("source-health", "wire"), ("cursors", "wire")]


async def test_a_record_that_no_broker_takes_is_set_aside_and_holds_up_nothing() -> None:
    def small(entries: Sequence[Entry]) -> None:
        if any(b"enormous" in (entry.value or b"") for entry in entries if entry.topic == "articles"):
            raise RejectedError("too_large", "1 MB at most")

    spool, broker = a_spool(), Broker(before=small)
    articles = [article("enormous" if n in (3, 7) else f"Title {n}") for n in range(10)]
    spool.append([Entry("articles", a.key, encode(a)) for a in articles])
    poll(spool, 1)
    async with forwarding(spool, lambda: broker):
        await until(lambda: empty(spool))
    assert broker.keys("articles") == [a.key for a in articles if a.title != "enormous"] + ["a1"]
    letters = [decode(DeadLetter, record.value) for record in broker.read("dead-letters", 0, 0, 10)]
    big = articles[3]
    assert {(x.stage, x.reason, x.source, x.topic, x.key) for x in letters} == {
        ("fetch", "too_large", "wire", "", big.key)
    }
    assert letters[0].raw == encode(big)


@pytest.mark.parametrize(("size", "most"), [(2, RECORDS), (BYTES // 8, 8), (BYTES + 1, 1)])
async def test_an_append_is_bounded_in_records_and_bytes(size: int, most: int) -> None:
    spool, broker = a_spool(), Broker()
    spool.append([Entry("articles", f"a{n}", b"x" * size) for n in range(2 * most + 1)])
    async with forwarding(spool, lambda: broker):
        await until(lambda: empty(spool))
    assert [len(entries) for entries in broker.given] == [most, most, 1]


async def test_a_stop_passes_on_what_is_there() -> None:
    spool, broker = a_spool(), Broker()
    async with forwarding(spool, lambda: broker):
        await asyncio.sleep(0.01)
        poll(spool, *range(300))
    assert len(broker.keys("articles")) == 300
    assert empty(spool)


async def test_a_stop_does_not_wait_for_a_bus_that_is_away_nor_for_one_that_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    spool, broker = a_spool(), Broker(before=away)
    poll(spool, *range(5 * RECORDS))
    async with forwarding(spool, lambda: broker):
        await asyncio.sleep(0.02)
    assert waiting(spool).articles == 5 * RECORDS
    broker.before = lambda entries: time.sleep(0.02)
    async with forwarding(spool, lambda: broker):
        pass
    assert waiting(spool).articles == 4 * RECORDS


async def test_the_spool_forgets_after_a_day_what_the_bus_has_and_nothing_else(tmp_path: Path) -> None:
    spool, broker = local.build(local.Options(path=tmp_path)), Broker()
    prepare(spool)
    poll(spool, 1, 2)
    later = time.time() + KEPT + 60
    spool.sweep(later)
    assert waiting(spool).articles == 2
    async with forwarding(spool, lambda: broker):
        await until(lambda: empty(spool))
    poll(spool, 1)
    assert spool.end("articles", 0) == 2, "a poll that repeats adds nothing"
    poll(spool, 3)
    spool.sweep(later)
    assert [record.key for record in spool.read("articles", 0, 0, 10)] == ["a3"]
    assert [record.key for record in spool.read("cursors", 0, 0, 10)] == ["wire"]
    spool.close()


async def test_what_compaction_dropped_while_the_bus_was_away_is_passed_over() -> None:
    spool, broker = a_spool(), Broker()
    poll(spool, *range(50))
    assert spool.sweep(time.time()) == 98
    async with forwarding(spool, lambda: broker):
        await until(lambda: empty(spool))
    assert broker.keys("cursors") == ["wire"]
    assert spool.committed(GROUP, "cursors", 0) == 50


def test_a_new_machine_begins_at_the_cursors_of_the_bus_and_another_at_its_own() -> None:
    spool, broker = a_spool(), Broker()
    for name, value in (("wire", "5"), ("other", "1"), ("other", "2"), ("gone", "9")):
        broker.append([Entry("cursors", name, encode(Cursor(source=name, value=value)))])
    spool.append([Entry("cursors", "wire", encode(Cursor(source="wire", value="6")))])
    adopt(spool, lambda: broker, {"wire", "other", "new"})
    assert {name: cursor.value for name, cursor in cursors(spool).items()} == {"wire": "6", "other": "2"}


def test_a_machine_that_knows_all_its_sources_does_not_ask_the_bus() -> None:
    def unasked() -> Bus:
        raise TransientError("no broker")

    spool = a_spool()
    poll(spool, 1)
    adopt(spool, unasked, {"wire"})
    with pytest.raises(TransientError):
        adopt(spool, unasked, {"wire", "new"})
