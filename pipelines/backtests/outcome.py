"""What two versions of a watchlist make of one article: alerts added, lost, or raised for another reason.

An article is alerted on once, by the first of its revisions that a list holds for. So what its revisions come to is
joined, in whatever order they were read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from connectors.records import Evidence, TaggedArticle
from pipelines.watchlists.matching import Match, snippet

PIECES = 5
"""Distinct pieces of evidence that are told of a difference: as many as a person reads of an alert."""

Kind = Literal["added", "lost", "changed", "same"]


class Told(Struct, frozen=True, kw_only=True):
    """An alert as one version raises it. *evidence* leaves out what the other version has as well."""

    at: datetime
    article: str
    title: str
    source: str
    language: str
    url: str
    level: str
    evidence: tuple[Evidence, ...]


class First(NamedTuple):
    """The first revision of an article that a version alerts on, and the day (its ordinal, UTC) of that alert."""

    revision: int
    day: int


class Outcome(NamedTuple):
    """What became of one article: the alert of each version, None when there is none; *same* when they are alike."""

    before: First | None
    after: First | None
    same: bool

    @property
    def kind(self) -> Kind:
        """What the report calls it."""
        if self.before is None:
            return "added"
        return "lost" if self.after is None else "same" if self.same else "changed"

    @property
    def day(self) -> int:
        """The day of its first alert."""
        return min(first.day for first in (self.before, self.after) if first)

    def join(self, other: Outcome) -> Outcome:
        """What two revisions come to: of each version the first alert counts."""
        before = min((o.before for o in (self, other) if o.before), default=None)
        after = min((o.after for o in (self, other) if o.after), default=None)
        return Outcome(before, after, any(o.same and (o.before, o.after) == (before, after) for o in (self, other)))


class Difference(Struct, frozen=True, kw_only=True):
    """The alerts of both versions on an article; None when there is none, or it needs no telling."""

    before: Told | None = None
    after: Told | None = None

    @property
    def told(self) -> Told:
        """The alert to name the article by."""
        told = self.after or self.before
        assert told
        return told

    @property
    def change(self) -> str:
        """How the level changed: "about → alert"; "" when it did not."""
        if not (self.before and self.after) or self.before.level == self.after.level:
            return ""
        return f"{self.before.level} → {self.after.level}"

    def join(self, other: Difference) -> Difference:
        """Of each version the alert of the earliest revision."""
        return Difference(
            before=min((d.before for d in (self, other) if d.before), key=_revision, default=None),
            after=min((d.after for d in (self, other) if d.after), key=_revision, default=None),
        )


def outcome(
    tagged: TaggedArticle, before: Match | None, after: Match | None
) -> tuple[Outcome, Difference | None] | None:
    """What two versions of a list make of one article; None when neither holds."""
    if before is None and after is None:
        return None
    first = First(tagged.article.revision, tagged.article.fetched.toordinal())
    same = bool(before and after and (before.evidence, before.level) == (after.evidence, after.level))
    found = Outcome(first if before else None, first if after else None, same)
    return found, None if same else Difference(before=_told(tagged, before, after), after=_told(tagged, after, before))


def _told(tagged: TaggedArticle, match: Match | None, other: Match | None) -> Told | None:
    if match is None:
        return None
    article = tagged.article
    own = [e for e in match.evidence if other is None or e not in other.evidence]
    distinct = list({(e.rule, e.surface.casefold()): e for e in reversed(own)}.values())[::-1]
    return Told(
        at=article.fetched,
        article=article.key,
        title=article.title,
        source=article.source,
        language=tagged.language,
        url=article.url,
        level=match.level,
        evidence=tuple(
            msgspec.structs.replace(e, snippet=snippet(article.text(e.zone), e.start, e.end)) for e in distinct[:PIECES]
        ),
    )


def _revision(told: Told) -> int:
    return int(told.article.rpartition(".")[2])
