"""The newest value of each key on a compacted topic, kept up to date by reading only what was appended."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.buses import Bus, Record

READ = 1_000
"""Records read at once."""


class Newest:
    """What stands on *topic*: `values` by key, as of the last `update`. Not for several threads."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._read: dict[int, int] = {}
        self.values: dict[str, bytes] = {}

    def update(self, bus: Bus) -> set[str]:
        """Read on; the keys whose value is another now, those that are gone too. Cost: of what was appended.

        A topic that was made anew, so that it ends before what was read, is read from its beginning.

        Raises:
            TransientError: the bus is away.
        """
        parts = range(bus.topics()[self._topic].partitions)
        ends = {part: bus.end(self._topic, part) for part in parts}
        if any(ends[part] < self._read.get(part, 0) for part in parts):
            before, self.values, self._read = self.values, {}, {}
            self.update(bus)
            return {key for key in before.keys() | self.values.keys() if before.get(key) != self.values.get(key)}
        changed = set()
        for record in self._new(bus, ends):
            if record.value != self.values.get(record.key):
                changed.add(record.key)
            if record.value is None:
                self.values.pop(record.key, None)
            else:
                self.values[record.key] = record.value
        return changed

    def _new(self, bus: Bus, ends: dict[int, int]) -> Iterator[Record]:
        for part, end in ends.items():
            while (offset := max(self._read.get(part, 0), bus.begin(self._topic, part))) < end:
                found = bus.read(self._topic, part, offset, READ)
                if not found:
                    break
                yield from found
                self._read[part] = found[-1].offset + 1
            self._read[part] = max(end, self._read.get(part, 0))
