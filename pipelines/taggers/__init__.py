"""A tagger: reads places and actors in articles.

A tagger is a module of this folder with ``Options`` (a frozen pydantic model) and ``build(options)``. It works on
a batch at a time and keeps no state between batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from connectors.records import Article, Tag, Zone


class Tagger(Protocol):
    """Reads names."""

    def tag(self, articles: Sequence[Article]) -> list[tuple[Tag, ...]]:
        """The tags of each article, in reading order of zone and start. Same length as *articles*."""


class Reading(NamedTuple):
    """What a close reading of an article gives: *names* that no list holds, and the *sentences* of each zone."""

    names: tuple[Tag, ...]
    sentences: dict[Zone, list[tuple[int, int]]]


class Reader(Protocol):
    """Reads an article closely. Costs some twenty times a tagger: for articles that a watchlist selected."""

    def read(self, article: Article, language: str) -> Reading:
        """Read *article*, which is in *language* (two letters)."""
