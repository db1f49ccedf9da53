"""Reads what a log knows of one article, named by its address, its id or its key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain
from typing import TypeVar

import msgspec
from msgspec import Struct
from yarl import URL

from connectors.buses import Bus, Record, every
from connectors.errors import RejectedError
from connectors.records import Alert, Article, DeadLetter, SourceHealth, StoryMember, TaggedArticle, Topical, decode
from pipelines.dedup import canonical_url
from pipelines.whereabouts import Traces

S = TypeVar("S", bound=Struct)
V = TypeVar("V", bound=Topical)


class _Named(Struct):
    """What names an article; to pass over the rest of a record takes a tenth of the time."""

    id: str
    url: str
    source: str = ""
    revision: int = 1


class _Tagged(Struct):
    article: _Named


def is_address(asked: str) -> bool:
    """Whether *asked* is the address of an article, and no id or key."""
    return asked.startswith(("http://", "https://"))


def trace(bus: Bus, asked: str, feeds: Mapping[str, str], spool: Bus | None = None) -> Traces:
    """What *bus* and the poller's *spool* hold of the article *asked* for; *feeds* are addresses of feeds by source.

    Addresses are compared as the de-duplication compares them. Cost: reads all topics but
    `watchlists` whole; measured: some 4 µs a record, 20 µs one of the same site. Appends nothing.
    """
    wanted, site = _wanted(asked), _site(asked)
    sources = {name for name, address in feeds.items() if _same_site(site, _site(address))}
    articles: list[Article] = []
    for record in chain(every(bus, "articles"), every(spool, "articles") if spool else ()):
        if (named := _part(record, _Named)) is None:
            continue
        if wanted(named):
            articles += _whole(record, Article)
        elif site and site in named.url and _same_site(site, _site(named.url)):
            sources.add(named.source)
    tagged: list[TaggedArticle] = []
    for record in every(bus, "tagged"):
        if (part := _part(record, _Tagged)) and wanted(part.article):
            tagged += _whole(record, TaggedArticle)
    ids = {article.id for article in (*articles, *(t.article for t in tagged))}
    healths = {
        health.source: health for record in every(bus, "source-health") for health in _whole(record, SourceHealth)
    }
    return Traces(
        articles=articles,
        tagged=tagged,
        firsts=_firsts(bus, {t.duplicate_of for t in tagged if t.duplicate_of}),
        letters=[
            letter
            for record in every(bus, "dead-letters")
            for letter in _whole(record, DeadLetter)
            if _about(letter, ids, asked)
        ],
        alerts=list(_alerts(bus, ids)),
        members=[
            member
            for record in (every(bus, "stories") if "stories" in bus.topics() else ())
            if any(id_.encode() in (record.value or b"") for id_ in ids)
            for member in _whole(record, StoryMember)
            if _id(member.article) in ids
        ],
        healths=[health for name, health in healths.items() if name in sources],
        unpolled=sorted((sources & feeds.keys()) - healths.keys()),
    )


def _wanted(asked: str) -> Callable[[_Named], bool]:
    if not is_address(asked):
        return lambda named: asked in (named.id, f"{named.id}.{named.revision}")
    url, site = canonical_url(asked), _site(asked)

    def same(named: _Named) -> bool:
        near = site in named.url.lower() or not named.url.isascii()  # to make sure takes 20 µs
        return named.url == asked or (bool(url) and near and canonical_url(named.url) == url)

    return same


def _firsts(bus: Bus, ids: Collection[str]) -> dict[str, Article]:
    """The articles with these *ids*, the newest revision of each."""
    found = (t for r in (every(bus, "tagged") if ids else ()) if _id(r.key) in ids for t in _whole(r, TaggedArticle))
    return {tagged.article.id: tagged.article for tagged in found}


def _alerts(bus: Bus, ids: Collection[str]) -> Iterator[Alert]:
    for topic in bus.topics() if ids else ():
        if topic.startswith("alerts."):
            for record in every(bus, topic):
                if any(id_.encode() in (record.value or b"") for id_ in ids):
                    yield from (alert for alert in _whole(record, Alert) if alert.story in ids)


def _about(letter: DeadLetter, ids: Collection[str], asked: str) -> bool:
    """Whether *letter* holds one of the articles, an alert of it, or what a feed gave of the address."""
    if letter.stage in ("fetch", "parse"):
        return is_address(asked) and asked.encode(errors="replace") in letter.raw
    return _id(letter.key) in ids or any(id_.encode() in letter.raw for id_ in ids)


def _part(record: Record, kind: type[S]) -> S | None:
    try:
        return msgspec.json.decode(record.value or b"", type=kind)
    except msgspec.MsgspecError:
        return None


def _whole(record: Record, kind: type[V]) -> list[V]:
    """The record, or nothing when it cannot be read."""
    try:
        return [decode(kind, record.value)]
    except RejectedError:
        return []


def _id(key: str) -> str:
    """The id of the article with this *key*."""
    return key.rpartition(".")[0]


def _site(url: str) -> str:
    """The host of *url* without ``www.``, "" when it has none."""
    try:
        return (URL(url).raw_host or "").removeprefix("www.")
    except ValueError:
        return ""


def _same_site(one: str, other: str) -> bool:
    """Whether two hosts are of one site: the same, or one within the other."""
    return bool(one and other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))
