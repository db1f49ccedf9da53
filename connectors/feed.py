"""Bytes of a feed document to a `Feed`: RSS and Atom by feedparser, made safe before and checked after.

Runs in the parsing child (`connectors.child`); nothing here opens a file or an address. Before the parser: leading
blanks go (100 KB of newlines cost feedparser 36 s), encodings come from a list, dangerous declarations are refused,
impossible character references become U+FFFD (one of them would lose the whole feed). After it: dates are read again
(an unknown zone name would be UTC), texts are cleaned. If the parser raises, the items are parsed one by one and only
the bad ones are lost, with their bytes.

Source: measured attacks and mutations in research on reliability (B-001 to B-060 name them).
"""

from __future__ import annotations

import codecs
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

ENTRIES = 1000
"""Entries read of one document, as listed (B-018); real feeds list some tens."""

ENCODINGS = frozenset(
    [
        "utf-8",
        "utf8",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "utf-32",
        "us-ascii",
        "ascii",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-9",
        "iso-8859-10",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "latin-1",
        "latin1",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "koi8-r",
        "koi8-u",
        "koi8-t",
        "macintosh",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "big5-hkscs",
        "euc-jp",
        "shift_jis",
        "iso-2022-jp",
        "euc-kr",
        "ks_c_5601-1987",
        "tis-620",
        "windows-874",
        "armscii-8",
        "mac-cyrillic",
        "ibm866",
        "cp866",
    ]
)
"""Encodings that a document may name. Others are taken for a mistake: some names run code of Python's that takes
seconds (punycode) or smuggles markup (utf-7), see B-034."""

TAG = 65_536
"""Bytes of one tag; with more it is an attack by attributes (B-012: 60,000 attributes cost 36 s)."""

DEPTH = 256
"""Elements open at once (B-016)."""

ENTITY_COUNT, ENTITY_LENGTH, ENTITY_TOTAL = 64, 1024, 1_000_000
"""What a document may declare of its own entities: that many, so long, and so many characters in all (B-006)."""


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
    data = _prepared(body)
    headers = {"content-type": _charset_checked(content_type)}  # no location: ids must not change with a redirect
    bad: list[Bad] = []
    try:
        parsed = _feedparser(data, headers)
        found = [_item(entry, parsed.feed, url, now) for entry in parsed.entries[:ENTRIES]]
    except Exception:  # the parser raises 11 kinds on bad documents: the items are tried one by one
        parsed, found, bad = _salvage(data, headers, url, now)
    if not parsed.get("version") and not found and not bad:
        raise RejectedError("not_a_feed", "no RSS, RDF or Atom in it")
    closed = len(_CLOSED.findall(data))
    cut = bool(_OPENED.search(data)) and not _ROOT_END.search(data[-4096:])
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
_OPENED = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)\b", re.IGNORECASE)
_ROOT_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>|<(?:\w+:)?(?:rss|feed|RDF)[^>]*/>", re.IGNORECASE)
_PART = re.compile(rb"<((?:\w+:)?(?:item|entry))\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_PROLOG = re.compile(rb"^(<\?xml[^>]{0,200}?encoding\s*=\s*)(['\"])([^'\"]{0,100})\2")
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|(\d+));?")
_DOCTYPE = re.compile(rb"<!DOCTYPE\b([^\[>]*)(\[(.*?)\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY\s+([\w.-]+)\s+(['\"])(.*?)\2\s*>", re.DOTALL)
_LONG_TAG = re.compile(rb"<[a-zA-Z/?][^<>]{%d,}" % TAG)
_TAGS = re.compile(rb"<(/?)([a-zA-Z][\w:.-]*)[^<>]*?(/?)>")


def _feedparser(data: bytes, headers: dict[str, str]) -> Any:
    return feedparser.parse(
        io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _prepared(body: bytes) -> bytes:
    """*body* as it may reach the parser."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            body = _PROLOG.sub(rb"\1\2utf-8\2", body.decode(encoding, "replace").encode())
            break
    data = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if not data:
        raise RejectedError("empty", "no bytes but blanks")
    head = data[:2048].lower()
    if not data.startswith(b"<") and not data.startswith((b"\x00<", b"<\x00")):
        raise RejectedError("not_a_feed", f"it begins with {data[:16]!r}")
    if head.startswith((b"<!doctype html", b"<html")) or (b"<html" in head and not _OPENED.search(data[:65536])):
        raise RejectedError("html", "a web page, not a feed")
    if prolog := _PROLOG.match(data):
        if prolog[3].decode("ascii", "replace").strip().lower() not in ENCODINGS:
            data = data[: prolog.start(3)] + b"utf-8" + data[prolog.end(3) :]
    elif data.startswith(b"<?xml") and len(data[:4096].split(b"?>", 1)[0]) > 1024:
        raise RejectedError("not_a_feed", "its first line is no XML declaration")
    if _LONG_TAG.search(data):
        raise RejectedError("too_many_attributes", f"a tag of more than {TAG:,} bytes")
    data = _without_doctype(data)
    _check_depth(data)
    return _REFERENCE.sub(_possible, data)


def _without_doctype(data: bytes) -> bytes:
    """*data* with its own small entities written out and its DOCTYPE gone."""
    found = _DOCTYPE.search(data[:1_000_000])
    if not found:
        if b"<!ENTITY" in data[:1_000_000]:
            raise RejectedError("doctype", "entities declared where none may be")
        return data
    inner = found[3] or b""
    if b"<!ENTITY" in inner:
        declared = {name: value for name, _, value in _ENTITY.findall(inner)}
        if (
            len(declared) > ENTITY_COUNT
            or inner.count(b"<!ENTITY") != len(declared)
            or any(len(v) > ENTITY_LENGTH or b"%" in v or re.search(rb"&(?!#|\w+;$)\w", v) for v in declared.values())
        ):
            raise RejectedError("doctype", "entities from elsewhere, in one another, too many or too long")
        rest = data[found.end() :]
        if sum(rest.count(b"&%s;" % name) * len(value) for name, value in declared.items()) > ENTITY_TOTAL:
            raise RejectedError("doctype", f"entities of more than {ENTITY_TOTAL:,} characters in all")
        for name, value in declared.items():
            rest = rest.replace(b"&%s;" % name, value)
        return data[: found.start()] + rest
    return data[: found.start()] + data[found.end() :]


def _check_depth(data: bytes) -> None:
    if data.count(b"<") < DEPTH:
        return
    depth = 0
    plain = re.sub(rb"<!\[CDATA\[.*?(?:\]\]>|$)|<!--.*?(?:-->|$)", b"", data, flags=re.DOTALL)
    for end, _, empty in _TAGS.findall(plain):
        depth += 0 if empty else -1 if end else 1
        if depth > DEPTH:
            raise RejectedError("too_deep", f"more than {DEPTH} elements open at once")


def _possible(reference: re.Match[bytes]) -> bytes:
    digits = reference[1] or reference[2]
    code = int(digits[:9], 16 if reference[1] else 10) if len(digits) < 9 else 0x110000
    possible = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if possible else b"&#xFFFD;"


def _charset_checked(content_type: str) -> str:
    """The header without a charset that is not on the list, and always of a kind that feedparser reads as XML."""
    found = re.search(r"charset\s*=\s*[\"']?([^\s\"';]+)", content_type, re.IGNORECASE)
    charset = f"; charset={found[1]}" if found and found[1].lower() in ENCODINGS else ""
    return f"application/xml{charset}"


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
