"""The smallest thing a watchlist looks for: a phrase, and what it may not be.

A phrase is met whatever its case; a ``*`` leaves a part of a word open, and an acronym in capitals is met in capitals
only.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pipelines.folding import fold

STEM = 3
"""Fewest letters before an open ending; shorter ones begin half a dictionary."""

SHORT = 3
"""Letters below which a word must be said to be meant."""

STARS = 2
"""Open places within one word: each multiplies the ways to fill them."""

STOP_WORDS = frozenset(
    """
    a an and are as at be but by for from has he in is it its not of on or she that the they this to was we
    were who will with you и в во не на что он она они я с со как а то но по из у за от о для это мы вы le la
    les un une des de du et en que qui dans est au aux pour par sur pas il elle ve bir bu da ile için və ilə
    üçün և է են ի որ ու մի der die das und ein eine den von mit ist zu im el los las y
    """.split()  # noqa: SIM905 - a list literal of this is unreadable
)
"""Words that say nothing by themselves: the most frequent function words of the shipped lists' languages."""


class Value(BaseModel):
    """A part of a watchlist: immutable, hashable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", text):
        raise ValueError("must be 1 to 64 of a-z, 0-9 and -")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", text):
        raise ValueError("must be a two-letter language code such as en")
    return text


Slug = Annotated[str, After(_slug)]
Line = Annotated[str, StringConstraints(max_length=300), After(_said)]
Language = Annotated[str, After(_language)]


def or_short(schema: dict[str, Any], short: dict[str, Any]) -> None:
    """Let something shorter stand for the whole mapping."""
    mapping = dict(schema)
    schema.clear()
    schema["description"] = mapping.pop("description", "")
    schema["anyOf"] = [short, mapping]


def letters(word: str) -> int:
    """How much *word* says, in letters: a syllable or ideograph of India and East Asia as much as two."""
    if word.isascii():
        return len(word)
    return len(word) + sum("\u0900" <= character <= "\u0dff" or character >= "\u3040" for character in word)


class Phrase(Value):
    """Words as they stand in a text, whatever their case. In the file a plain text is enough.

    Of words without ``*`` other forms are met too: inflected (`pipelines.knowledge.inflection`), spelt another way
    (`pipelines.knowledge.spelling`), and one letter off when it is a name, written with a capital, of eight letters or
    more (`pipelines.knowledge.slips`).
    """

    model_config = ConfigDict(json_schema_extra=lambda schema: or_short(schema, {"type": "string"}))

    phrase: Line
    case: bool = Field(default=False, description="only with capitals and small letters as written")
    languages: tuple[Language, ...] | None = Field(default=None, min_length=1, description="only in articles in these")
    broad: bool = Field(default=False, description="allow one letter, or nothing but stop words")
    exact: bool = Field(default=False, description="no other forms, spellings or slips")
    inflect: bool = Field(default=True, description="false: not inflected")
    fuzzy: bool = Field(default=True, description="false: no slips of the pen")
    accents: bool = Field(default=True, description="false: also where they are missing")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"phrase": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _says_something(self) -> Phrase:
        pieces = re.split(r"[*\s]+", self.phrase.strip())
        words = re.findall(r"[^\W_]+", fold(self.phrase).text)
        said = sum(letters(word) for word in words if word not in STOP_WORDS)
        if self.case or self.exact:
            said = sum(map(len, words))  # "US" is no "us"
        if re.search(r"(?<!\S)\*+(?!\S)", self.phrase) and words:
            raise ValueError("'*' stands for a part of a word: put letters beside it")
        if any(word.strip("*").count("*") + word.startswith("*") > STARS for word in self.phrase.split()):
            raise ValueError(f"a word may have {STARS} '*' beside the one that ends it")
        if not words:
            raise ValueError("must have a letter or digit")
        if self.broad:
            return self
        if "*" in self.phrase and said < STEM:
            raise ValueError(f"an open ending needs {STEM} letters before it (or say 'broad: true')")
        if self.wild and max(map(letters, pieces)) < STEM:
            raise ValueError(f"a '*' within a word needs {STEM} letters in a row beside it (or say 'broad: true')")
        if said <= 1:
            raise ValueError(f"'{self.phrase}' would match almost every article (say 'broad: true' if you mean it)")
        spelt = [word for word in words if word.isalpha() and letters(word) == len(word)]
        if spelt and max(map(len, words)) < SHORT and not (self.case or self.exact or self.phrase.isupper()):
            raise ValueError(f"'{self.phrase}' is short and other words are like it (say 'exact: true' if you mean it)")
        return self

    def __str__(self) -> str:
        return self.phrase

    @property
    def wild(self) -> bool:
        """Whether a ``*`` stands elsewhere than at the end of the last word."""
        return "*" in self.phrase.strip().removesuffix("*")

    def admits(self, language: str) -> bool:
        """Whether it is looked for in articles in *language*."""
        return self.languages is None or language in self.languages
