"""Plain data out of YAML events, with the place of every key and value, and nothing that could hurt.

Mistakes that leave the rest readable (an alias, a tag, a duplicate key) are collected; nesting that is too
deep, a second document and keys that are no words end the reading.
"""

from __future__ import annotations

import re
import typing
from typing import Any

from ruamel.yaml import events as ev

from connectors.errors import ConfigError, Problem

DEPTH_LIMIT = 64
"""Levels of nesting. Measured: the guard stops 200 KB of brackets, which freeze or crash loaders, at once."""

PROBLEM_LIMIT = 100
"""Mistakes reported of one file; the rest would only scroll the first away."""

DIGITS_LIMIT = 18
"""Digits of a number: within 64 bits, and far below the 4,300 at which int() itself refuses."""

Loc = tuple[str | int, ...]

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text file has: controls but tab and line ends, lone surrogates, non-characters."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Builder:
    """Builds data from events with a stack of its own: no recursion, whatever the depth."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.data: Any = None
        self.keys: dict[Loc, tuple[int, int]] = {}
        self.values: dict[Loc, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self.last = (1, 1)
        self._stack: list[tuple[Loc, dict[str, Any] | list[Any]]] = []
        self._key: str | None = None
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event.

        Raises:
            ConfigError: this one ends the reading; it carries all mistakes so far.
        """
        self.last = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, ev.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop("a second document; a file holds one")
        elif isinstance(event, ev.MappingEndEvent | ev.SequenceEndEvent):
            self._stack.pop()
        elif isinstance(event, ev.AliasEvent):
            self._note(f"alias *{event.anchor}: aliases are not allowed, write the value again")
            self._node(event)
        elif isinstance(event, ev.ScalarEvent | ev.MappingStartEvent | ev.SequenceStartEvent):
            if event.anchor is not None:
                self._note(f"anchor &{event.anchor}: anchors are not allowed")
            if event.tag is not None:
                self._note(f"tag {event.tag}: tags are not allowed")
            self._node(event)

    def _node(self, event: Any) -> None:
        if self._stack and isinstance(self._stack[-1][1], dict) and self._key is None:
            self._take_key(event)
            return
        if isinstance(event, ev.MappingStartEvent):
            self._open({})
        elif isinstance(event, ev.SequenceStartEvent):
            self._open([])
        elif isinstance(event, ev.ScalarEvent):
            if not event.value and event.implicit[0] and self._key is not None:
                self.last = self.keys[(*self._stack[-1][0], self._key)]  # what is not there stands at its key
            self._put(self._scalar(event))
        else:
            self._put(None)

    def _take_key(self, event: Any) -> None:
        if not isinstance(event, ev.ScalarEvent):
            self._stop("a key must be a plain word")
        loc, mapping = self._stack[-1]
        key = str(event.value)
        if key == "<<" and event.implicit[0]:
            self._note("merge key <<: merge keys are not allowed, write the keys again")
        if key in mapping:
            line, _ = self.keys[(*loc, key)]
            self._note(f"duplicate key '{key}', first on line {line}")
        self._key = key
        self.keys.setdefault((*loc, key), self.last)

    def _open(self, container: dict[str, Any] | list[Any]) -> None:
        if len(self._stack) >= DEPTH_LIMIT:
            self._stop(f"nested deeper than {DEPTH_LIMIT} levels")
        self._stack.append((self._put(container), container))

    def _put(self, value: Any) -> Loc:
        loc: Loc = ()
        if not self._stack:
            self.data = value
        else:
            outer, container = self._stack[-1]
            if isinstance(container, list):
                loc = (*outer, len(container))
                container.append(value)
            else:
                loc = (*outer, typing.cast(str, self._key))
                container[typing.cast(str, self._key)] = value
                self._key = None
        self.values.setdefault(loc, self.last)
        return loc

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        if bad := CONTROL.search(text):
            self._note(f"control character U+{ord(bad[0]):04X} in a value")
        if not event.implicit[0]:  # quoted or a block: text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if (number := _NUMBER.fullmatch(text)) is None:
            return text
        if len(text) > DIGITS_LIMIT:
            self._note(f"a number of more than {DIGITS_LIMIT} digits; put it in quotes if it is text")
            return None
        return float(text) if number[1] else int(text)

    def _note(self, message: str) -> None:
        self.problems.append(Problem(self.path, *self.last, message))
        if len(self.problems) >= PROBLEM_LIMIT:
            raise ConfigError(*self.problems)

    def _stop(self, message: str) -> typing.NoReturn:
        raise ConfigError(*self.problems, Problem(self.path, *self.last, message))
