"""A tagger: reads places and actors in articles.

A tagger is a module of this folder with ``Options`` (a frozen pydantic model) and ``build(options)``. It works on
a batch at a time and keeps no state between batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.records import Article, Tag


class Tagger(Protocol):
    """Reads names."""

    def tag(self, articles: Sequence[Article]) -> list[tuple[Tag, ...]]:
        """The tags of each article, in reading order of zone and start. Same length as *articles*."""
