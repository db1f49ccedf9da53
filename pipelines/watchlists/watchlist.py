"""A watchlist: what one desk wants to be told about, as a YAML file that an analyst writes.

::

    id: csto
    title: Collective Security Treaty Organization
    match:
      any:
        - actor: csto
        - "collective security treaty"
    examples: {alert: ["CSTO troops arrive"], quiet: ["A bank offers collective security"]}

What ``match`` may hold is in `pipelines.watchlists.conditions`. A file is refused whole, every mistake at its place.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator as After
from pydantic import ConfigDict, Field, PrivateAttr, StringConstraints, field_validator, model_validator

from connectors.errors import ConfigError, Problem
from connectors.records import digest
from pipelines.events import Loc
from pipelines.located import Document, nearest, read, validate
from pipelines.sections import seconds
from pipelines.stories.telling import Telling
from pipelines.watchlists import query
from pipelines.watchlists.conditions import KEYS, Condition, Conditions, Group, entities
from pipelines.watchlists.facts import Duration
from pipelines.watchlists.phrases import Language, Line, Phrase, Slug, Value, or_short
from pipelines.watchlists.walking import anchors, contradictions, leaves, lists, resolved, size


class Sources(Value):
    """Which sources a list looks at: those named, or with ``not`` all but those named."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra=lambda schema: or_short(schema, {"type": "array", "items": {"type": "string"}}),
    )

    only: tuple[Line, ...] | None = Field(default=None, min_length=1)
    not_: tuple[Line, ...] = Field(default=(), alias="not", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, data: Any) -> Any:
        return {"only": data} if isinstance(data, list | tuple) else data


class Example(Value):
    """A text to try the list on. In the file a plain text is enough; it is read as an article's body."""

    model_config = ConfigDict(json_schema_extra=lambda schema: or_short(schema, {"type": "string"}))

    title: str = ""
    lead: str = ""
    body: str = ""
    captions: str = ""
    language: Language | None = None
    source: str = ""
    country: str = Field(default="", description="of the source")
    agency: str = Field(default="", description="that the text says it is from")
    url: str = ""
    file: Line | None = Field(default=None, description="an article beside the list: text, or a record in JSON")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"body": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _has_text(self) -> Example:
        if bool(self.file) == bool((self.title + self.lead + self.body + self.captions).strip()):
            raise ValueError("must have a text: title, lead, body or captions, or a file")
        return self


class Breaking(Value):
    """What a story must be before it is told; one that is not yet is told when it is."""

    max_age: Duration | None = Field(default=None, description="from publishing to fetching, such as 6h")
    origins: int = Field(default=1, ge=1, le=100, description="agencies and outlets that tell of it by themselves")
    growth: int = Field(default=1, ge=1, le=1000, description="articles within an hour, copies not counted")


class Delivery(Value):
    """Which sinks are told, and of what: by default all of them, of every alert. The topic holds all alerts anyway."""

    sinks: tuple[Slug, ...] | None = Field(default=None, min_length=1, description="the names of sinks; all if absent")
    level: Literal["alert", "about"] = Field(default="alert", description="about: no mere mentions")
    updates: bool = Field(default=False, description="also what is new in a story that was alerted on")
    breaking: Breaking = Breaking()

    @property
    def telling(self) -> Telling:
        """What is told of its stories."""
        gate = self.breaking
        age = None if gate.max_age is None else seconds(gate.max_age)
        return Telling(max_age=age, origins=gate.origins, growth=gate.growth, updates=self.updates)


class Examples(Value):
    """Texts that must alert and texts that must not; `wirewatch check` tries them all."""

    alert: tuple[Example, ...] = ()
    quiet: tuple[Example, ...] = ()


def _query(text: str) -> str:
    query.parse(text)
    return text


QueryText = Annotated[str, StringConstraints(max_length=20_000), After(_query)]


def _either(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": ["match"]}, {"required": ["query"]}]
    schema["properties"]["match"].pop("default")


GROUNDLESS = "would hold for articles that say nothing of it: add a phrase, place or actor that must be there"

MOST = 100_000
"""Conditions of one list: groups that use groups grow by themselves, and every one is read for each candidate."""


class Watchlist(Value):
    """One list. Its alerts go to ``alerts.<topic>``, or to ``alerts.<id>`` when it shares no topic."""

    model_config = ConfigDict(json_schema_extra=_either)

    id: Slug = Field(description="stable: alert ids and topics are made from it")
    title: Line
    owner: str = ""
    severity: Literal["low", "medium", "high"] = "medium"
    description: str = ""
    topic: Slug | None = Field(None, description="a topic that several lists share, instead of one of its own")
    languages: tuple[Language, ...] | None = Field(default=None, min_length=1, description="only articles in these")
    sources: Sources = Sources()
    groups: dict[Slug, Conditions] = Field(default={}, description="conditions to be used in several places, by name")
    match: Condition | None = Field(default=None, description="what it looks for")
    query: QueryText | None = Field(default=None, description="the same as one line, instead of match")
    examples: Examples = Examples()
    delivery: Delivery = Delivery()

    _source: tuple[bytes | str, str] | None = PrivateAttr(None)
    _version: str = PrivateAttr("")

    _condition: Condition | None = PrivateAttr(None)
    _names: frozenset[str] = PrivateAttr(frozenset())

    @field_validator("match", mode="before")
    @classmethod
    def _something(cls, data: Any) -> Any:
        if data is None:
            raise ValueError(KEYS)
        return data

    @model_validator(mode="after")
    def _whole(self) -> Watchlist:
        if (self.match is None) == (self.query is None):
            raise ValueError("must have either match or query")
        known: dict[str, Condition] = {}
        sizes: dict[str, int] = {}
        for name, conditions in self.groups.items():  # a group may use those before it
            sizes[name] = size(Group(any=conditions), sizes)
        said = self.match or query.parse(self.query or "")
        if max([size(said, sizes), *sizes.values()]) > MOST:
            raise ValueError(f"comes to more than {MOST:,} conditions when its groups are put in")
        try:
            for name, conditions in self.groups.items():
                known[name] = resolved(Group(any=conditions).model_copy(update={"label": f"group: {name}"}), known)
            self._condition = resolved(said, known)
        except KeyError as error:
            name = str(error.args[0])
            raise ValueError(f"no group '{name}' stands before{nearest(name, known)}") from None
        self._names = frozenset(listed.list_ for _, listed in lists(self._condition))
        return self

    @property
    def condition(self) -> Condition:
        """What it looks for, with the groups that are named in it, and once it is linked with the lists."""
        assert self._condition is not None
        return self._condition

    @property
    def names(self) -> frozenset[str]:
        """The ids of the lists that it names."""
        return self._names

    def linked(self, condition: Condition, version: str) -> Watchlist:
        """The same list with what the lists that it names stand for."""
        other = self.model_copy()
        other._condition, other._version = condition, version
        return other

    def admits(self, language: str, source: str) -> bool:
        """Whether the list looks at articles in *language* from *source* at all."""
        if self.languages is not None and language not in self.languages:
            return False
        if self.sources.only is not None and source not in self.sources.only:
            return False
        return source not in self.sources.not_

    def written(self) -> Iterator[tuple[Condition, Loc]]:
        """What the file says, before anything is put in, and where."""
        yield self.match or query.parse(self.query or ""), (self.says,)
        for name, group in self.groups.items():
            yield from ((condition, ("groups", name, index)) for index, condition in enumerate(group))

    def phrases(self) -> Iterator[tuple[Loc, Phrase]]:
        """The phrases that the file says, and where."""
        for condition, loc in self.written():
            yield from ((inner, leaf) for inner, leaf in leaves(condition, loc) if isinstance(leaf, Phrase))

    @property
    def says(self) -> Literal["match", "query"]:
        """The key of the file that says what the list looks for."""
        return "match" if self.query is None else "query"

    @property
    def alerts(self) -> str:
        """The topic that its alerts go to."""
        return f"alerts.{self.topic or self.id}"

    @property
    def version(self) -> str:
        """Tells the text that the list was parsed from from every other; "" when it was made otherwise."""
        return self._version

    @property
    def path(self) -> str:
        """The file that the list was parsed from, "" when it was made otherwise."""
        return self._source[1] if self._source else ""

    def problem(self, message: str, loc: Loc = ()) -> Problem:
        """A mistake in the file that the list was parsed from, at *loc*."""
        if self._source is None:
            return Problem(self.id, 0, 0, message)
        return _document(*self._source).problem(message, loc)


@functools.lru_cache(8)
def _document(text: bytes | str, path: str) -> Document:
    """Where everything stands in a list that was read before: to keep that of each list takes 20 KB a list."""
    return read(text, path)


def parse(text: bytes | str, path: str) -> Watchlist:
    """Read one watchlist; *path* is for messages.

    Raises:
        ConfigError: with every mistake, each at its line and column.
    """
    document = read(text, path)
    watchlist = validate(Watchlist, document)
    watchlist._source = text, path
    watchlist._version = digest(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:12]
    against = contradictions(watchlist.match or watchlist.condition, (watchlist.says,))
    if problems := [document.problem(f"can never hold: '{part}' is needed beside this", loc) for loc, part in against]:
        raise ConfigError(*problems)
    if not watchlist.names and anchors(watchlist.condition) is None:
        raise ConfigError(document.problem(GROUNDLESS, (watchlist.says,), key=True))
    return watchlist


def check_ids(watchlist: Watchlist, known: Collection[str]) -> list[Problem]:
    """The places and actors of *watchlist* that are not *known*, each with the nearest id that is."""
    problems = []
    for loc, leaf in itertools.chain.from_iterable(leaves(*place) for place in watchlist.written()):
        for key, name in entities(leaf).items():
            if name not in known:
                kind = {"actor": "actor", "source": "place or actor", "target": "place or actor"}.get(key, "place")
                told = f"no {kind} '{name}' in the gazetteer{nearest(name, known)}"
                problems.append(watchlist.problem(told, (*loc, key)))
    return problems


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a watchlist file, for editors: completion, and mistakes underlined as one types."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Watchlist.model_json_schema()
