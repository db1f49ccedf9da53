"""The towns and regions of the world: names that many places share, with what is known of each.

They come compiled from GeoNames in ``world.tsv.gz`` (`pipelines.knowledge.building`): one name a line, folded, with the
places that bear it. A name is met as whole words that begin with a capital; an accent counts. ``world.yaml`` says how
small a town may be; that of a folder laid over another counts before it.
"""

from __future__ import annotations

import copy
import functools
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from pipelines.folding import fold
from pipelines.located import read_file, validate

SETTINGS = "world.yaml"

_PARTING = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "_"}
_PARTS = re.compile(r"[^\w]")
_CAPITALS = re.compile("[A-ZÀ-ÖØ-ÞĀ-ɏḀ-ỿ]")
"""Latin letters, the capitals of ASCII and Latin-1 and all beyond: of them names begin."""


TOWN = "geonames-"
"""How ids of tags begin that no person chose."""


class Place(NamedTuple):
    """A place that bears a name. *admin* is GeoNames' code of the region (US.TX), *population* people who live there.

    *number* is its GeoNames id. A ``region`` is a first-order division, a ``district`` one of second order.
    """

    country: str
    admin: str
    kind: Literal["city", "region", "district"]
    population: int
    number: int

    @property
    def id(self) -> str:
        """Of tags."""
        return f"{TOWN}{self.number}"


class Settings(BaseModel):
    """What ``world.yaml`` says: *towns*, the people of the smallest town that is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    towns: int = Field(ge=0)


class World:
    """The names in *lines*, each with its places; of the towns those of at least *towns* people.

    Cost: some 0.2 s and 50 MB for 170,000 names; a scan is 0.2 µs a word.
    """

    def __init__(self, lines: list[str], towns: int = 0) -> None:
        self._towns = towns
        self._rows = dict(line.split("\t") for line in lines)
        self._most: dict[str, int] = {}  # by first word the words of its longest name
        for name in self._rows:
            first, count = name.partition(" ")[0], name.count(" ")
            if self._most.get(first, -1) < count:
                self._most[first] = count
        self.places = functools.lru_cache(10_000)(self._places)

    def __len__(self) -> int:
        return len(self._rows)

    def scan(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Name, start and end of every name in *text* that begins with a capital, overlapping ones too, in no order."""
        folded = fold(text)
        plain = parted(folded.text)
        size = len(plain)
        for capital in _CAPITALS.finditer(text):
            start = folded.at(capital.start())
            if start and plain[start - 1] != " ":
                continue
            end = plain.find(" ", start)
            end = size if end < 0 else end
            more = self._most.get(plain[start:end], -1)
            while more >= 0:
                if (name := plain[start:end]) in self._rows and capital[0].isupper():
                    yield name, *folded.span(start, end)
                if end == size:
                    break
                end = plain.find(" ", end + 1)
                end = size if end < 0 else end
                more -= 1

    def _places(self, name: str) -> tuple[Place, ...]:
        row = self._rows.get(name)
        places = map(_place, row.split(";")) if row else ()
        return tuple(place for place in places if place.kind != "city" or place.population >= self._towns)

    def above(self, towns: int) -> World:
        """The same names, of the towns those of at least *towns* people. Cost: nothing, they are one table."""
        other = copy.copy(self)
        other._towns = towns
        other.places = functools.lru_cache(10_000)(other._places)
        return other


def parted(folded: str) -> str:
    """*folded* with a space for everything that is no part of a word, character for character."""
    return folded.translate(_PARTING) if folded.isascii() else _PARTS.sub(" ", folded)


def key(name: str) -> str:
    """How *name* is written in the file."""
    return parted(fold(name).text).strip()


def row(places: list[Place]) -> str:
    """The second column of a name that *places* bear."""
    return ";".join(f"{p.admin or p.country}:{p.kind[0]}:{p.population}:{p.number}" for p in places)


_KINDS: dict[str, Literal["city", "region", "district"]] = {"c": "city", "r": "region", "d": "district"}


def _place(text: str) -> Place:
    admin, kind, population, number = text.split(":")
    return Place(admin[:2], admin if "." in admin else "", _KINDS[kind], int(population), int(number))


def load(folder: Path) -> World:
    """The world of *folder*, read once; an empty one when it has none.

    Raises:
        ConfigError: ``world.yaml`` has mistakes.
    """
    path = folder / "world.tsv.gz"
    return set_by(folder, _load(path, path.stat().st_mtime_ns) if path.exists() else World([]))


def set_by(folder: Path, world: World) -> World:
    """*world* as the settings in *folder* want it.

    Raises:
        ConfigError: they have mistakes.
    """
    path = folder / SETTINGS
    return world.above(validate(Settings, read_file(path)).towns) if path.exists() else world


@functools.lru_cache(2)
def _load(path: Path, _stamp: int) -> World:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return World(lines[1:])
