"""RSS and Atom feeds over HTTP.

The cursor holds the server's validators as received, a digest of the last body, and for each entry seen its text's
digest and revision. It is only a proposal until the batch is published: so validators are never stored before the
items they stand for are accepted. An entry whose title or text changed is the next revision of its article.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.errors import RejectedError, TransientError
from connectors.feed import Feed, Item
from connectors.fetch import Reply
from connectors.records import Article, DeadLetter, article_id, dead_letter, digest
from connectors.sources import Batch, State, Tools

REMEMBERED = 1000
"""Entries remembered beside those that the last document listed: feeds reorder, and lists of tens come and go."""

UNCONDITIONAL = 86400.0
"""Seconds after which a feed is fetched without validators: some servers keep an ETag when the feed has changed."""

STATES: dict[str, State] = {
    "blocked": "blocked",
    "gone": "gone",
    "html": "html",
}
"""The state for a reason; any other failure is ``broken``."""


class Options(BaseModel):
    """A feed: its address, and its language where it does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="the feed's address, http:// or https://")
    language: str = Field("", description="the language of a feed that does not say it, such as hy")

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url


class Place(msgspec.Struct):
    """What the cursor says. *seen*: entry key to (digest of its text, revision)."""

    etag: str = ""
    last_modified: str = ""
    body: str = ""
    checked: float = 0.0
    seen: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)


def build(name: str, options: Options, tools: Tools) -> Rss:
    """A source for the feed at ``options.url``."""
    return Rss(name, options, tools)


class Rss:
    """One feed. Holds no state between polls."""

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self._name = name
        self._options = options
        self._tools = tools

    async def poll(self, cursor: str) -> Batch:
        place = _read(cursor)
        now = self._tools.now()
        fresh = now.timestamp() - place.checked < UNCONDITIONAL
        try:
            reply = await self._tools.fetch.get(
                self._options.url,
                etag=place.etag if fresh else "",
                last_modified=place.last_modified if fresh else "",
            )
        except TransientError as error:
            return Batch(cursor, state="broken", reason=f"network: {error}", next_poll=error.retry_after)
        except RejectedError as error:
            return self._failed(cursor, "fetch", error, b"", now)
        body = hashlib.sha256(reply.body).hexdigest()[:32]
        if reply.status == 304 or body == place.body:
            if not fresh:
                cursor = _write(self._moved(place, reply, body, now, place.seen))
            return Batch(cursor, state="unchanged", status=reply.status, next_poll=reply.retry_after)
        try:
            feed = await self._tools.child.parse(reply.body, reply.url, reply.content_type, now.timestamp())
        except RejectedError as error:
            return self._failed(cursor, "parse", error, reply.body, now, reply.status)
        return self._batch(place, reply, body, feed, now)

    def _batch(self, place: Place, reply: Reply, body: str, feed: Feed, now: datetime) -> Batch:
        seen: dict[str, tuple[str, int]] = {}
        articles = []
        said = tuple(item for item in feed.items if item.title or item.id or item.link or item.lead or item.body)
        for key, item in _keyed(said):
            text = digest(item.title, item.lead, item.body)
            known, revision = seen.get(key) or place.seen.get(key) or ("", 0)
            if text != known:
                revision += 1
                articles.append(self._article(key, item, feed, revision, now))
            seen[key] = (text, revision)
        older = [(k, v) for k, v in place.seen.items() if k not in seen]
        kept = dict(older[-REMEMBERED:]) | seen
        partial = feed.partial  # its validators stand for a document we do not have whole
        moved = self._moved(place, reply, body, now, kept) if not partial else Place(seen=kept, checked=place.checked)
        bad = [self._dead("parse", RejectedError(b.reason, b.detail), b.raw, now) for b in feed.bad]
        if len(said) < len(feed.items):
            bad.append(self._dead("parse", RejectedError("empty_entry", "no title, link, id or text"), b"", now))
        return Batch(
            cursor=_write(moved),
            articles=tuple(reversed(articles)),
            rejected=tuple(bad),
            state="ok" if feed.items else "broken" if bad else "empty",
            reason=f"{len(bad)} entries set aside" if bad else "",
            status=reply.status,
            entries=len(feed.items),
            next_poll=reply.retry_after,
        )

    def _moved(self, place: Place, reply: Reply, body: str, now: datetime, seen: dict[str, tuple[str, int]]) -> Place:
        """The place after an answer: its validators, and when it was last asked without them."""
        fresh = now.timestamp() - place.checked < UNCONDITIONAL
        kept = body if reply.status != 304 else place.body
        return Place(reply.etag, reply.last_modified, kept, place.checked if fresh else now.timestamp(), seen)

    def _article(self, key: str, item: Item, feed: Feed, revision: int, now: datetime) -> Article:
        return Article(
            id=article_id(self._name, key, item.link, item.title),
            source=self._name,
            url=item.link or feed.link,
            title=item.title,
            fetched=now,
            entry=item.id,
            lead=item.lead,
            body=item.body,
            captions=item.captions,
            authors=item.authors,
            language=item.language or feed.language or self._options.language,
            published=_time(item.published),
            updated=_time(item.updated),
            origin=item.origin,
            revision=revision,
        )

    def _failed(
        self,
        cursor: str,
        stage: Literal["fetch", "parse"],
        error: RejectedError,
        raw: bytes,
        now: datetime,
        status: int = 0,
    ) -> Batch:
        state = STATES.get(error.reason, "broken")
        rejected = (self._dead(stage, error, raw, now),) if stage == "parse" else ()
        return Batch(cursor, rejected=rejected, state=state, reason=str(error), status=status)

    def _dead(self, stage: Literal["fetch", "parse"], error: RejectedError, raw: bytes, now: datetime) -> DeadLetter:
        return dead_letter(stage, error, raw, at=now, source=self._name)


def _keyed(items: tuple[Item, ...]) -> list[tuple[str, Item]]:
    """Each item with the key that tells it from the others of its feed.

    That is the guid, else the link, the title, the text. Where several items of one document share a guid but not their
    text, the guid says nothing, and the link or title is added to it.
    """
    texts: dict[str, set[str]] = {}
    for item in items:
        texts.setdefault(_key(item), set()).add(digest(item.title, item.body, item.lead))
    keyed: dict[str, Item] = {}
    for item in items:
        key = _key(item)
        if len(texts[key]) > 1:
            key = f"{key}|{item.link}|{item.title}" if item.link else f"{key}|{item.title}"
        keyed.setdefault(key, item)
    return list(keyed.items())


def _key(item: Item) -> str:
    return item.id or item.link or item.title or digest(item.lead, item.body)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _read(cursor: str) -> Place:
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else Place()
    except msgspec.MsgspecError:  # of another version: the poll starts anew, and keys absorb the repetition
        return Place()


def _write(place: Place) -> str:
    return msgspec.json.encode(place).decode()
