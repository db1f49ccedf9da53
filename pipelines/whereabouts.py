"""Where an article is: when it was fetched, whether it is through the flow, of what it is a copy, what it alerted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from connectors.records import Alert, Article, DeadLetter, Likeness, SourceHealth, StoryMember, TaggedArticle


@dataclass(frozen=True, slots=True)
class Traces:
    """What was read of an article: its revisions as fetched and as tagged, and what is about them.

    *firsts* are the articles that they are copies of, by id. *healths* are those of the sources of its site, of which
    *unpolled* have none yet.
    """

    articles: Sequence[Article] = ()
    tagged: Sequence[TaggedArticle] = ()
    firsts: Mapping[str, Article] = field(default_factory=dict)
    letters: Sequence[DeadLetter] = ()
    alerts: Sequence[Alert] = ()
    members: Sequence[StoryMember] = ()
    healths: Sequence[SourceHealth] = ()
    unpolled: Sequence[str] = ()


class Copied(Struct, frozen=True, kw_only=True):
    """The article that another is a copy of; *title* and *url* are "" when it is no longer kept.

    *likeness* is how alike they are, None for an exact copy.
    """

    id: str
    title: str = ""
    url: str = ""
    likeness: Likeness | None = None


class Raised(Struct, frozen=True, kw_only=True):
    """An alert that a revision raised."""

    watchlist: str
    level: str


class Joined(Struct, frozen=True, kw_only=True):
    """The story of a watchlist that a revision is in, by the id of its *alert*; *how* it came there."""

    watchlist: str
    how: str
    alert: str
    score: float | None = None


class SetAside(Struct, frozen=True, kw_only=True):
    """A dead letter about an article, and why."""

    id: str
    stage: str
    reason: str
    detail: str
    at: datetime


class Revision(Struct, frozen=True, kw_only=True):
    """One revision of an article. *processed*: it is through the flow."""

    key: str
    source: str
    title: str
    url: str
    revision: int
    fetched: datetime
    processed: bool
    copy_of: Copied | None = None
    alerts: tuple[Raised, ...] = ()
    stories: tuple[Joined, ...] = ()


class Polled(Struct, frozen=True, kw_only=True):
    """A source of the article's site; *at* is when it was polled last, None when it was not yet."""

    source: str
    state: str = ""
    at: datetime | None = None
    next_poll: datetime | None = None
    reason: str = ""


class Whereabouts(Struct, frozen=True, kw_only=True):
    """All there is to say of the article that was *asked* for; no *revisions*: it was never fetched.

    Several sources may have fetched it. *polled* is told of one that was never fetched.
    """

    asked: str
    revisions: tuple[Revision, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    polled: tuple[Polled, ...] = ()


def whereabouts(asked: str, traces: Traces) -> Whereabouts:
    """What *traces* say, revisions in the order in which they were fetched."""
    through = {tagged.article.key: tagged for tagged in traces.tagged}
    articles = {article.key: article for article in (*traces.articles, *(t.article for t in traces.tagged))}
    alerts: dict[str, list[Raised]] = {}
    for alert in sorted(traces.alerts, key=lambda alert: alert.watchlist):
        alerts.setdefault(alert.article, []).append(Raised(watchlist=alert.watchlist, level=alert.level))
    stories: dict[str, list[Joined]] = {}
    for one in sorted(traces.members, key=lambda member: member.watchlist):
        score = one.link.score if one.link else None
        joined = Joined(watchlist=one.watchlist, how=one.how, alert=one.alert, score=score)
        stories.setdefault(one.article, []).append(joined)
    revisions = tuple(
        Revision(
            key=article.key,
            source=article.source,
            title=article.title,
            url=article.url,
            revision=article.revision,
            fetched=article.fetched,
            processed=article.key in through,
            copy_of=_copied(through.get(article.key), traces.firsts),
            alerts=tuple(alerts.get(article.key, ())),
            stories=tuple(stories.get(article.key, ())),
        )
        for article in sorted(articles.values(), key=lambda a: (a.fetched, a.key))
    )
    letters = sorted(traces.letters, key=lambda letter: letter.at)
    healths = () if revisions else sorted(traces.healths, key=lambda health: health.source)
    polled = [Polled(source=h.source, state=h.state, at=h.at, next_poll=h.next_poll, reason=h.reason) for h in healths]
    polled += [] if revisions else [Polled(source=name) for name in sorted(traces.unpolled)]
    return Whereabouts(
        asked=asked,
        revisions=revisions,
        set_aside=tuple(SetAside(id=x.id, stage=x.stage, reason=x.reason, detail=x.detail, at=x.at) for x in letters),
        polled=tuple(polled),
    )


def _copied(tagged: TaggedArticle | None, firsts: Mapping[str, Article]) -> Copied | None:
    if tagged is None or not tagged.duplicate_of:
        return None
    found = Copied(id=tagged.duplicate_of, likeness=tagged.likeness)
    first = firsts.get(tagged.duplicate_of)
    return replace(found, title=first.title, url=first.url) if first else found
