"""The files of a gazetteer read into entities and names, with every mistake of every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.errors import ConfigError, Problem
from pipelines.folding import fold
from pipelines.knowledge.entity import Entity, Name
from pipelines.knowledge.names import forms
from pipelines.knowledge.world import TOWN
from pipelines.knowledge.written import written
from pipelines.located import nearest, read_bytes, read_file, validate

COLUMNS = ("id", "kind", "country", "language", "name")
"""Of a TSV file. *kind* is place, actor or decoy; capital: a state's; demonym: an adjective or the people of the place
*id*; or surname."""

KINDS = ("place", "capital", "actor", "decoy", "demonym", "surname")


def read(paths: Sequence[Path], under: Mapping[str, Entity] | None = None) -> Reading:
    """The files *paths*; *under*: the entities of the gazetteer that they are laid over, None when over none.

    Raises:
        ConfigError: with every mistake of every file.
    """
    reading = Reading(under)
    for path in paths:
        try:
            reading.yaml(path) if path.suffix == ".yaml" else reading.tsv(path)
        except ConfigError as error:
            reading.problems += error.problems
    reading.check_places_around()
    if reading.problems:
        raise ConfigError(*reading.problems)
    return reading


class Reading:
    """One load: the entities and names so far, and the mistakes."""

    def __init__(self, under: Mapping[str, Entity] | None = None) -> None:
        self._under = under
        self.entities: dict[str, Entity] = {}
        self.names: dict[str, Name] = {}
        self.surnames: dict[tuple[str, str], Name] = {}
        """By form and person: many bear the same."""
        self.countries: dict[str, str] = {}
        """The place that each country code means: of a TSV file the first with it that is no town of the world."""
        self.places: dict[str, Problem] = {}
        """Where each entity, and each name, was first written."""
        self.problems: list[Problem] = []

    def yaml(self, path: Path) -> None:
        document = read_file(path)
        if not isinstance(document.data, list):
            self.problems.append(document.problem("must be a list of places, actors and decoys"))
            return
        for index in range(len(document.data)):
            self._complete(document.data[index])
            try:
                entity = validate(Entity, document, (index,))
            except ConfigError as error:
                self.problems += error.problems
                continue
            place = document.problem("", (index, "id"))
            if entity.id in self.entities:
                first = self.places[entity.id]
                self.mistake(place, f"'{entity.id}' is also at {first.path}:{first.line}")
                continue
            self.entities[entity.id], self.places[entity.id] = entity, place
            for field, demonym in (("names", False), ("demonyms", True)):
                for language, texts in getattr(entity, field).items():
                    for number, text in enumerate(texts):
                        place = document.problem("", (index, field, language, number))
                        self._add(Name(self._written(text, language), entity, frozenset((language,)), demonym), place)
            for language, texts in entity.surnames.items():
                for text in texts:
                    self._add_surname(Name(self._written(text, language), entity, frozenset((language,))))

    def _complete(self, raw: Any) -> None:
        """Give what is laid over something the kind of that: who changes a name need not say what it is of."""
        if self._under is not None and isinstance(raw, dict) and "kind" not in raw and isinstance(raw.get("id"), str):
            if old := self._under.get(raw["id"]):
                raw["kind"] = old.kind
            elif raw["id"].startswith(TOWN):
                raw["kind"] = "place"

    def _written(self, text: str, language: str) -> str:
        """*text* with its inflected forms; those of files that are laid over nothing are in their ``forms.tsv``."""
        return text if self._under is None else written(text, language)

    def tsv(self, path: Path) -> None:
        known: dict[str, Entity] = {}
        for line, row in enumerate(read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
            if not row or row.startswith("#"):
                continue
            place = Problem(str(path), line, 1, "")
            cells = tuple(row.split("\t"))
            if cells == COLUMNS:
                continue
            if len(cells) != len(COLUMNS) or cells[1] not in KINDS:
                columns, kinds = ", ".join(COLUMNS), ", ".join(KINDS)
                self.mistake(place, f"must have {len(COLUMNS)} columns, {columns}; kind: {kinds}")
                continue
            id_, kind, country, language, text = cells
            if kind == "place" and country and not id_.startswith(TOWN):
                self.countries.setdefault(country, id_)
            entity = self.entities.get(id_) or known.get(id_)
            if entity is None:
                own = {"demonym": "place", "capital": "place", "surname": "actor"}.get(kind, kind)
                type_ = kind if kind == "capital" else ""
                entity = known[id_] = Entity.model_construct(id=id_, kind=own, type=type_, country=country or None)
            name = Name(text, entity, frozenset((language,)), kind == "demonym", curated=False)
            try:
                self._add_surname(name) if kind == "surname" else self._add(name, place)
            except ValueError as error:
                self.mistake(place, str(error))
        self.entities = known | self.entities

    def check_places_around(self) -> None:
        known = self.entities.keys() | (self._under or {}).keys()
        for entity in self.entities.values():
            if entity.within and entity.within not in known:
                message = f"'{entity.id}' is within no place that is listed: {entity.within}"
                self.mistake(self.places[entity.id], message + nearest(entity.within, known))

    def _add(self, name: Name, place: Problem) -> None:
        """Take every form of *name*, unless another entity has it; a name and a demonym may be written alike."""
        for form in forms(name.text, "en" if "en" in name.languages else ""):
            folded = f"{fold(form).text}{'^' if form.isupper() else ''}"
            keys = folded, f"{folded}~"
            taken = next((k for k in keys if k in self.names and self.names[k].entity.id != name.entity.id), None)
            key = keys[name.demonym]
            if taken is None:
                same = self.names.get(key)
                if same is None:
                    self.names[key], self.places[key] = name._replace(text=form), place
                else:
                    self.names[key] = same._replace(languages=same.languages | name.languages)
            elif name.curated and self.names[taken].curated:
                first, other = self.places[taken], self.names[taken].entity.id
                message = f"'{form}' would be both '{name.entity.id}' and '{other}' ({first.path}:{first.line})"
                self.mistake(place, message)

    def _add_surname(self, name: Name) -> None:
        for form in forms(name.text):
            key = (fold(form).text, name.entity.id)
            other = self.surnames.get(key)
            languages = name.languages | (other.languages if other else frozenset())
            self.surnames[key] = (other or name)._replace(text=other.text if other else form, languages=languages)

    def mistake(self, place: Problem, message: str) -> None:
        """There is a mistake at *place*."""
        self.problems.append(Problem(place.path, place.line, place.column, message))
