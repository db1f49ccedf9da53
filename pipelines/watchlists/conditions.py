"""What a watchlist looks for: words, places and actors, and how they must stand together.

A condition holds for an article or not, and the words that made it hold are its *hits*. Each form is a mapping that one
key names (a plain text is a phrase):

====================  ================================================================================================
``phrase``            the words stand somewhere; hits: each place where they do
``regex``             words that a regular expression describes do
``place``, ``actor``  one of its names does, in any spelling and language; with *about* not only in passing
``within``            a name of a place or of one inside it does
``act``               one does this to another: *source* and *target*, each with what lies in it and acts for it
``group``             one of the conditions holds that the file lists under this name in ``groups``
``list``              another watchlist holds
``any all none``      a group: one, every one, not one of its conditions holds; hits: those of the ones that hold
``near``              every condition has a hit within *distance* words of the others, in one zone, *ordered* as listed
``sentence``          every condition has a hit in one sentence
``of``                a condition of which some hits do not count, those outside the zones *in* and those with a hit of
                      *unless_near* within *distance* words, and of which at least *count* must be left
``weights``           the points that the hits of several conditions give come to *threshold*
``article``           facts of the article: language, source, agency, age, length; no hits
====================  ================================================================================================

Values are what a file says, checked, immutable and hashable. How they nest is in `pipelines.watchlists.walking`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator as After
from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.json_schema import SkipJsonSchema

from connectors.records import TEXT, Zone
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.phrases import Phrase, Slug, Value, or_short
from pipelines.watchlists.regexes import Regex

FARTHEST = 100
"""Words that may lie between; farther apart, two things only stand in one article, which ``all`` says."""

MOST_HITS = 4
"""Hits of a row of ``weights`` that count each (measured: research on watchlists §3)."""


class Place(Value):
    """A place of the gazetteer, by id."""

    place: Slug
    about: bool = Field(default=False, description="the article is about it: named in title or lead, or three times")

    def __str__(self) -> str:
        return f"{'about ' if self.about else ''}place: {self.place}"


class Within(Value):
    """A place of the gazetteer, by id, or any inside it: for a country its towns, for a region its countries."""

    within: Slug

    def __str__(self) -> str:
        return f"within: {self.within}"


ANY_ACT = "any"

Verb = Literal[
    "any",
    "accuse",
    "condemn",
    "threaten",
    "reject",
    "attack",
    "shell",
    "bomb",
    "kill",
    "occupy",
    "sanction",
    "blockade",
    "detain",
    "expel",
    "sue",
    "withdraw",
    "suspend",
    "deploy",
    "support",
    "aid",
    "recognise",
    "urge",
    "mediate",
    "visit",
    "meet",
    "negotiate",
    "sign",
]
"""Those of ``configs/languages/acts.yaml``, and any."""


class Deed(Value):
    """Who does what to whom, as `connectors.records.Act`: a verb of ``acts.yaml``, or ``any``, between two ids.

    A state stands for its government and people in office, and for the places in it.
    """

    act: Verb
    source: Slug | None = None
    target: Slug | None = None

    @model_validator(mode="after")
    def _between(self) -> Deed:
        if self.source is None and self.target is None:
            raise ValueError("needs source or target: who does it, or to whom?")
        return self

    def __str__(self) -> str:
        return f"act: {self.source or '*'}>{self.act}>{self.target or '*'}"


class Actor(Value):
    """An actor of the gazetteer, by id: an organisation, a government, a person."""

    actor: Slug
    about: bool = Field(default=False, description="the article is about it: named in title or lead, or three times")

    def __str__(self) -> str:
        return f"{'about ' if self.about else ''}actor: {self.actor}"


class Named(Value):
    """A group that the file names under ``groups``, to be used in several places: one of its conditions must hold."""

    group: Slug

    def __str__(self) -> str:
        return f"group: {self.group}"


class Listed(Value):
    """Another watchlist, by id: what it looks for in the articles that it looks at."""

    model_config = ConfigDict(populate_by_name=True)

    list_: Slug = Field(alias="list")

    def __str__(self) -> str:
        return f"list: {self.list_}"


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
            return self.label
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


class PerZone(Value):
    """Points by zone. In the file one number is enough: that for every zone of the text."""

    model_config = ConfigDict(json_schema_extra=lambda schema: or_short(schema, {"type": "number"}))

    title: float = 0.0
    lead: float = 0.0
    body: float = 0.0
    captions: float = 0.0
    url: float = 0.0
    author: float = 0.0
    source: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, data: Any) -> Any:
        return dict.fromkeys(TEXT, data) if isinstance(data, int | float) and not isinstance(data, bool) else data

    def of(self, zone: Zone) -> float:
        """The points for *zone*."""
        return float(getattr(self, zone))

    def values(self) -> dict[Zone, float]:
        """Those that are not 0."""
        return {zone: points for zone in get_args(Zone) if (points := self.of(zone))}


class Row(Value):
    """What one condition adds to a score.

    *once*: points for each zone that has a hit of it. *each*: points for each hit, the first *most* of them. Points
    below 0 take away. The row comes to *cap* at most.
    """

    of: Words
    once: PerZone = PerZone()
    each: PerZone = PerZone()
    most: int = Field(default=MOST_HITS, ge=1, le=100)
    cap: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _gives(self) -> Row:
        if not (self.once.values() or self.each.values()):
            raise ValueError("needs points: once or each, a number or one for each zone")
        return self

    @property
    def best(self) -> float:
        """The most that it can come to."""
        once = sum(points for points in self.once.values().values() if points > 0)
        each = self.most * max([0.0, *self.each.values().values()])
        return once + each if self.cap is None else min(once + each, self.cap)


class Weights(Value):
    """Conditions that each give points; together they must come to *threshold*, and to *about* for its level."""

    weights: Annotated[tuple[Row, ...], Field(min_length=1)]
    threshold: float = Field(gt=0)
    about: float | None = Field(default=None, description="from here on the article is about it: no mere mention")

    @model_validator(mode="after")
    def _reachable(self) -> Weights:
        if self.about is not None and self.about < self.threshold:
            raise ValueError("about must not be less than threshold")
        if sum(row.best for row in self.weights) < (self.about or self.threshold):
            raise ValueError(f"the weights never come to {self.about or self.threshold:g}")
        return self

    def __str__(self) -> str:
        return f"score of {self.threshold:g}" + (f", about it from {self.about:g}" if self.about else "")


KEYS = (
    "must be a phrase, or have one of the keys phrase, regex, place, actor, within, act, group, list, any, all, none,"
    " near, sentence, of, weights, article"
)

_NAMES = {key: key for key in ("phrase", "regex", "place", "actor", "within", "near", "sentence", "weights", "of")} | {
    "group": "named",
    "list": "listed",
    "list_": "listed",
    "article": "facts",
    "act": "deed",
}


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
    match condition:
        case Group(any=(), all=()):
            raise ValueError("'none' alone has no words in the article: say what must be there")
        case Facts():
            raise ValueError("'article' has no words in the article: put it beside this, under 'all'")
    return condition


Leaf = Phrase | Regex | Place | Within | Actor | Deed
Condition = Annotated[
    Annotated[Phrase, Tag("phrase")]
    | Annotated[Regex, Tag("regex")]
    | Annotated[Place, Tag("place")]
    | Annotated[Within, Tag("within")]
    | Annotated[Actor, Tag("actor")]
    | Annotated[Deed, Tag("deed")]
    | Annotated[Named, Tag("named")]
    | Annotated[Listed, Tag("listed")]
    | Annotated[Group, Tag("parts")]
    | Annotated[Near, Tag("near")]
    | Annotated[Sentence, Tag("sentence")]
    | Annotated[Of, Tag("of")]
    | Annotated[Weights, Tag("weights")]
    | Annotated[Facts, Tag("facts")],
    Discriminator(_kind, custom_error_type="condition", custom_error_message=KEYS),
]
Conditions = Annotated[tuple[Condition, ...], Field(min_length=1)]
Words = Annotated[Condition, After(_words)]
Together = Annotated[tuple[Words, ...], Field(min_length=2)]


def entity(leaf: Leaf) -> str:
    """The id of a place or actor, "" for words and acts."""
    return "" if isinstance(leaf, Deed) else next(iter(entities(leaf).values()), "")


def entities(leaf: Leaf) -> dict[str, str]:
    """The ids of places and actors that *leaf* names, by the key that says each."""
    match leaf:
        case Place():
            return {"place": leaf.place}
        case Within():
            return {"within": leaf.within}
        case Actor():
            return {"actor": leaf.actor}
        case Deed():
            return {side: name for side in ("source", "target") if (name := getattr(leaf, side))}
    return {}
