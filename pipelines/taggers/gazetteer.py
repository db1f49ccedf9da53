"""Places and actors of the gazetteer: one scan a zone, then slips, then the acronyms the article defines."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from connectors.records import Article, Tag, Zone
from pipelines.folding import fold
from pipelines.knowledge import acronyms
from pipelines.knowledge.gazetteer import Entity, Gazetteer, load
from pipelines.knowledge.slips import Slips
from pipelines.scanning import longest
from pipelines.taggers import Tagger


class Options(BaseModel):
    """Where the gazetteer is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="the folder with its .yaml and .tsv files")


def build(options: Options) -> Tagger:
    """A tagger over the gazetteer in ``options.folder``; cheap when that is loaded already.

    Raises:
        ConfigError: with every mistake of its files.
    """
    return _tagger(load(options.folder))


@functools.lru_cache(4)
def _tagger(gazetteer: Gazetteer) -> GazetteerTagger:
    return GazetteerTagger(gazetteer)


class GazetteerTagger:
    """Tags what the gazetteer names.

    Guarantees: where names overlap the longest counts; captions and credits give places, never actors. Cost: some
    0.3 ms an article of 2,000 characters. Does not: resolve a name that several places share.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._slips = Slips([fold(name.text).text.rstrip("*") for name in gazetteer.names])

    def tag(self, articles: Sequence[Article]) -> list[tuple[Tag, ...]]:
        return [tuple(self._tags(article)) for article in articles]

    def _tags(self, article: Article) -> Iterator[Tag]:
        zones = list(article.zones())
        found = {zone: self._read(zone, text) for zone, text in zones}
        bound = {
            binding.acronym: binding.entity
            for zone, text in zones
            if zone != "captions"
            for binding in acronyms.bindings(text, [(t.start, t.end, t.id) for t in found[zone] if t.kind == "actor"])
        }
        for zone, text in zones:
            tags = found[zone]
            if zone != "captions":
                tags = tags + list(self._acronyms(zone, text, bound, tags))
            yield from sorted(tags, key=lambda t: (t.start, t.end))

    def _read(self, zone: Zone, text: str) -> list[Tag]:
        hits = longest(self._gazetteer.scan(text))
        spans = [(hit.start, hit.end) for hit in hits]
        tags = [_tag(self._gazetteer.names[hit.pattern].entity, zone, text, hit.start, hit.end) for hit in hits]
        for slip in self._slips.find(fold(text), text):
            over = [i for i, (start, end) in enumerate(spans) if start < slip.end and slip.start < end]
            inside = all(
                slip.start <= start and end <= slip.end and (start, end) != (slip.start, slip.end)
                for start, end in (spans[i] for i in over)
            )
            if inside:  # "Nagorno-Karbakh" is more than the "Nagorno" in it
                for i in over:
                    tags[i] = None
                entity = self._gazetteer.names[slip.name].entity
                tags.append(_tag(entity, zone, text, slip.start, slip.end, slip=True))
        return [t for t in tags if t and not (zone == "captions" and t.kind == "actor")]

    def _acronyms(self, zone: Zone, text: str, bound: dict[str, str], known: list[Tag]) -> Iterator[Tag]:
        taken = {(t.start, t.end) for t in known}
        for acronym, entity in bound.items():
            for start, end in acronyms.occurrences(text, acronym):
                if (start, end) not in taken:
                    yield Tag(id=entity, kind="actor", surface=acronym, zone=zone, start=start, end=end, how="acronym")


def _tag(entity: Entity, zone: Zone, text: str, start: int, end: int, *, slip: bool = False) -> Tag | None:
    if entity.kind == "decoy":
        return None
    return Tag(
        id=entity.id,
        kind=entity.kind,
        surface=text[start:end],
        zone=zone,
        start=start,
        end=end,
        how="slip" if slip else "exact",
    )
