"""A loopback server of misbehaving feeds, on raw sockets so that it can break HTTP itself.

`serving` starts it; each path of `ROUTES` misbehaves in its own way. It keeps what it was asked (`Hostile.visits`),
when each visit began and ended, and how many were under way at once, so a test can judge the client's manners.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FEED = (
    b"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>The Lantern</title>"
    b"<link>http://lantern.example/</link><description>-</description><item><guid>lantern-1</guid>"
    b"<title>Ferry service resumes</title><link>http://lantern.example/1</link>"
    b"<description>The ferry to the island runs again from Monday.</description></item></channel></rss>"
)
ETAG = '"lantern-1;\u0565"'
"""Not ASCII on purpose: a validator is opaque."""

MODIFIED = "Tue, 24 Nov 2026 08:00:00 GMT"
PACKED = gzip.compress(FEED)
MEGABYTE = 2**20
HOSTS = [f"127.0.0.{n}" for n in range(1, 33)]


@dataclass(slots=True)
class Visit:
    """One request: its *target* as sent, and its *headers* with names in lower case."""

    target: str
    headers: Mapping[str, str]
    writer: asyncio.StreamWriter
    began: float
    ended: float = 0.0

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Route = Callable[[Visit], Awaitable[None]]


def answer(status: str = "200 OK", body: bytes = b"", *fields: str, length: int | None = None) -> bytes:
    """The bytes of a response; *length* is what it says its body has, when that is not true."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def bomb(megabytes: int) -> bytes:
    """Gzip of that many megabytes of spaces: a thousandth of it."""
    return gzip.compress(b" " * (megabytes * MEGABYTE))


def moved(status: int, to: str) -> bytes:
    return answer(f"{status} Elsewhere", b"", f"Location: {to}")


def packed(body: bytes, *encodings: str) -> bytes:
    return answer("200 OK", body, *(f"Content-Encoding: {e}" for e in encodings))


FIXED: dict[str, bytes] = {
    # good, or good enough
    "/gzip": packed(PACKED, "gzip"),
    "/x-gzip": packed(PACKED, "X-Gzip"),
    "/identity": packed(FEED, "identity"),
    "/two-members": packed(gzip.compress(FEED[:100]) + gzip.compress(FEED[100:]), "gzip"),
    "/empty": answer(),
    "/empty-gzip": packed(b"", "gzip"),
    "/html": answer("200 OK", b"<!doctype html><title>Welcome</title><p>Not a feed.", "Content-Type: text/html"),
    "/max-age": answer("200 OK", FEED, "Cache-Control: public, max-age=1800"),
    "/cookie": answer("302 Found", b"", "Location: /good", *(f"Set-Cookie: c{n}=1" for n in range(50))),
    # encodings
    "/gzip-cut": packed(PACKED[:-20], "gzip"),
    "/gzip-nothing-but-header": packed(PACKED[:10], "gzip"),
    "/gzip-bomb": packed(bomb(64), "gzip"),
    "/gzip-layered": packed(gzip.compress(PACKED), "gzip, gzip"),
    "/gzip-two-fields": packed(gzip.compress(PACKED), "gzip", "gzip"),
    "/gzip-members": packed(gzip.compress(b"") * 100_000, "gzip"),
    "/gzip-junk": packed(PACKED + b"junk", "gzip"),
    "/not-gzip": packed(FEED, "gzip"),
    "/brotli": packed(b"\x0b\x02\x80 \x03", "br"),
    "/bytes-in-encoding": b"HTTP/1.1 200 OK\r\nContent-Encoding: \xff\xfe\r\nContent-Length: 1\r\n\r\nx",
    # bodies
    "/short": answer("200 OK", FEED[:200], length=len(FEED)),
    "/chunk-cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + FEED[:200],
    "/chunk-size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + FEED,
    "/chunks-and-length": answer("200 OK", FEED, "Transfer-Encoding: chunked"),
    "/two-lengths": answer("200 OK", FEED, "Content-Length: 3"),
    "/length-below-zero": answer("200 OK", FEED, length=-1),
    "/says-50-megabytes": answer("200 OK", FEED, length=50 * MEGABYTE),
    # redirects
    "/moved": moved(301, "/good"),
    "/moved-twice": moved(308, "/moved"),
    "/found": moved(302, "good"),
    "/moved-then-found": moved(301, "/found"),
    "/found-then-moved": moved(302, "/moved"),
    "/loop": moved(302, "/loop-back"),
    "/loop-back": moved(302, "/loop"),
    "/hops-1": moved(302, "/good"),
    **{f"/hops-{n}": moved(302, f"/hops-{n - 1}") for n in range(2, 8)},
    "/to-file": moved(302, "file:///etc/hostname"),
    "/to-ftp": moved(302, "ftp://127.0.0.1/feed"),
    "/to-script": moved(302, "javascript:alert(1)"),
    "/to-half-an-address": moved(302, "http://[::1"),
    "/to-port": moved(302, "http://127.0.0.1:99999/"),
    "/to-nothing": moved(302, ""),
    "/to-nowhere": answer("302 Found"),
    "/to-bytes": b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    # statuses
    "/429": answer("429 Slow Down", b"", "Retry-After: 120"),
    "/503": answer("503 Unavailable", b"", "Retry-After: Wed, 31 Dec 2098 23:59:59 GMT"),
    "/500": answer("500 Oops"),
    "/401": answer("401 Who", b"", 'WWW-Authenticate: Basic realm="x"'),
    "/403": answer("403 No"),
    "/404": answer("404 Not Here"),
    "/407": answer("407 Proxy"),
    "/410": answer("410 Gone"),
    "/418": answer("418 Teapot"),
    "/451": answer("451 Law"),
    "/204": answer("204 Nothing"),
    "/206": answer("206 Part", FEED[:100]),
    "/304": answer("304 Not Modified"),
    "/999": answer("999 Denied"),
    "/99999999": answer("99999999 What"),
    # heads
    "/huge-header": answer("200 OK", FEED, "X-Pad: " + "a" * 200_000),
    "/huge-etag": answer("200 OK", FEED, f'ETag: "{"a" * 2000}"'),
    "/etag-bytes": b"HTTP/1.1 200 OK\r\nETag: \"\xff\xfe\"\r\nContent-Type: text/\xff\r\nContent-Length: 1\r\n\r\nx",
    "/many-headers": answer("200 OK", FEED, *(f"X-{n}: a" for n in range(10_000))),
    "/nul-in-header": answer("200 OK", FEED, "X-Pad: a\0b"),
    "/banner": b"SSH-2.0-OpenSSH_9.9\r\n",
    "/no-head": FEED,
    "/no-answer": b"",
}  # fmt: skip


async def good(visit: Visit) -> None:
    """A feed with validators that answers 304 to them."""
    same = visit.headers.get("if-none-match") == ETAG
    status = "304 Not Modified" if same else "200 OK"
    fields = (f"ETag: {ETAG}", f"Last-Modified: {MODIFIED}", "Content-Type: application/rss+xml")
    await visit.send(answer(status, b"" if same else FEED, *fields))


async def silent(visit: Visit) -> None:
    """Never answer."""
    await asyncio.sleep(60)


async def drip_head(visit: Visit) -> None:
    """A head of one byte each twentieth of a second, which never ends."""
    await visit.send(b"HTTP/1.1 200 OK\r\nX-Pad: ")
    while True:
        await visit.send(b"a")
        await asyncio.sleep(0.05)


async def drip_body(visit: Visit) -> None:
    """A body of one byte each twentieth of a second."""
    await visit.send(answer("200 OK", FEED[:1], length=100_000))
    while True:
        await visit.send(b" ")
        await asyncio.sleep(0.05)


async def drip_hops(visit: Visit) -> None:
    """Redirects that never end, a fifth of a second each."""
    await asyncio.sleep(0.2)
    await visit.send(moved(302, visit.target + "/on"))


async def endless(visit: Visit) -> None:
    """A body that says no length and never ends."""
    await visit.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        await visit.send(b" " * 65536)


async def endless_nothing(visit: Visit) -> None:
    """Gzip that never ends and holds nothing: empty blocks for ever."""
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + PACKED[:10])
    while True:
        await visit.send(b"\0\0\0\xff\xff" * 13000)


async def large(visit: Visit) -> None:
    """50 MB, in chunks, so that no length says so beforehand."""
    await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(50):
        await visit.send(b"100000\r\n" + b" " * MEGABYTE + b"\r\n")
    await visit.send(b"0\r\n\r\n")


async def reset(visit: Visit) -> None:
    """Half a body, then RST."""
    await visit.send(answer("200 OK", FEED[:200], length=len(FEED)))
    abort(visit)


async def reset_at_once(visit: Visit) -> None:
    abort(visit)


async def slow(visit: Visit) -> None:
    """A good feed after a tenth of a second."""
    await asyncio.sleep(0.1)
    await visit.send(answer("200 OK", FEED))


def abort(visit: Visit) -> None:
    """End the connection with RST instead of FIN."""
    sock = visit.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()


ROUTES: dict[str, Route] = {
    "/good": good,
    "/slow": slow,
    "/silent": silent,
    "/drip-head": drip_head,
    "/drip-body": drip_body,
    "/drip-hops": drip_hops,
    "/endless": endless,
    "/endless-nothing": endless_nothing,
    "/large": large,
    "/reset": reset,
    "/reset-at-once": reset_at_once,
}


@dataclass(slots=True)
class Hostile:
    """The running server. *most*: how many visits were under way at once, at the height."""

    port: int = 0
    routes: dict[str, Route] = field(default_factory=lambda: dict(ROUTES))
    visits: list[Visit] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Where *path* is. The server has `HOSTS`, each a host of its own to a client."""
        return f"http://{host}:{self.port}{path}"

    async def visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a request, its route, the end."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines if line)
            clock = asyncio.get_running_loop().time
            visit = Visit(first.split()[1], {k.lower(): v for k, v in headers.items()}, writer, clock())
            self.visits.append(visit)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                await self.route(visit.target)(visit)
            finally:
                self.under_way -= 1
                visit.ended = clock()
        writer.close()

    def route(self, target: str) -> Route:
        path = "/" + target.lstrip("/").partition("?")[0].partition("/")[0]
        return self.routes[path] if path in self.routes else lambda visit: visit.send(FIXED[path])


@asynccontextmanager
async def serving() -> AsyncIterator[Hostile]:
    """The server, on all of `HOSTS` at one port, while the context lasts."""
    hostile = Hostile()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            await hostile.visited(reader, writer)
        except asyncio.CancelledError:
            abort(Visit("", {}, writer, 0.0))
        finally:
            connections.discard(task)

    server = await asyncio.start_server(connected, HOSTS[0], 0)
    hostile.port = server.sockets[0].getsockname()[1]
    others = await asyncio.start_server(connected, HOSTS[1:], hostile.port)
    try:
        yield hostile
    finally:
        server.close()
        others.close()
        for task in connections.copy():
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
