"""Other people's engines, asked what our watchlists ask.

A query is what a peer is asked, as JSON: ``{"phrase": [word, …]}``, ``{"any": […], "all": […], "none": […]}`` with all
three, or ``{"near": [a, b], "distance": words}``. A document is the texts of an article's zones, folded, to be read as
words between spaces; nothing in one zone is near the next.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.records import TaggedArticle
from pipelines.folding import fold
from pipelines.watchlists.conditions import Condition, Group, Near
from pipelines.watchlists.phrases import Phrase

Query = dict[str, Any]
Document = list[str]


class NotRunError(Exception):
    """A peer cannot run here; the message says why."""


class Result(NamedTuple):
    """What a peer found in each document, by the numbers of the queries, and its processor time a document in µs."""

    name: str
    found: list[list[int]]
    times: list[float]
    note: str = ""


def query(condition: Condition) -> Query:
    """*condition* for a peer. Only what `tests.benchmarks.watchlist` makes."""
    match condition:
        case Phrase():
            return {"phrase": fold(condition.phrase).text.split()}
        case Group():
            return {name: [query(part) for part in getattr(condition, name)] for name in ("any", "all", "none")}
        case Near(ordered=False):
            return {"near": [query(part) for part in condition.near], "distance": condition.distance}
    raise NotImplementedError(condition)


def document(tagged: TaggedArticle) -> Document:
    """The article for a peer."""
    return [fold(text).text for _, text in tagged.article.zones()]
