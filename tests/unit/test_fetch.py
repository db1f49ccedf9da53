"""The fetcher against a server that breaks every rule (`hostile`)."""

import asyncio
import gzip
import os
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import hostile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import MEMBERS, Body
from connectors.errors import RejectedError, TransientError
from connectors.fetch import LONGEST_WAIT, VALIDATOR, Fetcher, Reply, allowed, asked_wait

SOON = 0.3


@pytest.fixture
async def server() -> AsyncIterator[hostile.Hostile]:
    async with hostile.serving() as running:
        yield running


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(deadline=5, user_agent="wirewatch-test/1 (+http://test.example/)") as running:
        yield running


async def rejected(fetcher: Fetcher, url: str) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        await fetcher.get(url)
    assert str(caught.value).isprintable(), "what a server said is kept as plain text"
    return caught.value


async def test_a_feed_comes_with_its_type_and_its_validators(server: hostile.Hostile, fetcher: Fetcher) -> None:
    url = server.url("/good")
    assert await fetcher.get(url) == Reply(
        200,
        url,
        hostile.FEED,
        content_type="application/rss+xml",
        etag=hostile.ETAG,
        last_modified=hostile.MODIFIED,
    )


async def test_validators_go_back_byte_for_byte_and_unchanged_is_an_answer(
    server: hostile.Hostile, fetcher: Fetcher
) -> None:
    reply = await fetcher.get(server.url("/good"), etag=hostile.ETAG, last_modified=hostile.MODIFIED)
    assert (reply.status, reply.body) == (304, b"")
    asked = server.visits[-1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == (hostile.ETAG, hostile.MODIFIED)


async def test_we_say_who_we_are_and_ask_for_gzip_only(server: hostile.Hostile, fetcher: Fetcher) -> None:
    await fetcher.get(server.url("/good"), accept="application/feed+json")
    asked = server.visits[-1].headers
    assert asked["user-agent"] == "wirewatch-test/1 (+http://test.example/)"
    assert asked["accept-encoding"] == "gzip"
    assert asked["accept"] == "application/feed+json"
    assert not asked.keys() & {"if-none-match", "if-modified-since", "cookie", "authorization"}


@pytest.mark.parametrize("path", ["/gzip", "/x-gzip", "/identity", "/two-members"])
async def test_a_body_is_decoded(server: hostile.Hostile, fetcher: Fetcher, path: str) -> None:
    assert (await fetcher.get(server.url(path))).body == hostile.FEED


@pytest.mark.parametrize("path", ["/empty", "/empty-gzip"])
async def test_an_empty_body_is_an_answer_for_the_caller_to_judge(
    server: hostile.Hostile, fetcher: Fetcher, path: str
) -> None:
    assert (await fetcher.get(server.url(path))).body == b""


async def test_a_page_instead_of_a_feed_is_an_answer_for_the_caller_to_judge(
    server: hostile.Hostile, fetcher: Fetcher
) -> None:
    assert (await fetcher.get(server.url("/html"))).content_type == "text/html"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gzip-cut", "truncated"),
        ("/gzip-nothing-but-header", "truncated"),
        ("/short", "truncated"),
        ("/chunk-cut", "truncated"),
        ("/reset", "truncated"),
        ("/gzip-bomb", "too_large"),
        ("/large", "too_large"),
        ("/says-50-megabytes", "too_large"),
        ("/endless", "too_large"),
        ("/endless-nothing", "too_large"),
        ("/gzip-members", "decode"),
        ("/gzip-junk", "decode"),
        ("/not-gzip", "decode"),
        ("/gzip-layered", "content_encoding"),
        ("/gzip-two-fields", "content_encoding"),
        ("/brotli", "content_encoding"),
        ("/bytes-in-encoding", "content_encoding"),
        ("/loop", "redirect"),
        ("/hops-6", "redirect"),
        ("/to-file", "redirect"),
        ("/to-ftp", "redirect"),
        ("/to-script", "redirect"),
        ("/to-half-an-address", "redirect"),
        ("/to-port", "redirect"),
        ("/to-nothing", "redirect"),
        ("/to-nowhere", "redirect"),
        ("/to-bytes", "redirect"),
        ("/401", "blocked"),
        ("/403", "blocked"),
        ("/451", "blocked"),
        ("/404", "not_found"),
        ("/410", "gone"),
        ("/407", "http_status"),
        ("/418", "http_status"),
        ("/204", "http_status"),
        ("/206", "http_status"),
    ],
)
async def test_what_can_not_be_used_is_rejected_with_its_reason(
    server: hostile.Hostile, fetcher: Fetcher, path: str, reason: str
) -> None:
    assert (await rejected(fetcher, server.url(path))).reason == reason


@pytest.mark.parametrize(
    "path",
    [
        "/500",
        "/999",
        "/99999999",
        "/reset-at-once",
        "/no-answer",
        "/no-head",
        "/banner",
        "/huge-header",
        "/many-headers",
        "/nul-in-header",
        "/two-lengths",
        "/chunks-and-length",
        "/length-below-zero",
        "/chunk-size",
    ],
)
async def test_what_may_pass_is_to_be_tried_again(server: hostile.Hostile, fetcher: Fetcher, path: str) -> None:
    with pytest.raises(TransientError) as caught:
        await fetcher.get(server.url(path))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 200


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/silent", "/drip-head", "/drip-body", "/drip-hops"])
async def test_a_fetch_ends_at_its_deadline_whatever_the_server_does(server: hostile.Hostile, path: str) -> None:
    async with Fetcher(deadline=SOON) as fetcher:
        began = time.monotonic()
        with pytest.raises(TransientError, match=r"within 0\.3 s"):
            await fetcher.get(server.url(path))
    assert time.monotonic() - began < SOON + 0.5


@pytest.mark.parametrize("path", ["/endless", "/endless-nothing", "/gzip-bomb", "/large"])
async def test_a_body_without_end_costs_no_more_memory_than_the_cap(server: hostile.Hostile, path: str) -> None:
    async with Fetcher(max_bytes=2_000_000) as fetcher:
        tracemalloc.start()
        try:
            await rejected(fetcher, server.url(path))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8_000_000, "the server's own buffers are in it too"


async def test_a_server_that_wants_us_to_wait_is_heard(server: hostile.Hostile, fetcher: Fetcher) -> None:
    waits = []
    for path in ("/429", "/503", "/500"):
        with pytest.raises(TransientError) as caught:
            await fetcher.get(server.url(path))
        waits.append(caught.value.retry_after)
    assert waits == [120, LONGEST_WAIT, None]
    assert (await fetcher.get(server.url("/max-age"))).retry_after == 1800


async def test_unchanged_is_believed_only_when_it_was_asked(server: hostile.Hostile, fetcher: Fetcher) -> None:
    assert (await rejected(fetcher, server.url("/304"))).reason == "http_status"
    assert (await fetcher.get(server.url("/304"), etag='"a"')).status == 304


@pytest.mark.parametrize("path", ["/huge-etag", "/etag-bytes"])
async def test_a_validator_that_can_not_be_sent_back_is_not_kept(
    server: hostile.Hostile, fetcher: Fetcher, path: str
) -> None:
    reply = await fetcher.get(server.url(path))
    assert reply.etag == ""
    assert reply.content_type.isprintable()


@pytest.mark.parametrize(
    ("path", "permanent"),
    [
        ("/moved", True),
        ("/moved-twice", True),
        ("/found", False),
        ("/moved-then-found", False),
        ("/found-then-moved", False),
    ],
)
async def test_a_redirect_is_followed_and_says_whether_it_is_for_good(
    server: hostile.Hostile, fetcher: Fetcher, path: str, permanent: bool
) -> None:
    reply = await fetcher.get(server.url(path))
    assert (reply.url, reply.body, reply.permanent) == (server.url("/good"), hostile.FEED, permanent)


async def test_five_hops_are_followed(server: hostile.Hostile, fetcher: Fetcher) -> None:
    assert (await fetcher.get(server.url("/hops-5"))).body == hostile.FEED
    assert len(server.visits) == 6


async def test_cookies_are_never_sent(
    server: hostile.Hostile, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest: real("127.0.0.1", *rest))
    await fetcher.get(server.url("/cookie", "lantern.example"))  # a name: cookies of bare addresses are not kept anyway
    assert server.visits[-1].target == "/good"
    assert "cookie" not in server.visits[-1].headers


async def test_user_and_password_stay_with_their_origin_and_out_of_the_answer(
    server: hostile.Hostile, fetcher: Fetcher
) -> None:
    server.routes["/away"] = lambda visit: visit.send(hostile.moved(302, server.url("/good", "127.0.0.2")))
    secret = server.url("/away").replace("//", "//ada:lovelace@")
    reply = await fetcher.get(secret)
    first, second = (visit.headers for visit in server.visits)
    assert "authorization" in first
    assert "authorization" not in second
    same = await fetcher.get(server.url("/found").replace("//", "//ada:lovelace@"))
    assert "authorization" in server.visits[-1].headers
    assert "lovelace" not in f"{reply} {same}"


async def test_a_proxy_in_the_environment_is_ignored(
    server: hostile.Hostile, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setitem(os.environ, "no_proxy", "")
    assert (await fetcher.get(server.url("/good"))).status == 200


@pytest.mark.slow
async def test_one_host_has_one_request_at_a_time_and_its_queue_does_not_eat_the_deadline(
    server: hostile.Hostile,
) -> None:
    async with Fetcher(deadline=SOON) as fetcher:
        replies = await asyncio.gather(*(fetcher.get(server.url("/slow")) for _ in range(6)))
    assert [reply.status for reply in replies] == [200] * 6
    assert server.most == 1


async def test_hosts_do_not_wait_for_each_other(server: hostile.Hostile, fetcher: Fetcher) -> None:
    hang = [asyncio.create_task(fetcher.get(server.url("/silent", host))) for host in hostile.HOSTS[1:21]]
    while server.under_way < 20:
        await asyncio.sleep(0.001)
    assert (await fetcher.get(server.url("/good"))).status == 200
    assert server.under_way == 20
    await ended(hang)


async def ended(tasks: list[asyncio.Task[Reply]]) -> None:
    """Cancel *tasks*, none of which may have come to an end by itself."""
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.slow
async def test_a_host_takes_its_turn_also_when_reached_by_redirect(server: hostile.Hostile) -> None:
    target = server.url("/slow", "127.0.0.9")
    server.routes["/away"] = lambda visit: visit.send(hostile.moved(302, target))
    async with Fetcher(deadline=SOON) as fetcher:
        await asyncio.gather(*(fetcher.get(server.url("/away", host)) for host in hostile.HOSTS[1:6]))
    visits = [visit for visit in server.visits if visit.target == "/slow"]
    assert len(visits) == 5
    assert all(before.ended <= after.began for before, after in pairwise(visits))


async def test_hosts_are_forgotten_when_nobody_waits_for_them(server: hostile.Hostile, fetcher: Fetcher) -> None:
    for host in hostile.HOSTS[:10]:
        await fetcher.get(server.url("/good", host))
    assert len(fetcher._turns) == 0


async def test_what_arrived_whole_is_counted(server: hostile.Hostile) -> None:
    sizes: list[int] = []
    async with Fetcher(received=sizes.append) as fetcher:
        await fetcher.get(server.url("/gzip"))
        await rejected(fetcher, server.url("/short"))
    assert sizes == [len(hostile.FEED)]


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "a" * 70 + ".example"])
async def test_a_name_that_is_none_is_to_be_tried_again(
    fetcher: Fetcher, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def look_up(name: str, *rest: Any) -> Any:
        if name == "nowhere.invalid":  # never ask a real name server
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(name, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(TransientError):
        await fetcher.get(f"http://{host}/")


async def test_names_that_hang_hold_up_neither_other_names_nor_threads(
    server: hostile.Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def look_up(name: str, *rest: Any) -> Any:
        if name.startswith("hang"):
            time.sleep(1)
        return real("127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with Fetcher() as fetcher:
        hang = [asyncio.create_task(fetcher.get(f"http://hang{n}.invalid/")) for n in range(40)]
        await asyncio.sleep(0.01)
        assert (await fetcher.get(server.url("/good", "quick.invalid"))).status == 200
        await asyncio.to_thread(int)
        await ended(hang)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "ftp://lantern.example/",
        "file:///etc/hostname",
        "http:///feed",
        "http://[::1",
        "http://a:99999/",
        "http://a/\udc80",
        "http://\udc80/",
    ],
)
async def test_what_is_no_web_address_is_rejected(fetcher: Fetcher, url: str) -> None:
    assert (await rejected(fetcher, url)).reason == "bad_url"


@given(st.text())
def test_any_text_is_an_address_or_is_rejected(text: str) -> None:
    for url in (text, f"http://{text}", f"http://lantern.example/{text}"):
        try:
            assert allowed(url).host
        except RejectedError as error:
            assert error.reason == "bad_url"


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "90"}, 90),
        ({"Retry-After": " 90 "}, 90),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1" + "0" * 30}, LONGEST_WAIT),
        ({"Retry-After": format_datetime(datetime(2026, 11, 24, 12, 10, tzinfo=UTC), usegmt=True)}, 600),
        ({"Retry-After": "Tue Nov 24 12:10:00 2026"}, 600),
        ({"Retry-After": "Tuesday, 24-Nov-26 12:10:00 GMT"}, 600),
        ({"Retry-After": "Tue, 24 Nov 2020 12:10:00 GMT"}, 0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_WAIT),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"}, LONGEST_WAIT),
        ({"Retry-After": "when I feel like it"}, None),
        ({"Retry-After": "Tue, 99 Nov 2026 12:10:00 GMT"}, None),
        ({"Cache-Control": "public, max-age=600, s-maxage=5"}, 600),
        ({"Cache-Control": 'Max-Age="600"'}, 600),
        ({"Cache-Control": "max-age=-5"}, None),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=" + "9" * 40}, LONGEST_WAIT),
        ({"Retry-After": "90", "Cache-Control": "max-age=600"}, 90),
    ],
)
def test_a_wish_to_wait_is_read(fields: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(fields, NOW.timestamp()) == seconds


def test_a_date_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Yerevan")
    time.tzset()
    try:
        assert asked_wait({"Retry-After": "Tue Nov 24 12:10:00 2026"}, NOW.timestamp()) == 600
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text(), st.text())
def test_a_wish_is_between_nothing_and_a_day_whatever_it_says(retry: str, cache: str) -> None:
    for fields in ({"Retry-After": retry}, {"Cache-Control": cache}, {"Cache-Control": f"max-age={cache}"}):
        wish = asked_wait(fields, NOW.timestamp())
        assert wish is None or 0 <= wish <= LONGEST_WAIT


def fed(body: Body, data: bytes, step: int) -> bytes:
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.finish()


@given(st.lists(st.binary(max_size=200), max_size=MEMBERS), st.integers(1, 300), st.booleans())
def test_a_body_is_the_same_however_it_was_cut_into_pieces(parts: list[bytes], step: int, gzipped: bool) -> None:
    data = b"".join(gzip.compress(part, mtime=0) if gzipped else part for part in parts)
    assert fed(Body(10_000, gzipped=gzipped), data, step) == b"".join(parts)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_gzip_body_cut_anywhere_is_never_a_shorter_one(body: bytes, data: st.DataObject) -> None:
    whole = gzip.compress(body, mtime=0)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(RejectedError) as caught:
        fed(Body(10_000, gzipped=True), whole[:cut], 64)
    assert caught.value.reason == "truncated"


def test_the_cap_counts_the_decoded_bytes_and_is_exact() -> None:
    packed = gzip.compress(b"a" * 1000)
    assert len(fed(Body(1000, gzipped=True), packed, 7)) == 1000
    with pytest.raises(RejectedError, match="too_large"):
        fed(Body(999, gzipped=True), packed, 7)


def test_as_many_members_as_allowed_are_read_and_no_more() -> None:
    member = gzip.compress(b"a")
    assert fed(Body(1000, gzipped=True), member * MEMBERS, 1000) == b"a" * MEMBERS
    with pytest.raises(RejectedError, match="more than 16"):
        fed(Body(1000, gzipped=True), member * (MEMBERS + 1), 1000)


async def test_a_validator_of_exactly_one_kilobyte_is_kept(server: hostile.Hostile, fetcher: Fetcher) -> None:
    for size, kept in ((VALIDATOR, True), (VALIDATOR + 1, False)):
        server.routes["/sized"] = lambda visit, tag="a" * size: visit.send(
            hostile.answer("200 OK", b"x", f"ETag: {tag}")
        )
        assert bool((await fetcher.get(server.url("/sized"))).etag) is kept
