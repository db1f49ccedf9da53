"""The poller's log on this machine, for a bus that is not: where it is, and whether there is one."""

from __future__ import annotations

from connectors.buses import Bus, local
from connectors.forward import prepare
from pipelines.config import Config

NEAR = frozenset({"local", "memory"})
"""The buses of this machine, which are not away without it."""


def open_spool(config: Config, *, make: bool = True) -> Bus | None:
    """The spool of *config*; None where the bus needs none, and without *make* where it does not exist yet.

    Raises:
        ConfigError: its folder cannot be written.
        TransientError: the disk is full.
    """
    folder = config.data / "spool"
    if config.bus.type in NEAR or not (make or folder.exists()):
        return None
    spool = local.build(local.Options(path=folder))
    if make:
        prepare(spool)
    return spool
