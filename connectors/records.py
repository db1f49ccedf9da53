"""What travels on topics, and its canonical JSON.

*entry → Article → TaggedArticle → Alert → delivery*: each adds to the one before. Values are immutable. The JSON
is canonical: keys sorted, times in UTC with ``Z``, ``schema`` in every record. Decoding is total: bytes that are
no such record raise :class:`RejectedError` and nothing else. A field this version does not know survives a round
trip in ``extra``, so that an older process never strips what a newer one wrote; records evolve by adding fields
with defaults, and `SCHEMA` grows only when an old reader would misunderstand.

The JSON Schema of every record is published in ``configs/schemas`` (`json_schema` makes it; a test keeps it true).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from connectors.errors import RejectedError

SCHEMA = 1

Zone = Literal["title", "lead", "body", "captions", "url", "author", "source"]
"""Where words stand in an article, in reading order; the last three are about the text and no part of it."""

TEXT: tuple[Zone, ...] = ("title", "lead", "body", "captions")
"""The zones of the text itself."""

Sense = Literal["", "government", "dateline"]
"""What the name of a place is said for other than the place: a capital for its government, where a text was written."""

How = Literal["exact", "inflected", "spelling", "slip", "acronym"]
"""How words meet a name: as written; in another form or spelling of it; one letter off; as defined in brackets."""

Time = Annotated[datetime, Meta(tz=True)]


class Value(Struct, frozen=True, kw_only=True):
    """A part of a record: immutable, with room for fields of later versions in *extra*."""

    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _time_fields(type(self)):
            value = getattr(self, name)
            if value is not None and value.tzinfo is not UTC:
                msgspec.structs.force_setattr(self, name, value.astimezone(UTC))


class Topical(Value, frozen=True, kw_only=True):
    """A value that stands on a topic by itself."""

    schema: Annotated[int, Meta(ge=1)] = SCHEMA


class Article(Topical, frozen=True, kw_only=True):
    """One news item, normalised: plain text in four zones, UTC times, an absolute URL, a stable id.

    *id* stays the same over fetches and revisions (`article_id`). *entry* is the id the feed gave, "" when none.
    *captions* holds one caption or credit a line: places may be read there, actors never. *language* is as the
    source declared it (BCP 47), "" when it did not. *published* and *updated* are the source's words, *fetched*
    is our clock. *origin* is the agency or outlet the text says it comes from. *country* (ISO 3166-1) and *groups* are
    what the configuration says of the source. *revision* counts from 1; the same entry with another text is the next
    revision.
    """

    id: str
    source: str
    url: str
    title: str
    fetched: Time
    entry: str = ""
    lead: str = ""
    body: str = ""
    captions: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    published: Time | None = None
    updated: Time | None = None
    origin: str = ""
    country: str = ""
    groups: tuple[str, ...] = ()
    revision: Annotated[int, Meta(ge=1)] = 1

    @property
    def key(self) -> str:
        """The record's key on the topic `articles`: one per revision, so a second fetch adds nothing."""
        return f"{self.id}.{self.revision}"

    def zones(self) -> Iterator[tuple[Zone, str]]:
        """The zones that hold text, in reading order; spans of tags and evidence count characters of these."""
        for zone in TEXT:
            if text := getattr(self, zone):
                yield zone, text

    def text(self, zone: Zone) -> str:
        """What stands in *zone*, "" when nothing does; several authors are parted by semicolons."""
        return "; ".join(self.authors) if zone == "author" else str(getattr(self, zone))


class Tag(Value, frozen=True, kw_only=True):
    """One place or actor read in an article: ``zone[start:end] == surface``, in characters.

    A *kind* ``name`` is a name that no list holds; its *id* is "". A place has the *country* (ISO 3166-1) it is taken
    to lie in, a contested one its *claimants*; of an actor *country* is the state it acts for. *score* is how much the
    name says that this country is meant: 3 for the name of a state, less for a town. *sense*: a capital that stands for
    its government (Moscow accuses), or where the text was written (``YEREVAN, Jan 12 (Reuters)``). *about*: the article
    is about it, and does not only mention it.
    """

    id: str
    kind: Literal["place", "actor", "name"]
    surface: str
    zone: Zone
    start: int
    end: int
    how: How = "exact"
    country: str = ""
    claimants: tuple[str, ...] = ()
    score: float = 0.0
    sense: Sense = ""
    about: bool = False


class Country(Value, frozen=True, kw_only=True):
    """A country (ISO 3166-1 *code*) that an article names; *score* tells it from the others of the article.

    *about*: the article is about it, and does not only mention it.
    """

    code: str
    score: float
    about: bool = False


class Act(Value, frozen=True, kw_only=True):
    """What *source* does to *target*, ids of tags, with the countries these stand for: ``zone[start:end]`` is the verb.

    *verb* is its infinitive, *code* that of CAMEO.
    """

    verb: str
    code: str
    source: str
    target: str
    zone: Zone
    start: int
    end: int
    source_country: str = ""
    target_country: str = ""


class Likeness(Value, frozen=True, kw_only=True):
    """How alike a near-copy and the text it repeats are, as shares from 0 to 1.

    *shared* of the shorter text is in the longer, *lead* of each one's beginning is somewhere in the other, *title* of
    the words of both titles are in both. *skipped* words before the common text were left out: a caption, an agency.
    """

    shared: float
    lead: float
    title: float
    skipped: int = 0


class TaggedArticle(Topical, frozen=True, kw_only=True):
    """An article the flow has seen. A duplicate carries *duplicate_of*, the first copy's id, and no tags.

    *language* is the two-letter code the text was found to be in, ``und`` when unknown, *title_language* that of a
    title in another. *fingerprints* and *signature* are what de-duplication compares; they are kept so that its memory
    can be rebuilt from this topic alone. *likeness* is that of a copy which is not exact. *changed* is how much of a
    revision is new, 0 when next to nothing. *countries* are those it is about, the most salient first; a contested
    place makes none. *acts* are read in English only.
    """

    article: Article
    language: str = "und"
    title_language: str = ""
    fingerprints: tuple[str, ...] = ()
    signature: bytes = b""
    duplicate_of: str = ""
    likeness: Likeness | None = None
    changed: float = 0.0
    tags: tuple[Tag, ...] = ()
    countries: tuple[Country, ...] = ()
    acts: tuple[Act, ...] = ()

    def language_in(self, zone: Zone) -> str:
        """The language of what stands in *zone*."""
        return self.title_language if zone == "title" and self.title_language else self.language


class Evidence(Value, frozen=True, kw_only=True):
    """Why a rule held: the words in their zone, and a snippet around them for a person to read.

    *rule* is the condition as the watchlist writes it, *entity* the place or actor id when the rule named one.
    """

    rule: str
    zone: Zone
    start: int
    end: int
    surface: str
    snippet: str = ""
    entity: str = ""
    how: How = "exact"


class Points(Value, frozen=True, kw_only=True):
    """What one row of a list's ``weights`` came to in one zone: *hits* counted, and the *points* they gave."""

    rule: str
    zone: Zone
    hits: int
    points: float


class Alert(Topical, frozen=True, kw_only=True):
    """A watchlist matched an article not seen before. Its *id* depends on content only (`alert_id`).

    It opens a story, or says what is *new* in one or that an article of it was corrected: then *updates* is the id of
    the alert that it updates, and *event* which of the two. *story* is the id of the article that opened the story.

    *watchlist_version* tells the text of the list that raised it from every other. *level* is ``alert`` when the list
    says by its weights that the article only mentions the matter, else ``about``. *score* is the sum of *points*, less
    where a row has a cap, None for a list without weights. *sinks* are those it is for, None for all.
    """

    id: str
    watchlist: str
    watchlist_title: str
    severity: Literal["low", "medium", "high"]
    story: str
    article: str
    source: str
    url: str
    title: str
    language: str
    fetched: Time
    published: Time | None = None
    origin: str = ""
    watchlist_version: str = ""
    level: Literal["alert", "about"] = "about"
    score: float | None = None
    points: tuple[Points, ...] = ()
    sinks: tuple[str, ...] | None = None
    evidence: tuple[Evidence, ...] = ()
    names: tuple[str, ...] = ()
    event: Literal["opened", "developed", "corrected"] = "opened"
    updates: str = ""
    new: tuple[str, ...] = ()

    @property
    def details(self) -> tuple[str, ...]:
        """What a person is shown beside title and evidence: where it is from, and how much it is about the matter."""
        mention = "only a mention" if self.level == "alert" else ""
        score = "" if self.score is None else f"score {self.score:g}"
        new = f"new: {', '.join(self.new)}" if self.new else "corrected" if self.event == "corrected" else ""
        return tuple(part for part in (self.source, self.language, self.origin, mention, score, new) if part)


class Link(Value, frozen=True, kw_only=True):
    """Why an article joined a story: how alike it and the member *article* are, but for *score* as shares from 0 to 1.

    *text* by all their words, *title* by how much of each one's headline the other has, *opening* by how much of each
    one's headline and beginning; in two languages by their names and numbers. *score* is what decided, from 1 on.
    """

    article: str
    score: float
    text: float
    title: float
    opening: float


class StoryMember(Topical, frozen=True, kw_only=True):
    """An article in a story of a watchlist: it opened or joined it, or is another revision of one that did.

    *story* is the id of the article that opened it, *alert* that of its one alert, which the article raised that is
    *alerted*, the first with which the list wanted it told. *at* is when the article
    was published, or fetched where its source's word cannot be true. *new* are places, actors, numbers and agencies of
    its headline and beginning that no article of the story had before. *memory* is what the flow remembers of it.
    """

    id: str
    watchlist: str
    story: str
    alert: str
    how: Literal["opened", "joined", "revised"]
    article: str
    source: str
    url: str
    title: str
    language: str
    at: Time
    fetched: Time
    origin: str = ""
    level: Literal["alert", "about"] = "about"
    alerted: bool = False
    link: Link | None = None
    new: tuple[str, ...] = ()
    memory: bytes = b""


class DeadLetter(Topical, frozen=True, kw_only=True):
    """A record set aside: where (*stage*), why (*reason*, *detail*) and its first 64 KiB of bytes (*raw*).

    *topic*, *partition* and *offset* say where it stood when it came from a topic; *source* when it came from a feed.
    """

    id: str
    stage: Literal["fetch", "parse", "decode", "flow", "deliver"]
    reason: str
    at: Time
    detail: str = ""
    source: str = ""
    topic: str = ""
    partition: int = 0
    offset: int = -1
    key: str = ""
    raw: bytes = b""
    truncated: bool = False
    version: str = ""


class SourceHealth(Topical, frozen=True, kw_only=True):
    """How one poll of one source went. *failures* counts polls in a row that failed; *status* is HTTP's, 0 if none."""

    source: str
    state: Literal["ok", "empty", "unchanged", "blocked", "html", "broken", "gone"]
    at: Time
    reason: str = ""
    status: int = 0
    entries: int = 0
    new: int = 0
    rejected: int = 0
    failures: int = 0
    next_poll: Time | None = None


class Cursor(Topical, frozen=True, kw_only=True):
    """Where a source's next poll starts: *value* is the source's own; the rest is the schedule, in seconds."""

    source: str
    value: str = ""
    interval: float = 0.0
    failures: int = 0
    next_poll: Time | None = None


RECORDS: tuple[type[Topical], ...] = (Article, TaggedArticle, Alert, StoryMember, DeadLetter, SourceHealth, Cursor)

V = TypeVar("V", bound=Topical)

RAW_LIMIT = 64 * 1024
"""Bytes of a rejected record that its dead letter keeps."""


def encode(record: Topical) -> bytes:
    """The canonical JSON of *record*, UTF-8. Equal records give equal bytes."""
    return msgspec.json.encode(_spread(msgspec.to_builtins(record)), order="sorted")


def decode(kind: type[V], data: bytes | None) -> V:
    """Read one record.

    Raises:
        RejectedError: with reason ``empty``, ``not_json``, ``not_a_record`` or ``newer_schema``; nothing else
            whatever the bytes.
    """
    if not data:
        raise RejectedError("empty", "no bytes")
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise RejectedError("not_json", str(error)) from error
    if not isinstance(raw, dict):
        raise RejectedError("not_a_record", f"a {type(raw).__name__} is no {kind.__name__}")
    schema = raw.get("schema", 1)
    if isinstance(schema, int) and schema > SCHEMA:
        raise RejectedError("newer_schema", f"schema {schema} is newer than {SCHEMA}: upgrade this process first")
    try:
        return msgspec.convert(_gather(kind, raw), kind)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        raise RejectedError("not_a_record", f"no {kind.__name__}: {error}") from error


def json_schema(kind: type[Topical]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one record, as its canonical JSON looks: other fields are allowed."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    for part in parts.values():
        part.get("properties", {}).pop("extra", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.__name__, **schema, "$defs": parts}


def digest(*parts: str) -> str:
    """A short stable id of some strings: 128 bits of SHA-256 over their length-framed UTF-8, in hex."""
    framed = b"".join(len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(8, "big") + raw for part in parts)
    return hashlib.sha256(framed).hexdigest()[:32]


def article_id(source: str, entry: str, url: str, title: str) -> str:
    """The id of an article: its source with the first thing its entry has of guid, link, title.

    Scoped by source, so that one feed cannot take another's ids.
    """
    return digest(source, entry or url or title)


def alert_id(watchlist: str, story: str) -> str:
    """The id of an alert, from content only: the same article replayed gives the same id."""
    return digest("alert", watchlist, story)


def dead_letter(
    stage: Literal["fetch", "parse", "decode", "flow", "deliver"],
    error: RejectedError,
    raw: bytes,
    *,
    at: datetime,
    version: str = "",
    source: str = "",
    topic: str = "",
    partition: int = 0,
    offset: int = -1,
    key: str = "",
) -> DeadLetter:
    """Set a record aside. The id depends on where it stood and what it was, so setting aside twice is once."""
    place = f"{source}|{topic}|{partition}|{offset}|{key}"
    return DeadLetter(
        id=digest(stage, error.reason, place, hashlib.sha256(raw).hexdigest()),
        stage=stage,
        reason=error.reason,
        detail=error.detail[:2000],
        at=at,
        source=source,
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        raw=raw[:RAW_LIMIT],
        truncated=len(raw) > RAW_LIMIT,
        version=version,
    )


@functools.cache
def _time_fields(kind: type[Struct]) -> tuple[str, ...]:
    return tuple(name for name, hint in get_type_hints(kind).items() if datetime in (hint, *get_args(hint)))


@functools.cache
def _parts(kind: type[Struct]) -> tuple[frozenset[str], tuple[tuple[str, type[Struct], bool], ...]]:
    """The field names of *kind*, and those fields that hold values of ours: (name, type, is a tuple of them)."""
    nested = []
    for name, hint in get_type_hints(kind).items():
        args = get_args(hint)
        inner = args[0] if args else hint
        if isinstance(inner, type) and issubclass(inner, Value):
            nested.append((name, inner, get_origin(hint) is tuple))
    return frozenset(f.name for f in msgspec.structs.fields(kind)) - {"extra"}, tuple(nested)


def _gather(kind: type[Struct], raw: dict[str, Any]) -> dict[str, Any]:
    """Move the fields that *kind* does not know into ``extra``, at every level."""
    known, nested = _parts(kind)
    if not raw.keys() <= known:
        raw = {k: v for k, v in raw.items() if k in known} | {"extra": {k: v for k, v in raw.items() if k not in known}}
    for name, inner, many in nested:
        part = raw.get(name)
        if many and isinstance(part, list):
            raw[name] = [_gather(inner, p) if isinstance(p, dict) else p for p in part]
        elif not many and isinstance(part, dict):
            raw[name] = _gather(inner, part)
    return raw


def _spread(raw: Any) -> Any:
    """Undo `_gather` on builtins: fields of ``extra`` go back beside the others."""
    if isinstance(raw, dict):
        extra = raw.pop("extra", None)
        for name, value in raw.items():
            if isinstance(value, dict | tuple):
                raw[name] = _spread(value)
        return {**extra, **raw} if extra else raw
    if isinstance(raw, tuple):
        return [_spread(item) for item in raw]
    return raw
