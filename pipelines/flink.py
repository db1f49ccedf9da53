"""The flow as a Flink job: one self-contained jar.

The jar is Beam's job server with the drawn flow and its options added, so submitting it needs nothing but Flink's
REST interface: no job server process, and a savepoint can be named when it is run (Beam's own uber-jar way silently
ignores one). Workers find this package by name: the same version of wirewatch must be installed beside each pool.

`SETTINGS` are what a streaming Python job needs on Flink to give any output at all. Without one of them the job
looks healthy and says nothing, so they cannot be overridden.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.transforms.environments import ExternalEnvironment, python_sdk_capabilities
from google.protobuf import json_format

from connectors.errors import ConfigError
from pipelines import flow
from pipelines.sections import Flink

ENTRY = "org.apache.beam.runners.flink.FlinkPipelineRunner"
"""The class in the job server's jar that runs the flow that the jar carries."""

SETTINGS: Mapping[str, str] = {
    # As Flink's own setting it is not enough: the runner then thinks checkpoints are off and shuts its sources down,
    # the read loops in its flush, and no checkpoint ever completes.
    "checkpointing_interval": "set `checkpoint:` instead: the interval must reach the runner, not only Flink",
    # A bundle finished inside a snapshot leaves its output in a buffer that only the next bundle empties; the steps
    # before the read get exactly one bundle, so with a cold worker nothing is ever read.
    "finish_bundle_before_checkpointing": "without it the first elements can stay in a buffer for ever",
    # A bundle is a wait: the runner's own 1000 ms would be a second of latency at every shuffle.
    "max_bundle_time_mills": "set `bundle:` instead",
    "streaming": "the flow never ends",
    # The pool with a state cache and a data flush; stock workers have neither.
    "environment_type": "workers come from wirewatch's own pool: set `pool:` instead",
    "environment_config": "set `pool:` instead",
    "parallelism": "set `parallelism:` instead",
    "job_name": "set `job:` instead",
    "flink_master": "set `rest:` instead",
}
"""Options of Beam's Flink runner that are set here, each with why it may not be given otherwise."""


def options(settings: Flink) -> dict[str, str | bool]:
    """The runner's options of *settings*, by their names in Beam.

    Raises:
        ConfigError: one of ``settings.options`` would break what `SETTINGS` secure.
    """
    refused = [f"flink.options.{name}: {SETTINGS[name]}" for name in settings.options if name in SETTINGS]
    if refused:
        raise ConfigError(*refused)
    return {
        **settings.options,
        "flink_master": "[auto]",  # the cluster that the jar is handed to
        "streaming": True,
        "job_name": settings.job,
        "parallelism": str(settings.parallelism),
        "checkpointing_interval": str(round(settings.checkpoint * 1000)),
        "finish_bundle_before_checkpointing": True,
        "max_bundle_time_mills": str(round(settings.bundle * 1000)),
        "max_bundle_size": settings.options.get("max_bundle_size", "500"),
        # While the broker is away a bundle waits, and the checkpoint with it: no reason to start the job again.
        # A checkpoint that is old for another reason is seen by `wirewatch flink status`.
        "fail_on_checkpointing_errors": settings.options.get("fail_on_checkpointing_errors", False),
    }


def package(plan: flow.Plan, settings: Flink, target: Path) -> None:
    """Write the jar that runs *plan* to *target*. Cost: a copy of the job server's jar, some 170 MB.

    Raises:
        ConfigError: the job server's jar is missing, truncated or something else; or an option is refused.
    """
    chosen = options(settings)
    _check(settings.jar)
    pipeline = beam.Pipeline("FlinkRunner", PipelineOptions(["--streaming"]))
    flow.build(pipeline, plan)
    workers = ExternalEnvironment(settings.pool, capabilities=python_sdk_capabilities())
    graph = pipeline.to_runner_api(default_environment=workers)
    encoded = JobServiceHandle.encode_pipeline_options(chosen)
    parts = {
        "pipeline-manifest.json": json.dumps({"defaultJobName": "flow"}),
        "flow/pipeline.json": json_format.MessageToJson(graph),
        "flow/pipeline-options.json": json_format.MessageToJson(encoded),
    }
    shutil.copyfile(settings.jar, target)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as jar:
        for name, text in parts.items():
            jar.writestr(f"BEAM-PIPELINE/{name}", text)


def _check(jar: Path) -> None:
    """Refuse what is no whole job server."""
    how = "`make cluster-up` gets one, or set `flink.jar`"
    if not jar.is_file():
        raise ConfigError(f"no job server at {jar}: {how}")
    try:
        with zipfile.ZipFile(jar) as archive:
            archive.getinfo(ENTRY.replace(".", "/") + ".class")
    except zipfile.BadZipFile:
        raise ConfigError(f"{jar} is truncated or no jar: remove it; {how}") from None
    except KeyError:
        raise ConfigError(f"{jar} is no job server of Beam for Flink (it has no {ENTRY}): {how}") from None
