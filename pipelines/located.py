"""YAML that knows where it stands: text to plain data, with the line and column of every key and value.

`read` walks the parser's event stream and builds nothing that a text can make larger than itself: no
aliases, merge keys or tags, at most 64 levels, at most 10 MB. `validate` checks the data against a pydantic
model. Both report every mistake at once as a `ConfigError`, each at its place and in plain words.

Plain scalars follow JSON and YAML 1.2, not YAML 1.1: only ``true``, ``false``, ``null``, ``~`` and decimal
numbers are special; ``NO``, ``on``, ``017``, ``12:30`` and ``2024-01-01`` stay the text that was written.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from connectors.errors import ConfigError, Problem
from pipelines.events import CONTROL, Builder, Loc
from pipelines.wording import fields, words

SIZE_LIMIT = 10_000_000
"""Bytes of one file."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data read from *path*, and where its parts stand."""

    data: Any
    path: str
    keys: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)
    values: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    def place(self, loc: Loc = (), *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at *loc*, or of its key.

        Steps that the data does not have are passed over, so an absent key stands where its mapping does.
        """
        found = self.known(loc)
        places = self.keys if key and found in self.keys else self.values
        return places.get(found, (1, 1))

    def known(self, loc: Loc) -> Loc:
        """*loc* without the steps that the data does not have (pydantic adds the names of union branches)."""
        found: Loc = ()
        for step in loc:
            if (*found, step) in self.values:
                found = (*found, step)
        return found

    def at(self, loc: Loc) -> Any:
        """The data at *loc*.

        Raises:
            KeyError, IndexError, TypeError: there is none.
        """
        data = self.data
        for step in loc:
            data = data[step]
        return data

    def problem(self, message: str, loc: Loc = (), *, key: bool = False) -> Problem:
        """A mistake at *loc*."""
        return Problem(self.path, *self.place(loc, key=key), message)


def read_file(path: Path) -> Document:
    """Read the YAML file *path*.

    Raises:
        ConfigError: it cannot be read, or is not the YAML we take.
    """
    return read(read_bytes(path), str(path))


CHUNK = 1 << 16
"""Bytes read at once: a buffer of the limit's size stays a memory mapping of its own for each text that is kept, and a
process may have 65,530 (measured: at 100,000 watchlists it could start no more threads)."""


def read_bytes(path: Path) -> bytes:
    """The bytes of the file *path*, no more than one beyond the size limit.

    Raises:
        ConfigError: it is missing, a folder, or not ours to read.
    """
    try:
        data = b""
        with path.open("rb") as file:
            while len(data) <= SIZE_LIMIT and (part := file.read(CHUNK)):
                data += part
        return data[: SIZE_LIMIT + 1]
    except OSError as error:
        raise ConfigError(Problem(str(path), 0, 0, f"cannot be read: {error.strerror or error}")) from None


def read(text: bytes | str, path: str) -> Document:
    """Read one YAML document.

    Raises:
        ConfigError: with every mistake found up to the first syntax error.

    Cost: some 0.1 ms a line.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        raise ConfigError(Problem(path, 0, 0, f"is larger than {SIZE_LIMIT // 1_000_000} MB"))
    decoded = _decode(text, path) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    if bad := CONTROL.search(decoded):
        place = _place(decoded, bad.start())
        hint = " (is the file UTF-16? save it as UTF-8)" if bad[0] == "\0" else ""
        raise ConfigError(Problem(path, *place, f"control character U+{ord(bad[0]):04X}{hint}"))
    builder = Builder(path)
    try:
        for event in YAML(typ="safe", pure=True).parse(decoded):
            builder.take(event)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.problems.append(Problem(path, *place, _syntax(error)))
    except (ValueError, OverflowError, IndexError, AttributeError, AssertionError) as error:
        # what the parser lets through for odd escapes and directives: mistakes in the text all the same
        builder.problems.append(Problem(path, *builder.last, f"not YAML: {error}"))
    if not builder.problems and builder.data is None:
        builder.problems.append(Problem(path, 1, 1, "the file is empty"))
    if builder.problems:
        raise ConfigError(*builder.problems)
    return Document(builder.data, path, builder.keys, builder.values)


def validate(model: type[M], document: Document, at: Loc = (), without: Collection[str] = ()) -> M:
    """Check the data at *at*, but for the keys *without*, against *model*; unknown keys are mistakes.

    Values are never quoted in a message: one of them may be a secret.

    Raises:
        ConfigError: with every mistake, each at its line and column.
    """
    data = document.at(at)
    if without and isinstance(data, dict):
        data = {k: v for k, v in data.items() if k not in without}
    try:
        return model.model_validate(data, extra="forbid")
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
        problems = {_problem(model, document, at, without, d) for d in details if not _echo(d, details)}
        raise ConfigError(*sorted(problems, key=lambda p: (p.line, p.column, p.message))) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` when one of *known* is close to *word*, else ""."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _decode(text: bytes, path: str) -> str:
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(Problem(path, 1, 1, "the file is UTF-16; save it as UTF-8"))
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        message = f"byte 0x{text[error.start]:02X} is not UTF-8; save the file as UTF-8"
        raise ConfigError(Problem(path, *_place(before, len(before)), message)) from None


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _syntax(error: YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or error).strip().splitlines()[0]
    if "'\\t'" in problem:
        return "a tab cannot indent; use spaces"
    context = getattr(error, "context", None)
    return f"not YAML: {problem}" + (f" ({context})" if context else "")


def _echo(d: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether *d* says "too short" only because items of the list were refused."""
    size = len(d["loc"])
    return d["type"] == "too_short" and any(o["loc"][:size] == d["loc"] and len(o["loc"]) > size for o in details)


def _problem(model: type[BaseModel], document: Document, at: Loc, without: Collection[str], d: ErrorDetails) -> Problem:
    loc, kind = (*at, *d["loc"]), d["type"]
    if kind == "extra_forbidden":
        known = fields(model, d["loc"][:-1]) | (set(without) if len(d["loc"]) == 1 else set())
        name = str(loc[-1])
        return document.problem(f"unknown key '{name}'{nearest(name, sorted(known))}", loc, key=True)
    if kind == "missing":
        return document.problem(f"missing key '{d['loc'][-1]}'", loc[:-1])
    found = document.known(loc)
    # an error about a whole document or list item has no key of its own to be named by
    names = [i for i, step in enumerate(found) if isinstance(step, str) and i >= len(at)]
    subject = f"'{found[names[-1]]}'" if names else "this"
    if names and names[-1] < len(found) - 1:
        subject += " item " + ".".join(str(int(step) + 1) for step in found[names[-1] + 1 :])
    return document.problem(f"{subject} {words(d)}", loc)
