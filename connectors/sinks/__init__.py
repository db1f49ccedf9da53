"""A sink: a configured way to tell a person.

A sink is a module of this folder with ``Options`` (a frozen pydantic model, its fields documented) and
``build(name, options)``. In YAML, ``type:`` is the module's name. Retries, backoff and dead letters are the
business of `connectors.deliver`; a sink only says whether it worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.records import Alert


class Sink(Protocol):
    """A way to tell.

    A sink for which a repeated alert adds nothing may have an attribute ``batch``: how many alerts it takes at once.
    Without it alerts come one at a time, so that a crash repeats at most one.
    """

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Return when all *alerts* are accepted. May be called again with the same alert: keep the first by id.

        Raises:
            TransientError: try the same alerts again later.
            RejectedError: never try these alerts again. Reason ``gone`` disables the sink.
        """

    async def close(self) -> None:
        """Let go of files and connections."""
