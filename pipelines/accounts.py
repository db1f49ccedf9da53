"""Prometheus metrics on loopback: the counters of `connectors.metrics`, and the accounts of the log.

``accepted = processed + dead-lettered + in flight`` at every quiet moment; all four are read from the log when
asked for, so that they are true whichever process answers.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import GaugeMetricFamily

from connectors.buses import Bus
from pipelines import counting

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
"""Metrics name sources and sinks: they are for this machine (threat T-16)."""


def serve(bus: Bus, port: int, spool: Bus | None = None) -> None:
    """Serve metrics on *port* of `HOST`, from a thread, until the process ends.

    While *bus* is away the accounts are left out; the counters of this process are there. On a port that is taken,
    most likely by another role on this machine, nothing is served, and a warning says so.
    """
    try:
        start_http_server(port, addr=HOST)
    except OSError as error:
        log.warning("no metrics of this process: set another metrics.port", port=port, error=error.strerror)
    else:
        REGISTRY.register(Accounts(bus, spool))


class Accounts:
    """The accounts as gauges, read anew for each answer."""

    def __init__(self, bus: Bus, spool: Bus | None = None) -> None:
        self._bus = bus
        self._spool = spool

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: registering must not read the log."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the log once."""
        now = counting.read(self._bus, spool=self._spool)
        if now.away:
            return
        for name in ("accepted", "processed", "dead_lettered", "in_flight"):
            yield GaugeMetricFamily(
                f"wirewatch_articles_{name}", f"Articles {name.replace('_', ' ')}", getattr(now, name)
            )
        yield GaugeMetricFamily("wirewatch_records_damaged", "Records that failed their checksum", now.damaged)
