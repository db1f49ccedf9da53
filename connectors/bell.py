"""Waiting for something to be appended by another thread of this process, without missing it."""

from __future__ import annotations

import threading


class Bell:
    """Rung after every append; each thread hears what was rung since it last listened.

    A ring between a thread's look at the bus and its `wait` is not lost: that `wait` returns at once. So the
    first one of a thread returns at once too when anything was ever rung.
    """

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._count = 0
        self._heard = threading.local()

    def ring(self) -> None:
        """Wake every thread that waits."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def wait(self, timeout: float) -> bool:
        """Return when rung since this thread's last call, or after *timeout* seconds; whether it was rung."""
        heard = getattr(self._heard, "count", 0)
        with self._rung:
            rung = self._rung.wait_for(lambda: self._count != heard, timeout)
            self._heard.count = self._count
        return rung
