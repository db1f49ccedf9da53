"""What an article is about: its countries by the sum of what its names say, and which names are no mere mentions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from connectors.records import Article, Country, Tag

NAMED = 1.0
"""Points from which a country counts as named."""

LEAST = 0.1
"""Points that are enough where no country has more; a name that says less is none (Reading)."""

ACTING, BACKING = 0.8, 0.2
"""Points of a person in office or a body of a state in an article that names no country else; and of each for a country
that is named, once."""

BEGINNING, EARLY = 80, 3.0
"""A country first named in the title, or within so many characters, is so much more salient (measured: research on
tagging §2; sorted by first place alone the first of 24 stories' countries was right 21 times, so 24 times)."""


LEAD, TIMES = 300, 3
"""Characters of a text without lead that count as it, some forty words; and how often what it is about is named
elsewhere (measured: research on watchlists §1, §3)."""


def about(article: Article, tags: Sequence[Tag]) -> tuple[Tag, ...]:
    """*tags* with those marked that *article* is about: named in title or lead, or `TIMES` times; captions aside."""
    times = Counter((tag.kind, tag.id) for tag in tags if tag.zone != "captions")
    named = {
        (tag.kind, tag.id) for tag in tags if tag.id and (times[tag.kind, tag.id] >= TIMES or _leads(article, tag))
    }
    return tuple(
        msgspec.structs.replace(tag, about=True) if (tag.kind, tag.id) in named and tag.zone != "captions" else tag
        for tag in tags
    )


def _leads(article: Article, tag: Tag) -> bool:
    return tag.zone in ("title", "lead") or (tag.zone == "body" and not article.lead and tag.start < LEAD)


def countries(article: Article, tags: Sequence[Tag]) -> tuple[Country, ...]:
    """The countries that *article*, with its *tags* in reading order, names; most salient first.

    It is about those of which a tag leads or which are named `TIMES` times; of these its own country needs no more than
    to be named.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    first: dict[str, int] = {}
    begins, length = {}, 0
    for zone, text in article.zones():
        begins[zone] = length
        length += len(text) + 1
    for tag in tags:
        if tag.country and tag.score:
            sums[tag.country] += tag.score
            first.setdefault(tag.country, begins[tag.zone] + tag.start)
    for country in {tag.id: tag.country for tag in tags if tag.kind == "actor" and not tag.score}.values():
        if country in sums:
            sums[country] += BACKING
    named = [code for code, sum_ in sums.items() if sum_ >= NAMED]
    if not named:  # who is in office, or acts for a state, speaks for it where no place does
        for tag in tags:
            if tag.country and tag.kind == "actor":
                sums[tag.country] += ACTING
                first.setdefault(tag.country, begins[tag.zone] + tag.start)
        named = [code for code, sum_ in sums.items() if sum_ >= NAMED]
    if not named and max(sums.values(), default=0.0) >= LEAST:
        named = [max(sums, key=lambda code: sums[code])]
    beginning = max(len(article.title), BEGINNING)
    times = Counter(tag.country for tag in tags if tag.zone != "captions")
    leading = {tag.country for tag in tags if _leads(article, tag)}
    found = [
        Country(
            code=code,
            score=round(sums[code] + EARLY * (first[code] < beginning) + 1 - first[code] / length, 3),
            about=code in leading or times[code] >= TIMES or code == article.country,
        )
        for code in named
    ]
    return tuple(sorted(found, key=lambda country: (-country.score, country.code)))
