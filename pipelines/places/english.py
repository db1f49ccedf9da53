"""What English texts say around places: words that tell a person, a container, a site, or a country's own news.

The words stand in ``configs/languages``: ``english.yaml`` is written by people, ``english.tsv.gz`` compiled
(`pipelines.knowledge.building`).
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from pipelines.located import read_file, validate

FIRST = 0.02
"""Percent of people below which a first name that is also a common word (An, So) is taken for the word."""


LAST = 0.05
"""Percent of people from which a surname that is also a common word (Smith) is one."""


class Tables(BaseModel):
    """``english.yaml``, as its comments say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    locative: frozenset[str]
    titles: frozenset[str]
    roles: frozenset[str]
    kinds: frozenset[str]
    sites: frozenset[str]
    directions: frozenset[str]
    cues: dict[str, tuple[str, ...]]
    regions: dict[str, tuple[str, ...]]
    things: frozenset[str]
    never: frozenset[str]

    @functools.cached_property
    def containers(self) -> dict[str, tuple[str, str]]:
        """Country and region that a name or abbreviation behind a comma says."""
        return {name: (code[:2], code if "." in code else "") for code, names in self.regions.items() for name in names}


class Word(NamedTuple):
    """*first* and *last*: percent of people with it as first name or surname; *common*: also a word like any other."""

    first: float = 0.0
    last: float = 0.0
    common: bool = False


UNKNOWN = Word()


class English:
    """The *tables*, and first names, surnames and common words as they are written small. Cost: 60 ms and 15 MB."""

    def __init__(self, tables: Tables, lines: list[str]) -> None:
        self.tables = tables
        self._words = {}
        for word, first, last, common in (line.split("\t") for line in lines):
            self._words[word] = Word(float(first), float(last), common == "1")

    def of(self, word: str) -> Word:
        """What is known of *word*."""
        return self._words.get(word, UNKNOWN)

    def first(self, word: str) -> bool:
        """Whether *word* is a first name, and not rather a common word."""
        known = self.of(word)
        return known.first > 0 and (known.first >= FIRST or not known.common)

    def surname(self, word: str) -> bool:
        """Whether *word* is a surname, and not rather a common word."""
        known = self.of(word)
        return known.last > 0 and (known.last >= LAST or not known.common)


@functools.lru_cache(1)
def load(folder: Path) -> English:
    """The words of *folder*, read once.

    Raises:
        ConfigError: a file is not as it should be.
    """
    lines = gzip.decompress((folder / "english.tsv.gz").read_bytes()).decode().splitlines()
    return English(validate(Tables, read_file(folder / "english.yaml")), lines[1:])
