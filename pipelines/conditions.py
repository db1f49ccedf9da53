"""What a watchlist looks for: phrases, places and actors, and how they must stand together.

A condition holds for an article or not, and the words that made it hold are its *hits*. Eight forms, each a mapping
that one key names (a plain text is a phrase):

====================  ================================================================================================
``phrase``            the words stand somewhere; hits: each place where they do
``place``, ``actor``  one of its names does, in any spelling and language
``group``             one of the conditions holds that the file lists under this name in ``groups``
``any all none``      a group: one, every one, not one of its conditions holds; hits: those of the ones that hold
``near``              every condition has a hit within *distance* words of the others, in one zone, *ordered* as listed
``sentence``          every condition has a hit in one sentence
``of``                a condition of which some hits do not count, those outside the zones *in* and those with a hit of
                      *unless_near* within *distance* words, and of which at least *count* must be left
====================  ================================================================================================

Values are what a file says, checked, immutable and hashable. `anchors` is what makes matching cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.json_schema import SkipJsonSchema

from connectors.records import Zone
from pipelines.events import Loc
from pipelines.phrases import Phrase, Slug, Value, letters

FARTHEST = 100
"""Words that may lie between; farther apart, two things only stand in one article, which ``all`` says."""


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


class Named(Value):
    """A group that the file names under ``groups``, to be used in several places: one of its conditions must hold."""

    group: Slug

    def __str__(self) -> str:
        return f"group: {self.group}"


class Group(Value):
    """Conditions together: one of *any* must hold, every one of *all*, and not one of *none*."""

    any: Conditions = ()
    all: Conditions = ()
    none: Conditions = ()
    label: SkipJsonSchema[str] = Field(default="", exclude=True)
    """The name that the file uses for it, to be shown; never written in a file."""

    @model_validator(mode="before")
    @classmethod
    def _unlabelled(cls, data: Any) -> Any:
        if isinstance(data, dict) and "label" in data:
            raise ValueError(KEYS)
        return data

    @model_validator(mode="after")
    def _has_parts(self) -> Group:
        if not (self.any or self.all or self.none):
            raise ValueError(KEYS)
        return self

    def __str__(self) -> str:
        if self.label:
            return f"group: {self.label}"
        return " and ".join(f"{name} of {', '.join(map(str, part))}" for name, part in self.parts())

    def parts(self) -> Iterator[tuple[str, tuple[Condition, ...]]]:
        """The lists that are there, by name."""
        yield from ((name, part) for name in ("any", "all", "none") if (part := getattr(self, name)))


class Near(Value):
    """Hits of every condition, all of them within *distance* words; with *ordered*, one after the other as listed.

    The distance of two hits is how many words the second stands after the first: neighbours are 1 apart.
    """

    near: Together
    distance: int = Field(ge=1, le=FARTHEST)
    ordered: bool = False

    def __str__(self) -> str:
        return f"within {self.distance} words{' in this order' if self.ordered else ''}"


class Sentence(Value):
    """Hits of every condition in one sentence."""

    sentence: Together

    def __str__(self) -> str:
        return "in one sentence"


class Of(Value):
    """A condition of which not every hit counts: only those *in* some zones, and not *unless_near* something else."""

    model_config = ConfigDict(populate_by_name=True)

    of: Words
    in_: tuple[Zone, ...] | None = Field(default=None, alias="in", min_length=1)
    unless_near: Annotated[tuple[Words, ...], Field(min_length=1)] = ()
    distance: int | None = Field(default=None, ge=1, le=FARTHEST, description="of unless_near, in words")
    count: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _complete(self) -> Of:
        if bool(self.unless_near) != (self.distance is not None):
            raise ValueError("unless_near and distance go together: within how many words?")
        if self.in_ is None and not self.unless_near and self.count == 1:
            raise ValueError("'of' needs one of the keys in, unless_near, count")
        return self

    def __str__(self) -> str:
        said = [f"in {' or '.join(self.in_)}"] if self.in_ else []
        guards = ", ".join(map(str, self.unless_near))
        said += [f"unless within {self.distance} words of {guards}"] if self.unless_near else []
        said += [f"at least {self.count} times"] if self.count > 1 else []
        return ", ".join(said)


KEYS = "must be a phrase, or have one of the keys phrase, place, actor, group, any, all, none, near, sentence, of"

_NAMES = {key: key for key in ("phrase", "place", "actor", "near", "sentence", "of")} | {"group": "named"}


def _kind(data: Any) -> str | None:
    if isinstance(data, str | Phrase):
        return "phrase"
    if isinstance(data, dict):
        return next((name for key, name in _NAMES.items() if key in data), "parts")
    if isinstance(data, Group):
        return "parts"
    return type(data).__name__.lower() if isinstance(data, Value) else None


def _words(condition: Condition) -> Condition:
    """Refuse what has no hits whenever it holds: nothing can stand near it."""
    if isinstance(condition, Group) and not (condition.any or condition.all):
        raise ValueError("'none' alone has no words in the article: say what must be there")
    return condition


Leaf = Phrase | Place | Actor
Condition = Annotated[
    Annotated[Phrase, Tag("phrase")]
    | Annotated[Place, Tag("place")]
    | Annotated[Actor, Tag("actor")]
    | Annotated[Named, Tag("named")]
    | Annotated[Group, Tag("parts")]
    | Annotated[Near, Tag("near")]
    | Annotated[Sentence, Tag("sentence")]
    | Annotated[Of, Tag("of")],
    Discriminator(_kind, custom_error_type="condition", custom_error_message=KEYS),
]
Conditions = Annotated[tuple[Condition, ...], Field(min_length=1)]
Words = Annotated[Condition, After(_words)]
Together = Annotated[tuple[Words, ...], Field(min_length=2)]


def parts(condition: Condition) -> Iterator[tuple[Loc, Condition]]:
    """The conditions right inside *condition*, with where they stand in it."""
    match condition:
        case Group():
            for name, inside in condition.parts():
                yield from (((name, index), part) for index, part in enumerate(inside))
        case Near():
            yield from ((("near", index), part) for index, part in enumerate(condition.near))
        case Sentence():
            yield from ((("sentence", index), part) for index, part in enumerate(condition.sentence))
        case Of():
            yield ("of",), condition.of
            yield from ((("unless_near", index), part) for index, part in enumerate(condition.unless_near))


def resolved(condition: Condition, groups: Mapping[str, Condition]) -> Condition:
    """*condition* with what its names stand for.

    Raises:
        KeyError: a name that is not in *groups*.
    """

    def every(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(resolved(part, groups) for part in conditions)

    match condition:
        case Named():
            return groups[condition.group]
        case Group():
            return condition.model_copy(update={name: every(inside) for name, inside in condition.parts()})
        case Near():
            return condition.model_copy(update={"near": every(condition.near)})
        case Sentence():
            return condition.model_copy(update={"sentence": every(condition.sentence)})
        case Of():
            inside = {"of": resolved(condition.of, groups), "unless_near": every(condition.unless_near)}
            return condition.model_copy(update=inside)
    return condition


def size(condition: Condition, groups: Mapping[str, int]) -> int:
    """How many conditions *condition* comes to when what its names stand for, of the sizes *groups*, is put in."""
    if isinstance(condition, Named):
        return groups.get(condition.group, 0)
    return 1 + sum(size(part, groups) for _, part in parts(condition))


def plain(condition: Condition) -> Any:
    """*condition* as a file says it."""
    said: dict[Any, Any] = condition.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    if said.keys() == {"phrase"}:
        return said["phrase"]
    for (key, *index), part in parts(condition):
        if index:
            said[key][index[0]] = plain(part)
        else:
            said[key] = plain(part)
    return said


def leaves(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Leaf]]:
    """Every phrase, place and actor of *condition*, with where it stands."""
    if isinstance(condition, Phrase | Place | Actor):
        yield loc, condition
    for inner, part in parts(condition):
        yield from leaves(part, (*loc, *inner))


def anchors(condition: Condition) -> frozenset[Leaf] | None:
    """Leaves of which one at least is met whenever *condition* holds; None when it may hold without any.

    Of several such sets the one is given that the fewest articles are likely to meet.
    """
    match condition:
        case Group():
            sets = [anchors(part) for part in condition.all]
            if condition.any:
                branches = [anchors(part) for part in condition.any]
                sets.append(None if None in branches else frozenset().union(*filter(None, branches)))
        case Near():
            sets = [anchors(part) for part in condition.near]
        case Sentence():
            sets = [anchors(part) for part in condition.sentence]
        case Of():
            sets = [anchors(condition.of)]
        case Named():
            raise AssertionError(condition)  # `resolved` has replaced it
        case _:
            return frozenset((condition,))
    return min((s for s in sets if s is not None), key=lambda s: sum(map(_frequency, s)), default=None)


def _frequency(leaf: Leaf) -> float:
    """A guess at the share of articles that have *leaf*: long words and several of them are rare."""
    if not isinstance(leaf, Phrase):
        return 0.01
    words = leaf.phrase.removesuffix("*").split()
    said = sum(map(letters, words))
    return 0.5 * 0.6 ** (said - 1) * 0.1 ** (len(words) - 1) * (2 if leaf.phrase.endswith("*") else 1)


def contradictions(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Condition]]:
    """The conditions of ``none`` that another part of their group needs, with where they stand.

    Does not: reason further. A list that asks for words no article can have passes.
    """
    if isinstance(condition, Group):
        needed = set(condition.all) | (set(condition.any) if len(condition.any) == 1 else set())
        if condition.any and set(condition.any) <= set(condition.none):
            needed |= set(condition.any)
        yield from (((*loc, "none", i), part) for i, part in enumerate(condition.none) if part in needed)
    for inner, part in parts(condition):
        yield from contradictions(part, (*loc, *inner))


def entity(leaf: Leaf) -> str:
    """The id of a place or actor, "" for a phrase."""
    return "" if isinstance(leaf, Phrase) else leaf.place if isinstance(leaf, Place) else leaf.actor
