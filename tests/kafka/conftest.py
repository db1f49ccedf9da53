"""Everything here needs the broker of ``make test-kafka``; what is hurt or guarded starts one of its own."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import broker
import downloads
import pytest
from kafka.admin import KafkaAdminClient
from processes import Process

from connectors.buses import Bus, kafka

BROKER = os.environ.get("WIREWATCH_KAFKA", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/kafka/" in str(item.path):
            item.add_marker(pytest.mark.kafka)
            item.add_marker(pytest.mark.timeout(300))
            if not BROKER:
                item.add_marker(pytest.mark.skip(reason="NO BROKER: `make test-kafka` starts one (it needs Java 17)"))


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture
def opened(tmp_path: Path, prefix: str) -> Iterator[Callable[..., Bus]]:
    """Opens one bus after another on the same topics, as several processes do."""
    with ExitStack() as closing:

        def open_one(**options: Any) -> Bus:
            given = {"bootstrap": BROKER, "prefix": prefix, "folder": tmp_path, **options}
            bus = kafka.build(kafka.Options.model_validate(given))
            closing.callback(bus.close)
            return bus

        yield open_one


@pytest.fixture
def bus(opened: Callable[..., Bus]) -> Bus:
    return opened()


@pytest.fixture
def admin() -> Iterator[Any]:
    """A bare administrator's client."""
    client = KafkaAdminClient(bootstrap_servers=BROKER)
    yield client
    client.close()


@pytest.fixture
def address() -> str:
    """Of the broker that all share."""
    return BROKER


@pytest.fixture(scope="session")
def free() -> Callable[[int], list[int]]:
    """So many ports that nobody listens on now."""

    def ports(number: int) -> list[int]:
        with ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in range(number)]
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            return [each.getsockname()[1] for each in sockets]

    return ports


@pytest.fixture
def start(tmp_path: Path, free: Callable[[int], list[int]]) -> Iterator[Callable[[], Process]]:
    """Starts one broker with its data in a folder of the test; again on the same ports after it was killed."""
    ports, started = free(2), list[Process]()
    libs = downloads.Cache().kafka()

    def begin() -> Process:
        started.append(broker.start(tmp_path / "broker", ports[0], libs, controller=ports[1]))
        return started[-1]

    yield begin
    for process in started:
        process.stop()
