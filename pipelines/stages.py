"""What each step of the flow does to a micro-batch, as plain functions: no Beam, no bus.

A record that a stage cannot take is set aside as a dead letter beside its siblings, which go on. So every article
accepted comes out as exactly one entry on `tagged` or one on `dead-letters`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Annotated, TypeVar

import msgspec
import structlog

from connectors.buses import Entry, Record
from connectors.errors import RejectedError
from connectors.records import (
    SCHEMA,
    Alert,
    Article,
    DeadLetter,
    Evidence,
    TaggedArticle,
    alert_id,
    dead_letter,
    decode,
    encode,
)
from pipelines.copies.signing import sign
from pipelines.dedup import Remembered, fingerprints
from pipelines.language import language_of, title_language_of
from pipelines.stories.candidate import Candidate, time_of
from pipelines.stories.linking import Member
from pipelines.stories.telling import Telling
from pipelines.stories.terms import NOTHING, terms, without
from pipelines.taggers import Reader, Reading, Tagger, tagged
from pipelines.watchlists.matching import Match, Matcher, snippet

log = structlog.get_logger(__name__)

VERSION = version("wirewatch")

LONG_SENTENCE = 300
"""Characters of a sentence that is shown whole as a snippet; of a longer one, the words around the evidence."""

T = TypeVar("T")
U = TypeVar("U")


def arrive(records: Sequence[Record]) -> tuple[list[TaggedArticle], list[DeadLetter]]:
    """Decode records of `articles`, and find what de-duplication compares: language, fingerprints and signature."""
    articles: list[TaggedArticle] = []
    dead: list[DeadLetter] = []
    for record in records:
        try:
            article = decode(Article, record.value)
            language = language_of(article)
            arrived = TaggedArticle(
                article=article,
                language=language,
                title_language=title_language_of(article, language),
                fingerprints=fingerprints(article),
                signature=sign(article),
            )
        except Exception as error:  # an article built to break a library must not take its siblings along
            why = error if isinstance(error, RejectedError) else _failed("arrive_failed", error)
            dead.append(
                dead_letter(
                    "decode" if why is error else "flow",
                    why,
                    record.value or b"",
                    at=datetime.fromtimestamp(record.timestamp, UTC),
                    version=VERSION,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    key=record.key,
                )
            )
            continue
        articles.append(arrived)
    return articles, dead


class _Known(msgspec.Struct):
    """The part of a record of `tagged` that memory is rebuilt from: to read no more is six times as fast."""

    class Of(msgspec.Struct):
        id: str
        source: str

    article: Of
    language: str
    fingerprints: tuple[str, ...] = ()
    signature: bytes = b""
    duplicate_of: str = ""
    schema: Annotated[int, msgspec.Meta(le=SCHEMA)] = SCHEMA


def recall(records: Sequence[Record]) -> dict[str, list[Remembered]]:
    """What memory is rebuilt from, by language, of records of `tagged`.

    One that cannot be read is passed over: it had its effect.
    """
    found: dict[str, list[Remembered]] = {}
    for record in records:
        try:
            known = msgspec.json.decode(record.value or b"", type=_Known)
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("tagged record passed over", offset=record.offset, reason=str(error))
            continue
        first = known.duplicate_of or known.article.id
        found.setdefault(known.language, []).append(
            Remembered(known.article.id, first, known.article.source, known.fingerprints, known.signature)
        )
    return found


class _Remembered(msgspec.Struct):
    watchlist: str
    memory: bytes = b""
    schema: Annotated[int, msgspec.Meta(le=SCHEMA)] = SCHEMA


def recall_stories(records: Sequence[Record]) -> dict[str, list[Member]]:
    """What the memory of stories is rebuilt from, by watchlist, of records of `stories`; unreadable ones left out."""
    found: dict[str, list[Member]] = {}
    for record in records:
        try:
            known = msgspec.json.decode(record.value or b"", type=_Remembered)
            member = msgspec.msgpack.decode(known.memory, type=Member)
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("story record passed over", offset=record.offset, reason=str(error))
            continue
        found.setdefault(known.watchlist, []).append(member)
    return found


def tag(tagger: Tagger, articles: Sequence[TaggedArticle]) -> tuple[list[TaggedArticle], list[DeadLetter]]:
    """Tag the articles that are no copies; copies pass through."""
    fresh = [t for t in articles if not t.duplicate_of]
    done, dead = _apart(partial(tagged, tagger), fresh, "tag_failed")
    return done + [t for t in articles if t.duplicate_of], dead


def flag(
    matcher: Matcher, reader: Reader, articles: Sequence[TaggedArticle]
) -> tuple[list[tuple[TaggedArticle, list[Alert]]], list[DeadLetter]]:
    """Match the articles that are no copies, and make the alerts of those that a watchlist selected."""

    def flags(part: Sequence[TaggedArticle]) -> list[tuple[TaggedArticle, list[Alert]]]:
        return [_flagged(matcher, reader, t) for t in part]

    return _apart(flags, articles, "flag_failed")


def entries(flagged: Sequence[tuple[TaggedArticle, Sequence[Alert]]]) -> list[Entry]:
    """What to append for articles that are through: each on `tagged`."""
    return [Entry("tagged", t.article.key, encode(t)) for t, _ in flagged]


def candidates(
    flagged: Sequence[tuple[TaggedArticle, Sequence[Alert]]],
    topics: Callable[[str], str],
    states: Collection[str],
    tellings: Mapping[str, Telling],
) -> dict[str, list[Candidate]]:
    """The alerts by watchlist, each with what its story is found by.

    *states*: ids of the places that are states; *tellings*: what watchlists want told, if it is not the usual.
    """
    found: dict[str, list[Candidate]] = {}
    for article, alerts in flagged:
        compared = terms(article, states) if alerts else NOTHING
        at, revision = time_of(article.article), article.article.revision
        for alert in alerts:
            own = without(compared, article, alert.evidence)
            name = alert.watchlist
            telling = tellings.get(name, Telling())
            candidate = Candidate(alert, topics(name), own, at, revision, article.changed, telling)
            found.setdefault(alert.watchlist, []).append(candidate)
    return found


def dead_entries(dead: Sequence[DeadLetter]) -> list[Entry]:
    """What to append for records set aside."""
    return [Entry("dead-letters", letter.id, encode(letter)) for letter in dead]


def _flagged(matcher: Matcher, reader: Reader, tagged: TaggedArticle) -> tuple[TaggedArticle, list[Alert]]:
    """The article with its alerts: selected by a watchlist it is read closely, and matched again with what is found."""
    matches = matcher.match(tagged) if not tagged.duplicate_of else []
    if not matches:
        return tagged, []
    reading = reader.read(tagged)
    if reading.acts is not None and reading.acts != tagged.acts:
        tagged = msgspec.structs.replace(tagged, acts=reading.acts)
        matches = matcher.match(tagged)
    return tagged, _alerts(tagged, matches, reading)


def _alerts(tagged: TaggedArticle, matches: Sequence[Match], reading: Reading) -> list[Alert]:
    article = tagged.article

    def shown(evidence: Evidence) -> Evidence:
        text = article.text(evidence.zone)
        for start, end in reading.sentences.get(evidence.zone, ()):
            if start <= evidence.start and evidence.end <= end and end - start <= LONG_SENTENCE:
                return msgspec.structs.replace(evidence, snippet=" ".join(text[start:end].split()))
        return msgspec.structs.replace(evidence, snippet=snippet(text, evidence.start, evidence.end))

    return [
        Alert(
            id=alert_id(match.watchlist.id, article.id),
            watchlist=match.watchlist.id,
            watchlist_title=match.watchlist.title,
            watchlist_version=match.watchlist.version,
            level=match.level,
            score=match.score,
            points=match.points,
            sinks=match.sinks,
            severity=match.watchlist.severity,
            story=article.id,
            article=article.key,
            source=article.source,
            url=article.url,
            title=article.title,
            language=tagged.language,
            fetched=article.fetched,
            published=article.published,
            origin=article.origin,
            evidence=tuple(shown(e) for e in match.evidence),
            names=tuple(dict.fromkeys(n.surface for n in reading.names)),
        )
        for match in matches
    ]


def _failed(reason: str, error: Exception) -> RejectedError:
    return RejectedError(reason, f"{type(error).__name__}: {error}")


def _apart(
    function: Callable[[Sequence[TaggedArticle]], list[U]], batch: Sequence[TaggedArticle], reason: str
) -> tuple[list[U], list[DeadLetter]]:
    """Apply *function* to the batch; if it fails, to each article alone, setting aside those that fail again."""
    try:
        return function(batch), []
    except Exception:  # an article built to break a tagger must not take its siblings along
        if len(batch) == 1:
            log.exception(reason.replace("_", " "), article=batch[0].article.id)
    done: list[U] = []
    dead: list[DeadLetter] = []
    for one in batch:
        try:
            done += function([one])
        except Exception as error:  # the same boundary, one article wide
            article = one.article
            rejected = _failed(reason, error)
            raw = encode(article)
            dead.append(
                dead_letter(
                    "flow", rejected, raw, at=article.fetched, version=VERSION, topic="articles", key=article.key
                )
            )
    return done, dead
