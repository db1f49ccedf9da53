"""What became of each story: its articles in order, why each joined, its copies, and how many origins it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from connectors.records import Likeness, StoryMember, TaggedArticle


class Copy(Struct, frozen=True, kw_only=True):
    """A copy of an article of a story; *likeness* is None when it is exact."""

    of: str
    source: str
    title: str
    url: str
    fetched: datetime
    likeness: Likeness | None = None


class Story(Struct, frozen=True, kw_only=True):
    """A story of a watchlist by the id of its one *alert*, with its *members* and *copies* as they were fetched."""

    alert: str
    watchlist: str
    title: str
    members: tuple[StoryMember, ...]
    copies: tuple[Copy, ...] = ()

    @property
    def opened(self) -> datetime:
        return self.members[0].fetched

    @property
    def last(self) -> datetime:
        return max(*(member.fetched for member in self.members), *(copy.fetched for copy in self.copies), self.opened)

    @property
    def origins(self) -> tuple[str, ...]:
        """Who told of it independently: agencies that articles name, else their sources. Copies are nobody's own."""
        return tuple(dict.fromkeys(member.origin.casefold() or member.source for member in self.members))


def timelines(members: Iterable[StoryMember], tagged: Iterable[TaggedArticle] = ()) -> list[Story]:
    """The stories of *members*, the latest first; *tagged* are articles among which their copies are."""
    found: defaultdict[str, list[StoryMember]] = defaultdict(list)
    for member in members:
        found[member.alert].append(member)
    copies: defaultdict[str, list[Copy]] = defaultdict(list)
    for one in tagged:
        if one.duplicate_of:
            copies[one.duplicate_of].append(_copy(one))
    stories = [_story(alert, ordered, copies) for alert, ordered in found.items()]
    return sorted(stories, key=lambda story: (story.last, story.alert), reverse=True)


def _story(alert: str, members: Sequence[StoryMember], copies: dict[str, list[Copy]]) -> Story:
    ordered = tuple(sorted(members, key=lambda member: (member.how != "opened", member.fetched, member.article)))
    ids = dict.fromkeys(member.article.rpartition(".")[0] for member in ordered)
    of = sorted((copy for id_ in ids for copy in copies.get(id_, ())), key=lambda copy: (copy.fetched, copy.url))
    return Story(alert=alert, watchlist=ordered[0].watchlist, title=ordered[0].title, members=ordered, copies=tuple(of))


def _copy(tagged: TaggedArticle) -> Copy:
    article = tagged.article
    return Copy(
        of=tagged.duplicate_of,
        source=article.source,
        title=article.title,
        url=article.url,
        fetched=article.fetched,
        likeness=tagged.likeness,
    )
