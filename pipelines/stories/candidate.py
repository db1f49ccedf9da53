"""An alert on its way to its story: it is raised when it opens one, and updates it when it says something new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from connectors.buses import Entry
from connectors.records import Alert, Article, Link, StoryMember, alert_id, digest, encode
from pipelines.stories.linking import Member
from pipelines.stories.memory import Segment, Stories
from pipelines.stories.telling import Telling
from pipelines.stories.terms import Terms

How = Literal["opened", "joined", "revised"]

EARLIEST = 946_684_800.0
"""1 January 2000: what was published before, or after it was fetched, has no date that can be true."""


class Candidate(msgspec.Struct, frozen=True):
    """An *alert*, the *topic* it would go to, what its article, of the time *at*, is compared by, and when to tell."""

    alert: Alert
    topic: str
    terms: Terms
    at: float
    revision: int = 1
    changed: float = 0.0
    telling: Telling = Telling()


def time_of(article: Article) -> float:
    """When *article* was published, in seconds since the epoch; when it was fetched if that cannot be true.

    Missing, before `EARLIEST` or in the future: a source's clock or its software is wrong, and ours is not; but where
    nobody knows when it was fetched (a recording replayed), its source's word counts.
    """
    fetched = article.fetched.timestamp()
    published = article.published.timestamp() if article.published else 0.0
    return published if published >= EARLIEST and (published <= fetched or fetched < EARLIEST) else fetched


def told(stories: Stories, candidates: Sequence[Candidate]) -> tuple[list[Entry], Segment]:
    """What to append for *candidates*, in order: each one's place in a story, and the alert when that is to be told.

    It is raised once, by the first article with which the story is worth telling, and has the id of the story.

    Returns:
        The entries, and the segment to keep.
    """
    entries: list[Entry] = []
    added: Segment = []
    for candidate in candidates:
        alert, telling = candidate.alert, candidate.telling
        known = stories.known(alert.story)
        if known and candidate.revision == 1:  # told before: what it raised is raised again, the same to the byte
            if known.alerted:
                same = replace(alert, id=alert_id(alert.watchlist, known.story), story=known.story)
                entries.append(Entry(candidate.topic, same.id, encode(same)))
            continue
        about = alert.level == "about"
        made, link = stories.join(stories.member(candidate.terms, alert.story, candidate.at, about, alert.language))
        story = stories.story(made.story)
        how: How = "revised" if known else "opened" if made.story == made.id else "joined"
        age = alert.fetched.timestamp() - candidate.at
        raises = not known and not story.alerted and story.worth(made, age, telling)
        member = replace(made, alerted=raises)
        facts = candidate.terms.facts
        new = tuple(facts[fact] for fact in member.facts if fact not in story.facts) if how == "joined" else ()
        record = _record(candidate, member, how, link, new)
        entries.append(Entry("stories", record.id, encode(record)))
        if raises:
            raised = replace(alert, id=record.alert, story=member.story)
            entries.append(Entry(candidate.topic, raised.id, encode(raised)))
        elif story.alerted and (new or (how == "revised" and candidate.changed)):
            update = _update(candidate, record)
            entries.append(Entry(candidate.topic, update.id, encode(update)))
        added += stories.recall([member])
    return entries, added


def _update(candidate: Candidate, record: StoryMember) -> Alert:
    """What tells the sinks of the list, if it wants them told, that the story has developed or was corrected."""
    event: Literal["developed", "corrected"] = "corrected" if record.how == "revised" else "developed"
    return replace(
        candidate.alert,
        id=digest("event", event, record.alert, record.article),
        event=event,
        updates=record.alert,
        story=record.story,
        new=record.new,
        sinks=candidate.alert.sinks if candidate.telling.updates else (),
    )


def _record(candidate: Candidate, member: Member, how: How, link: Link | None, new: tuple[str, ...]) -> StoryMember:
    alert = candidate.alert
    return StoryMember(
        id=digest("story", alert.watchlist, alert.article),
        watchlist=alert.watchlist,
        story=member.story,
        alert=alert_id(alert.watchlist, member.story),
        how=how,
        article=alert.article,
        source=alert.source,
        url=alert.url,
        title=alert.title,
        language=alert.language,
        at=datetime.fromtimestamp(member.at, UTC),
        fetched=alert.fetched,
        origin=alert.origin,
        level=alert.level,
        alerted=member.alerted,
        link=link,
        new=new,
        memory=msgspec.msgpack.encode(member),
    )
