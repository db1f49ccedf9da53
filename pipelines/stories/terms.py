"""What an article is compared by: the stems of its words, its numbers, and the ids of the places and actors it names.

Source of method and constants: research on stories §4.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

import Stemmer

from connectors.records import Evidence, TaggedArticle
from pipelines.folding import fold

TEXT, BEGINNING, OPENING = 3_000, 60, 300
"""Characters of a text that are read; words of it that weigh more; characters of it that headline and lead are."""

TITLE, FIRST, NUMBER, NAMED = 3.0, 1.5, 2.0, 0.5
"""What a word weighs in the title, among the first of the text, as a number; and the id of a place or actor.

Ids count for the whole only: in headlines they would count names twice (measured: `tests.eval`, dedup, a point)."""

PREFIX = 6
"""Letters of a word that count in a language without a stemmer."""

STEMMERS = {
    "ar": "arabic", "az": "turkish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fa": "persian",
    "fr": "french", "hy": "armenian", "it": "italian", "pl": "polish", "pt": "portuguese", "ru": "russian",
    "tr": "turkish",
}  # fmt: skip
"""Snowball's, by language."""

_NUMBER = re.compile(r"(?<!\d)(?!(?:19|20)\d\d(?!\d))\d{2,}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"[ก-๛ぁ-ヿ㐀-䶿一-鿿]{1,2}|[^\W_ก-๛ぁ-ヿ㐀-䶿一-鿿]+")


class Terms(NamedTuple):
    """The terms of one article as hashes: all with their weights, those of its headline, of headline and beginning.

    *places* are those named there, states aside; *facts* the numbers, places and actors there, and the agency the text
    is from or else its source, as they are written.
    """

    weights: dict[int, float]
    title: tuple[int, ...]
    opening: tuple[int, ...]
    places: tuple[int, ...]
    facts: dict[int, str]


NOTHING = Terms({}, (), (), (), {})

WORD, FIGURE, ID, ORIGIN = 0, 1, 2, 3
"""Kinds of terms: the last two bits of a hash."""


def hashed(term: str, kind: int = WORD) -> int:
    """The hash of *term*, 32 bits, the same everywhere."""
    return crc32(term.encode()) & ~3 | kind


def terms(tagged: TaggedArticle, states: Collection[str] = ()) -> Terms:
    """The terms of *tagged*; *states* are the ids of places that say too little of where. Cost: some 0.4 ms."""
    article = tagged.article
    text = f"{article.lead}\n{article.body}" if article.lead else article.body
    title = list(_read(article.title, tagged.language_in("title")))
    body = list(_read(text[:TEXT], tagged.language))
    found: defaultdict[int, float] = defaultdict(float)
    for words, weight in ((title, TITLE), (body[:BEGINNING], FIRST), (body[BEGINNING:], 1.0)):
        for word in words:
            found[word] += weight * (NUMBER if word & 3 == FIGURE else 1.0)
    opening, places = dict.fromkeys(title), dict[int, None]()
    opening |= dict.fromkeys(_read(text[:OPENING], tagged.language))
    facts = {hashed(number, FIGURE): number for number in _NUMBER.findall(f"{article.title}\n{text[:OPENING]}")}
    if origin := article.origin or article.source:
        facts[hashed(origin.casefold(), ORIGIN)] = origin
    for tag in tagged.tags:
        if tag.id and tag.zone != "captions":
            named = hashed(tag.id, ID)
            found[named] += NAMED * (TITLE if tag.zone == "title" else 1.0)
            opens = tag.zone in ("title", "lead") or tag.start < OPENING
            if opens:
                facts.setdefault(named, tag.surface)
            if opens and tag.kind == "place" and tag.id not in states:
                places[named] = None
    return Terms(dict(found), tuple(dict.fromkeys(title)), tuple(opening), tuple(places), facts)


def without(found: Terms, tagged: TaggedArticle, evidence: Sequence[Evidence]) -> Terms:
    """*found* less what made a watchlist match: all articles of the list have that, so it tells no events apart."""
    said = {hashed(piece.entity, ID) for piece in evidence if piece.entity}
    for piece in evidence:
        said.update(_read(piece.surface, tagged.language_in(piece.zone)))
    weights = {term: weight for term, weight in found.weights.items() if term not in said}
    title, opening, places = (
        tuple(term for term in part if term not in said) for part in (found.title, found.opening, found.places)
    )
    return Terms(
        weights, title, opening, places, {fact: text for fact, text in found.facts.items() if fact not in said}
    )


def _read(text: str, language: str) -> Iterator[int]:
    """A hash for each word of *text* and each number of two digits and more that is no year."""
    stem = stemmer(language)
    for word in _WORD.findall(fold(text).text):
        if word[0].isdigit():
            if len(word) > 1 and not _YEAR.fullmatch(word):
                yield hashed(word, FIGURE)
        elif len(word) > 1:
            yield stem(word)


@functools.lru_cache(32)
def stemmer(language: str) -> Callable[[str], int]:
    """What takes the endings off a word of *language* and hashes the rest. Remembers the last 50,000 words."""
    name = STEMMERS.get(language)
    stem = Stemmer.Stemmer(name).stemWord if name else lambda word: word[:PREFIX]
    return functools.lru_cache(50_000)(lambda word: hashed(stem(word)))
