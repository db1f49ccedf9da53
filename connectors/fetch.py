"""One polite HTTP request: conditional, within a deadline, size-capped, nothing believed that was cut short.

A fetch ends within its deadline whatever the server does, takes at most `MAX_BYTES` of decoded body, and never mistakes
a truncated body for a short one. It does not retry: a poll backs off instead (`connectors.schedule`). What kind of
address may be fetched is decided in one place, `allowed`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from connectors.errors import RejectedError, TransientError

DEADLINE = 30.0
"""Seconds for one fetch, redirects included, waiting for the host's turn not included (promise P-02)."""

MAX_BYTES = 15_000_000
"""Decoded bytes of a body (promise P-02; the limit of Miniflux)."""

REDIRECTS = 5
"""Hops followed (promise P-02)."""

MEMBERS = 16
"""Gzip members of one body: a hundred thousand tiny ones only burn time (B-104)."""

VALIDATOR = 1024
"""Bytes of an ETag or Last-Modified that are kept; a longer one is not (B-117)."""

LONGEST_WAIT = 86400.0
"""Seconds: the longest wait a server may ask for (B-118)."""

OPEN = 64
"""Requests under way at once."""

USER_AGENT = "wirewatch/0.1 (+https://github.com/wirewatch/wirewatch; news monitor)"

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. *status* 304 has no body. *retry_after*: seconds the server asks us to wait, if it did."""

    status: int
    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: float | None = None
    permanent: bool = False


class Fetcher:
    """Fetches, one request at a time per host. An async context manager."""

    def __init__(self, *, user_agent: str = USER_AGENT, deadline: float = DEADLINE, max_bytes: int = MAX_BYTES) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._hosts: dict[str, asyncio.Lock] = {}
        self._open = asyncio.Semaphore(OPEN)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            connector=aiohttp.TCPConnector(limit=OPEN, limit_per_host=1),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    async def get(self, url: str, *, etag: str = "", last_modified: str = "", accept: str = ACCEPT) -> Reply:
        """Fetch *url*, with the validators of the last answer as they were received.

        Raises:
            TransientError: the network, the deadline, 429 or 5xx; with the server's wish when it said one.
            RejectedError: ``bad_url``, ``redirect``, ``blocked`` (401, 403, 451), ``not_found``, ``gone``,
                ``http_status``, ``too_large``, ``truncated``, ``decode``, ``content_encoding``.
        """
        headers = self._headers | {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        host = URL(url).host or ""
        lock = self._hosts.setdefault(host, asyncio.Lock())
        async with lock, self._open:
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._follow(url, headers)
            except TimeoutError:
                raise TransientError(f"no complete answer within {self._deadline:g} s") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise TransientError(f"{type(error).__name__}: {error}"[:300]) from error
            finally:
                if not lock._waiters and len(self._hosts) > 10_000:
                    self._hosts.pop(host, None)

    async def _follow(self, url: str, headers: Mapping[str, str]) -> Reply:
        permanent, seen = True, [url]
        for _ in range(REDIRECTS + 1):
            target = allowed(url)
            assert self._session, "use the fetcher as a context manager"
            async with self._session.get(target, headers=headers, allow_redirects=False) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    permanent = permanent and answer.status in (301, 308)
                    location = answer.headers.get("Location", "")
                    try:
                        url = str(target.join(URL(location)))
                    except ValueError as error:
                        raise RejectedError("redirect", f"to {location[:200]!r}: {error}") from error
                    if not location or url in seen:
                        raise RejectedError("redirect", "in a circle" if location else "to nowhere")
                    seen.append(url)
                    continue
                return await self._take(answer, url, permanent and len(seen) > 1)
        raise RejectedError("redirect", f"more than {REDIRECTS} hops")

    async def _take(self, answer: aiohttp.ClientResponse, url: str, permanent: bool) -> Reply:
        wait = asked_wait(answer.headers, time.time())
        refuse(answer.status, wait)
        reply = Reply(
            status=answer.status,
            url=url,
            content_type=answer.headers.get("Content-Type", "")[:200],
            etag=_validator(answer.headers.get("ETag", "")),
            last_modified=_validator(answer.headers.get("Last-Modified", "")),
            retry_after=wait,
            permanent=permanent,
        )
        if answer.status == 304:
            return reply
        encoding = answer.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise RejectedError("content_encoding", f"'{encoding[:80]}' was not asked for")
        body = Body(self._max_bytes, gzipped=encoding in ("gzip", "x-gzip"))
        try:
            async for chunk in answer.content.iter_chunked(65536):
                body.feed(chunk)
        except aiohttp.ClientPayloadError as error:
            raise RejectedError("truncated", str(error)[:200]) from error
        return dataclasses.replace(reply, body=body.finish())


class Body:
    """A body as it arrives: decoded within a bound, and known to be whole.

    Raises:
        RejectedError: ``too_large``, ``decode`` or ``truncated``.
    """

    def __init__(self, most: int, *, gzipped: bool) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self._gzipped = gzipped
        self._inflate = zlib.decompressobj(31) if gzipped else None
        self._members = 1
        self._fed = False

    def feed(self, data: bytes) -> None:
        """Take the next raw bytes."""
        self._fed = self._fed or bool(data)
        while data and self._gzipped:
            if self._inflate is None or self._inflate.eof:
                if self._members == MEMBERS:
                    raise RejectedError("decode", f"more than {MEMBERS} gzip members")
                self._members += 1
                self._inflate = zlib.decompressobj(31)
            try:
                self._keep(self._inflate.decompress(data, self._most - self._size + 1))
            except zlib.error as error:
                raise RejectedError("decode", f"not gzip: {error}") from error
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
        if not self._gzipped:
            self._keep(data)

    def finish(self) -> bytes:
        """The whole body."""
        if self._gzipped and self._fed and not (self._inflate and self._inflate.eof):
            raise RejectedError("truncated", "the gzip stream ends before its end")
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            raise RejectedError("too_large", f"more than {self._most:,} bytes")
        self._parts.append(part)


def allowed(url: str) -> URL:
    """*url* as it may be fetched. The address policy (private ranges, ports) will stand here.

    Raises:
        RejectedError: ``bad_url``: not http(s), or no host.
    """
    try:
        parsed = URL(url)
        parsed.port  # noqa: B018 - raises when it is out of range
    except ValueError as error:
        raise RejectedError("bad_url", f"{url[:200]}: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise RejectedError("bad_url", f"only http and https addresses are fetched, not {url[:200]}")
    return parsed


def refuse(status: int, wait: float | None) -> None:
    """Raise for an answer that is no success: what it means is in `Fetcher.get`."""
    if status in (200, 203, 304):
        return
    if status == 429 or status >= 500:
        raise TransientError(f"HTTP {status}", wait)
    words = {401: "blocked", 403: "blocked", 451: "blocked", 404: "not_found", 410: "gone"}
    raise RejectedError(words.get(status, "http_status"), f"HTTP {status}")


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait: Retry-After in either form (RFC 9110 §10.2.3), else Cache-Control's max-age."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(LONGEST_WAIT, float(value[:12]))
    if value:
        try:
            return min(LONGEST_WAIT, max(0.0, parsedate_to_datetime(value).timestamp() - now))
        except (ValueError, OverflowError, OSError):
            return None
    for part in headers.get("Cache-Control", "").lower().split(","):
        name, _, seconds = part.strip().partition("=")
        if name == "max-age" and seconds.isdecimal():
            return min(LONGEST_WAIT, float(seconds[:12]))
    return None


def _validator(value: str) -> str:
    return value if len(value.encode("utf-8", "surrogateescape")) <= VALIDATOR else ""
