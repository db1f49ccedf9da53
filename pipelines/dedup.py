"""The same article or not: canonical URL, source id, normalised text (exact copies only).

Two articles are copies when they share a fingerprint. `fingerprints` is pure and costs one hash a kind; `Seen` is
the memory of a language: a dictionary from fingerprint to the id of the first article that had it, in two
generations so that it forgets between one and two horizons after the fact.

Does not: recognise near-copies (a cut, a new headline), nor decide across languages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlencode

import msgspec
from courlan import normalize_url
from yarl import URL

from connectors.records import Article, TaggedArticle, digest
from pipelines.folding import fold

TRACKING = re.compile(
    r"^(utm_|at_|mc_|ns_|pk_|fb|gclid|yclid|dclid|msclkid|igshid|cmp$|ocid$|ref$|rss$|ref_src$|smid$)"
)
"""Query parameters that say how a reader came, not what is read. Source: courlan's list, plus those it keeps that
news feeds carry (measured: research note on URL canonical form: CMP, ocid, ns_mchannel survive courlan)."""

MIN_LETTERS = 40
"""Least letters of title and text for a text fingerprint: below, unrelated articles share their words ("Morning
briefing" without a body)."""

_WORD = re.compile(r"[^\W_]+")

Segment = list[tuple[str, str]]
"""What one micro-batch added to a memory: (fingerprint, article id)."""


@functools.lru_cache(4096)
def canonical_url(url: str) -> str:
    """One spelling of *url*: lower-case host without ``www.``, no port, fragment or tracking, ``https``, sorted query.

    Returns "" for what is no http(s) address of a page: an address without path and query is a site, not an article.
    """
    try:
        clean = URL(normalize_url(str(URL(url.strip()).with_fragment(None)), strict=False))
        host = (clean.raw_host or "").removeprefix("www.").rstrip(".")
    except (ValueError, TypeError):
        return ""
    path = clean.raw_path.rstrip("/")
    pairs = parse_qsl(clean.query_string, keep_blank_values=True)
    query = urlencode(sorted((k, v) for k, v in pairs if not TRACKING.match(k.lower())))
    if clean.scheme not in ("http", "https") or not host or not (path or query):
        return ""
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def normal_text(article: Article) -> str:
    """The words of title, lead and body, folded, one space apart: what "the same text" compares."""
    return " ".join(_WORD.findall(" ".join(fold(text).text for zone, text in article.zones() if zone != "captions")))


def fingerprints(article: Article) -> tuple[str, ...]:
    """What exact copies share: ``i:`` the article's id, ``u:`` its canonical URL, ``t:`` its normalised text."""
    marks = [f"i:{article.id}"]
    if url := canonical_url(article.url):
        marks.append("u:" + digest(url))
    text = normal_text(article)
    if len(text) >= MIN_LETTERS:
        marks.append("t:" + digest(text))
    return tuple(marks)


class Seen:
    """The memory of one language: which fingerprints were first seen on which article.

    Guarantees: `judge` gives the same answer for an article asked again (a replayed bundle), because an article is
    never its own copy. Cost: one dictionary lookup a fingerprint; some 300 bytes an article.
    """

    def __init__(self, older: Iterable[Segment] = (), newer: Iterable[Segment] = ()) -> None:
        self._older = {mark: first for segment in older for mark, first in segment}
        self._newer = {mark: first for segment in newer for mark, first in segment}

    def judge(self, articles: Sequence[TaggedArticle]) -> tuple[list[TaggedArticle], Segment]:
        """Say of each article whether it is a copy, in order; and remember what it adds.

        Returns:
            The articles, copies with ``duplicate_of``, and the segment to keep.
        """
        judged: list[TaggedArticle] = []
        added: Segment = []
        for tagged in articles:
            own = tagged.article.id
            firsts = (self._first(mark) for mark in tagged.fingerprints)
            first = next((f for f in firsts if f and f != own), "")
            if first:
                judged.append(msgspec.structs.replace(tagged, duplicate_of=first))
            else:
                judged.append(tagged)
            for mark in tagged.fingerprints:
                if not self._first(mark):
                    self._newer[mark] = first or own
                    added.append((mark, first or own))
        return judged, added

    def recall(self, articles: Iterable[TaggedArticle]) -> Segment:
        """Remember articles judged before (read back from the topic `tagged`), judging nothing anew."""
        added: Segment = []
        for tagged in articles:
            first = tagged.duplicate_of or tagged.article.id
            for mark in tagged.fingerprints:
                if not self._first(mark):
                    self._newer[mark] = first
                    added.append((mark, first))
        return added

    def age(self) -> None:
        """Start a new generation: forget the older, keep the newer as the older."""
        self._older, self._newer = self._newer, {}

    def __len__(self) -> int:
        return len(self._older) + len(self._newer)

    def _first(self, mark: str) -> str:
        return self._newer.get(mark) or self._older.get(mark) or ""
