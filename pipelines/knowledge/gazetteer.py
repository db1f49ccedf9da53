"""The gazetteer: places and actors and their names, from the YAML and TSV files of a folder.

A YAML file is a list of entities written by people; a TSV file is made by a program, one name a row. Names of one id
in both add up, and a name that a YAML file gives to one entity is taken from any other in a TSV file. How names are
written is in `pipelines.knowledge.names`. A ``decoy`` is what bears the name of a place or actor and is neither (a
football club, a horse): where names overlap in a text the longest counts, so it hides the name in it, and is no tag.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import ConfigError, Problem
from pipelines.folding import fold
from pipelines.knowledge import compiled, world
from pipelines.knowledge.compiled import Compiled
from pipelines.knowledge.entity import SHORT, Entity, Name, country_key, restored
from pipelines.knowledge.laying import laid_over
from pipelines.knowledge.names import needs_capital
from pipelines.knowledge.reading import read
from pipelines.knowledge.world import Place, World, parted
from pipelines.scanning import Layers, Occurrence, Pattern, Scanner


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """Entities by id; every form of every name, and one scanner over these, in their order; the place of a country.

    *surnames* have a scanner of their own, for they count only where the person is known. *world* has the names that
    many towns and regions share. *muted* are the numbers of names that count no more, *silent* the ids of places.
    """

    entities: dict[str, Entity]
    names: tuple[Name, ...]
    scanner: Scanner | Layers
    surnames: tuple[Name, ...]
    surname_scanner: Scanner | Layers
    countries: dict[str, str]
    world: World
    muted: frozenset[int] = frozenset()
    silent: frozenset[str] = frozenset()

    @functools.cached_property
    def states(self) -> Mapping[str, str]:
        """The codes of the states, by each of their names, folded."""
        return {
            fold(name.text).text: name.entity.country
            for name in self.names
            if name.entity.country and not name.demonym and self.countries.get(name.entity.country) == name.entity.id
        }

    def regions(self, name: str) -> frozenset[str]:
        """The codes of the countries that have a region called *name*, folded."""
        return frozenset(place.country for place in self.places(parted(name)) if place.kind == "region")

    def places(self, key: str) -> tuple[Place, ...]:
        """The towns and regions of the world that bear the name *key* (`world.key`)."""
        found = self.world.places(key)
        return tuple(place for place in found if place.id not in self.silent) if self.silent else found

    @functools.cached_property
    def inside(self) -> Mapping[str, frozenset[str]]:
        """The ids of what is inside each place, or an organ of an organisation; of a state its `country_key` too."""
        around = {}
        for entity in self.entities.values():
            place = entity.kind == "place"
            outer = entity.within or (self.countries.get(entity.country or "") if place else None)
            if outer and outer != entity.id:
                around[entity.id] = outer
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name in around:
            outer, seen = around.get(name), {name}
            while outer and outer not in seen:
                found[outer].add(name)
                seen.add(outer)
                outer = around.get(outer)
        for code, state in self.countries.items():
            found[state].add(country_key(code))
        return {outer: frozenset(names) for outer, names in found.items()}

    def scan(self, text: str, language: str = "und") -> Iterator[Occurrence]:
        """Every name in *text*, of *language*, overlapping ones too, but of one span the longest (Turkmen*, not Turk*).

        `Occurrence.pattern` is its number in *names*.
        """
        found: dict[tuple[int, int], Occurrence] = {}
        for hit in _capital(self.scanner, self.names, text):
            name, span = self.names[hit.pattern], (hit.start, hit.end)
            if hit.pattern not in self.muted and name.admits(language):
                other = found.get(span)
                if other is None or len(name.text) > len(self.names[other.pattern].text):
                    found[span] = hit
        return iter(found.values())

    def scan_surnames(self, text: str) -> Iterator[Occurrence]:
        """Every surname in *text*, once for each who bears it; `Occurrence.pattern` is its number in *surnames*."""
        return _capital(self.surname_scanner, self.surnames, text)


def _capital(scanner: Scanner | Layers, names: Sequence[Name], text: str) -> Iterator[Occurrence]:
    for hit in scanner.scan(text):
        entity, name = names[hit.pattern].entity, names[hit.pattern].text
        exact = len(name) > SHORT or not name.isupper() or text.startswith(name, hit.start)  # Aİ is no AI
        capital = not needs_capital(name) or text[hit.start].isupper()
        if exact and capital and (entity.kind != "actor" or _capitals(name, text[hit.start : hit.end])):
            yield hit


def _capitals(name: str, text: str) -> bool:
    """Whether *text* has a capital wherever *name* has: an African union of cocoa growers is not the African Union."""
    pairs = zip(name.split(), text.split(), strict=False)
    return all(not one[0].isupper() or not other[0].islower() for one, other in pairs)


def load(folder: Path, *over: Path) -> Gazetteer:
    """Read the gazetteer in *folder*, with the folders *over* laid over it: once, and again when a file has changed.

    Cost: some 0.7 s for 100,000 names; 0.1 s when a folder laid over it has changed.

    Raises:
        ConfigError: with every mistake of every file.
    """
    if not over:
        return _load(folder, _stamp(folder))
    return _laid(folder, over, tuple(map(_stamp, (folder, *over))))


def inside(*folders: Path) -> Mapping[str, frozenset[str]]:
    """The ids of the places inside each place in *folders*: by ``within``, and in a country by its code.

    A contested place is inside what it is ``within`` and inside no country.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return load(*folders).inside


def ids(*folders: Path) -> frozenset[str]:
    """The ids of the places and actors in *folders*, to check watchlists against.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return frozenset(entity.id for entity in load(*folders).entities.values() if entity.kind != "decoy")


def states(*folders: Path) -> frozenset[str]:
    """The ids of the places in *folders* that are states.

    Raises:
        ConfigError: with every mistake of every file.
    """
    return frozenset(load(*folders).countries.values())


Stamp = tuple[tuple[Path, int, int], ...]


def _stamp(folder: Path) -> Stamp:
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".tsv") and p.name[0] != ".")
        return tuple((path, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in paths)
    except OSError as error:
        raise ConfigError(Problem(str(folder), 0, 0, f"cannot be read: {error.strerror}")) from None


def build(folder: Path) -> Gazetteer:
    """Read the gazetteer in *folder* from its files, and keep beside them what they come to, for the next to load it.

    Raises:
        ConfigError: with every mistake of every file.
        OSError: the folder cannot be written.
    """
    stamp = _stamp(folder)
    paths = _paths(stamp)
    compiled.write(folder, _compile(folder, paths, compiled.digest(paths)))
    return _load(folder, stamp)


def _paths(stamp: Stamp) -> list[Path]:
    ordered = sorted(stamp, key=lambda s: s[0].suffix, reverse=True)  # .yaml before .tsv
    return [path for path, *_ in ordered if path.name != world.SETTINGS]


@functools.lru_cache(2)
def _laid(folder: Path, over: tuple[Path, ...], stamps: tuple[Stamp, ...]) -> Gazetteer:
    made = _load(folder, stamps[0])
    for own, stamp in zip(over, stamps[1:], strict=True):
        made = laid_over(made, _paths(stamp))
        made = dataclasses.replace(made, world=world.set_by(own, made.world))
    return made


@functools.lru_cache(2)
def _load(folder: Path, stamp: Stamp) -> Gazetteer:
    paths = _paths(stamp)
    digest = compiled.digest(paths)
    with collecting_later():  # of what is loaded nothing is garbage; to look through it takes a third of the time
        return _made(folder, compiled.read(folder, digest) or _compile(folder, paths, digest))


@contextlib.contextmanager
def collecting_later() -> Iterator[None]:
    """Collect no garbage meanwhile."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _made(folder: Path, kept: Compiled) -> Gazetteer:
    entities = [restored(plain) for plain in kept.entities]
    names = tuple(_name(row, entities) for row in kept.names)
    surnames = tuple(_name(row, entities) for row in kept.surname_names)
    return Gazetteer(
        {entity.id: entity for entity in entities},
        names,
        Scanner.of(kept.scanner),
        surnames,
        Scanner.of(kept.surnames),
        kept.countries,
        world.load(folder),
    )


def _compile(folder: Path, paths: Sequence[Path], digest: str) -> Compiled:
    if not paths:
        raise ConfigError(Problem(str(folder), 0, 0, "a gazetteer needs at least one .yaml or .tsv file"))
    reading = read(paths)
    number = {id_: n for n, id_ in enumerate(reading.entities)}
    names, surnames = tuple(reading.names.values()), tuple(reading.surnames.values())
    return Compiled(
        digest=digest,
        entities=[entity.model_dump(mode="json", exclude_defaults=True) for entity in reading.entities.values()],
        names=[_row(name, number) for name in names],
        countries=reading.countries,
        scanner=Scanner(Pattern(name.text) for name in names).state,
        surname_names=[_row(name, number) for name in surnames],
        surnames=Scanner(Pattern(name.text) for name in surnames).state,
    )


def _row(name: Name, number: Mapping[str, int]) -> compiled.Row:
    flags = DEMONYM * name.demonym + CURATED * name.curated
    return name.text, number[name.entity.id], " ".join(sorted(name.languages)), flags


@functools.lru_cache(4096)
def _languages(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _name(row: compiled.Row, entities: Sequence[Entity]) -> Name:
    text, number, languages, flags = row
    return Name(text, entities[number], _languages(languages), bool(flags & DEMONYM), bool(flags & CURATED))


DEMONYM, CURATED = 1, 2
"""Flags of a name that is kept."""
