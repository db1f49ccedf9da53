"""A user's own names laid over a gazetteer: its files add, change or silence what that holds.

=====================  =============================================================================================
an id of your own      is added, with all forms of its names (`pipelines.knowledge.written`)
an id that is there    keeps its names and gets the new ones too; any other key takes the place of the old one
``without: [Tigris]``  takes names from it, in all their forms
``silent: true``       takes all its names; a town of the world is silenced by its id, ``geonames-2639577``
a name of another      is yours from then on
=====================  =============================================================================================

The gazetteer below stays as it was compiled: a change costs what it adds, and a second scan of some microseconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import ConfigError
from pipelines.folding import fold
from pipelines.knowledge.entity import Entity, Name
from pipelines.knowledge.names import forms
from pipelines.knowledge.reading import Reading, read
from pipelines.knowledge.written import written
from pipelines.located import nearest
from pipelines.scanning import Layers, Pattern, Scanner

if TYPE_CHECKING:
    from pipelines.knowledge.gazetteer import Gazetteer

LISTS = ("names", "demonyms", "surnames")
"""What adds up where an id is in both."""


def laid_over(base: Gazetteer, paths: Sequence[Path]) -> Gazetteer:
    """*base* as the files *paths* change it. Cost: some 50 ms, and 20 µs for each form of a name.

    Raises:
        ConfigError: with every mistake of every file.
    """
    if not paths:
        return base
    reading = read(paths, base.entities)
    own = {id_: _changed(base.entities.get(id_), entity) for id_, entity in reading.entities.items()}
    silent = frozenset(id_ for id_, entity in own.items() if entity.silent)
    muted = set(_without(base, reading, own))
    for name in reading.names.values():
        muted.update(number for number in _same(base, name) if base.names[number].entity.id != name.entity.id)
    names = _with(base.names, own)
    muted.update(number for number, name in enumerate(names) if name.entity.silent)
    added, surnames = _of(reading.names.values(), own), _of(reading.surnames.values(), own)
    kept = _with(base.surnames, own)
    return dataclasses.replace(
        base,
        entities=base.entities | own,
        names=names + added,
        scanner=Layers(base.scanner, len(names), Scanner(Pattern(name.text) for name in added)),
        surnames=kept + surnames,
        surname_scanner=Layers(base.surname_scanner, len(kept), Scanner(Pattern(name.text) for name in surnames)),
        countries=reading.countries | base.countries,
        muted=base.muted | muted,
        silent=base.silent | silent,
    )


def _changed(old: Entity | None, new: Entity) -> Entity:
    if old is None:
        return new
    update = {field: getattr(new, field) for field in new.model_fields_set - set(LISTS)}
    for field in LISTS:
        names = dict(getattr(old, field))
        for language, own in getattr(new, field).items():
            names[language] = (*names.get(language, ()), *own)
        update[field] = names
    return old.model_copy(update=update)


def _with(names: tuple[Name, ...], own: Mapping[str, Entity]) -> tuple[Name, ...]:
    return tuple(name._replace(entity=own[name.entity.id]) if name.entity.id in own else name for name in names)


def _of(names: Iterable[Name], own: Mapping[str, Entity]) -> tuple[Name, ...]:
    made = (name._replace(entity=own[name.entity.id]) for name in names)
    return tuple(name for name in made if not name.entity.silent)


def _same(base: Gazetteer, name: Name) -> Iterator[int]:
    """The numbers of the names of *base* that are written as *name* is."""
    for hit in base.scanner.scan(text := name.text.rstrip("*")):
        if (hit.start, hit.end) == (0, len(text)) and base.names[hit.pattern].demonym == name.demonym:
            yield hit.pattern


def _without(base: Gazetteer, reading: Reading, own: Mapping[str, Entity]) -> Iterator[int]:
    """The numbers of the names that entities are no more to have."""
    wanted = {id_: _keys(entity) for id_, entity in own.items() if entity.without}
    found: set[tuple[str, str]] = set()
    for number, name in enumerate(base.names) if wanted else ():
        if (keys := wanted.get(name.entity.id)) and (text := keys.get(fold(name.text.rstrip("*")).text)):
            found.add((name.entity.id, text))
            yield number
    for id_, keys in wanted.items():
        for text in dict.fromkeys(keys.values()):
            if (id_, text) not in found:
                known = {name.text for name in base.names if name.entity.id == id_}
                reading.mistake(
                    reading.places[id_], f"'{id_}' has no name '{text}' to go without" + nearest(text, known)
                )
    if reading.problems:
        raise ConfigError(*reading.problems)


def _keys(entity: Entity) -> dict[str, str]:
    """What *entity* is to go without: by each form, folded, the name that was written."""
    return {
        fold(form.rstrip("*")).text: text
        for text in entity.without
        for language in ("", *entity.names)
        for form in forms(written(text, language), "en")
    }
