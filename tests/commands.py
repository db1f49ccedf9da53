"""What a command of wirewatch answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """Exit code and what was printed."""

    code: Any
    out: str
    err: str


Wirewatch = Callable[..., Answer]
