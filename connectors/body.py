"""A body as it arrives: decoded within a bound, and known to be whole.

The HTTP client hands over raw bytes. Its own decoding takes a truncated gzip stream for a short document, two layers
of gzip for one, and lets a bomb overshoot any cap (measured: 67 MB past a cap of 10 MB), so decoding is here.
"""

from __future__ import annotations

import zlib

from connectors.errors import RejectedError

MEMBERS = 16
"""Gzip members of one body: a hundred thousand tiny ones only burn time (B-104)."""

_GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Takes at most *most* bytes, as they come and as they are decoded.

    Holds twice that at the end, for a moment.

    Raises:
        RejectedError: ``too_large``, ``decode`` (no gzip, or too many members) or ``truncated``.
    """

    def __init__(self, most: int, *, gzipped: bool) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._received = 0
        self._decoded = 0
        self._inflate = zlib.decompressobj(_GZIP) if gzipped else None
        self._members = 1

    def feed(self, data: bytes) -> None:
        """Take the next raw bytes."""
        self._received += len(data)
        self._check(self._received)  # gzip may go on for ever and hold nothing
        if self._inflate is None:
            self._keep(data)
            return
        while data:
            if self._inflate.eof:
                self._inflate = self._next_member()
            try:
                self._keep(self._inflate.decompress(data, self._most - self._decoded + 1))
            except zlib.error as error:
                raise RejectedError("decode", f"not gzip: {error}") from error
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> bytes:
        """The whole body. No bytes at all are an empty one, gzip or not."""
        if self._inflate and self._received and not self._inflate.eof:
            raise RejectedError("truncated", "the gzip stream stops before its end")
        return b"".join(self._parts)

    def _next_member(self) -> zlib._Decompress:
        self._members += 1
        if self._members > MEMBERS:
            raise RejectedError("decode", f"more than {MEMBERS} gzip members")
        return zlib.decompressobj(_GZIP)

    def _keep(self, part: bytes) -> None:
        self._decoded += len(part)
        self._check(self._decoded)
        self._parts.append(part)

    def _check(self, size: int) -> None:
        if size > self._most:
            raise RejectedError("too_large", f"more than {self._most:,} bytes")
