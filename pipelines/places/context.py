"""What an article says of its own country: the source's, the address, and words by which a country speaks of itself."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable
from urllib.parse import urlsplit

from connectors.records import Article
from pipelines.places.english import English
from pipelines.scanning import Pattern, Scanner

DECLARED, DOMAIN = 4.0, 2.0
"""What the source's declared country, and that of its address, count for (measured: research on tagging §7, §2)."""

PAPER, PAPER_CUE = 3.0, 1.0
"""What a town's name in the address counts for, and each American word more."""

CUE, CUES_COUNTED = 0.6, 4

ENGLISH = 0.5
"""What the US has in an English article of an unknown source: more is written there than elsewhere."""

ENGLISH_HOME = "US"
"""Where an English article of an unknown source is likeliest from."""

NO_COUNTRY = frozenset({"TV", "CO", "IO", "ME", "FM", "EU", "AI", "LY", "CC", "WS", "SU"})
"""Domains of countries that anybody takes."""


def home(article: Article) -> tuple[str, float]:
    """The country that *article* comes from, and how much that counts; ("", 0) when nothing tells."""
    if article.country:
        return article.country, DECLARED
    ending = (urlsplit(article.url).hostname or "").rpartition(".")[2].upper()
    country = {"UK": "GB"}.get(ending, ending)
    return (country, DOMAIN) if len(country) == 2 and country.isalpha() and country not in NO_COUNTRY else ("", 0.0)


def paper(article: Article, towns: Iterable[str], cues: int) -> float:
    """What the name of one of *towns* in the address of a paper (``parisbeacon.com``) adds for the US.

    Elsewhere papers have their country's domain; *cues* are the American words in the article.
    """
    host = urlsplit(article.url).hostname or ""
    label, _, ending = host.removeprefix("www.").rpartition(".")
    if article.country or ending not in ("com", "net", "org", "us"):
        return 0.0
    letters = label.replace("-", "")
    return PAPER + PAPER_CUE * cues if any(len(t) > 3 and t.replace(" ", "") in letters for t in towns) else 0.0


def cues(article: Article, english: English) -> Counter[str]:
    """How many different words of each country's own stand in an English *article*."""
    scanner, words = _scanner(english)
    met: defaultdict[str, set[int]] = defaultdict(set)
    for zone, text in article.zones():
        for hit in scanner.scan(text) if zone != "captions" else ():
            country, word = words[hit.pattern]
            if not word[0].isupper() or text[hit.start].isupper():
                met[country].add(hit.pattern)
    return Counter({country: len(found) for country, found in met.items()})


@functools.lru_cache(1)
def _scanner(english: English) -> tuple[Scanner, list[tuple[str, str]]]:
    words = [(country, word) for country, listed in english.tables.cues.items() for word in listed]
    return Scanner(Pattern(word) for _, word in words), words
