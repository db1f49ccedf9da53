"""Bytes of a feed document to a `Feed`: RSS and Atom by feedparser, made safe before and checked after.

Runs in the parsing child (`connectors.child`); nothing here opens a file or an address. Before the parser the document
is made safe (`connectors.safety`). After it dates are read again (an unknown zone name would be UTC) and texts are
cleaned. If the parser raises, which it does on some 3 % of documents with one byte changed (measured), the items are
parsed one by one and only the bad ones are lost, with their bytes.
"""

from __future__ import annotations

import html as entities
import io
import re
from typing import Any
from urllib.parse import urljoin

import feedparser
import msgspec

from connectors.dates import when
from connectors.errors import RejectedError
from connectors.html import clean, origin_of, same_words, text_of
from connectors.safety import OPENED, checked_type, prepare

ENTRIES = 1000
"""Entries read of one document, as listed (B-018); real feeds list some tens."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as the feed gives it, and as text. *summary* is markup; *lead*, *body*, *captions* are plain text."""

    title: str = ""
    link: str = ""
    id: str = ""
    published: float | None = None
    updated: float | None = None
    summary: str = ""
    lead: str = ""
    body: str = ""
    captions: str = ""
    origin: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""


class Bad(msgspec.Struct, frozen=True):
    """An entry that could not be read: why, and its bytes."""

    reason: str
    detail: str
    raw: bytes


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A document. *partial*: cut off, or with entries lost or left out; then its validators mean nothing."""

    title: str = ""
    link: str = ""
    id: str = ""
    language: str = ""
    items: tuple[Item, ...] = ()
    bad: tuple[Bad, ...] = ()
    left_out: int = 0
    partial: bool = False


def parse(body: bytes, url: str = "", content_type: str = "", now: float | None = None) -> Feed:
    """Read a feed document.

    Args:
        body: The document, decoded of its transfer encodings.
        url: Where it came from; relative links are resolved against it.
        content_type: The header, for its charset.
        now: Seconds since the epoch: dates more than a day after it are not believed. None believes all.

    Raises:
        RejectedError: ``empty``, ``html``, ``not_a_feed``, ``doctype``, ``too_deep`` or ``too_many_attributes``.
    """
    data = prepare(body)
    headers = {"content-type": checked_type(content_type)}  # no location: ids must not change with a redirect
    bad: list[Bad] = []
    try:
        parsed = _feedparser(data, headers)
        found = [_item(entry, parsed.feed, url, now) for entry in parsed.entries[:ENTRIES]]
    except Exception:  # the parser raises 11 kinds on bad documents: the items are tried one by one
        parsed, found, bad = _salvage(data, headers, url, now)
    if not parsed.get("version") and not found and not bad:
        raise RejectedError("not_a_feed", "no RSS, RDF or Atom in it")
    closed = len(_CLOSED.findall(data))
    cut = bool(OPENED.search(data)) and not _ROOT_END.search(data[-4096:])
    if cut and found and closed < len(parsed.entries):
        bad.append(Bad("truncated", "the document ends within this entry", data[data.rfind(b"<item") :][:65536]))
        found = found[:-1]
    left_out = max(0, len(parsed.entries) - ENTRIES)
    feed = parsed.feed
    return Feed(
        title=_title(feed),
        link=_link(feed.get("link", ""), url),
        id=clean(feed.get("id", "") or "")[:1000],
        language=clean(feed.get("language", ""))[:35],
        items=tuple(found),
        bad=tuple(bad),
        left_out=left_out,
        partial=cut or bool(bad) or bool(left_out),
    )


_CLOSED = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>|<(?:\w+:)?(?:rss|feed|RDF)[^>]*/>", re.IGNORECASE)
_PART = re.compile(rb"<((?:\w+:)?(?:item|entry))\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def _feedparser(data: bytes, headers: dict[str, str]) -> Any:
    return feedparser.parse(
        io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _salvage(data: bytes, headers: dict[str, str], url: str, now: float | None) -> tuple[Any, list[Item], list[Bad]]:
    """Parse each item alone between the head and the end of the document."""
    parts = list(_PART.finditer(data))
    if not parts:
        raise RejectedError("parser_error", "the parser fails on it and it has no items to try alone")
    head, tail = data[: parts[0].start()], data[parts[-1].end() :]
    found: list[Item] = []
    bad: list[Bad] = []
    parsed: Any = feedparser.FeedParserDict(feed=feedparser.FeedParserDict(), entries=[], version="")
    for part in parts[:ENTRIES]:
        try:
            alone = _feedparser(head + part[0] + tail, headers)
            found += [_item(entry, alone.feed, url, now) for entry in alone.entries]
            parsed = alone
        except Exception as error:  # the same boundary, one item wide
            bad.append(Bad("parser_error", f"{type(error).__name__}: {error}"[:500], part[0][:65536]))
    parsed["entries"] = parts
    return parsed, found, bad


def _item(entry: Any, feed: Any, url: str, now: float | None) -> Item:
    contents = [c.get("value", "") for c in entry.get("content", [])]
    summary = entry.get("summary", "") or ""
    content = max(contents, key=len, default="")
    body, captions = text_of(content)
    lead, more = text_of(summary)
    if not body:
        lead, body = "", lead
        if contents:  # feedparser gives an Atom content as the summary too
            captions = captions or more
    if lead and same_words(lead).removesuffix("…") in same_words(body):
        lead = ""
    media = [clean(text_of(m.get("content", ""))[0]) for m in entry.get("media_credit", [])]
    media += [clean(text_of(entry.get("media_description", "") or "")[0])] if "media_description" in entry else []
    lines = [*captions.splitlines(), *more.splitlines(), *media]
    origin, body = origin_of(body)
    base = entry.get("base") or feed.get("base") or url
    authors = [a.get("name", "") or a.get("email", "") for a in entry.get("authors", [])] or [entry.get("author", "")]
    return Item(
        title=_title(entry),
        link=_link(entry.get("link", "") or "", base),
        id=clean(entry.get("id", "") or "")[:1000],
        published=when(entry.get("published") or entry.get("created"), entry.get("published_parsed"), now),
        updated=when(entry.get("updated"), entry.get("updated_parsed"), now) if "updated" in entry else None,
        summary=summary,
        lead=lead,
        body=body,
        captions="\n".join(dict.fromkeys(line for line in lines if line)),
        origin=origin,
        authors=tuple(dict.fromkeys(clean(a)[:500] for a in authors if a and clean(a)))[:50],
        language=clean(
            (entry.get("summary_detail") or {}).get("language")
            or entry.get("language")
            or feed.get("language", "")
            or ""
        )[:35],
    )


def _title(of: Any) -> str:
    """The title as plain text; markup goes only where the feed says that it is markup."""
    title = of.get("title", "") or ""
    if (of.get("title_detail") or {}).get("type", "text/html") == "text/plain":
        return clean(title)
    return clean(text_of(title)[0] if "<" in title else entities.unescape(title))


def _link(link: str, base: str) -> str:
    """An absolute http(s) address, or "" (B-043: other schemes are text, not links)."""
    try:
        joined = urljoin(base, link.strip()) if link else ""
    except ValueError:
        return ""
    return clean(joined)[:4000] if joined.lower().startswith(("http://", "https://")) else ""
