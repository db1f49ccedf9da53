"""What is wrong with names that no file forbids: those that are never read, and those that are words of every day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipelines.folding import fold
from pipelines.knowledge.entity import Name
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.knowledge.names import needs_capital
from pipelines.places.english import English
from pipelines.places.needs import doubted
from pipelines.scanning import longest


class Doubt(NamedTuple):
    """A *name* of *entity*, and what is *wrong* with it."""

    entity: str
    name: str
    wrong: str


def doubts(gazetteer: Gazetteer, english: English, frequent: Mapping[str, Mapping[str, int]]) -> Iterator[Doubt]:
    """Names that people wrote and that are never read, because another holds them, or that are words of every day.

    *frequent* has by language the ranks of the commonest words. A name with a capital is told from a word by that; of a
    state or capital nothing is said, for these are among the commonest words themselves. Cost: some 20 µs a name.
    """
    states = set(gazetteer.countries.values())
    for number, name in enumerate(gazetteer.names):
        if not name.curated or name.entity.kind == "decoy" or number in gazetteer.muted:
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
        if name.entity.id in states or name.entity.type == "capital" or doubted(name) or needs_capital(name.text):
            continue
        for language in sorted(name.languages & frequent.keys()):
            if rank := frequent[language].get(fold(text).text):
                yield Doubt(name.entity.id, name.text, f"is a common word: {language}, number {rank}")


def _common(name: Name, english: English) -> bool:
    return "en" in name.languages and name.text.islower() and english.of(name.text).common
