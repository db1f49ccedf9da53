"""The flow, top to bottom: articles in, tagged articles and alerts out, topic to topic.

It never tells a person anything: a bundle may run twice, and a mail cannot be unsent. Delivery is
`connectors.deliver`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.address import Address, Reading
from pipelines.local_runner import LocalStreamingRunner
from pipelines.rules import Rules
from pipelines.taggers import Tagger
from pipelines.topics import Publish, ReadFromLog
from pipelines.transforms import Decode, Deduplicate, Flag, Tag, Tell

GROUP = "flow"


@dataclass(frozen=True)
class Plan:
    """What the flow needs to know: *tagger* and *rules*, picklable look-ups; *horizon* and *quiet*, in seconds."""

    address: Address
    tagger: Callable[[], Tagger]
    rules: Callable[[], Rules]
    horizon: float
    quiet: float = 3 * 86400.0

    @property
    def reading(self) -> Reading:
        """Articles from where the group left off; memory from what was tagged and told within the horizon."""
        horizon = max(self.horizon, self.quiet)
        return Reading(self.address, "articles", GROUP, remember=("tagged", "stories"), horizon=horizon)


def build(pipeline: beam.Pipeline, plan: Plan) -> None:
    """Draw the flow."""
    owner = repr(plan.address)
    articles, known, undecoded = pipeline | "Read" >> ReadFromLog(plan.reading) | "Decode" >> Decode()
    judged = articles | "Deduplicate" >> Deduplicate(owner, plan.horizon)
    tagged, untagged = judged | "Tag" >> Tag(plan.tagger)
    entries, matched, unflagged = tagged | "Flag" >> Flag(plan.rules)
    told = (known, matched) | "Matched" >> beam.Flatten() | "Tell" >> Tell(owner, plan.quiet)
    (entries, told, undecoded, untagged, unflagged) | "All" >> beam.Flatten() | "Publish" >> Publish(plan.address)


def run(plan: Plan, stop: Event) -> None:
    """Run the flow in this process until *stop* is set; return when it has drained.

    Raises:
        Exception: whatever stopped the flow; nothing accepted is lost, what was read and not committed is read again.
    """
    pipeline = beam.Pipeline(LocalStreamingRunner(stop), PipelineOptions(["--streaming"]))
    build(pipeline, plan)
    pipeline.run().wait_until_finish()
