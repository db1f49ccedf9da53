"""What a watchlist looks for: phrases, places and actors, and groups of these.

A *phrase* is met whatever its case and accents; a trailing ``*`` leaves the ending of its last word open, and
an acronym in capitals is met in capitals only. A *place* or *actor* is met in all its spellings. A group
holds when ``any``, ``all`` or ``none`` of its conditions do; with several of the three, each of them must.

Values are what a file says, checked, immutable and hashable. `anchors` is what makes matching cheap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from pipelines.events import Loc
from pipelines.folding import fold

STEM = 3
"""Fewest letters before an open ending; shorter ones begin half a dictionary."""

STOP_WORDS = frozenset(
    """
    a an and are as at be but by for from has he in is it its not of on or she that the they this to was we
    were who will with you и в во не на что он она они я с со как а то но по из у за от о для это мы вы le la
    les un une des de du et en que qui dans est au aux pour par sur pas il elle ve bir bu da ile için və ilə
    üçün և է են ի որ ու մի der die das und ein eine den von mit ist zu im el los las y
    """.split()  # noqa: SIM905 - a list literal of this is unreadable
)
"""Words that say nothing by themselves: the most frequent function words of the shipped lists' languages."""


class Value(BaseModel):
    """A part of a watchlist: immutable, hashable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", text):
        raise ValueError("must be 1 to 64 of a-z, 0-9 and -")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Slug = Annotated[str, After(_slug)]
Line = Annotated[str, StringConstraints(max_length=300), After(_said)]


class Phrase(Value):
    """Words as they stand in a text, whatever their case and accents. In the file a plain text is enough."""

    model_config = ConfigDict(json_schema_extra=lambda schema: or_short(schema, {"type": "string"}))

    phrase: Line
    broad: bool = Field(default=False, description="allow one letter, or nothing but stop words")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"phrase": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _says_something(self) -> Phrase:
        stem = self.phrase.strip().removesuffix("*")
        words = re.findall(r"[^\W_]+", fold(stem).text)
        said = sum(len(word) for word in words if word not in STOP_WORDS)
        if "*" in stem:
            raise ValueError("'*' may only stand at the end of the last word")
        if stem != stem.rstrip():
            raise ValueError("'*' stands for an ending: put a word before it")
        if not words:
            raise ValueError("must have a letter or digit")
        if self.broad:
            return self
        if self.phrase.strip().endswith("*") and said < STEM:
            raise ValueError(f"an open ending needs {STEM} letters before it (or say 'broad: true')")
        if said <= 1:
            raise ValueError(f"'{self.phrase}' would match almost every article (say 'broad: true' if you mean it)")
        return self

    def __str__(self) -> str:
        return self.phrase


class Place(Value):
    """A place of the gazetteer, by id."""

    place: Slug

    def __str__(self) -> str:
        return f"place: {self.place}"


class Actor(Value):
    """An actor of the gazetteer, by id: an organisation, a government, a person."""

    actor: Slug

    def __str__(self) -> str:
        return f"actor: {self.actor}"


class Group(Value):
    """Conditions together: one of *any* must hold, every one of *all*, and not one of *none*."""

    any: Conditions = ()
    all: Conditions = ()
    none: Conditions = ()

    @model_validator(mode="after")
    def _has_parts(self) -> Group:
        if not (self.any or self.all or self.none):
            raise ValueError("must be a phrase, or have one of the keys phrase, place, actor, any, all, none")
        return self

    def __str__(self) -> str:
        return " and ".join(f"{name} of {len(part)}" for name, part in self.parts())

    def parts(self) -> Iterator[tuple[str, tuple[Condition, ...]]]:
        """The lists that are there, by name."""
        yield from ((name, part) for name in ("any", "all", "none") if (part := getattr(self, name)))


def _kind(data: Any) -> str | None:
    if isinstance(data, str | Phrase):
        return "phrase"
    if isinstance(data, dict):
        return next((key for key in ("phrase", "place", "actor") if key in data), "group")
    return type(data).__name__.lower() if isinstance(data, Place | Actor | Group) else None


Leaf = Phrase | Place | Actor
Condition = Annotated[
    Annotated[Phrase, Tag("phrase")]
    | Annotated[Place, Tag("place")]
    | Annotated[Actor, Tag("actor")]
    | Annotated[Group, Tag("group")],
    Discriminator(
        _kind,
        custom_error_type="condition",
        custom_error_message="must be a phrase, or have one of the keys phrase, place, actor, any, all, none",
    ),
]
Conditions = Annotated[tuple[Condition, ...], Field(min_length=1)]


def leaves(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Leaf]]:
    """Every phrase, place and actor of *condition*, with where it stands."""
    if isinstance(condition, Group):
        for name, part in condition.parts():
            for index, inner in enumerate(part):
                yield from leaves(inner, (*loc, name, index))
    else:
        yield loc, condition


def anchors(condition: Condition) -> frozenset[Leaf] | None:
    """Leaves of which one at least is met whenever *condition* holds; None when it may hold without any.

    Of several such sets the smallest is given.
    """
    if not isinstance(condition, Group):
        return frozenset((condition,))
    sets = [anchors(part) for part in condition.all]
    if condition.any:
        branches = [anchors(part) for part in condition.any]
        sets.append(None if None in branches else frozenset().union(*filter(None, branches)))
    return min((s for s in sets if s is not None), key=len, default=None)


def entity(leaf: Leaf) -> str:
    """The id of a place or actor, "" for a phrase."""
    return "" if isinstance(leaf, Phrase) else leaf.place if isinstance(leaf, Place) else leaf.actor


def or_short(schema: dict[str, Any], short: dict[str, Any]) -> None:
    """Let something shorter stand for the whole mapping."""
    mapping = dict(schema)
    schema.clear()
    schema["description"] = mapping.pop("description", "")
    schema["anyOf"] = [short, mapping]
