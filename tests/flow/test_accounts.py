"""The accounts of the log as metrics: on loopback, read when asked for, and adding up."""

from __future__ import annotations

import socket
import urllib.request

from factories import article
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from connectors.buses import Entry, Position, memory
from connectors.records import encode
from pipelines import accounts
from pipelines.layout import TOPICS


def test_the_four_accounts_are_served_on_loopback_and_add_up() -> None:
    bus = memory.build(memory.Options())
    for topic in TOPICS:
        bus.create(topic)
    bus.append([Entry("articles", str(n), encode(article(str(n)))) for n in range(5)])
    bus.append([Entry("tagged", str(n), b"{}") for n in range(3)], [Position("flow", "articles", 0, 3)])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = set(REGISTRY._collector_to_names)
    try:
        accounts.serve(bus, port)
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    finally:
        for collector in set(REGISTRY._collector_to_names) - before:
            REGISTRY.unregister(collector)
    found = {
        line.split()[0].removeprefix("wirewatch_articles_"): float(line.split()[1])
        for line in page.splitlines()
        if line.startswith("wirewatch_articles_") and "{" not in line
    }
    assert found["accepted"] == 5
    assert found["accepted"] == found["processed"] + found["dead_lettered"] + found["in_flight"]


def test_a_port_that_another_role_has_costs_the_metrics_and_nothing_else() -> None:
    with socket.socket() as taken, capture_logs() as logs:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        accounts.serve(memory.build(memory.Options()), port)
    assert [(line["log_level"], line["port"]) for line in logs] == [("warning", port)]
    assert "metrics.port" in logs[0]["event"]
