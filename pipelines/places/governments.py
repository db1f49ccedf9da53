"""Capitals that stand for their governments: Moscow accuses, talks with Baku, Yerevan's envoy; not a fire in Moscow."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipelines.knowledge.entity import Entity
from pipelines.located import read_file, validate
from pipelines.places.mention import Mention

STEM = 4
"""Letters from which a word of the table is a beginning; shorter ones are whole words."""


class Beside(BaseModel):
    """What stands beside such a capital in one language, as the comments of ``governments.yaml`` say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: frozenset[str] = frozenset()
    after: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    bare: frozenset[str] | None = None


class Governments(BaseModel):
    """``governments.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: dict[str, Beside]
    of: dict[str, str] = {}

    def meant(self, mention: Mention, language: str, entities: Mapping[str, Entity]) -> Mention:
        """*mention*, of the organisation of *entities* that a capital like Brussels stands for when it speaks."""
        name = mention.name
        if name and (other := entities.get(self.of.get(name.entity.id, ""))) and self.speaks(mention, language):
            return mention._replace(name=name._replace(entity=other), places=())
        return mention

    def speaks(self, mention: Mention, language: str) -> bool:
        """Whether *mention* is a capital that speaks or is spoken to. Does not: tell one that does so two words on."""
        beside, name = self.languages.get(language), mention.name
        if beside is None or name is None or name.entity.type != "capital" or mention.zone == "captions":
            return False
        if beside.bare is not None and mention.surface.removeprefix(name.text.removesuffix("*")) not in beside.bare:
            return False
        if mention.rest.startswith(("'s ", "’s ")):
            return _begins(mention.rest[3:].partition(" ")[0].lower(), beside.own)
        return mention.previous in beside.before or _begins(mention.next, beside.after)


def _begins(word: str, listed: tuple[str, ...]) -> bool:
    word = word.rstrip(".,;:!?")
    return any(word.startswith(one) if len(one) >= STEM else word == one for one in listed)


@functools.lru_cache(1)
def load(folder: Path) -> Governments:
    """The table of ``governments.yaml`` in *folder*, read once.

    Raises:
        ConfigError: the file is not as it should be.
    """
    return validate(Governments, read_file(folder / "governments.yaml"))
