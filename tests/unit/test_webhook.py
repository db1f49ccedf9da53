from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from alerts import alert, evidence
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.records import Alert, decode, encode
from connectors.sinks import webhook
from connectors.sinks.webhook import BODY_LIMIT, Options, Webhook, body, refusal, seconds

OLD = "whsec_" + "b2xkLXNlY3JldC1vZi10aGlydHktdHdvLWJ5dGVzLi4="
NEW = "whsec_" + "bmV3LXNlY3JldC1vZi10aGlydHktdHdvLWJ5dGVzLi4="

Request = tuple[dict[str, str], bytes]
Answer = Callable[[int], web.StreamResponse]


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[tuple[str, list[Request]]]:
    """A loopback server that keeps its requests and gives ``answer(number of the request)``."""
    requests: list[Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        requests.append((dict(request.headers), await request.read()))
        return answer(len(requests))

    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", requests
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(speak: Callable[[asyncio.StreamWriter], Any]) -> AsyncIterator[str]:
    """A loopback server that reads a request's head and then does what *speak* does."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await speak(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


@asynccontextmanager
async def sink(url: str, **options: Any) -> AsyncIterator[Webhook]:
    built = webhook.build("desk", Options(url=url, **options))
    try:
        yield built
    finally:
        await built.close()


def status(*codes: int, **headers: str) -> Answer:
    """Answers with *codes* in turn, the last one for ever."""
    return lambda n: web.Response(status=codes[min(n, len(codes)) - 1], text="words of the receiver", headers=headers)


async def test_an_alert_is_one_request_that_the_receivers_library_verifies() -> None:
    async with receiver(status(204)) as (url, requests), sink(url, secret=OLD) as desk:
        await desk.deliver([alert(1), alert(2)])
    assert [decode(Alert, data) for _, data in requests] == [alert(1), alert(2)]
    headers, data = requests[0]
    assert headers["webhook-id"] == headers["Idempotency-Key"] == alert(1).id
    assert headers["Content-Type"] == "application/json"
    assert Receiver(OLD).verify(data, headers) == json.loads(encode(alert(1)))
    with pytest.raises(WebhookVerificationError):
        Receiver(NEW).verify(data, headers)
    with pytest.raises(WebhookVerificationError):
        Receiver(OLD).verify(data.replace(b"Ministers", b"Monsters "), headers)


async def test_two_secrets_give_two_signatures_during_a_rotation(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{NEW}\n{OLD}\n")
    async with receiver(status(200)) as (url, requests), sink(url, secret_file=tmp_path / "secret") as desk:
        await desk.deliver([alert()])
    headers, data = requests[0]
    Receiver(OLD).verify(data, headers)
    Receiver(NEW).verify(data, headers)


async def test_without_a_secret_nothing_is_signed() -> None:
    async with receiver(status(200)) as (url, requests), sink(url) as desk:
        await desk.deliver([alert()])
    assert "webhook-signature" not in requests[0][0]
    assert requests[0][0]["webhook-id"] == alert().id


async def test_a_repeated_call_sends_only_what_was_not_accepted() -> None:
    async with receiver(status(200, 500, 200)) as (url, requests), sink(url) as desk:
        with pytest.raises(TransientError, match="HTTP 500: words of the receiver"):
            await desk.deliver([alert(1), alert(2), alert(3)])
        await desk.deliver([alert(1)])
        await desk.deliver([alert(2), alert(3)])
    assert [headers["webhook-id"] for headers, _ in requests] == [alert(n).id for n in (1, 2, 2, 3)]


@pytest.mark.parametrize("code", [401, 300, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504])
async def test_not_now_is_transient_and_keeps_the_wait_that_was_asked_for(code: int) -> None:
    answer = status(code, **{"Retry-After": "17", "Location": "/elsewhere"})
    async with receiver(answer) as (url, requests), sink(url) as desk:
        with pytest.raises(TransientError) as caught:
            await desk.deliver([alert()])
    assert caught.value.retry_after == (None if code < 400 else 17)
    assert len(requests) == 1


@pytest.mark.parametrize(("code", "reason"), [(400, "http_400"), (422, "http_422"), (413, "http_413"), (410, "gone")])
async def test_never_is_rejected(code: int, reason: str) -> None:
    async with receiver(status(code)) as (url, _), sink(url) as desk:
        with pytest.raises(RejectedError) as caught:
            await desk.deliver([alert()])
    assert caught.value.reason == reason


@pytest.mark.slow
async def test_an_answer_that_drips_is_cut_off_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 0.2)

    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw(drip) as url, sink(url) as desk:
        with pytest.raises(TransientError, match=r"no answer from 127.0.0.1 in 0.2 s"):
            await desk.deliver([alert()])


@pytest.mark.parametrize(
    "words", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"]
)
async def test_an_answer_that_is_none_is_transient(words: bytes) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()

    async with raw(speak) as url, sink(url) as desk:
        with pytest.raises(TransientError, match=r"127.0.0.1: "):
            await desk.deliver([alert()])


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK", b"HTTP/1.1 500 Broken"])
async def test_a_body_without_end_is_not_waited_for(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 5.0)

    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"e" * 0x1000 + b"\r\n")
            await writer.drain()

    async with asyncio.timeout(3), raw(flood) as url, sink(url) as desk:
        if b"200" in head:
            await desk.deliver([alert()])
        else:
            with pytest.raises(TransientError, match="HTTP 500"):
                await desk.deliver([alert()])


async def test_nobody_listening_is_transient_and_the_address_stays_secret() -> None:
    async with receiver(status(200)) as (url, _):
        pass
    async with sink(url + "?token=s3cret") as desk:
        with pytest.raises(TransientError) as caught:
            await desk.deliver([alert()])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "a.b", "a\r\nX-Evil: 1", "é", "x" * 129])
async def test_an_id_that_could_forge_a_header_or_a_signature_is_refused(key: str) -> None:
    async with sink("http://127.0.0.1:9/") as desk:
        with pytest.raises(RejectedError, match="bad_id"):
            await desk.deliver([alert(id=key)])


def test_a_long_body_is_cut_to_the_limit_and_says_what_is_missing() -> None:
    assert body(alert()) == encode(alert())
    for changes in (
        {"evidence": tuple(evidence(f"name {n}") for n in range(5000))},
        {"evidence": tuple(evidence("x", snippet="y" * 400_000) for n in range(3))},
        {"title": "long " * 200_000, "evidence": ()},
        {"names": ("name",) * 100_000},
    ):
        data = body(alert(**changes))
        cut = decode(Alert, data)
        assert 400 < len(data) <= BODY_LIMIT
        assert cut.extra["evidence_omitted"] == len(alert(**changes).evidence) - len(cut.evidence)
        assert cut.id == alert().id
    assert len(decode(Alert, body(alert(evidence=tuple(evidence(f"name {n}") for n in range(5000))))).evidence) > 600
    with pytest.raises(RejectedError, match="too_large"):
        body(alert(url="https://x.example/" + "y" * BODY_LIMIT))


def test_a_wait_is_read_as_seconds_or_as_a_date() -> None:
    assert seconds("120", 0) == 120
    assert seconds(" 0 ", 0) == 0
    assert seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 30) == 30
    assert seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 30) == 0
    for text in (None, "", "soon", "-5", "1e9", "Sun, 99 Nov 1994 08:49:37 GMT"):
        assert seconds(text, 0) is None


def test_any_other_status_is_one_of_the_two() -> None:
    for code in range(100, 1000):
        assert isinstance(refusal(code, None, ""), TransientError | RejectedError)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://desk.example/hook"},
        {"url": "ftp://desk.example/"},
        {"url": "desk.example"},
        {"url": "https://"},
        {"url": "https://desk.example:port/"},
        {"url": "https://desk.example/", "secret": NEW, "secret_file": "b"},
        {"url": "https://desk.example/", "key": NEW},
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**options)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "http://127.0.0.9/", "http://[::1]:80/", "https://a.example"]
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert Options(url=url).url == url


def test_plain_http_to_another_machine_must_be_asked_for() -> None:
    assert Options(url="http://desk.example/", allow_insecure=True).allow_insecure


NO_SECRETS = [
    "",
    "password",
    "whsec_",
    "whsec_c2hvcnQ=",
    "whsec_!!!",
    NEW.removeprefix("whsec_"),
    f"{NEW} whsec_x",
]


@pytest.mark.parametrize("secret", NO_SECRETS)
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="signing secret is whsec_ and 24") as refused:
        Options(url="https://desk.example/", secret=secret)
    (tmp_path / "secret").write_text(secret)
    with pytest.raises(ConfigError, match=r"sink desk: secret_file .* is whsec_ and 24") as set_aside:
        webhook.build("desk", Options(url="https://desk.example/", secret_file=tmp_path / "secret"))
    for shown in (str(refused.value), str(set_aside.value)):
        assert len(secret) < 7 or secret not in shown


def test_a_secret_is_never_printed() -> None:
    assert NEW not in repr(Options(url="https://desk.example/", secret=NEW))


def test_a_secret_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigError, match="secret_file"):
            webhook.build("desk", Options(url="https://desk.example/", secret_file=path))
