r"""Regular expressions, and phrases with a ``*`` within a word: whole words, in time linear in the text.

The engine is RE2 (Cox, "Regular Expression Matching in the Wild", 2010), which never backtracks. A hit begins and ends
where a word does, and is the longest there. RE2's ``\b`` and ``\w`` know English letters only, so they are refused.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import re2
from pydantic import ConfigDict, Field, model_validator

from pipelines.folding import fold
from pipelines.scanning import OPEN, UNSPACED
from pipelines.watchlists.phrases import Line, Phrase, Value

_ANYTHING = ("", "qzxj kvbw", "жъыщ", "48151623", "։", " ")
"""Texts that say nothing: what matches one of them matches almost every article."""

_ENGLISH_ONLY = {r"\b": "a hit is whole words anyway", r"\B": "a hit is whole words anyway", r"\w": r"write [\pL\pN]"}

_LETTERS = r"[\pL\pM\pN]"


class Regex(Value):
    """A regular expression of RE2, met whatever its case unless *case*."""

    model_config = ConfigDict(json_schema_extra={"description": "a regular expression (RE2) for whole words"})

    regex: Line
    case: bool = Field(default=False, description="only with capitals and small letters as written")
    broad: bool = Field(default=False, description="allow what almost every article has")

    @model_validator(mode="after")
    def _readable(self) -> Regex:
        for sign, instead in _ENGLISH_ONLY.items():
            if re.search(rf"(?<!\\)(?:\\\\)*{re.escape(sign)}", self.regex):
                raise ValueError(f"{sign} knows English letters only: {instead}")
        try:
            compiled = _compiled(self.regex, self.case)
        except re2.error as error:
            said = error.args[0]
            raise ValueError(f"{said.decode() if isinstance(said, bytes) else said} (RE2 syntax)") from None
        if not self.broad and any(compiled.search(text) for text in _ANYTHING):
            raise ValueError("would match almost every article (say 'broad: true' if you mean it)")
        return self

    def __str__(self) -> str:
        return f"/{self.regex}/"


class Regexes:
    """Several expressions at once: first which may match, by the letters they must have, then where.

    Cost: one scan for the letters of all of them; then a scan for each whose letters are there. Bounded by RE2: linear
    in the text, 8 MB an expression.
    """

    def __init__(self, expressions: Sequence[Regex | Phrase]) -> None:
        self._read = [_expression(expression) for expression in expressions]
        self._filter = re2.Filter()
        for pattern, case in self._read:
            self._filter.Add(pattern, _options(case))
        if self._read:
            self._filter.Compile()

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Every hit in *text*: number of the expression, start and end."""
        if self._read:
            for number in self._filter.Match(text) or ():
                for found in _compiled(*self._read[number]).finditer(text):
                    if found.end() > found.start() and _whole(text, found.start(), found.end()):
                        yield number, found.start(), found.end()


def wild(phrases: Iterable[Phrase]) -> Regexes:
    """Phrases with a ``*`` within a word, to be found in folded texts."""
    return Regexes(list(phrases))


def _expression(expression: Regex | Phrase) -> tuple[str, bool]:
    if isinstance(expression, Regex):
        return expression.regex, expression.case
    pieces = (re2.escape(fold(piece).text) for piece in expression.phrase.strip().split("*"))
    return f"{_LETTERS}{{0,{OPEN}}}".join(pieces), True


@functools.lru_cache(1024)
def _compiled(pattern: str, case: bool) -> re2._Regexp[str]:
    return re2.compile(pattern, _options(case))


def _options(case: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive, options.longest_match, options.log_errors = case, True, False
    return options


def _whole(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` begins and ends where a word does."""
    return not (start and _letter(text[start - 1]) and _letter(text[start])) and not (
        end < len(text) and _letter(text[end - 1]) and _letter(text[end])
    )


def _letter(character: str) -> bool:
    spaced = character < UNSPACED[0][0] or not any(first <= character <= last for first, last in UNSPACED)
    return spaced and (character.isalnum() or unicodedata.category(character)[0] == "M")
