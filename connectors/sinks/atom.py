"""Alerts as Atom: one feed file per watchlist, for any feed reader.

The file is its own memory: a delivery reads it, adds what is new and puts it back atomically. Written with
the standard library and not with feedgen, which raises on control characters, cannot read its own feeds back
and asks for lxml.

Source: RFC 4287; characters allowed in XML: XML 1.0 §2.2.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import structlog
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import TransientError
from connectors.records import Alert, Evidence, digest

log = structlog.get_logger(__name__)

ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("", ATOM)  # so that the file needs no prefixes

TITLE = 300
"""Characters of a title; readers show fewer."""

EVIDENCE = 20
"""Pieces of evidence in an entry; the rest is a count."""

# All that XML forbids, and the direction overrides that would reach into a reader's own page.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Options(BaseModel):
    """Where the feeds are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="the folder of the feeds, <watchlist>.atom; made when missing")
    entries: int = Field(100, ge=1, le=10_000, description="how many of the newest alerts a feed keeps")
    base_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="the address of the folder, when a web server shows it to readers",
    )


def build(name: str, options: Options) -> Atom:
    """A sink on one folder. Nothing is written before the first alert."""
    return Atom(options.folder, options.entries, options.base_url)


class Atom:
    """Keeps the newest *most* alerts of each watchlist, by the time their articles were fetched, in its feed.

    An update of an alert takes its place. Guarantees: exactly once in effect; whoever reads sees a whole feed; on disk
    (fsync) when `deliver` returns. A file that is no feed is set aside as ``.broken``. Files are as readable as the
    umask says: they are there to be read. Cost: rewrites the feed, some milliseconds for 100 entries.
    """

    batch = 100

    def __init__(self, folder: Path, most: int, base_url: str = "") -> None:
        self._folder = folder
        self._most = most
        self._base_url = base_url.rstrip("/")

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        try:
            await asyncio.to_thread(self._update, alerts)
        except OSError as error:
            raise TransientError(f"{self._folder}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Nothing is held between deliveries."""

    def _update(self, alerts: Sequence[Alert]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lists: dict[str, list[Alert]] = {}
        for alert in alerts:
            lists.setdefault(alert.watchlist, []).append(alert)
        for watchlist, news in lists.items():
            path = self._folder / f"{quote(watchlist, safe='')[:200]}.atom"  # no id reaches another folder
            old = _read(path)
            known = {entry.findtext(f"{{{ATOM}}}id") for entry in old}
            new: dict[str, Alert] = {}
            for alert in news:
                if alert.updates:  # the newest word on it
                    new[_key(alert)] = alert
                elif _key(alert) not in known:
                    new.setdefault(_key(alert), alert)
            if new:
                kept = [entry for entry in old if entry.findtext(f"{{{ATOM}}}id") not in new]
                newest = sorted([*kept, *map(entry_of, new.values())], key=_order, reverse=True)[: self._most]
                href = f"{self._base_url}/{quote(path.name)}" if self._base_url else ""
                _replace(path, feed_of(news[-1], newest, href))


def feed_of(alert: Alert, entries: Sequence[ET.Element], href: str = "") -> bytes:
    """The feed of *alert*'s watchlist with *entries*, newest first, in UTF-8. *href* is its own address."""
    feed = ET.Element(f"{{{ATOM}}}feed")
    _add(feed, "id", urn(digest("atom", alert.watchlist)))
    _add(feed, "title", _clean(alert.watchlist_title or alert.watchlist)[:TITLE])
    _add(feed, "updated", max(_order(entry)[0] for entry in entries))
    _add(_add(feed, "author"), "name", "wirewatch")
    _add(feed, "generator", "wirewatch")
    if href:
        _add(feed, "link", rel="self", type="application/atom+xml", href=href)
    feed.extend(entries)
    ET.indent(feed)
    data: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _key(alert: Alert) -> str:
    """The id of the entry that *alert* makes or replaces."""
    return urn(alert.updates or alert.id)


def entry_of(alert: Alert) -> ET.Element:
    """The entry of one alert: its title, a link to the article, severity, and the evidence as HTML."""
    entry = ET.Element(f"{{{ATOM}}}entry")
    key = _key(alert)
    _add(entry, "id", key)
    _add(
        entry,
        "title",
        " ".join(_clean(alert.title[: 2 * TITLE]).split())[:TITLE] or "(no title)",
        type="text",
    )
    # RFC 4287 §4.1.2 asks for a link; readers follow it, so it is never javascript: and the like.
    web = alert.url.lower().startswith(("https://", "http://"))
    _add(
        entry,
        "link",
        rel="alternate",
        href=quote(_clean(alert.url), safe="%/:=&?~#+!$,;'@()*[]") if web else key,
    )
    _add(entry, "updated", _time(alert.fetched))
    if alert.published:
        _add(entry, "published", _time(alert.published))
    _add(
        entry,
        "category",
        term=alert.severity,
        scheme="urn:wirewatch:severity",
        label=f"{alert.severity} severity",
    )
    _add(entry, "summary", _clean(_summary(alert)), type="html")
    return entry


def urn(key: str) -> str:
    """A permanent, unique name (RFC 4287 §4.2.6) from an id of ours, which is as long as a UUID."""
    try:
        return uuid.UUID(hex=key).urn
    except ValueError:
        return uuid.UUID(hex=digest(key)).urn


def _summary(alert: Alert) -> str:
    where = " · ".join(html.escape(part) for part in alert.details)
    items = "".join(f"<li>{_reason(piece)}</li>" for piece in alert.evidence[:EVIDENCE])
    more = len(alert.evidence) - EVIDENCE
    return f"<p>{where}</p><ul>{items}{f'<li>+ {more} more</li>' if more > 0 else ''}</ul>"


def _reason(piece: Evidence) -> str:
    surface, snippet = html.escape(piece.surface[:TITLE]), html.escape(piece.snippet[: 2 * TITLE])
    shown = snippet.replace(surface, f"<b>{surface}</b>") if surface in snippet else f"<b>{surface}</b> {snippet}"
    how = "" if piece.how == "exact" else f", {piece.how}"
    return f"{piece.zone}: {shown} <i>({html.escape(piece.rule[:TITLE])}{how})</i>"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    child.text = text or None
    return child


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")  # one width, so that text sorts as time


def _order(entry: ET.Element) -> tuple[str, str]:
    return entry.findtext(f"{{{ATOM}}}updated") or "", entry.findtext(f"{{{ATOM}}}id") or ""


def _read(path: Path) -> list[ET.Element]:
    """The entries that the feed holds now."""
    try:
        return ET.fromstring(path.read_bytes()).findall(f"{{{ATOM}}}entry")  # noqa: S314 - our own file
    except FileNotFoundError:
        return []
    except ET.ParseError as error:
        log.warning("feed unreadable, set aside", path=str(path), error=str(error))
        path.rename(f"{path}.broken")
        return []


def _replace(path: Path, data: bytes) -> None:
    """Put *data* at *path*, all or nothing, and on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
