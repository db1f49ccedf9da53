"""What is wrong with names that no file forbids: those that are never read, and those that are words of every day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pipelines.knowledge.entity import Name
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.places.english import English
from pipelines.scanning import longest


class Doubt(NamedTuple):
    """A *name* of *entity*, and what is *wrong* with it."""

    entity: str
    name: str
    wrong: str


def doubts(gazetteer: Gazetteer, english: English) -> Iterator[Doubt]:
    """Names that people wrote and that are never read, because another holds them, or that are also English words.

    Cost: some 20 µs a name.
    """
    for name in gazetteer.names:
        if not name.curated or name.entity.kind == "decoy":
            continue
        text = name.text.rstrip("*")
        hits = longest(gazetteer.scan(text))
        found = {gazetteer.names[hit.pattern].entity.id for hit in hits}
        if hits and name.entity.id not in found:
            yield Doubt(name.entity.id, name.text, f"is read as {', '.join(sorted(found))}")
        elif not hits:
            yield Doubt(name.entity.id, name.text, "is never read")
        if _common(name, english):
            yield Doubt(name.entity.id, name.text, "is a common English word and needs no capital")


def _common(name: Name, english: English) -> bool:
    return "en" in name.languages and name.text.islower() and english.of(name.text).common
