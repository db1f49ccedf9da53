"""Where the bus is and what is read of it: values that travel with the graph, as a bus cannot."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

from connectors import plugins
from connectors.buses import Bus


class Address(NamedTuple):
    """Which bus: a module of ``connectors/buses`` and its options as JSON."""

    kind: str
    options: str

    def open(self) -> Bus:
        """The one bus of this process at this address."""
        return _open(self)


@functools.cache
def _open(address: Address) -> Bus:
    module = plugins.load("connectors.buses", address.kind)
    bus: Bus = module.build(module.Options.model_validate_json(address.options))
    return bus


@dataclass(frozen=True)
class Reading:
    """What to read: *topic* for *group*, after recalling *horizon* seconds of the topics *remember*."""

    address: Address
    topic: str
    group: str
    remember: tuple[str, ...] = ()
    horizon: float = 0.0
