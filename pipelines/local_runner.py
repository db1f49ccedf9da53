"""A Beam runner for one machine that streams: `LocalStreamingRunner`.

Beam's own local runners cannot run an unbounded pipeline with state and timers (DECISIONS.md, 3). The in-process
`BundleBasedDirectRunner` has right watermarks, timers, windows and triggers, but no splittable DoFn. This runner adds
the one missing piece through the hook that Beam itself uses to read Pub/Sub: `ReadFromLog` is replaced by a root
transform with an evaluator of its own.

It stands on private names of Beam: all of them are used in this module only, ``apache-beam`` is pinned to a minor
version, and ``tests/flow/test_local_runner.py`` checks each thing relied on: elements stream, the watermark moves when
idle, event-time and processing-time timers fire when due, windows close, a stop drains, offsets are committed
only when all that was read has left the graph, and idling costs next to nothing.

The barrier: the executor schedules root bundles only when nothing else is running, so when the evaluator is called
again, everything the last poll emitted has passed through every step, and `Follower.poll` commits exactly then. There
is one exception: after a step has failed for good, the executor schedules the root once more before it stops. So the
evaluator looks for itself whether a bundle is still pending anywhere, and then neither commits nor reads.

Guarantees: at least once. One thread of Python does all the work. Limits: no side inputs that change, no
splittable DoFns, no bundle finalizers; state lives in memory, so a stateful step rebuilds it from the log at start;
every key that ever had state is looked at on every pass, so keys must be few.
"""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import apache_beam as beam
import structlog
from apache_beam import pvalue
from apache_beam.pipeline import PTransformOverride
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.direct.transform_evaluator import TransformEvaluatorRegistry, _TransformEvaluator
from apache_beam.runners.direct.util import TransformResult
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.timestamp import MAX_TIMESTAMP, MIN_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from connectors.errors import TransientError
from pipelines.address import Reading
from pipelines.elements import Records
from pipelines.following import Follower
from pipelines.topics import ReadFromLog

log = structlog.get_logger(__name__)

IDLE = 0.1
"""Longest sleep in seconds when there is nothing to read. It is the runner's only sleep, and bounds how late a timer
fires; an append in this process ends it at once."""

PAUSE = 1.0
"""Seconds before a bus that could not be read is asked again."""


class LocalStreamingRunner(BundleBasedDirectRunner):
    """Runs the flow in this process until *stop* is set, then drains it and is done."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self.stop = stop

    @staticmethod
    def is_fnapi_compatible() -> bool:
        """True keeps Beam from a round trip through protobuf, which would lose the class of `ReadFromLog`."""
        return True

    def run_pipeline(self, pipeline: beam.Pipeline, options: Any) -> Any:
        """Start the pipeline in background threads and return its result at once."""
        pipeline.replace_all([_UseNativeRead(self.stop)])
        TransformEvaluatorRegistry._test_evaluators_overrides[NativeRead] = NativeReadEvaluator
        return super().run_pipeline(pipeline, options)


class NativeRead(beam.PTransform):
    """A root that follows a topic until *stop* is set. Holds what outlives its evaluators: one is made per bundle."""

    def __init__(self, reading: Reading, stop: Event) -> None:
        super().__init__()
        self.stop = stop
        self.bus = reading.address.open()
        self.watermark = 0.0
        self.follower = Follower(self.bus, reading.topic, reading.group, reading.remember, reading.horizon)

    def expand(self, begin: Any) -> Any:
        return pvalue.PCollection(begin.pipeline, is_bounded=False)

    def get_windowing(self, inputs: Any) -> beam.Windowing:
        return beam.Windowing(GlobalWindows())


class NativeReadEvaluator(_TransformEvaluator):
    """One poll: what the follower gives, the watermark, and the bundle that makes the executor poll again."""

    def process_element(self, element: Any) -> None:
        """The root bundle's only element marks the poll; it says nothing."""

    def finish_bundle(self) -> TransformResult:
        read: Any = self._applied_ptransform.transform
        if not self._graph_is_empty():
            return TransformResult(self, [], [], None, {None: MIN_TIMESTAMP})
        if read.stop.is_set():
            read.follower.commit()
            return TransformResult(self, [], [], None, {None: MAX_TIMESTAMP})
        try:
            batches, remembered, read.watermark = read.follower.poll(time.time())
        except TransientError as error:
            log.warning("the bus cannot be read; the flow waits", error=str(error))
            read.stop.wait(PAUSE)
            batches, remembered = [], False
        out = self._evaluation_context.create_bundle(next(iter(self._outputs)))
        for batch in batches:
            out.output(_at(batch[0].timestamp, Records(tuple(batch), remembered)))
        if not batches:
            read.bus.wait(IDLE)
        again = self._evaluation_context.create_bundle(pvalue.PBegin(read.pipeline))
        again.add(_at(read.watermark, b""))  # an empty bundle would never leave the root's pending set: a leak
        return TransformResult(self, [out] if batches else [], [again], None, {None: Timestamp.of(read.watermark)})

    def _graph_is_empty(self) -> bool:
        """Whether no step but this one holds a bundle that it has not finished."""
        watermarks = self._evaluation_context._watermark_manager._transform_to_watermarks
        return not any(w._pending for step, w in watermarks.items() if step is not self._applied_ptransform)


class _UseNativeRead(PTransformOverride):
    def __init__(self, stop: Event) -> None:
        self.stop = stop

    def matches(self, applied_ptransform: Any) -> bool:
        return isinstance(applied_ptransform.transform, ReadFromLog)

    def get_replacement_transform_for_applied_ptransform(self, applied_ptransform: Any) -> NativeRead:
        return NativeRead(applied_ptransform.transform.reading, self.stop)


def _at(timestamp: float, value: Any) -> WindowedValue:
    return GlobalWindows.windowed_value(value, timestamp=Timestamp.of(timestamp))
