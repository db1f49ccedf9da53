"""One feed from poll to poll: what is new, what was edited, what its server said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import RejectedError, TransientError
from connectors.feed import Feed, parse
from connectors.fetch import Reply
from connectors.sources import Batch, Tools, rss

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def document(*entries: tuple[str, str]) -> bytes:
    items = "".join(f"<item><guid isPermaLink='false'>{g}</guid><title>{t}</title></item>" for g, t in entries)
    return f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()


class Server:
    """Answers with what it is given, one after the other, and keeps what it was asked with."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def get(self, url: str, *, etag: str = "", last_modified: str = "", accept: str = "") -> Reply:
        self.asked.append((etag, last_modified))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Parser:
    """The real parser, in this process."""

    async def parse(self, body: bytes, url: str = "", content_type: str = "", now: float | None = None) -> Feed:
        return parse(body, url, content_type, now)


class Feeds:
    """A source whose server and clock a test sets."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.server = Server(*answers)
        self.time = START
        server: Any = self.server
        child: Any = Parser()
        options = rss.Options(url="https://example.org/feed")
        self.source = rss.build("wire", options, Tools(server, child, lambda: self.time))
        self.cursor = ""

    async def poll(self) -> Batch:
        batch = await self.source.poll(self.cursor)
        self.cursor = batch.cursor
        return batch


def ok(body: bytes, **fields: Any) -> Reply:
    return Reply(status=200, url="https://example.org/feed", body=body, **fields)


def titles(batch: Batch) -> list[tuple[str, int]]:
    return [(a.title, a.revision) for a in batch.articles]


async def test_the_first_poll_gives_every_entry_oldest_first() -> None:
    feeds = Feeds(ok(document(("2", "two"), ("1", "one"))))
    batch = await feeds.poll()
    assert titles(batch) == [("one", 1), ("two", 1)]
    assert (batch.state, batch.entries) == ("ok", 2)


async def test_the_next_poll_gives_only_what_is_new() -> None:
    feeds = Feeds(ok(document(("1", "one"))), ok(document(("2", "two"), ("1", "one"))))
    await feeds.poll()
    assert titles(await feeds.poll()) == [("two", 1)]


async def test_an_edited_entry_is_the_next_revision_of_the_same_article() -> None:
    feeds = Feeds(ok(document(("1", "one"))), ok(document(("1", "won"))), ok(document(("1", "won"), ("2", "two"))))
    first = (await feeds.poll()).articles[0]
    second = (await feeds.poll()).articles[0]
    assert (second.id, second.title, second.revision) == (first.id, "won", 2)
    assert titles(await feeds.poll()) == [("two", 1)]


async def test_validators_go_back_as_they_came() -> None:
    feeds = Feeds(
        ok(document(("1", "one")), etag='W/"x"', last_modified="yesterday, roughly"),
        Reply(status=304, url="https://example.org/feed"),
    )
    await feeds.poll()
    assert (await feeds.poll()).state == "unchanged"
    assert feeds.server.asked == [("", ""), ('W/"x"', "yesterday, roughly")]


async def test_after_an_unchanged_answer_the_validators_still_go_back() -> None:
    same = Reply(status=304, url="https://example.org/feed")
    feeds = Feeds(ok(document(("1", "one")), etag="e"), same, same)
    for _ in range(3):
        await feeds.poll()
    assert feeds.server.asked[-1] == ("e", "")


async def test_once_a_day_it_asks_without_validators_and_keeps_them_after() -> None:
    body = ok(document(("1", "one")), etag="e")
    feeds = Feeds(body, body, Reply(status=304, url="https://example.org/feed"))
    await feeds.poll()
    feeds.time += timedelta(hours=25)
    assert (await feeds.poll()).state == "unchanged"
    await feeds.poll()
    assert feeds.server.asked == [("", ""), ("", ""), ("e", "")]


async def test_the_same_body_without_validators_is_unchanged() -> None:
    feeds = Feeds(ok(document(("1", "one"))), ok(document(("1", "one"))))
    await feeds.poll()
    assert (await feeds.poll()).state == "unchanged"


async def test_the_validators_of_a_document_cut_off_are_not_kept() -> None:
    cut = document(("1", "one"), ("2", "two"))[:-40]
    feeds = Feeds(ok(cut, etag="e"), ok(document(("1", "one"), ("2", "two")), etag="e"))
    first = await feeds.poll()
    assert titles(first) == [("one", 1)]
    assert titles(await feeds.poll()) == [("two", 1)]
    assert feeds.server.asked[1] == ("", "")


@pytest.mark.parametrize(
    ("answer", "state", "wait"),
    [
        (TransientError("no answer", None), "broken", None),
        (TransientError("HTTP 429", 120.0), "broken", 120.0),
        (RejectedError("blocked", "HTTP 403"), "blocked", None),
        (RejectedError("gone", "HTTP 410"), "gone", None),
        (RejectedError("too_large"), "broken", None),
    ],
)
async def test_a_failed_fetch_changes_nothing_and_says_why(answer: Exception, state: str, wait: float | None) -> None:
    feeds = Feeds(ok(document(("1", "one")), etag="e"), answer)
    await feeds.poll()
    before = feeds.cursor
    batch = await feeds.poll()
    assert (batch.state, batch.next_poll, batch.cursor) == (state, wait, before)
    assert batch.failed
    assert str(answer) in batch.reason


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [(b"", "broken", "empty"), (b"<html>wall</html>", "html", "html"), (b"%PDF", "broken", "not_a_feed")],
)
async def test_a_body_that_is_no_feed_is_a_failure_with_its_bytes_set_aside(
    body: bytes, state: str, reason: str
) -> None:
    feeds = Feeds(ok(body, etag="e"))
    batch = await feeds.poll()
    assert (batch.state, batch.cursor, batch.articles) == (state, "", ())
    assert [(d.reason, d.raw, d.source) for d in batch.rejected] == [(reason, body, "wire")]


async def test_a_feed_without_entries_is_empty_and_healthy() -> None:
    batch = await Feeds(ok(document())).poll()
    assert (batch.state, batch.failed) == ("empty", False)


async def test_entries_that_share_a_guid_are_told_apart_by_their_titles() -> None:
    feeds = Feeds(
        ok(document(("same", "one"), ("same", "two"))), ok(document(("same", "one"), ("same", "two"), ("3", "x")))
    )
    first = await feeds.poll()
    assert len({a.id for a in first.articles}) == 2
    assert titles(await feeds.poll()) == [("x", 1)]


async def test_a_cursor_of_another_version_starts_anew() -> None:
    feeds = Feeds(ok(document(("1", "one"))))
    feeds.cursor = '{"seen": 5}'
    assert titles(await feeds.poll()) == [("one", 1)]


async def test_ids_are_scoped_by_source() -> None:
    mine, theirs = Feeds(ok(document(("1", "one")))), Feeds(ok(document(("1", "one"))))
    theirs.source._name = "other"  # type: ignore[attr-defined]
    assert (await mine.poll()).articles[0].id != (await theirs.poll()).articles[0].id


async def test_an_entry_that_says_nothing_is_set_aside_and_the_others_go_on() -> None:
    body = b"<rss version='2.0'><channel><title>F</title><item></item><item><title>one</title></item></channel></rss>"
    batch = await Feeds(ok(body)).poll()
    assert titles(batch) == [("one", 1)]
    assert [d.reason for d in batch.rejected] == ["empty_entry"]
