"""The towns and regions of the world: names that many places share, with what is known of each.

They come compiled from GeoNames in ``world.tsv.gz`` (`pipelines.knowledge.building`): one name a line, folded, with the
places that bear it. A name is met as whole words that begin with a capital; an accent counts.
"""

from __future__ import annotations

import bisect
import functools
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pipelines.automaton import automaton
from pipelines.folding import Folded, fold

COLUMNS = ("name", "places")

_PARTING = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "_"}
_PARTS = re.compile(r"[^\w]")


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


class World:
    """The names in *lines*, sorted, in one automaton.

    Cost: some 0.3 s and 60 MB for 170,000 names, of which only the lines are kept; a scan is 10 ns a character, and
    nothing for letters inside words. Does not pickle.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._find = automaton([f" {self._name(line)} " for line in lines])
        self.places = functools.lru_cache(10_000)(self._places)

    def __len__(self) -> int:
        return len(self._lines)

    def scan(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Name, start and end of every name in *text* that begins with a capital, overlapping ones too, in no order."""
        folded = fold(text)
        for number, start, end in self._find(f" {parted(folded.text)} "):
            first, last = folded.span(start, end - 2)
            if text[first].isupper():
                yield self._name(self._lines[number]), first, last

    def _places(self, name: str) -> tuple[Place, ...]:
        number = bisect.bisect_left(self._lines, name, key=self._name)
        if number == len(self._lines) or self._name(self._lines[number]) != name:
            return ()
        return tuple(map(_place, self._lines[number].partition("\t")[2].split(";")))

    @staticmethod
    def _name(line: str) -> str:
        return line.partition("\t")[0]


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
    """The world of *folder*, read once; an empty one when it has none."""
    path = folder / "world.tsv.gz"
    return _load(path, path.stat().st_mtime_ns) if path.exists() else World([])


@functools.lru_cache(2)
def _load(path: Path, _stamp: int) -> World:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return World(lines[1:])


__all__ = ["COLUMNS", "Folded", "Place", "World", "key", "load", "parted", "row"]
