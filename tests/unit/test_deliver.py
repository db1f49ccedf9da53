from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from alerts import NOON, alert
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from connectors import deliver as module
from connectors.buses import Bus, Entry, Position, Topic, local, memory
from connectors.deliver import Retry, alert_topics, deliver
from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.records import Alert, DeadLetter, decode, encode

QUICK = Retry(delays=(1, 1, 1), jitter=0)


@dataclass
class Clock:
    """Advances by *step* whenever it is read, so that no test waits for a schedule."""

    step: float = 60.0
    seconds: float = 0.0

    def __call__(self) -> datetime:
        self.seconds += self.step
        return NOON + timedelta(seconds=self.seconds)


@dataclass
class Sink:
    """Keeps what it accepts; *fails* says what to raise for a call, if anything."""

    fails: Callable[[Sequence[Alert]], Exception | None] = lambda alerts: None
    batch: int = 1
    accepted: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    closed: int = 0

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        self.calls.append([a.story for a in alerts])
        if error := self.fails(alerts):
            raise error
        self.accepted += [a.story for a in alerts]

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def _looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.02)


@pytest.fixture
def bus() -> Bus:
    return a_bus()


def a_bus(*topics: str) -> Bus:
    bus = memory.build(memory.Options())
    for topic in ("dead-letters", *(topics or ("alerts.csto",))):
        bus.create(Topic(topic, unique=True))
    return bus


def publish(bus: Bus, *numbers: int, topic: str = "alerts.csto", **changes: Any) -> None:
    alerts = [alert(n, **changes) for n in numbers]
    bus.append([Entry(topic, a.id, encode(a)) for a in alerts])


def stories(*numbers: int) -> list[str]:
    return [f"story {n}" for n in numbers]


def letters(bus: Bus) -> list[DeadLetter]:
    return [decode(DeadLetter, r.value) for r in bus.read("dead-letters", 0, 0, 1000)]


def counted(metric: str, name: str) -> float:
    return REGISTRY.get_sample_value(f"wirewatch_{metric}", {"sink": name}) or 0.0


def committed(bus: Bus, name: str = "desk", topic: str = "alerts.csto") -> int | None:
    return bus.committed(f"sink.{name}", topic, 0)


@contextlib.asynccontextmanager
async def delivering(
    sink: Sink, bus: Bus, name: str = "desk", retry: Retry = QUICK, **chosen: Any
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    loop = asyncio.create_task(
        deliver(
            name,
            sink,
            bus,
            partial(alert_topics, bus),
            stop=stop,
            now=Clock(),
            rng=Random(1),
            retry=retry,
            **chosen,
        )
    )
    try:
        yield
    finally:
        stop.set()
        await loop


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_alerts_are_delivered_in_order_and_then_committed(bus: Bus) -> None:
    sink = Sink()
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
        publish(bus, 3)
        await until(lambda: committed(bus) == 3)
    assert sink.accepted == stories(1, 2, 3)
    assert sink.closed == 1


async def test_nothing_is_committed_before_the_sink_accepted_it(bus: Bus) -> None:
    seen = []
    sink = Sink(fails=lambda alerts: seen.append(committed(bus)))
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
    assert seen == [None, 1]


async def test_delivery_goes_on_where_the_last_one_stopped(bus: Bus) -> None:
    publish(bus, 1, 2)
    async with delivering(Sink(), bus):
        await until(lambda: committed(bus) == 2)
    publish(bus, 3)
    sink = Sink()
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 3)
    assert sink.accepted == stories(3)


async def test_a_topic_that_appears_later_is_followed(bus: Bus) -> None:
    sink = Sink()
    async with delivering(sink, bus):
        bus.create(Topic("alerts.new", unique=True))
        publish(bus, 7, topic="alerts.new")
        await until(lambda: committed(bus, topic="alerts.new") == 1)
    assert sink.accepted == stories(7)


async def test_a_sink_takes_batches_of_the_size_it_says(bus: Bus) -> None:
    sink = Sink(batch=3)
    publish(bus, *range(7))
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 7)
    assert [len(call) for call in sink.calls] == [3, 3, 1]


async def test_an_alert_goes_to_the_sinks_that_its_list_names_and_a_sink_may_leave_out_mere_mentions(bus: Bus) -> None:
    publish(bus, 1, sinks=("desk",))
    publish(bus, 2, sinks=("phone",))
    publish(bus, 3, sinks=())
    publish(bus, 4, level="alert")
    publish(bus, 5)
    found = {}
    for name, level in (("desk", "alert"), ("phone", "about")):
        sink = Sink()
        async with delivering(sink, bus, name, level=level):
            await until(lambda name=name: committed(bus, name) == 5)
        found[name] = sink.accepted
    assert found == {"desk": stories(1, 4, 5), "phone": stories(2, 5)}


async def test_only_the_chosen_watchlists_of_a_shared_topic_are_delivered(bus: Bus) -> None:
    sink = Sink(batch=10)
    publish(bus, 1, watchlist="other")
    publish(bus, 2)
    publish(bus, 3, watchlist="other")
    async with delivering(sink, bus, watchlists=["csto"]):
        await until(lambda: committed(bus) == 3)
    assert sink.accepted == stories(2)


async def test_an_alert_that_stands_on_two_topics_is_delivered_once() -> None:
    bus = a_bus("alerts.csto", "alerts.shared")
    sink = Sink()
    publish(bus, 1)
    publish(bus, 1, topic="alerts.shared")
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == committed(bus, topic="alerts.shared") == 1)
    assert sink.accepted == stories(1)


class Crash(BaseException):
    """The end of the process."""


@dataclass
class Shaky:
    """A bus whose next appends raise what *errors* holds; *appends* keeps what was asked for."""

    bus: Bus
    errors: list[BaseException]
    appends: list[tuple[Sequence[Entry], Sequence[Position]]] = field(default_factory=list)

    def append(self, entries: Sequence[Entry] = (), commits: Sequence[Position] = ()) -> int:
        self.appends.append((entries, commits))
        if self.errors:
            raise self.errors.pop(0)
        return self.bus.append(entries, commits)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bus, name)


async def test_a_crash_between_send_and_commit_repeats_and_loses_nothing(bus: Bus) -> None:
    publish(bus, 1, 2)
    sink = Sink()

    async def crashing() -> None:
        async with delivering(sink, Shaky(bus, [Crash()])):
            await until(lambda: sink.accepted)

    with pytest.raises(Crash):
        await crashing()
    assert committed(bus) is None
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
    assert sink.accepted == stories(1, 1, 2)


async def test_a_bus_that_cannot_commit_is_asked_again_and_nothing_is_resent(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    sink = Sink()
    publish(bus, 1, 2)
    async with delivering(sink, Shaky(bus, [TransientError("disk full"), TransientError("disk full")])):
        await until(lambda: committed(bus) == 2)
    assert sink.accepted == stories(1, 2)


async def test_a_failed_delivery_is_tried_again_before_the_next(bus: Bus) -> None:
    errors = [TransientError("down"), TransientError("down")]
    sink = Sink(fails=lambda alerts: errors.pop() if errors else None)
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
    assert sink.calls == [stories(1), stories(1), stories(1), stories(2)]
    assert letters(bus) == []


async def test_what_no_retry_delivers_is_set_aside_in_the_append_that_passes_it(bus: Bus) -> None:
    sink = Sink(fails=lambda alerts: None if alerts[0].story == "story 3" else TransientError("no room"))
    publish(bus, 1, 2, 3)
    shaky = Shaky(bus, [])
    async with delivering(sink, shaky):
        await until(lambda: committed(bus) == 3)
    assert sink.calls == [*[stories(1)] * 4, *[stories(2)] * 4, stories(3)]
    first, second = letters(bus)
    assert (first.stage, first.reason, first.source) == ("deliver", "undelivered", "desk")
    assert first.detail == second.detail == "4 tries, the last: no room"
    assert decode(Alert, first.raw) == alert(1)
    together = [(len(entries), [p.offset for p in commits]) for entries, commits in shaky.appends]
    assert together == [(1, [1]), (1, [2]), (0, [3])]


@pytest.mark.slow
async def test_a_wait_that_the_sink_asks_for_is_kept(bus: Bus) -> None:
    asked = [TransientError("busy", retry_after=3000.0)]
    clock = Clock(step=100)
    times = []

    def fails(alerts: Sequence[Alert]) -> Exception | None:
        times.append(clock.seconds)
        return asked.pop() if asked else None

    publish(bus, 1)
    stop = asyncio.Event()
    loop = asyncio.create_task(
        deliver(
            "desk",
            Sink(fails),
            bus,
            lambda: ["alerts.none", "alerts.csto"],
            stop=stop,
            now=clock,
            rng=Random(1),
            retry=Retry(delays=(1, 4000)),
        )
    )
    while len(times) < 2:
        bus.append([Entry("alerts.csto", str(clock.seconds), b"{}")])  # wakes the loop
        await asyncio.sleep(0.01)
    stop.set()
    await loop
    assert 3000 <= times[1] - times[0] < 3400


async def test_a_refused_alert_is_set_aside_at_once_and_alone(bus: Bus) -> None:
    def fails(alerts: Sequence[Alert]) -> Exception | None:
        return RejectedError("too_large", "no") if any(a.story == "story 2" for a in alerts) else None

    sink = Sink(fails, batch=10)
    publish(bus, 1, 2, 3, 4)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 4)
    assert sink.accepted == stories(1, 3, 4)
    assert sink.calls == [stories(1, 2, 3, 4), stories(1), stories(2), stories(3), stories(4)]
    assert [(x.reason, x.offset, x.key) for x in letters(bus)] == [("too_large", 1, alert(2).id)]


async def test_bytes_that_are_no_alert_are_set_aside(bus: Bus) -> None:
    sink = Sink(batch=10)
    publish(bus, 1)
    bus.append([Entry("alerts.csto", "poison", b"\xff{"), Entry("alerts.csto", "other", b'{"id": 3}')])
    publish(bus, 2)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 4)
    assert sink.accepted == stories(1, 2)
    assert [(x.reason, x.raw) for x in letters(bus)] == [
        ("not_json", b"\xff{"),
        ("not_a_record", b'{"id": 3}'),
    ]


async def test_a_sink_that_is_gone_gets_nothing_more_until_a_restart(bus: Bus) -> None:
    sink = Sink(fails=lambda alerts: RejectedError("gone"))
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: sink.calls)
        publish(bus, 3)
        await asyncio.sleep(0.05)
    assert sink.calls == [stories(1)]
    assert committed(bus) is None
    assert letters(bus) == []
    again = Sink()
    async with delivering(again, bus):
        await until(lambda: committed(bus) == 3)
    assert again.accepted == stories(1, 2, 3)


def a_broker(*topics: str) -> Bus:
    """A bus that takes a key twice, like Kafka."""
    bus = memory.build(memory.Options())
    for topic in ("dead-letters", *topics):
        bus.create(Topic(topic))
    return bus


@pytest.mark.parametrize("batch", [1, 100])
async def test_an_alert_that_its_topic_holds_twice_is_delivered_once(batch: int) -> None:
    bus, sink = a_broker("alerts.csto"), Sink(batch=batch)
    publish(bus, 1, 1, 2, 1)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 4)
    assert sink.accepted == stories(1, 2)


@pytest.mark.parametrize("topic", ["alerts.csto", "alerts.other"])
async def test_an_alert_on_both_sides_of_a_restart_is_delivered_once(topic: str) -> None:
    bus, before, after = a_broker("alerts.csto", "alerts.other"), Sink(), Sink()
    publish(bus, 1, 2)
    async with delivering(before, bus):
        await until(lambda: committed(bus) == 2)
    publish(bus, 2, 1, 3, topic=topic)
    async with delivering(after, bus):
        await until(lambda: committed(bus, topic=topic) in (3, 5))
    assert (before.accepted, after.accepted) == (stories(1, 2), stories(3))


async def test_a_lane_without_a_committed_offset_has_passed_nothing() -> None:
    bus, sink = a_broker("alerts.csto"), Sink()
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
    assert sink.accepted == stories(1, 2)


async def test_only_the_last_alerts_before_a_restart_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 30)
    monkeypatch.setattr(module, "RECALLED", 7)
    bus, sink = a_broker("alerts.csto"), Sink()
    publish(bus, *range(100))
    bus.append((), [Position("sink.desk", "alerts.csto", 0, 100)])
    publish(bus, 69, 70, 99)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 103)
    assert sink.accepted == stories(69)


async def test_a_busy_lane_does_not_make_another_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 5)
    bus, sink = a_broker("alerts.csto", "alerts.quiet"), Sink()
    publish(bus, 1000, topic="alerts.quiet")
    publish(bus, *range(50))
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 50 and committed(bus, topic="alerts.quiet") == 1)
        publish(bus, 1000, topic="alerts.quiet")
        await until(lambda: committed(bus, topic="alerts.quiet") == 2)
    assert sink.accepted.count("story 1000") == 1


async def test_an_alert_put_back_after_it_was_set_aside_is_delivered_after_a_restart_too(bus: Bus) -> None:
    publish(bus, 1)
    async with delivering(Sink(fails=lambda alerts: RejectedError("no")), bus):
        await until(lambda: committed(bus) == 1)
    bus.append([Entry("alerts.csto", f"replay.{letters(bus)[0].id}", letters(bus)[0].raw)])
    sink = Sink()
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 2)
    assert sink.accepted == stories(1)


async def test_what_happens_to_alerts_is_counted(bus: Bus) -> None:
    tries = iter([None, TransientError("busy"), None, RejectedError("no"), RejectedError("gone")])
    publish(bus, *range(7))
    async with delivering(Sink(fails=lambda alerts: next(tries)), bus, "counted"):
        await until(lambda: counted("sink_gone", "counted"))
    assert counted("deliveries_total", "counted") == 2
    assert counted("delivery_retries_total", "counted") == 1
    assert counted("delivery_dead_letters_total", "counted") == 1
    assert counted("delivery_lag", "counted") == 4


async def test_a_sink_that_is_down_delays_only_itself(bus: Bus) -> None:
    down = Sink(fails=lambda alerts: TransientError("down"))
    well = Sink()
    publish(bus, 1, 2, 3)
    async with (
        delivering(down, bus, "down", Retry(delays=(10**9,), probe=10**9)),
        delivering(well, bus, "well"),
    ):
        await until(lambda: committed(bus, "well") == 3)
    assert well.accepted == stories(1, 2, 3)
    assert down.calls == [stories(1)]
    assert committed(bus, "down") is None


async def test_a_sink_that_hangs_delays_only_itself(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    well = Sink()
    publish(bus, 1)
    async with delivering(Hanging(), bus, "hanging"), delivering(well, bus, "well"):
        await until(lambda: committed(bus, "well") == 1)


async def test_an_alert_that_cannot_be_delivered_delays_only_its_own_topic() -> None:
    bus = a_bus("alerts.a", "alerts.b")
    sink = Sink(fails=lambda alerts: TransientError("no") if alerts[0].story == "story 1" else None)
    publish(bus, 1, 2, topic="alerts.a")
    publish(bus, 3, 4, topic="alerts.b")
    async with delivering(sink, bus, retry=Retry(delays=(10**9,), probe=10**9)):
        await until(lambda: committed(bus, topic="alerts.b") == 2)
    assert sink.accepted == stories(3, 4)


async def test_a_bug_in_a_sink_is_tried_again_and_loses_nothing(bus: Bus) -> None:
    bugs = [KeyError("oops")]
    sink = Sink(fails=lambda alerts: bugs.pop() if bugs else None)
    publish(bus, 1)
    async with delivering(sink, bus):
        await until(lambda: committed(bus) == 1)
    assert sink.accepted == stories(1)


class Hanging(Sink):
    """Accepts only when *answer* is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        self.calls.append([a.story for a in alerts])
        await self.answer.wait()
        self.accepted += [a.story for a in alerts]


async def test_a_stop_waits_for_the_delivery_in_flight_and_commits_it(bus: Bus) -> None:
    sink = Hanging()
    publish(bus, 1, 2)
    async with delivering(sink, bus):
        await until(lambda: sink.calls)
        asyncio.get_running_loop().call_later(0.05, sink.answer.set)
    assert sink.accepted == stories(1)
    assert committed(bus) == 1


async def test_a_stop_does_not_wait_for_ever(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    sink = Hanging()
    publish(bus, 1)
    async with delivering(sink, bus, retry=Retry(delays=())):
        await until(lambda: sink.calls)
    assert committed(bus) is None
    assert letters(bus) == []


async def test_a_second_loop_for_one_sink_is_refused(bus: Bus) -> None:
    stop = asyncio.Event()
    async with delivering(Sink(), bus):
        await asyncio.sleep(0.01)
        with pytest.raises(ConfigError):
            await deliver("desk", Sink(), bus, list, stop=stop, now=Clock(), rng=Random(1))


@given(seed=st.integers(), delays=st.lists(st.floats(0.1, 10**5), max_size=8))
def test_a_return_is_noticed_within_five_minutes_and_the_schedule_is_kept(seed: int, delays: list[float]) -> None:
    retry = Retry(delays=tuple(delays))
    waits = list(retry.waits(Random(seed)))
    assert all(wait <= 300 for wait in waits)
    assert sum(delays) * 0.999 <= sum(waits) <= sum(delays) * 1.201
    assert retry.asked(10**9) == max(delays, default=0)


def test_the_default_schedule_gives_up_after_a_day_and_a_half() -> None:
    assert sum(Retry(jitter=0).waits(Random(1))) == pytest.approx(31 * 3600 + 35 * 60 + 5)


DELIVERER = """
import asyncio, sys
from datetime import UTC, datetime
from functools import partial
from random import Random
from connectors.buses import local
from connectors.deliver import alert_topics, deliver
from connectors.sinks import jsonl, webhook

async def main(log, url, path):
    bus = local.build(local.Options(path=log))
    post, file = webhook.build("post", webhook.Options(url=url)), jsonl.build("file", jsonl.Options(path=path))
    stop = asyncio.Event()
    print("started", flush=True)
    told = {"stop": stop, "now": lambda: datetime.now(UTC), "rng": Random(1)}
    topics = partial(alert_topics, bus)
    await asyncio.gather(deliver("post", post, bus, topics, **told), deliver("file", file, bus, topics, **told))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_process_killed_at_any_moment_loses_nothing_and_repeats_one_alert_at_most(
    tmp_path: Path,
) -> None:
    ids: list[str] = []

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        ids.append(request.headers["webhook-id"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", accept)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url, path = f"http://127.0.0.1:{runner.addresses[0][1]}/", tmp_path / "alerts.jsonl"

    bus = local.build(local.Options(path=tmp_path / "log"))
    for topic in ("dead-letters", "alerts.csto"):
        bus.create(Topic(topic, unique=True))
    publish(bus, *range(1500))
    rng, kills = Random(7), 0
    async with asyncio.timeout(180):
        while committed(bus, "post") != 1500 or committed(bus, "file") != 1500:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                DELIVERER,
                str(tmp_path / "log"),
                url,
                str(path),
                stdout=asyncio.subprocess.PIPE,
            )
            assert await process.stdout.readline() == b"started\n"
            await asyncio.sleep(rng.uniform(0.01, 0.4))
            process.kill()
            await process.wait()
            kills += 1
    await runner.cleanup()
    bus.close()
    everything = {alert(n).id for n in range(1500)}
    assert set(ids) == everything
    assert len(ids) - len(everything) <= kills
    assert [decode(Alert, line).id for line in path.read_bytes().splitlines()] == [alert(n).id for n in range(1500)]
