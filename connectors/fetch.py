"""One polite HTTP request: conditional, within a deadline, size-capped, nothing believed that was cut short.

A fetch ends within its deadline whatever the server does, takes at most so many bytes (`connectors.body`), and never
mistakes a truncated body for a short one. It does not retry: a poll backs off instead (`connectors.schedule`). Which
addresses may be fetched is decided in one place, `allowed`.

All text in a `Reply` and in the errors can be encoded as UTF-8, whatever bytes the server sent.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NamedTuple, Self
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from connectors.body import Body
from connectors.errors import RejectedError, TransientError
from connectors.resolver import Resolver

DEADLINE = 30.0
"""Seconds for one fetch, redirects included, waiting for a host's turn not included (promise P-02)."""

MAX_BYTES = 15_000_000
"""Bytes of a body, as sent and as decoded (promise P-02; the limit of Miniflux)."""

REDIRECTS = 5
"""Hops followed (promise P-02)."""

FIELD, FIELDS = 8190, 128
"""Bytes of one header field, and how many fields: aiohttp's own limits, named so that they stay (B-107)."""

VALIDATOR = 1024
"""Bytes of an ETag or Last-Modified that are kept; a longer one is not (B-117)."""

LONGEST_WAIT = 86400.0
"""Seconds: the longest wait a server may ask for (B-118)."""

OPEN = 64
"""Requests under way at once."""

USER_AGENT = "wirewatch/0.1 (+https://github.com/wirewatch/wirewatch; news monitor)"

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5"

REFUSALS = {401: "blocked", 403: "blocked", 451: "blocked", 404: "not_found", 410: "gone"}
"""What a status says; any other that is no answer is ``http_status``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. *status* 304 has no body. *url* is where it was found, without user and password.

    *etag* and *last_modified* are as received, "" when absent or not fit to be sent back. *retry_after* is how many
    seconds the server asks us to wait (Retry-After, or the max-age of Cache-Control), None when it does not say.
    *permanent*: every redirect on the way said that the feed has moved for good (301, 308).
    """

    status: int
    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: float | None = None
    permanent: bool = False


class _Hop(NamedTuple):
    """A redirect."""

    target: URL
    permanent: bool


class Fetcher:
    """Fetches, one request at a time per host. An async context manager.

    Args:
        user_agent: Who we are, with a way to reach us.
        deadline: Seconds for one fetch.
        max_bytes: The most a body may have.
        redirects: The most hops.
        received: Told the size of each body that arrived whole, in bytes as decoded.
    """

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        deadline: float = DEADLINE,
        max_bytes: int = MAX_BYTES,
        redirects: int = REDIRECTS,
        received: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._redirects = redirects
        self._received = received
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._open = asyncio.Semaphore(OPEN)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),  # its own bound reads, not a whole fetch: a drip outlives them
            connector=aiohttp.TCPConnector(limit=OPEN, resolver=Resolver()),
            max_line_size=FIELD,
            max_field_size=FIELD,
            max_headers=FIELDS,
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
            TransientError: the network, the deadline, broken HTTP, 429 or 5xx; with the server's wish when it said one.
            RejectedError: ``bad_url``, ``redirect``, ``blocked`` (401, 403, 451), ``not_found``, ``gone``,
                ``http_status`` (any other), ``too_large``, ``truncated``, ``decode``, ``content_encoding``.
        """
        headers = self._headers | {"Accept": accept}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": last_modified} if last_modified else {}
        target, left, permanent, passed = allowed(url), self._deadline, True, set[URL]()
        while len(passed) <= self._redirects:
            passed.add(target)
            async with self._turn(target):
                began = time.monotonic()
                outcome = await self._within(left, target, headers)
                left -= time.monotonic() - began
            if isinstance(outcome, Reply):
                return dataclasses.replace(outcome, permanent=permanent and len(passed) > 1)
            target, permanent = outcome.target, permanent and outcome.permanent
            if target in passed:
                raise RejectedError("redirect", "in a circle")
        raise RejectedError("redirect", f"more than {self._redirects} hops")

    @asynccontextmanager
    async def _turn(self, target: URL) -> AsyncIterator[None]:
        """Wait until no other request is under way at this host. One turn is held at a time, so none is a deadlock."""
        lock = self._turns.setdefault(target.host or "", asyncio.Lock())  # forgotten when nobody waits for it
        async with lock, self._open:
            yield

    async def _within(self, seconds: float, target: URL, headers: Mapping[str, str]) -> Reply | _Hop:
        assert self._session, "use the fetcher as a context manager"
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.get(target, headers=headers, allow_redirects=False) as answer,
            ):
                if answer.status in (301, 302, 303, 307, 308):
                    return _Hop(_redirected(target, answer.headers), answer.status in (301, 308))
                return await self._take(
                    answer, target, conditional="If-None-Match" in headers or "If-Modified-Since" in headers
                )
        except TimeoutError:
            raise TransientError(f"no complete answer within {self._deadline:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(_words(error)) from error

    async def _take(self, answer: aiohttp.ClientResponse, target: URL, *, conditional: bool) -> Reply:
        wait = asked_wait(answer.headers, time.time())
        refuse(answer.status, wait, conditional=conditional)
        reply = Reply(
            status=answer.status,
            url=str(target.with_user(None).with_fragment(None)),
            content_type=_plain(answer.headers.get("Content-Type", ""))[:200],
            etag=_validator(answer.headers.get("ETag", "")),
            last_modified=_validator(answer.headers.get("Last-Modified", "")),
            retry_after=wait,
        )
        if answer.status == 304:
            return reply
        encoding = ", ".join(answer.headers.getall("Content-Encoding", [])).strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise RejectedError("content_encoding", f"'{_plain(encoding)[:80]}' was not asked for")
        if (answer.content_length or 0) > self._max_bytes:
            raise RejectedError("too_large", f"{answer.content_length:,} bytes are announced")
        body = Body(self._max_bytes, gzipped=encoding in ("gzip", "x-gzip"))
        try:
            async for chunk in answer.content.iter_chunked(65536):
                body.feed(chunk)
        except aiohttp.ClientPayloadError as error:
            raise RejectedError("truncated", _words(error)) from error
        whole = body.finish()
        self._received(len(whole))
        return dataclasses.replace(reply, body=whole)


def allowed(url: str) -> URL:
    """*url* as it may be fetched. The address policy (private ranges, ports) will stand here.

    Raises:
        RejectedError: ``bad_url``: not http(s), or no host.
    """
    try:
        url.encode()  # half a character cannot be sent
        parsed = URL(url)
    except ValueError as error:
        raise RejectedError("bad_url", f"no address: {_plain(str(error))}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise RejectedError("bad_url", f"only http and https are fetched, not '{parsed.scheme}' at '{parsed.host}'")
    return parsed


def refuse(status: int, wait: float | None, *, conditional: bool) -> None:
    """Raise for an answer that is no success, as `Fetcher.get` says.

    A 304 that no validator asked for is none either: taken for "unchanged", it would hide a feed for ever.
    """
    if status in (200, 203) or (status == 304 and conditional):
        return
    if status == 429 or status >= 500:
        raise TransientError(f"HTTP {status}", wait)
    unasked = ", though nothing was asked about" if status == 304 else ""
    raise RejectedError(REFUSALS.get(status, "http_status"), f"HTTP {status}{unasked}")


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait: Retry-After in either form (RFC 9110 §10.2.3), else Cache-Control's max-age.

    None when it does not say so, or says nonsense; at most `LONGEST_WAIT`, and 0 for a time that has passed.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(LONGEST_WAIT, float(value[:12]))
    if value:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # HTTP dates are UTC (RFC 9110 §5.6.7)
        return min(LONGEST_WAIT, max(0.0, moment.timestamp() - now))
    for part in headers.get("Cache-Control", "").lower().split(","):
        name, _, seconds = part.strip().partition("=")
        if name == "max-age" and seconds.strip('"').isdecimal():
            return min(LONGEST_WAIT, float(seconds.strip('"')[:12]))
    return None


def _redirected(target: URL, headers: Mapping[str, str]) -> URL:
    """Where *target* sends us. User and password go along to the same origin only."""
    location = headers.get("Location", "").strip()
    if not location:
        raise RejectedError("redirect", "to nowhere")
    try:
        location.encode()
        to = target.join(URL(location)).with_fragment(None)
        allowed(str(to))
    except ValueError as error:
        raise RejectedError("redirect", f"to no address: {_plain(str(error))}") from error
    except RejectedError as error:
        raise RejectedError("redirect", error.detail) from error
    same = to.origin() == target.origin()
    return to.with_user(target.user).with_password(target.password) if same else to.with_user(None)


def _validator(value: str) -> str:
    """*value* if it can be sent back byte for byte: as UTF-8, as which the client also read it."""
    return value if _plain(value) == value and len(value.encode()) <= VALIDATOR else ""


def _plain(text: str) -> str:
    """*text* with a question mark for what no encoding can hold."""
    return text.encode("utf-8", "replace").decode()


def _words(error: Exception) -> str:
    """An error of the client in one line. Some of theirs quote the server at length."""
    said = getattr(error, "message", "") or str(error)
    return _plain(f"{type(error).__name__}: {' '.join(said.split())}"[:200])
