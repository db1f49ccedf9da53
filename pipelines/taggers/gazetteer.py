"""Places and actors of the gazetteer: names read and resolved, then slips, then acronyms the article defines."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from connectors.records import How, Sense, Tag, TaggedArticle, Zone
from pipelines.config import shipped
from pipelines.folding import fold
from pipelines.knowledge import acronyms
from pipelines.knowledge.entity import Entity, Name, state_of
from pipelines.knowledge.gazetteer import Gazetteer, load
from pipelines.knowledge.slips import Slips
from pipelines.places.context import ENGLISH_HOME, home
from pipelines.places.english import UNKNOWN
from pipelines.places.english import load as load_english
from pipelines.places.mention import MOST, Mention
from pipelines.places.needs import doubted, meant
from pipelines.places.placing import Placed, placed, sense
from pipelines.places.salience import LEAST, NAMED
from pipelines.places.surnames import load as titles
from pipelines.places.surnames import surnames
from pipelines.places.weights import BEGINNING
from pipelines.scanning import PARTICLES
from pipelines.taggers import Tagger

BODIES = ("", "organisation")
"""Types of actors that are organisations of states or peoples: where one is named, another is meant."""

WEAK = 0.2
"""Points of a town that is tagged though its country is not named (measured: of eight with less, in articles read by
eye, six were words or people)."""


class Options(BaseModel):
    """Where the gazetteer is: its folder, and those that are laid over it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: tuple[Path, ...] = Field(min_length=1, description="folders of .yaml and .tsv files")


def build(options: Options) -> Tagger:
    """A tagger over the gazetteer in ``options.folders``; cheap when that is loaded already.

    Raises:
        ConfigError: with every mistake of its files.
    """
    return _tagger(load(*options.folders), shipped() / "languages")


@functools.lru_cache(4)
def _tagger(gazetteer: Gazetteer, languages: Path) -> GazetteerTagger:
    return GazetteerTagger(gazetteer, languages)


class GazetteerTagger:
    """Tags what the gazetteer names.

    Guarantees: where names overlap the longest counts; captions and credits give places, never actors. Of a name that
    several places share the one is given that the rest of the article speaks for. Cost: some 0.4 ms an article of 2,000
    characters. Does not: tell people of one name apart.
    """

    def __init__(self, gazetteer: Gazetteer, languages: Path) -> None:
        self._gazetteer = gazetteer
        self._languages = languages
        self._titles = titles(languages)
        self._slippery = [n for n, name in enumerate(gazetteer.names) if n not in gazetteer.muted and _slippery(name)]
        right = frozenset(word for key in gazetteer.scanner.keys for word in key.split())
        words = load_english(languages)
        self._slips = Slips(
            [fold(gazetteer.names[number].text).text.rstrip("*") for number in self._slippery],
            lambda word: word in right or words.of(word) != UNKNOWN or bool(gazetteer.places(word)),
        )

    def tag(self, articles: Sequence[TaggedArticle]) -> list[tuple[Tag, ...]]:
        return [tuple(self._tags(tagged)) for tagged in articles]

    def _tags(self, tagged: TaggedArticle) -> Iterator[Tag]:
        zones = list(tagged.article.zones())
        found: dict[Zone, list[Tag]] = {zone: [] for zone, _ in zones}
        day = (tagged.article.published or tagged.article.fetched).date().isoformat()
        read = list(placed(tagged, self._gazetteer, self._languages))
        countries: defaultdict[str, float] = defaultdict(float)
        for one in read:
            countries[one.resolved.country if one.resolved else ""] += one.score
        countries[home(tagged.article)[0] or ENGLISH_HOME] += NAMED
        for one in _meant(read, [text for _, text in zones]):
            if tag := _tag(one, day, countries):
                found[one.mention.zone].append(tag)
        for zone, text in zones:
            found[zone] = self._with_slips(zone, text, found[zone], day)
        for entity, zone, start, end in surnames(tagged, [*chain(*found.values())], self._gazetteer, self._titles):
            found[zone] = [tag for tag in found[zone] if tag.end <= start or end <= tag.start]
            found[zone].append(_made(entity, zone, dict(zones)[zone][start:end], start, day))
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

    def _with_slips(self, zone: Zone, text: str, tags: list[Tag], day: str) -> list[Tag]:
        """*tags* and the misspelt names; one that holds a tag takes its place ("Nagorno-Karbakh")."""
        for slip in islice(self._slips.find(fold(text), text), MOST):
            over = [tag for tag in tags if tag.start < slip.end and slip.start < tag.end]
            if over and text[slip.start : over[0].start] in PARTICLES:  # and-Azerbaijan is no slip of it
                continue
            if all(
                slip.start <= t.start and t.end <= slip.end and (t.start, t.end) != (slip.start, slip.end) for t in over
            ):
                entity = self._gazetteer.names[self._slippery[slip.name]].entity
                if (zone == "captions" and entity.kind == "actor") or entity.kind == "decoy":
                    continue
                tags = [tag for tag in tags if tag not in over]
                tags.append(_made(entity, zone, text[slip.start : slip.end], slip.start, day, how="slip"))
        return tags

    def _acronyms(self, zone: Zone, text: str, bound: dict[str, str], known: list[Tag]) -> Iterator[Tag]:
        taken = {(t.start, t.end) for t in known}
        for acronym, entity in bound.items():
            for start, end in acronyms.occurrences(text, acronym):
                if (start, end) not in taken:
                    yield Tag(id=entity, kind="actor", surface=acronym, zone=zone, start=start, end=end, how="acronym")


def _meant(found: list[Placed], texts: list[str]) -> Iterator[Placed]:
    """*found* without the names that need words which are not there; other organisations are words enough."""
    names = [one.mention.name for one in found if one.mention.name]
    sure = {name.entity.id: name.entity for name in names if not doubted(name)}
    company = any(entity.type in BODIES and entity.kind == "actor" for entity in sure.values())
    for one in found:
        name = one.mention.name
        if not name or not doubted(name) or name.entity.id in sure or meant(name, texts, company=company):
            yield one


def _slippery(name: Name) -> bool:
    """Whether *name* is met misspelt: those that people wrote, but of peoples and persons, who are too much alike."""
    return name.curated and not name.demonym and name.entity.type != "person"


def _tag(one: Placed, day: str, countries: Mapping[str, float]) -> Tag | None:
    """The tag of a name in an article of *day*, None when it is of nothing that is tagged.

    *countries* have so many points in the article, its own some: a weak name that nothing speaks for is rather a word.
    """
    mention, said = one.mention, one.resolved
    entity = mention.name.entity if mention.name else None
    if entity and entity.kind == "actor":
        credit = mention.zone == "captions" or (entity.type == "agency" and _credited(mention))
        return None if credit else _made(entity, mention.zone, mention.surface, mention.start, day, score=one.score)
    if entity and entity.kind == "place" and (not entity.country or (said and said.country == entity.country)):
        score = one.score if entity.country else 0.0
        return _made(entity, mention.zone, mention.surface, mention.start, day, score=score, sense=sense(one))
    if said is None or not said.place or one.score < (LEAST if countries.get(said.country, 0) >= NAMED else WEAK):
        return None
    return Tag(
        id=said.place.id,
        kind="place",
        surface=mention.surface,
        zone=mention.zone,
        start=mention.start,
        end=mention.end,
        country=said.country,
        score=round(one.score, 3),
        sense=sense(one),
    )


def _credited(mention: Mention) -> bool:
    """Whether an agency is named as where the text is from: in brackets, or behind the date of a dateline."""
    bracketed = mention.left.rstrip()[-1:] in tuple("([/|") and mention.rest.lstrip()[:1] in tuple(")]/|,")
    dated = (
        mention.zone in ("lead", "body")
        and mention.start < BEGINNING
        and re.search(r"\d\W+$|\d\W+\w{3,9}\W+$", mention.left)
    )
    return bool(bracketed or dated)


def _made(
    entity: Entity,
    zone: Zone,
    surface: str,
    start: int,
    day: str,
    *,
    how: How = "exact",
    score: float = 0.0,
    sense: Sense = "",
) -> Tag:
    assert entity.kind != "decoy"
    return Tag(
        id=entity.id,
        kind=entity.kind,
        surface=surface,
        zone=zone,
        start=start,
        end=start + len(surface),
        how=how,
        country=state_of(entity, day),
        claimants=entity.claimants,
        score=round(score, 3),
        sense=sense,
    )
