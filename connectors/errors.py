"""The three errors, each named after what the caller should do.

    WirewatchError
    ├── ConfigError      stop: a person must edit a file
    ├── TransientError   try again later
    └── RejectedError    never again: set this one record aside

An exception that is none of these is a bug and stops the process loudly. "Not modified", "nothing new" and
"no match" are values, not errors.
"""

from __future__ import annotations

from dataclasses import dataclass


class WirewatchError(Exception):
    """Root of every error that wirewatch raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one file; lines and columns count from 1, 0 means "the file as a whole"."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


class ConfigError(WirewatchError):
    """A person must edit a file. Carries every mistake found, not the first one only."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p, 0, 0, "") for p in problems)
        super().__init__("\n".join(str(p).removesuffix(": ") for p in self.problems))


class TransientError(WirewatchError):
    """Try again later; *retry_after* is the wait the other side asked for, in seconds, when it said."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RejectedError(WirewatchError):
    """Never try this record again: set it aside with *reason*, a short fixed word, and a *detail* for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
