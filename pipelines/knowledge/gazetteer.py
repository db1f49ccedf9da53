"""The gazetteer: entities and their names, from the YAML and TSV files of a folder.

A YAML file holds a list of entities, a TSV file one name a row (``id kind country language name``). An entity of one
id may be spread over files: its names add up. Names follow `pipelines.scanning`: ``*`` leaves an ending open, an
acronym in capitals is met in capitals only. Where names overlap in a text the longest counts, so a ``decoy`` (a
football club, a horse named after a region) hides the place in its name and is itself no tag.
"""

from __future__ import annotations

import csv
import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, RootModel

from connectors.errors import ConfigError, Problem
from pipelines.located import read_file, validate
from pipelines.scanning import Hit, Pattern, Scanner

Kind = Literal["place", "actor", "decoy"]

COLUMNS = ("id", "kind", "country", "language", "name")


class Entity(BaseModel):
    """One place or actor. *names* by language; *country* as ISO 3166-1, none for a contested place (*claimants*)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    kind: Kind
    country: str = Field("", pattern=r"^([A-Z]{2})?$")
    claimants: tuple[str, ...] = ()
    note: str = ""
    names: dict[str, tuple[str, ...]] = {}


class Entities(RootModel[tuple[Entity, ...]]):
    """A gazetteer file."""


class Name(NamedTuple):
    """A name and whose it is."""

    entity: Entity
    text: str


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """Entities by id, and one scanner over all their names."""

    entities: dict[str, Entity]
    names: tuple[Name, ...]
    scanner: Scanner

    def owner(self, hit: Hit) -> Entity:
        """The entity whose name *hit* found."""
        return self.names[hit.pattern].entity


def load(folder: Path) -> Gazetteer:
    """Read the gazetteer in *folder*; read once, and again when a file has changed.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return _load(folder, _stamp(folder))


def ids(folder: Path) -> frozenset[str]:
    """The ids of the places and actors in *folder*, for checking watchlists."""
    return frozenset(e.id for e in load(folder).entities.values() if e.kind != "decoy")


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".tsv"))
        return tuple((str(p), (s := p.stat()).st_mtime_ns, s.st_size) for p in paths)
    except OSError as error:
        raise ConfigError(Problem(str(folder), 0, 0, f"cannot be read: {error.strerror}")) from error


@functools.lru_cache(4)
def _load(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> Gazetteer:
    merged: dict[str, Entity] = {}
    problems: list[Problem] = []
    for name, _, _ in stamp:
        path = Path(name)
        try:
            for entity, problem in _tsv(path) if path.suffix == ".tsv" else _yaml(path):
                known = merged.get(entity.id)
                if known and known.kind != entity.kind:
                    message = f"'{entity.id}' is a {known.kind} elsewhere and a {entity.kind} here"
                    problems.append(problem(message))
                else:
                    merged[entity.id] = _joined(known, entity) if known else entity
        except ConfigError as error:
            problems += error.problems
    if not merged and not problems:
        problems.append(Problem(str(folder), 0, 0, "no gazetteer: it needs at least one .yaml or .tsv file"))
    names = _names(merged)
    for entity, text in names:
        if not text.strip(" *"):
            problems.append(Problem(str(folder), 0, 0, f"'{entity.id}' has a name without a letter: '{text}'"))
    if problems:
        raise ConfigError(*problems)
    return Gazetteer(merged, names, Scanner([Pattern(text) for _, text in names]))


def _yaml(path: Path) -> Iterator[tuple[Entity, functools.partial[Problem]]]:
    document = read_file(path)
    for index, entity in enumerate(validate(Entities, document).root):
        yield entity, functools.partial(document.problem, loc=(index, "id"))


def _tsv(path: Path) -> Iterator[tuple[Entity, functools.partial[Problem]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
        names: defaultdict[tuple[str, str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for number, row in enumerate(rows, 1):
            if tuple(row) == COLUMNS:
                continue
            if len(row) != len(COLUMNS) or row[1] not in ("place", "actor", "decoy"):
                message = (
                    f"row {number} must be {len(COLUMNS)} columns ({', '.join(COLUMNS)}), kind place, actor or decoy"
                )
                raise ConfigError(Problem(str(path), number, 1, message))
            names[row[0], row[1], row[2]][row[3]].append(row[4])
    for (id_, kind, country), languages in names.items():
        entity = Entity.model_construct(
            id=id_, kind=kind, country=country, names={k: tuple(v) for k, v in languages.items()}
        )
        yield entity, functools.partial(Problem, str(path), 0, 0)


def _joined(one: Entity, other: Entity) -> Entity:
    languages = dict.fromkeys([*one.names, *other.names])
    names = {k: tuple(dict.fromkeys([*one.names.get(k, ()), *other.names.get(k, ())])) for k in languages}
    return one.model_copy(
        update={
            "names": names,
            "country": one.country or other.country,
            "claimants": one.claimants or other.claimants,
            "note": one.note or other.note,
        }
    )


def _names(entities: dict[str, Entity]) -> tuple[Name, ...]:
    """Each name once an entity, with the other spelling of organisation names (-isation, -ization)."""
    found: list[Name] = []
    for entity in entities.values():
        for texts in entity.names.values():
            for text in texts:
                found.append(Name(entity, text))
    spelt = [Name(e, other) for e, text in found for other in _spellings(text)]
    return tuple(_unique([*found, *spelt]))


def _unique(names: list[Name]) -> Iterator[Name]:
    seen = set()
    for name in names:
        if (name.entity.id, name.text) not in seen:
            seen.add((name.entity.id, name.text))
            yield name


def _spellings(text: str) -> Iterator[str]:
    for one, other in (("isation", "ization"), ("ization", "isation")):
        if one in text:
            yield text.replace(one, other)
