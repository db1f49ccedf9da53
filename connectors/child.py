"""Parsing in killable children: one hostile document costs its deadline, and nothing else.

A child is this module run as a program: no environment, limits on memory, files and cores, its own session. It
reads framed requests on stdin and answers on stdout until stdin ends, so it never outlives its parent. The parent keeps
a few, kills one that is late or too large, and starts another. What comes back is typed data of bounded size.

Measured: a 20-item feed costs some 2 ms more than in-process; the worst bombs known end at the deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import struct
import sys
import time
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from connectors.errors import RejectedError
from connectors.feed import Feed

MEMORY = 512 * 2**20
"""Bytes of address space of a child (promise P-52)."""

DEADLINE, PER_MEGABYTE = 2.0, 1.0
"""Seconds for a document, and more for each megabyte of it (measured: feedparser takes 0.3 s a megabyte)."""

READY = 30.0
"""Seconds for a child to start: it imports the parser, on a machine that may be busy."""

ANSWER = 64 * 2**20
"""Bytes of an answer that the parent reads."""

CHILDREN = 2
"""Children kept; more gain nothing on two cores."""

PAUSE = 1.0
"""Least seconds between two starts in one place: a document that always kills must not make a fork bomb (F-07)."""

_LENGTH = struct.Struct(">I")


class Request(msgspec.Struct, frozen=True):
    """A document to parse."""

    body: bytes
    url: str
    content_type: str
    now: float | None


class Answer(msgspec.Struct, frozen=True):
    """What came of it: the feed, or why there is none."""

    feed: Feed | None = None
    reason: str = ""
    detail: str = ""


class Child:
    """A few parsing children. An async context manager; children start when first needed."""

    def __init__(self, children: int = CHILDREN, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._free: asyncio.Queue[_Seat] = asyncio.Queue()
        self._seats = [_Seat() for _ in range(children)]
        for seat in self._seats:
            self._free.put_nowait(seat)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def parse(self, body: bytes, url: str = "", content_type: str = "", now: float | None = None) -> Feed:
        """Parse a feed document in a child.

        Raises:
            RejectedError: what `connectors.feed.parse` says, or ``resource_limit`` (late, or too much memory) or
                ``parser_crashed``.
        """
        request = msgspec.msgpack.encode(Request(body, url, content_type, now))
        seat = await self._free.get()
        try:
            raw = await seat.ask(request, self._deadline + PER_MEGABYTE * len(body) / 1e6)
        finally:
            self._free.put_nowait(seat)
        answer = msgspec.msgpack.decode(raw, type=Answer)
        if answer.feed is None:
            raise RejectedError(answer.reason, answer.detail)
        return answer.feed

    async def close(self) -> None:
        """End the children."""
        for seat in self._seats:
            await seat.kill()


class _Seat:
    """A place for one child, filled again when its child has gone."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._started = 0.0

    async def ask(self, request: bytes, deadline: float) -> bytes:
        """Hand over *request* and wait at most *deadline* seconds for the answer."""
        process = await self._ready()
        assert process.stdin
        assert process.stdout
        whole = False
        try:
            async with asyncio.timeout(deadline):
                process.stdin.write(_LENGTH.pack(len(request)) + request)
                await process.stdin.drain()
                (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
                if length > ANSWER:
                    raise RejectedError("resource_limit", f"the parsed feed has {length:,} bytes")
                answer = await process.stdout.readexactly(length)
                whole = True
                return answer
        except TimeoutError:
            raise RejectedError("resource_limit", f"not parsed within {deadline:.1f} s") from None
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise RejectedError("parser_crashed", "the parser died on it") from error
        finally:
            if not whole:
                await self.kill()

    async def kill(self) -> None:
        """End this child, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if process.stdin:
            process.stdin.close()

    async def _ready(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self.kill()
        pause = self._started + PAUSE - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        self._started = time.monotonic()
        command = [sys.executable, "-I", "-B", "-m", __name__ if __name__ != "__main__" else "connectors.child"]
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env={}, start_new_session=True, limit=2**20
        )
        assert self._process.stdout
        try:
            async with asyncio.timeout(READY):
                await self._process.stdout.readexactly(1)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await self.kill()
            raise RejectedError("parser_crashed", "no parsing child would start") from error
        return self._process


def main() -> None:
    """Answer requests until stdin ends."""
    from connectors.feed import parse  # noqa: PLC0415 - before the limits: imports open files

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _confine()
    sink.write(b"+")
    sink.flush()
    while (header := source.read(_LENGTH.size)) and len(header) == _LENGTH.size:
        (length,) = _LENGTH.unpack(header)
        request = msgspec.msgpack.decode(source.read(length), type=Request)
        _reply(sink, _answer(parse, request))


def _answer(parse: Any, request: Request) -> Answer:
    try:
        feed = parse(request.body, request.url, request.content_type, request.now)
    except RejectedError as error:
        return Answer(None, error.reason, error.detail)
    except (MemoryError, RecursionError) as error:
        return Answer(None, "resource_limit", type(error).__name__)
    except Exception as error:  # the parser's bugs are this document's end, not ours
        return Answer(None, "parser_error", f"{type(error).__name__}: {error}"[:500])
    return Answer(feed)


def _reply(sink: BinaryIO, answer: Answer) -> None:
    data = msgspec.msgpack.encode(answer)
    sink.write(_LENGTH.pack(len(data)) + data)
    sink.flush()


def _confine() -> None:
    """Give up what parsing does not need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
