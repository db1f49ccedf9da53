"""Alerts posted to an HTTP address, signed as Standard Webhooks asks.

One alert is one request: the body is the alert's canonical JSON, ``webhook-id`` and ``Idempotency-Key`` are
the alert's id, and stay so over every repeat. A receiver that keeps ids has each alert once.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (headers,
signature, secrets, status 410); RFC 9110 §10.2.3 (Retry-After), §15.5.9 (408); RFC 8470 §5.2 (425).
"""

from __future__ import annotations

import base64
import ipaddress
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

import aiohttp
import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from standardwebhooks.webhooks import Webhook as Signature
from yarl import URL

from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.records import Alert, encode

DEADLINE = 10.0
"""Seconds for one request, all in all. The specification suggests 15 to 30; a stop waits for it, so less."""

BODY_LIMIT = 256 * 1024
"""Bytes of a request; the specification advises to keep payloads small, and an alert has some 2 KB."""

ANSWER_LIMIT = 2048
"""Bytes of a refusal's body that are read, for a person to see why."""

TITLE_LIMIT = 2000
"""Characters of a title, when the alert is over `BODY_LIMIT`."""

TRANSIENT = frozenset({401, 403, 404, 408, 425, 429})
"""Refusals that mean "not now": a wrong token or address is mended by a person. So do 3xx (never followed) and 5xx."""


_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)  # it is signed and sent in headers: no dot, no line break


class Options(BaseModel):
    """Where alerts are posted, and how they are signed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="the address to post to, https:// unless the host is this machine")
    secret: SecretStr | None = Field(
        None,
        description="what requests are signed with: whsec_…, as ${NAME} from the environment; two with a "
        "space between while one replaces the other",
    )
    secret_file: Path | None = Field(None, description="the file that holds it instead")
    allow_insecure: bool = Field(
        False, description="allow plain http:// to another machine: anyone between can read it"
    )

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            signatures(secret.get_secret_value())
        return secret

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            url = URL(self.url)
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("url: must be https://host/…")
        if url.scheme == "http" and not (self.allow_insecure or _loopback(url.host)):
            raise ValueError(
                "url: plain http:// to another machine can be read on the way; use https://, "
                "or set allow_insecure: true"
            )
        if self.secret and self.secret_file:
            raise ValueError("give secret or secret_file, not both")
        return self


def build(name: str, options: Options) -> Webhook:
    """A sink on one address.

    Raises:
        ConfigError: the secret's file cannot be read or holds none.
    """
    if options.secret:
        return Webhook(options.url, signatures(options.secret.get_secret_value()))
    if not options.secret_file:
        return Webhook(options.url)
    try:
        return Webhook(options.url, signatures(options.secret_file.read_text()))
    except (OSError, ValueError) as error:
        raise ConfigError(f"sink {name}: secret_file {options.secret_file}: {error}") from error


class Webhook:
    """Posts alerts to *url*, one after the other, signed with each of *signatures*.

    Guarantees: at least once, always with the same id; an alert that a failed call already handed over is
    not sent again when the call is repeated. Only the status counts as the answer. Cost: at most `DEADLINE`
    seconds an alert. Does not: follow redirects, keep cookies, use a proxy from the environment.
    """

    def __init__(self, url: str, signatures: Sequence[Signature] = ()) -> None:
        self._url = URL(url)
        self._signatures = signatures
        self._session: aiohttp.ClientSession | None = None
        self._accepted: set[str] = set()  # of calls that failed later on

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            if alert.id not in self._accepted:
                await self._post(alert)
                self._accepted.add(alert.id)
        self._accepted.difference_update(alert.id for alert in alerts)

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def _post(self, alert: Alert) -> None:
        if not _ID.fullmatch(alert.id):
            raise RejectedError("bad_id", "an alert's id is letters, digits, - and _, at most 128")
        data = body(alert)
        self._session = self._session or aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=DEADLINE),
            connector=aiohttp.TCPConnector(limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        try:
            async with self._session.post(
                self._url,
                data=data,
                headers=self._headers(alert, data, datetime.now(UTC)),
                allow_redirects=False,
            ) as answer:
                if 200 <= answer.status < 300:
                    return
                raise refusal(answer.status, answer.headers.get("Retry-After"), await _words(answer))
        except TimeoutError as error:
            raise TransientError(f"no answer from {self._url.host} in {DEADLINE:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # The address may hold a token: only its host is shown.
            raise TransientError(f"{self._url.host}: {type(error).__name__}") from error

    def _headers(self, alert: Alert, data: bytes, at: datetime) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "wirewatch",
            "Idempotency-Key": alert.id,
            "webhook-id": alert.id,
            "webhook-timestamp": str(int(at.timestamp())),
        }
        if self._signatures:
            signed = [signature.sign(alert.id, at, data.decode()) for signature in self._signatures]
            headers["webhook-signature"] = " ".join(signed)
        return headers


def signatures(text: str) -> tuple[Signature, ...]:
    """What signs with each of the secrets in *text*.

    Raises:
        ValueError: one is no secret of Standard Webhooks, or there is none; the message does not show it.
    """
    made = []
    for secret in text.split() or [""]:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError(
                "a signing secret is whsec_ and 24 to 64 bytes in base64; "
                'make one with: echo "whsec_$(openssl rand -base64 32)"'
            )
        made.append(Signature(secret))
    return tuple(made)


def body(alert: Alert) -> bytes:
    """The canonical JSON of *alert*, at most `BODY_LIMIT` bytes.

    Of a longer one the last evidence is left out and counted (``evidence_omitted``), then names, then the
    end of the title.

    Raises:
        RejectedError: ``too_large``, when that does not help.
    """
    data, kept = encode(alert), alert.evidence
    while len(data) > BODY_LIMIT and kept:
        kept = kept[: len(kept) // 2]
        omitted = {"evidence_omitted": len(alert.evidence) - len(kept)}
        data = encode(msgspec.structs.replace(alert, evidence=kept, extra=alert.extra | omitted))
    if len(data) > BODY_LIMIT:
        title = alert.title if len(alert.title) <= TITLE_LIMIT else alert.title[: TITLE_LIMIT - 1] + "…"
        omitted = {"evidence_omitted": len(alert.evidence)}
        data = encode(msgspec.structs.replace(alert, evidence=(), names=(), title=title, extra=alert.extra | omitted))
    if len(data) > BODY_LIMIT:
        raise RejectedError("too_large", f"{len(data)} bytes without its evidence, over {BODY_LIMIT}")
    return data


def refusal(status: int, retry_after: str | None, words: str) -> TransientError | RejectedError:
    """What an answer that is no success asks for."""
    if status == 410:
        return RejectedError("gone", "the receiver answered 410: it wants no more alerts")
    detail = f"HTTP {status}" + (f": {words}" if words else "")
    if 300 <= status < 400:
        return TransientError(f"HTTP {status}: redirects are not followed; put the new address in url")
    if status in TRANSIENT or not 400 <= status < 500:
        return TransientError(detail, seconds(retry_after, time.time()))
    return RejectedError(f"http_{status}", detail)


def seconds(retry_after: str | None, now: float) -> float | None:
    """The wait that a Retry-After header asks for, None when it asks for none that can be read."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after.strip()[:18])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


async def _words(answer: aiohttp.ClientResponse) -> str:
    """The start of a refusal's body, as one printable line."""
    try:
        data = await answer.content.read(ANSWER_LIMIT)
    except (aiohttp.ClientError, OSError):  # TimeoutError is an OSError
        return ""
    text = " ".join(data.decode("utf-8", "replace").split())
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 §6.3
