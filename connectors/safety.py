"""A feed document made safe for a parser: what costs time, memory or a whole feed goes, or is refused.

Leading blanks go (100 KB of newlines cost feedparser 36 s), encodings come from a list, dangerous declarations are
refused, impossible character references become U+FFFD (one of them would lose the whole feed). All of it is a few
passes of patterns that take linear time.

Source: measured attacks (research on reliability; B-001 to B-034 name them).
"""

from __future__ import annotations

import codecs
import re

from connectors.errors import RejectedError

_NAMES = """
utf-8 utf8 utf-16 utf-16le utf-16be utf-32 us-ascii ascii latin-1 latin1 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4
iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16
windows-874 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257
windows-1258 cp866 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8-r koi8-u koi8-t ibm866
macintosh mac-cyrillic armscii-8 gb2312 gbk gb18030 big5 big5-hkscs euc-jp shift_jis iso-2022-jp euc-kr
ks_c_5601-1987 tis-620
"""

ENCODINGS = frozenset(_NAMES.split())
"""Encodings that a document may name. Others are taken for a mistake: some names run code of Python's that takes
seconds (punycode) or smuggles markup (utf-7), see B-034."""

TAG = 65_536
"""Bytes of one tag; with more it is an attack by attributes (B-012: 60,000 attributes cost 36 s)."""

DEPTH = 256
"""Elements open at once (B-016)."""

ENTITY_COUNT, ENTITY_LENGTH, ENTITY_TOTAL = 64, 1024, 1_000_000
"""What a document may declare of its own entities: that many, so long, and so many characters in all (B-006)."""


OPENED = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)\b", re.IGNORECASE)
"""The root of a feed."""

_PROLOG = re.compile(rb"^(<\?xml[^>]{0,200}?encoding\s*=\s*)(['\"])([^'\"]{0,100})\2")
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|(\d+));?")
_DOCTYPE = re.compile(rb"<!DOCTYPE\b([^\[>]*)(\[(.*?)\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY\s+([\w.-]+)\s+(['\"])(.*?)\2\s*>", re.DOTALL)
_LONG_TAG = re.compile(rb"<[a-zA-Z/?][^<>]{%d,}" % TAG)
_TAGS = re.compile(rb"<(/?)([a-zA-Z][\w:.-]*)[^<>]*?(/?)>")


def prepare(body: bytes) -> bytes:
    """*body* as it may reach the parser: UTF-16 and UTF-32 as UTF-8, without leading blanks, DOCTYPE or odd encodings.

    Raises:
        RejectedError: ``empty``, ``html``, ``not_a_feed``, ``doctype``, ``too_deep`` or ``too_many_attributes``.
    """
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
    if head.startswith((b"<!doctype html", b"<html")) or (b"<html" in head and not OPENED.search(data[:65536])):
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


def checked_type(content_type: str) -> str:
    """The header without a charset that is not on the list, and always of a kind that feedparser reads as XML."""
    found = re.search(r"charset\s*=\s*[\"']?([^\s\"';]+)", content_type, re.IGNORECASE)
    charset = f"; charset={found[1]}" if found and found[1].lower() in ENCODINGS else ""
    return f"application/xml{charset}"
