"""A tagger: reads places and actors in articles.

A tagger is a module of this folder with ``Options`` (a frozen pydantic model) and ``build(options)``. It works on
a batch at a time and keeps no state between batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from connectors.records import Act, Tag, TaggedArticle, Zone
from pipelines.config import shipped
from pipelines.places import acts
from pipelines.places.salience import about, countries


class Tagger(Protocol):
    """Reads names."""

    def tag(self, articles: Sequence[TaggedArticle]) -> list[tuple[Tag, ...]]:
        """The tags of each article, in reading order of zone and start. Same length as *articles*."""


def tagged(tagger: Tagger, articles: Sequence[TaggedArticle]) -> list[TaggedArticle]:
    """The *articles* with the tags that *tagger* gives, what they are about, and who does what to whom."""
    verbs = acts.load(shipped() / "languages")
    found = []
    for article, read in zip(articles, tagger.tag(articles), strict=True):
        tags = about(article.article, read)
        named = countries(article.article, tags)
        own = tuple(acts.acts(article.article, tags, verbs)) if article.language in ("en", "und") else ()
        found.append(msgspec.structs.replace(article, tags=tags, countries=named, acts=own))
    return found


class Reading(NamedTuple):
    """What a close reading of an article gives: *names* that no list holds, and the *sentences* of each zone.

    *acts* are None where no model parses the language.
    """

    names: tuple[Tag, ...]
    sentences: dict[Zone, list[tuple[int, int]]]
    acts: tuple[Act, ...] | None = None


class Reader(Protocol):
    """Reads an article closely. Costs some twenty times a tagger: for articles that a watchlist selected."""

    def read(self, tagged: TaggedArticle) -> Reading:
        """Read the article."""
