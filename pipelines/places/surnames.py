"""People who are called by their surname alone: after their full name, or after the office that they held."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from connectors.records import Tag, TaggedArticle, Zone
from pipelines.folding import fold
from pipelines.knowledge.entity import Entity
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.knowledge.world import TOWN
from pipelines.located import read_file
from pipelines.places.mention import MOST

SHORT = 3
"""Letters of a surname that many bear."""

_ENDS = re.compile(r"(?<=\w{4})[.!?։]\s|\n")
"""Of a sentence, but for titles cut short (Gen. Lee)."""

BEFORE, WORDS = 60, 4
"""Characters and words before a surname in which the office stands."""


class Titles:
    """By office and language the beginnings of the words that say it."""

    def __init__(self, words: dict[str, dict[str, list[str]]]) -> None:
        self._words = {
            office: {code: tuple(fold(word).text for word in own) for code, own in by.items()}
            for office, by in words.items()
        }

    def said(self, office: str, before: str, language: str) -> bool:
        """Whether *office* is said in the last words of *before*, folded: "Russian President Vladimir"."""
        words = before.split()[-WORDS:]
        return any(
            title in " ".join(words) if " " in title else any(word.startswith(title) for word in words)
            for title in self._words.get(office, {}).get(language, ())
        )


def surnames(
    tagged: TaggedArticle, tags: Sequence[Tag], gazetteer: Gazetteer, titles: Titles
) -> Iterator[tuple[Entity, Zone, int, int]]:
    """Person, zone, start and end of each surname in the article that is of a person known there; not in captions.

    *tags* are those already found; a town of the world that is called so gives way. Of several of one surname the one
    counts whose full name stands in the article, else the one whose office stands before it in the sentence; where
    neither tells, none. A surname of three letters (Lee) needs the person's country in the article too, and one behind
    another first name is another's.
    """
    called = {tag.id for tag in tags if tag.kind == "actor"}
    countries = {tag.country for tag in tags}
    for zone, text in tagged.article.zones():
        if zone == "captions":
            continue
        taken = [(tag.start, tag.end) for tag in tags if tag.zone == zone and not tag.id.startswith(TOWN)]
        hits: dict[tuple[int, int], list[int]] = {}
        for hit in itertools.islice(gazetteer.scan_surnames(text), MOST):
            if gazetteer.surnames[hit.pattern].admits(tagged.language_in(zone)):
                hits.setdefault((hit.start, hit.end), []).append(hit.pattern)
        for (start, end), patterns in hits.items():
            if any(low < end and start < high for low, high in taken):
                continue
            bearers = {gazetteer.surnames[n].entity.id: gazetteer.surnames[n].entity for n in patterns}
            known = [entity for id_, entity in bearers.items() if id_ in called]
            if not known:
                before = fold(_ENDS.split(text[max(0, start - BEFORE) : start])[-1]).text
                known = [
                    entity
                    for entity in bearers.values()
                    if any(
                        titles.said(office.title, before, tagged.language_in(zone))
                        and (end - start > SHORT or office.country in countries)
                        for office in entity.offices
                    )
                ]
            if len(known) == 1:
                called.add(known[0].id)
                yield known[0], zone, start, end


@functools.lru_cache(1)
def load(folder: Path) -> Titles:
    """The titles of ``titles.yaml`` in *folder*, read once."""
    return Titles(read_file(folder / "titles.yaml").data)
