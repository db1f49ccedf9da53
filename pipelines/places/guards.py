"""Names of states and peoples that stand for something else: streets, money, languages, papers, brands, everyday words.

Contested places are never guarded: who denies a place quotes its name.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.folding import fold
from pipelines.located import read_file, validate
from pipelines.places.mention import Mention

LONG = 5
"""Letters of a word for streets that is looked for behind other names."""

Guard = Literal["road", "money", "language", "paper", "quoted", "everyday", ""]

_OPENING, _CLOSING = re.compile(r"[«“„\"](?:[^\W\da-zа-яё_]\w+ )?$"), re.compile(r"[»”“\"]")
"""Of a name quoted by itself, or with a word before it: ресторан «Старая Грузия»."""

_TONGUE = re.compile(r"(?:ურ|ულ)(?:ს|ში|ის|ად|ით)$|\w{4}(?:ca|ce|ça|çe|cə)$")
"""How Georgian, Turkish and Azerbaijani say a language by the name of a people: ინგლისურს, İngilizce."""

_BEFORE = re.compile(r"(?:^|\s)(\w+) [^\W\d_]+-$")
_NAMES = re.compile(r"(?: [^\W\da-z_][\w'’]*){1,3}")
"""The word before one that is written on to the name with a hyphen, and words with capitals behind the name."""

_STEM = re.compile(r"[-'’]")
"""Before an ending: New York Times-ის."""

_SENTENCE = re.compile(r"(?:^|[.!?։:\n]\s*|[«“„\"—–-]\s*)$")


class Guards(BaseModel):
    """``guards.yaml``, as its comments say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roads: tuple[str, ...]
    before: tuple[str, ...]
    currencies: tuple[str, ...]
    languages: tuple[str, ...]
    functions: frozenset[str]
    papers: frozenset[str]
    everyday: dict[str, frozenset[str]]

    def of(self, mention: Mention, language: str) -> Guard:
        """What *mention*, the name of a state or people, stands for instead; "" when it is what it says."""
        if self._road(mention):
            return "road"
        behind = mention.before[-1:].isalpha() and mention.previous.startswith(self.currencies)  # долларов США
        if behind or mention.next.startswith(self.currencies):
            return "money"
        if self._language(mention):
            return "language"
        if _STEM.split(mention.after)[0] in self.papers:
            return "paper"
        if _OPENING.search(mention.left) and _CLOSING.match(mention.rest):
            return "quoted"
        return "everyday" if self._everyday(mention, language) else ""

    @functools.cached_property
    def _long(self) -> tuple[str, ...]:
        return tuple(road for road in self.roads if len(road) >= LONG)  # no sea in Seattle

    def _road(self, mention: Mention) -> bool:
        """Whether a street has the name, with a name or two between (Kıbrıs Şehitleri Caddesi, rue Anatole-France)."""
        before = _BEFORE.search(mention.left)
        bare = mention.name is None or len(mention.surface) <= len(mention.name.text.rstrip("*"))
        behind = _NAMES.match(mention.rest) if bare else None
        return (
            mention.next.startswith(self.roads)
            or mention.previous in self.before
            or (before is not None and before[1].lower() in self.before)
            or (behind is not None and any(word.startswith(self._long) for word in behind[0].lower().split()))
        )

    def _language(self, mention: Mention) -> bool:
        if not (mention.name and mention.name.demonym):
            return False
        if _TONGUE.search(mention.surface):
            return True
        alone = not mention.after or mention.next in self.functions
        return mention.next.startswith(self.languages) or (mention.previous in ("in", "into") and alone)

    def _everyday(self, mention: Mention, language: str) -> bool:
        if fold(mention.surface).text not in self.everyday.get(language, ()):
            return False
        capitals = mention.surface[:1].isupper()
        return not capitals or (mention.zone != "title" and bool(_SENTENCE.search(mention.left)))


@functools.lru_cache(1)
def load(folder: Path) -> Guards:
    """The guards of ``guards.yaml`` in *folder*, read once; its words folded.

    Raises:
        ConfigError: the file is not as it should be.
    """
    read = validate(Guards, read_file(folder / "guards.yaml"))
    everyday = {code: frozenset(fold(word).text for word in words) for code, words in read.everyday.items()}
    return read.model_copy(update={"everyday": everyday})
