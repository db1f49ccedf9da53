"""The same article or not: by canonical URL, source id and normalised text, and by the likeness of the texts.

Two articles are copies when they share a fingerprint, or when one is the other cut, edited or under a new headline
(`pipelines.copies`). `fingerprints` is pure and costs one hash a kind; `Seen` is the memory of a language: from
fingerprint to the id of the first article that had it, and the signatures of its texts, in two generations so that it
forgets between one and two horizons after the fact.

Does not: decide across languages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlencode

import msgspec
from courlan import normalize_url
from yarl import URL

from connectors.records import Article, Likeness, TaggedArticle, digest
from pipelines.copies.signing import Signature
from pipelines.copies.texts import Habits, Text, Texts
from pipelines.copies.verifying import adds_nothing, changed, likeness
from pipelines.folding import fold

TRACKING = re.compile(
    r"^(utm_|at_|mc_|ns_|pk_|fb|gclid|yclid|dclid|msclkid|igshid|cmp$|ocid$|ref$|rss$|ref_src$|smid$)"
)
"""Query parameters that say how a reader came, not what is read. Source: courlan's list, plus those it keeps that
news feeds carry (measured: research note on URL canonical form: CMP, ocid, ns_mchannel survive courlan)."""

_SERVED = re.compile(r"^(?:www|m|mobile|amp)\d*\.(?=[^.]+\.)")
"""Before a host: how its pages are served, not which; of what is left a name and a domain must remain."""

_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$|/amp$|(?<=\.)amp\.(?=html?$)")
"""In a path: the page a server gives for its folder, and a page's form for AMP (``/amp``, ``.amp.html``)."""

_FORMS = frozenset({"amp", "outputtype", "output"})
"""Parameters that ask for a form of the page, when their value is ``amp``, ``1`` or nothing."""

MIN_LETTERS = 40
"""Least letters of title and text for a text fingerprint: below, unrelated articles share their words ("Morning
briefing" without a body)."""

_WORD = re.compile(r"[^\W_]+")


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """What a memory keeps of an article: *first* is the first copy's id, *signature* empty when it adds nothing."""

    id: str
    first: str
    source: str
    fingerprints: tuple[str, ...]
    signature: bytes = b""


Segment = list[Remembered]
"""What one micro-batch added to a memory."""


@functools.lru_cache(4096)
def canonical_url(url: str) -> str:
    """One spelling of *url*: lower-case host without ``www.``, no port, fragment or tracking, ``https``, sorted query.

    Of a page's forms for telephones and AMP, and of the index of a folder, one. Returns "" for what is no http(s)
    address of a page: an address without path and query is a site, not an article.
    """
    try:
        clean = URL(normalize_url(str(URL(url.strip()).with_fragment(None)), strict=False))
        host = _SERVED.sub("", (clean.raw_host or "").rstrip("."))
    except (ValueError, TypeError):
        return ""
    path = _INDEX.sub("", clean.raw_path.rstrip("/")).rstrip("/")
    pairs = parse_qsl(clean.query_string, keep_blank_values=True)
    query = urlencode(sorted((k, v) for k, v in pairs if not (TRACKING.match(k.lower()) or _form(k, v))))
    if clean.scheme not in ("http", "https") or not host or not (path or query):
        return ""
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def _form(key: str, value: str) -> bool:
    return key.lower() in _FORMS and value.lower() in ("amp", "1", "true", "")


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
    """The memory of one language: which fingerprints and texts were first seen on which article.

    Guarantees: `judge` names the same first copy for an article asked again (a replayed bundle): an article is never
    its own copy, and what was no copy is none later, nor are its revisions. Cost: a dictionary lookup a fingerprint,
    some 0.1 ms for the text, and 0.1 ms for each text it resembles; some 1.9 KB an article of 360 words (measured:
    `tests/benchmarks/copies`).
    """

    def __init__(self, older: Iterable[Segment] = (), newer: Iterable[Segment] = ()) -> None:
        self._habits = Habits()
        self._older, self._newer = _Generation(), _Generation()
        for segment in older:
            self.recall(segment)
        self._older, self._newer = self._newer, self._older
        for segment in newer:
            self.recall(segment)

    def judge(self, articles: Sequence[TaggedArticle]) -> tuple[list[TaggedArticle], Segment]:
        """Say of each article whether it is a copy, in order; and remember what it adds.

        Returns:
            The articles, copies with ``duplicate_of``, near-copies also with ``likeness``; and the segment to keep.
        """
        judged: list[TaggedArticle] = []
        added: Segment = []
        for tagged in articles:
            first, alike = self._copied(tagged)
            exact = first and not alike
            made = msgspec.structs.replace(
                tagged,
                duplicate_of=first,
                likeness=alike,
                signature=b"" if exact else tagged.signature,
                changed=self._changed(tagged),
            )
            judged.append(made)
            added += self.recall([remembered(made)])
        return judged, added

    def recall(self, articles: Iterable[Remembered]) -> Segment:
        """Remember articles judged before, judging nothing anew. Returns those of which anything was new."""
        return [article for article in articles if self._remember(article)]

    def age(self) -> None:
        """Start a new generation: forget the older, keep the newer as the older."""
        self._older, self._newer = self._newer, _Generation()

    def __len__(self) -> int:
        return len(self._older.firsts) + len(self._newer.firsts)

    def _copied(self, tagged: TaggedArticle) -> tuple[str, Likeness | None]:
        """The first copy's id, "" when *tagged* is none; how alike they are, None for an exact copy."""
        own = tagged.article.id
        known = self._first(f"i:{own}")
        if known and (known.first == own or tagged.article.revision == 1):
            return known.first if known.first != own else "", None
        for mark in tagged.fingerprints:
            text = None if mark.startswith("i:") else self._first(mark)
            if text and text.first != own and (not mark.startswith("u:") or _same_page(text, tagged)):
                return text.first, None
        return self._resembled(tagged) if tagged.signature else ("", None)

    def _resembled(self, tagged: TaggedArticle) -> tuple[str, Likeness | None]:
        """The most alike of the texts that it is a copy of, the oldest of equals."""
        own, source = tagged.article.id, tagged.article.source
        signature = Signature.unpack(tagged.signature)
        best: tuple[str, Likeness | None] = "", None
        score = 0.0
        for text in (*self._older.texts.find(signature.keys), *self._newer.texts.find(signature.keys)):
            if text.first == own:
                continue
            said = self._habits.of(source, own, text.first) | self._habits.of(text.source, own, text.first)
            alike = likeness(Signature.unpack(text.signature).without(said), signature.without(said))
            if alike and alike.shared + alike.lead > score:
                best, score = (text.first, alike), alike.shared + alike.lead
        return best

    def _changed(self, tagged: TaggedArticle) -> float:
        """How much of a revision is new, against the one before it."""
        before = self._first(f"i:{tagged.article.id}")
        if tagged.article.revision == 1 or not (before and before.signature and tagged.signature):
            return 0.0
        return changed(Signature.unpack(before.signature), Signature.unpack(tagged.signature))

    def _remember(self, article: Remembered) -> bool:
        known = [self._first(mark) for mark in article.fingerprints]
        if all(known):
            return False
        same = (text.signature for text in known if text and text.first == article.first)
        text = Text(article.first, article.source, article.signature or next(same, b""))
        new = (mark for mark, seen in zip(article.fingerprints, known, strict=True) if not seen)
        self._newer.firsts.update(dict.fromkeys(new, text))
        if article.signature:
            self._newer.firsts[f"i:{article.id}"] = text  # the next revision is compared with this one
            self._newer.texts.add(text, Signature.unpack(article.signature).keys)
            self._habits.add(text)
        return True

    def _first(self, mark: str) -> Text | None:
        return self._newer.firsts.get(mark) or self._older.firsts.get(mark)


class _Generation:
    def __init__(self) -> None:
        self.firsts: dict[str, Text] = {}
        self.texts = Texts()


def _same_page(text: Text, tagged: TaggedArticle) -> bool:
    """Whether an article at the address of *text* is the same. Of another source it is when it adds nothing.

    Otherwise whoever publishes another's address first, with a text of their own, would silence the article there.
    """
    if text.source == tagged.article.source:
        return True
    if not text.signature or not tagged.signature:
        return False
    return adds_nothing(Signature.unpack(text.signature), Signature.unpack(tagged.signature))


def remembered(tagged: TaggedArticle) -> Remembered:
    """What to remember of an article that was judged."""
    article = tagged.article
    return Remembered(
        article.id, tagged.duplicate_of or article.id, article.source, tagged.fingerprints, tagged.signature
    )
