"""The gazetteer: places and actors and their names, from the YAML and TSV files of a folder.

A YAML file is a list of entities written by people; a TSV file is made by a program, one name a row. Names of one id
in both add up, and a name that a YAML file gives to one entity is taken from any other in a TSV file. How names are
written is in `pipelines.knowledge.names`. A ``decoy`` is what bears the name of a place or actor and is neither (a
football club, a horse): where names overlap in a text the longest counts, so it hides the name in it, and is no tag.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.errors import ConfigError, Problem
from pipelines.folding import fold
from pipelines.knowledge.names import forms, needs_capital
from pipelines.located import nearest, read_bytes, read_file, validate
from pipelines.scanning import Occurrence, Pattern, Scanner

Kind = Literal["place", "actor", "decoy"]

COLUMNS = ("id", "kind", "country", "language", "name")
"""Of a TSV file. *kind* is place, actor, decoy, or demonym: an adjective or the people of the place *id*."""


def _name(text: str) -> str:
    forms(text)
    return text


Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Names = dict[str, tuple[Annotated[str, AfterValidator(_name)], ...]]


class Entity(BaseModel):
    """One place or actor: its *names* by language, and the *demonyms* that stand for a place (Armenian, Armenians).

    *country* is ISO 3166-1. A contested place has *claimants* and no country. *within* is the id of a place around it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    kind: Kind
    names: Names = {}
    demonyms: Names = {}
    country: Code | None = None
    claimants: tuple[str, ...] = ()
    within: Slug | None = None
    note: str = ""


class Name(NamedTuple):
    """One form of a name, and whose it is. *curated*: a person wrote it, in a YAML file."""

    text: str
    entity: Entity
    language: str = ""
    demonym: bool = False
    curated: bool = True


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """Entities by id; every form of every name, and one scanner over these, in their order; the place of a country."""

    entities: dict[str, Entity]
    names: tuple[Name, ...]
    scanner: Scanner
    countries: dict[str, str]

    @functools.cached_property
    def inside(self) -> Mapping[str, frozenset[str]]:
        """The ids of the places inside each place."""
        around = {}
        for entity in self.entities.values():
            outer = entity.within or self.countries.get(entity.country or "")
            if entity.kind == "place" and outer and outer != entity.id:
                around[entity.id] = outer
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name in around:
            outer, seen = around.get(name), {name}
            while outer and outer not in seen:
                found[outer].add(name)
                seen.add(outer)
                outer = around.get(outer)
        return {outer: frozenset(names) for outer, names in found.items()}

    def scan(self, text: str) -> Iterator[Occurrence]:
        """Every name in *text*, overlapping ones too; `Occurrence.pattern` is its number in *names*."""
        for hit in self.scanner.scan(text):
            if not needs_capital(self.names[hit.pattern].text) or text[hit.start].isupper():
                yield hit


def load(folder: Path) -> Gazetteer:
    """Read the gazetteer in *folder*: once, and again when a file has changed. Cost: some 0.4 s for 10,000 names.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return _load(folder, _stamp(folder))


def inside(folder: Path) -> Mapping[str, frozenset[str]]:
    """The ids of the places inside each place in *folder*: by ``within``, and in a country by its code.

    A contested place is inside what it is ``within`` and inside no country.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return load(folder).inside


def ids(folder: Path) -> frozenset[str]:
    """The ids of the places and actors in *folder*, to check watchlists against.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return frozenset(entity.id for entity in load(folder).entities.values() if entity.kind != "decoy")


Stamp = tuple[tuple[Path, int, int], ...]


def _stamp(folder: Path) -> Stamp:
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".tsv") and p.name[0] != ".")
        return tuple((path, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in paths)
    except OSError as error:
        raise ConfigError(Problem(str(folder), 0, 0, f"cannot be read: {error.strerror}")) from None


@functools.lru_cache(2)
def _load(folder: Path, stamp: Stamp) -> Gazetteer:
    reading = _Reading()
    for path, *_ in sorted(stamp, key=lambda s: s[0].suffix, reverse=True):  # .yaml before .tsv
        try:
            reading.yaml(path) if path.suffix == ".yaml" else reading.tsv(path)
        except ConfigError as error:
            reading.problems += error.problems
    if not stamp:
        reading.problems.append(Problem(str(folder), 0, 0, "a gazetteer needs at least one .yaml or .tsv file"))
    reading.check_places_around()
    if reading.problems:
        raise ConfigError(*reading.problems)
    names = tuple(reading.names.values())
    return Gazetteer(reading.entities, names, Scanner(Pattern(name.text) for name in names), reading.countries)


class _Reading:
    """One load: the entities and names so far, and the mistakes."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.names: dict[str, Name] = {}
        self.countries: dict[str, str] = {}
        """The place that each country code means: of a TSV file the first with it."""
        self.places: dict[str, Problem] = {}
        """Where each entity, and each name, was first written."""
        self.problems: list[Problem] = []

    def yaml(self, path: Path) -> None:
        document = read_file(path)
        if not isinstance(document.data, list):
            self.problems.append(document.problem("must be a list of places, actors and decoys"))
            return
        for index in range(len(document.data)):
            try:
                entity = validate(Entity, document, (index,))
            except ConfigError as error:
                self.problems += error.problems
                continue
            place = document.problem("", (index, "id"))
            if entity.id in self.entities:
                first = self.places[entity.id]
                self._mistake(place, f"'{entity.id}' is also at {first.path}:{first.line}")
                continue
            self.entities[entity.id], self.places[entity.id] = entity, place
            for field, demonym in (("names", False), ("demonyms", True)):
                for language, texts in getattr(entity, field).items():
                    for number, text in enumerate(texts):
                        place = document.problem("", (index, field, language, number))
                        self._add(Name(text, entity, language, demonym), place)

    def tsv(self, path: Path) -> None:
        known: dict[str, Entity] = {}
        for line, row in enumerate(read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
            if not row or row.startswith("#"):
                continue
            place = Problem(str(path), line, 1, "")
            cells = tuple(row.split("\t"))
            if cells == COLUMNS:
                continue
            if len(cells) != len(COLUMNS) or cells[1] not in ("place", "actor", "decoy", "demonym"):
                self._mistake(
                    place, f"must have {len(COLUMNS)} columns, {', '.join(COLUMNS)}; kind: place, actor or decoy"
                )
                continue
            id_, kind, country, language, text = cells
            if kind == "place" and country:
                self.countries.setdefault(country, id_)
            entity = self.entities.get(id_) or known.get(id_)
            if entity is None:
                entity = known[id_] = Entity.model_construct(
                    id=id_, kind="place" if kind == "demonym" else kind, country=country or None
                )
            try:
                self._add(Name(text, entity, language, kind == "demonym", curated=False), place)
            except ValueError as error:
                self._mistake(place, str(error))
        self.entities = known | self.entities

    def check_places_around(self) -> None:
        for entity in self.entities.values():
            if entity.within and entity.within not in self.entities:
                message = f"'{entity.id}' is within no place that is listed: {entity.within}"
                self._mistake(self.places[entity.id], message + nearest(entity.within, self.entities))

    def _add(self, name: Name, place: Problem) -> None:
        """Take every form of *name*, unless another entity has it."""
        for form in forms(name.text, name.language):
            key = f"{fold(form).text}{'^' if form.isupper() else ''}"
            other = self.names.get(key)
            if other is None:
                self.names[key], self.places[key] = name._replace(text=form), place
            elif other.entity.id != name.entity.id and other.curated and name.curated:
                first = self.places[key]
                message = (
                    f"'{form}' would be both '{name.entity.id}' and '{other.entity.id}' ({first.path}:{first.line})"
                )
                self._mistake(place, message)

    def _mistake(self, place: Problem, message: str) -> None:
        self.problems.append(Problem(place.path, place.line, place.column, message))
