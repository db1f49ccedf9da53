"""What the flow relies on in Beam's private classes, each checked by itself: run this first when Beam changes."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import BooleanCoder
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import window
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer

from connectors.buses import Entry, Record, Topic
from connectors.errors import TransientError
from pipelines.address import Address, Reading
from pipelines.local_runner import LocalStreamingRunner
from pipelines.topics import ReadFromLog

pytestmark = pytest.mark.slow

OUT: list[Any] = []


@pytest.fixture
def reading() -> Reading:
    OUT.clear()
    address = Address("memory", f'{{"name": "{uuid.uuid4()}"}}')
    address.open().create(Topic("articles", partitions=2))
    return Reading(address, "articles", "test")


@contextmanager
def running(reading: Reading, steps: Callable[[Any], Any]) -> Iterator[threading.Event]:
    stop = threading.Event()
    pipeline = beam.Pipeline(LocalStreamingRunner(stop), PipelineOptions(["--streaming"]))
    steps(pipeline | ReadFromLog(reading))
    result = pipeline.run()
    try:
        yield stop
    finally:
        stop.set()
        waiter = threading.Thread(target=result.wait_until_finish, daemon=True)
        waiter.start()
        waiter.join(10)
        assert not waiter.is_alive(), "the pipeline did not drain"


def put(reading: Reading, *values: str) -> None:
    reading.address.open().append([Entry(reading.topic, v, v.encode()) for v in values])


def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen in {seconds} s; out: {OUT}"
        time.sleep(0.01)


def values(records: Any) -> list[str]:
    return [r.value.decode() for r in records.records]


def keep(element: Any) -> None:
    OUT.append(element)


def test_elements_come_out_while_the_source_runs(reading: Reading) -> None:
    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(keep)):
        put(reading, "a")
        eventually(lambda: OUT == ["a"])
        put(reading, "b")
        eventually(lambda: OUT == ["a", "b"])


def test_a_bus_that_cannot_be_read_for_a_while_stops_nothing(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    bus, refused = reading.address.open(), []
    read = bus.read

    def away(topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        if len(refused) < 6:  # the executor gives up on a step after four failures
            refused.append(partition)
            raise TransientError("the broker is away")
        return read(topic, partition, offset, limit)

    monkeypatch.setattr("pipelines.local_runner.PAUSE", 0.02)
    monkeypatch.setattr(bus, "read", away)
    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(keep)):
        put(reading, "a")
        eventually(lambda: OUT == ["a"])


class ExpireFn(beam.DoFn):
    """Says when its timer fired."""

    ARMED = ReadModifyWriteStateSpec("armed", BooleanCoder())

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class EventTimeFn(ExpireFn):
    ARMED = ReadModifyWriteStateSpec("armed", BooleanCoder())
    TIMER = TimerSpec("t", TimeDomain.WATERMARK)

    def process(
        self,
        element: Any,
        timestamp: Any = beam.DoFn.TimestampParam,
        armed: Any = beam.DoFn.StateParam(ARMED),
        timer: Any = beam.DoFn.TimerParam(TIMER),
    ) -> Any:
        armed.write(True)
        timer.set(timestamp + self.seconds)
        yield "in"

    @on_timer(TIMER)
    def fire(self, armed: Any = beam.DoFn.StateParam(ARMED)) -> Any:
        yield "fired" if armed.read() else "fired without state"


class ProcessingTimeFn(ExpireFn):
    ARMED = ReadModifyWriteStateSpec("armed", BooleanCoder())
    TIMER = TimerSpec("t", TimeDomain.REAL_TIME)

    def process(
        self,
        element: Any,
        armed: Any = beam.DoFn.StateParam(ARMED),
        timer: Any = beam.DoFn.TimerParam(TIMER),
    ) -> Any:
        armed.write(True)
        timer.set(time.time() + self.seconds)
        yield "in"

    @on_timer(TIMER)
    def fire(self, armed: Any = beam.DoFn.StateParam(ARMED)) -> Any:
        yield "fired" if armed.read() else "fired without state"


@pytest.mark.parametrize(("fn", "seconds", "least"), [(EventTimeFn, 0.5, 2.3), (ProcessingTimeFn, 0.7, 0.6)])
def test_a_timer_fires_when_due_and_not_before_though_nothing_more_arrives(
    reading: Reading, fn: type[ExpireFn], seconds: float, least: float
) -> None:
    """The event-time timer waits for the watermark, which is two seconds behind the clock when idle."""
    started = time.monotonic()
    with running(
        reading,
        lambda r: (
            r
            | beam.Map(lambda e: ("k", 1)).with_output_types(tuple[str, int])
            | beam.ParDo(fn(seconds))
            | beam.Map(keep)
        ),
    ):
        put(reading, "a")
        eventually(lambda: OUT == ["in"], 2)
        eventually(lambda: OUT == ["in", "fired"], 6)
    assert time.monotonic() - started >= least


def test_a_window_closes_when_the_watermark_passes_its_end(reading: Reading) -> None:
    with running(
        reading,
        lambda r: (
            r
            | beam.FlatMap(values)
            | beam.WindowInto(window.FixedWindows(0.5))
            | beam.Map(lambda v: ("k", v)).with_output_types(tuple[str, str])
            | beam.GroupByKey()
            | beam.MapTuple(lambda k, vs: sorted(vs))
            | beam.Map(keep)
        ),
    ):
        put(reading, "a", "b")
        eventually(lambda: [v for out in OUT for v in out] == ["a", "b"], 8)


def test_offsets_are_committed_only_when_all_that_was_read_has_left_the_graph(reading: Reading) -> None:
    bus = reading.address.open()
    gate = threading.Event()
    GATES[reading.address] = gate

    def committed() -> int:
        return sum(p.offset for p in bus.positions())

    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(hold, reading.address)):
        put(reading, "a", "b", "c")
        eventually(lambda: OUT)
        time.sleep(0.3)
        assert committed() == 0
        gate.set()
        eventually(lambda: committed() == 3)


GATES: dict[Address, threading.Event] = {}


def hold(value: str, address: Address) -> None:
    OUT.append(value)
    GATES[address].wait(10)


def test_a_second_run_goes_on_where_the_first_was_committed(reading: Reading) -> None:
    put(reading, "a", "b")
    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(keep)):
        eventually(lambda: len(OUT) == 2)
    OUT.clear()
    put(reading, "c")
    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(keep)):
        eventually(lambda: OUT)
        time.sleep(0.3)
    assert OUT == ["c"]


def test_a_step_that_fails_stops_the_pipeline_and_commits_nothing(reading: Reading) -> None:
    stop = threading.Event()
    pipeline = beam.Pipeline(LocalStreamingRunner(stop), PipelineOptions(["--streaming"]))
    _ = pipeline | ReadFromLog(reading) | beam.Map(fail)
    put(reading, "a")
    with pytest.raises(Exception, match="broken on purpose"):
        pipeline.run().wait_until_finish()
    assert reading.address.open().positions() == []


def fail(element: Any) -> None:
    raise ValueError("broken on purpose")


def test_idling_costs_next_to_nothing(reading: Reading) -> None:
    """At most 15 % of a core even on a busy machine; the figure to reach for is in the idle benchmark."""
    with running(reading, lambda r: r | beam.FlatMap(values) | beam.Map(keep)):
        time.sleep(0.5)
        before, started = time.process_time(), time.monotonic()
        time.sleep(2)
        share = (time.process_time() - before) / (time.monotonic() - started)
    assert share < 0.15
