"""The bus inside Beam: `ReadFromLog` and `Publish`.

`ReadFromLog` is one transform with two bodies. `pipelines.local_runner` replaces it by its own unbounded read; every
other runner expands it into the splittable DoFn of `pipelines.splittable`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from pipelines.address import Address, Reading
from pipelines.appending import append
from pipelines.elements import Entries, Records
from pipelines.splittable import NEVER, PollFn


class ReadFromLog(beam.PTransform):
    """Read a topic as micro-batches of `Records`.

    Unbounded; with *end*, bounded at that offset of each partition. At least once: locally offsets are committed when
    all that was read has left the graph, elsewhere they live in the runner's checkpoint. Event time is when the bus
    accepted a record, never the article's own date. Order: by offset within a partition.
    """

    def __init__(self, reading: Reading, end: int = NEVER) -> None:
        super().__init__()
        self.reading = reading
        self.end = end

    def expand(self, begin: Any) -> Any:
        partitions = range(self.reading.address.open().topics()[self.reading.topic].partitions)
        return (
            begin
            | "Partitions" >> beam.Create(list(partitions)).with_output_types(int)
            | "Spread" >> beam.Reshuffle()
            | "Poll" >> beam.ParDo(PollFn(self.reading, self.end)).with_output_types(Records)
        )


class Publish(beam.PTransform):
    """Append `Entries` to their topics. Emits nothing.

    At least once, in effect once: every key is made from content and its topic accepts a key once. One transaction a
    micro-batch. While the bus cannot take entries (disk full) it waits and tries again, which holds the flow back.
    """

    def __init__(self, address: Address) -> None:
        super().__init__()
        self.address = address

    def expand(self, entries: Any) -> Any:
        return entries | beam.ParDo(AppendFn(self.address))


class AppendFn(beam.DoFn):
    """Append a micro-batch, waiting out a bus that cannot take it."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def process(self, element: Entries) -> Iterable[None]:
        append(self.address.open(), element.entries)
        return ()
