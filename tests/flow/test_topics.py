"""The portable body of ReadFromLog, coders, and appending: what other runners use."""

import threading
import uuid
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import registry
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from factories import NOW, article, tagged
from structlog.testing import capture_logs

from connectors.buses import Bus, Entry, Position, Record, Topic
from connectors.errors import TransientError
from pipelines import appending
from pipelines.address import Address, Reading
from pipelines.appending import append
from pipelines.config import shipped
from pipelines.dedup import Remembered
from pipelines.elements import Entries, Microbatch, Records
from pipelines.rules import RulesAt
from pipelines.splittable import NEVER, PollFn
from pipelines.topics import ReadFromLog

SEEN: list[Any] = []


@pytest.fixture
def reading() -> Reading:
    SEEN.clear()
    address = Address("memory", f'{{"name": "{uuid.uuid4()}"}}')
    address.open().create(Topic("articles", partitions=2))
    return Reading(address, "articles", "test")


def put(bus: Bus, count: int) -> None:
    bus.append([Entry("articles", str(n), str(n).encode()) for n in range(count)])


def see(element: Records) -> None:
    SEEN.extend(r.key for r in element.records)


@pytest.mark.slow
def test_the_splittable_read_gives_every_record_below_the_end_once(reading: Reading) -> None:
    bus = reading.address.open()
    put(bus, 2500)
    ends = [bus.end("articles", p) for p in (0, 1)]
    with beam.Pipeline(FnApiRunner()) as pipeline:
        _ = pipeline | ReadFromLog(reading, end=max(ends)) | beam.Map(see)
    assert sorted(SEEN, key=int) == [str(n) for n in range(2500)]


@pytest.mark.slow
def test_the_splittable_read_starts_at_the_committed_offset_and_stops_at_the_end(reading: Reading) -> None:
    bus = reading.address.open()
    put(bus, 100)
    bus.append((), [Position("test", "articles", p, 10) for p in (0, 1)])
    with beam.Pipeline(FnApiRunner()) as pipeline:
        _ = pipeline | ReadFromLog(reading, end=30) | beam.Map(see)
    wanted = [r.key for p in (0, 1) for r in bus.read("articles", p, 10, 20)]
    assert sorted(SEEN) == sorted(wanted)


@pytest.mark.parametrize(
    "element",
    [
        Records((Record("articles", 0, 3, "k", b"\x00x", 1.5), Record("cursors", 1, 4, "k", None, 2.5)), True),
        Microbatch((tagged(article("A", captions="c"), duplicate_of="x", signature=b"s"),)),
        Microbatch(remembered=(Remembered("1", "2", "wire", ("i:1",), b"s"),)),
        Entries((Entry("tagged", "k", b"v"), Entry("cursors", "k", None))),
    ],
)
def test_what_travels_between_steps_is_encoded_without_pickle(element: Any) -> None:
    coder = registry.get_coder(type(element))
    data = coder.encode(element)
    assert coder.decode(data) == element
    assert not data.startswith(b"\x80\x04") and b"pickle" not in data
    assert NOW.tzinfo is not None


class Full:
    """A bus that refuses *times* times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.taken: list[Entry] = []

    def append(self, entries: tuple[Entry, ...]) -> int:
        if self.times:
            self.times -= 1
            raise TransientError("disk full")
        self.taken += entries
        return len(entries)


def test_appending_waits_out_a_bus_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "stopping", threading.Event())
    bus: Any = Full(3)
    append(bus, (Entry("tagged", "k", b"v"),), patience=0.001)
    assert bus.taken == [Entry("tagged", "k", b"v")]


def test_appending_gives_up_when_the_process_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    stopping.set()
    monkeypatch.setattr(appending, "stopping", stopping)
    with pytest.raises(TransientError):
        append(Full(10**9), (Entry("tagged", "k", b"v"),))  # type: ignore[arg-type]


class Away:
    """A bus that cannot be read."""

    def read(self, *_: Any) -> list[Record]:
        raise TransientError("no broker")


def test_a_reader_asks_again_while_the_bus_is_away_unless_it_must_come_to_an_end(reading: Reading) -> None:
    bus: Any = Away()
    with capture_logs() as logs:
        assert PollFn(reading, NEVER)._read(bus, 0, 0, 1) is None
    assert [line["log_level"] for line in logs] == ["warning"]
    with pytest.raises(TransientError):
        PollFn(reading, 10)._read(bus, 0, 0, 1)


def test_the_watchlists_in_force_stay_while_the_bus_is_away(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = reading.address.open()
    rules = RulesAt(reading.address)

    def away(*_: Any) -> int:
        raise TransientError("no broker")

    bus.create(Topic("watchlists", compact=True))
    monkeypatch.setattr(bus, "end", away)
    with pytest.raises(TransientError):
        rules()
    monkeypatch.undo()
    now = rules()
    monkeypatch.setattr(bus, "end", away)
    assert rules() is now


def test_every_step_of_the_flow_says_what_it_gives_so_that_nothing_is_pickled(reading: Reading) -> None:
    from pipelines import flow
    from pipelines.plan import TaggerAt

    pipeline = beam.Pipeline(FnApiRunner())
    flow.build(
        pipeline, flow.Plan(reading.address, TaggerAt((shipped() / "gazetteer",)), RulesAt(reading.address), 60.0)
    )
    found: dict[str, str] = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, transform_node: Any) -> None:
            ours = transform_node.full_label.split("/")[0] in (
                "Decode",
                "Deduplicate",
                "Tag",
                "Flag",
                "Matched",
                "Tell",
                "All",
            )
            for tag, output in transform_node.outputs.items() if ours else ():
                found[f"{transform_node.full_label}.{tag}"] = str(registry.get_coder(output.element_type))

    pipeline.visit(Visitor())
    assert len(found) == 12
    assert not {name: coder for name, coder in found.items() if "Pickle" in coder or "FastPrimitives" in coder}
