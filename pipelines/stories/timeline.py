"""What became of each story: its articles in order, why each joined, its copies, and how many origins it has."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from connectors.records import Article, Likeness, StoryMember, TaggedArticle

_STOP = re.compile(r"(?<=[.!?։。…])\s+|\n+")


class Copy(Struct, frozen=True, kw_only=True):
    """A copy of an article of a story; *likeness* is None when it is exact."""

    of: str
    source: str
    title: str
    url: str
    fetched: datetime
    likeness: Likeness | None = None


class Edit(Struct, frozen=True, kw_only=True):
    """What a revision of an article took out and put in, by sentences; *article* is its key."""

    article: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Story(Struct, frozen=True, kw_only=True):
    """A story of a watchlist by the id of its one *alert*, with its *members*, their *edits*, and *copies* of them."""

    alert: str
    watchlist: str
    title: str
    members: tuple[StoryMember, ...]
    copies: tuple[Copy, ...] = ()
    edits: tuple[Edit, ...] = ()

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
    told = {_id(member.article) for ordered in found.values() for member in ordered}
    articles: dict[str, Article] = {}
    for one in tagged:
        if one.duplicate_of:
            copies[one.duplicate_of].append(_copy(one))
        elif one.article.id in told:
            articles[one.article.key] = one.article
    stories = [_story(alert, ordered, copies, articles) for alert, ordered in found.items()]
    return sorted(stories, key=lambda story: (story.last, story.alert), reverse=True)


def _story(
    alert: str, members: Sequence[StoryMember], copies: Mapping[str, list[Copy]], articles: Mapping[str, Article]
) -> Story:
    ordered = tuple(sorted(members, key=lambda member: (member.how != "opened", member.fetched, member.article)))
    ids = dict.fromkeys(_id(member.article) for member in ordered)
    of = sorted((copy for id_ in ids for copy in copies.get(id_, ())), key=lambda copy: (copy.fetched, copy.url))
    edits = (edit for member in ordered if member.how == "revised" and (edit := _edit(member.article, articles)))
    return Story(
        alert=alert,
        watchlist=ordered[0].watchlist,
        title=ordered[0].title,
        members=ordered,
        copies=tuple(of),
        edits=tuple(edits),
    )


def _edit(key: str, articles: Mapping[str, Article]) -> Edit | None:
    """What the revision with this *key* changed in the one before it; None when either is no longer kept."""
    now = articles.get(key)
    before = articles.get(f"{now.id}.{now.revision - 1}") if now else None
    if not (now and before):
        return None
    old, new = _sentences(before), _sentences(now)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    changes = [part for part in matcher.get_opcodes() if part[0] != "equal"]
    removed = tuple(sentence for _, start, end, _, _ in changes for sentence in old[start:end])
    return Edit(article=key, removed=removed, added=tuple(s for *_, start, end in changes for s in new[start:end]))


def _sentences(article: Article) -> list[str]:
    """The title, and the sentences of lead and body, roughly: what ends in a stop and a blank."""
    return [article.title, *(s for text in (article.lead, article.body) for s in _STOP.split(text.strip()) if s)]


def _id(key: str) -> str:
    return key.rpartition(".")[0]


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
