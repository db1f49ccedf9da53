r"""A watchlist's condition as one line, in the style that analysts know: the same tree as `match`.

::

    (armenia* OR place:yerevan) NEAR/25 azerbaijan* AND (ceasefire OR shell*) NOT football*

===========================  =======================================================================================
``word``, ``st*m*``          a phrase; of several words, or with other signs in it, in quotes: ``"line of contact"``
``=US``                      in this case only; ``bakı@az,tr`` in these languages only; ``a!`` though it says little
``Shusha~exact``             no other forms of it; ``~no-inflect``, ``~no-fuzzy``, ``~no-accents``
``/colou?r/``                a regular expression of RE2
``place:x``, ``actor:x``     by id; ``about:place:x`` not only in passing; ``within:x`` it or a place inside it
``group:x``, ``list:x``      as the file names it; another watchlist
``OR``, ``AND``, ``NOT``     ``AND`` and ``NOT`` bind tighter; ``a AND NOT b`` and ``a NOT b`` are one
``a NEAR/5 b``               within five words; ``ONEAR/5`` in this order; ``SENTENCE`` in one sentence; may go on
``a UNLESS/5 b``             words of *a* with none of *b* within five words
``title:a``, ``^a``          only words in the title; ``title,lead:a``; also url, author, source
``ATLEAST/3 a``              three times or more
``SCORE/0.5/0.8 {a [..]}``   points: ``{a [title=1 lead=.6 body+.25]; b [-1]}``; ``=`` once a zone, ``+`` each hit
``article:longer=60``        a fact of the article; ``article:agencies=TASS,Interfax``
===========================  =======================================================================================

Operators stand in capitals: ``or`` is a word.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeAlias, get_args

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError
from pydantic import ValidationError

from connectors.records import Zone
from pipelines.watchlists.conditions import (
    Actor,
    Condition,
    Deed,
    Group,
    Listed,
    Named,
    Near,
    Of,
    Place,
    Row,
    Sentence,
    Weights,
    Within,
)
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.points import points_of
from pipelines.watchlists.regexes import Regex

DEEPEST = 20
"""Parentheses within parentheses: more is a slip, and each costs the stack."""

GRAMMAR = r"""
start: any
any: all (_OR all)*
all: item (_AND item | without)*
?item: beside | without
without: _NOT beside
?beside: unless | near | onear | sentence
near: unless (NEAR unless)+
onear: unless (ONEAR unless)+
sentence: unless (_SENTENCE unless)+
?unless: counted | counted UNLESS counted -> guarded
?counted: inside | ATLEAST inside -> atleast
?inside: _atom | (ZONES | HAT) _atom -> zoned
_atom: phrase | regex | entity | fact | score | "(" any ")"
entity: ENTITY
fact: FACT
score: SCORE "{" row (";" row)* "}"
row: any POINTS
regex: CASE? REGEX BROAD?
phrase: CASE? (WORD | QUOTED) LANGUAGES? SWITCH* BROAD?

_OR.3: /OR(?![^\s()])/
_AND.3: /AND(?![^\s()])/
_NOT.3: /NOT(?![^\s()])/
_SENTENCE.3: /SENTENCE(?![^\s()])/
NEAR.3: /NEAR\/\d{1,3}(?![^\s()])/
ONEAR.3: /ONEAR\/\d{1,3}(?![^\s()])/
UNLESS.3: /UNLESS\/\d{1,3}(?![^\s()])/
ATLEAST.3: /ATLEAST\/\d{1,4}(?![^\s()])/
SCORE.3: /SCORE\/\d*\.?\d+(?:\/\d*\.?\d+)?(?![^\s{])/
POINTS: /\[[^\]]*\]/
REGEX: /\/(?:[^\/\\]|\\.)+\//
ZONES.3: /(?:<zone>)(?:,(?:<zone>))*:/
HAT: "^"
ENTITY.3: /(?:(?:about:)?(?:place|actor)|within|group|list|act):[^\s(){};"]+/
FACT.3: /article:[a-z]+=(?:"(?:[^"\\]|\\.)*"|[^\s(){};"]+)/
SWITCH: /~(?:exact|no-inflect|no-fuzzy|no-accents)/
CASE: "="
BROAD: "!"
LANGUAGES: /@[a-z]{2}(?:,[a-z]{2})*/
QUOTED: /"(?:[^"\\]|\\.)*"/
WORD: /(?!(?:OR|AND|NOT|SENTENCE)(?![^\s()]))[^\s(){}\[\];"=^:@!,~\/]+/
%ignore /\s+/
""".replace("<zone>", "|".join(get_args(Zone)))

RESERVED = frozenset({"AND", "OR", "NOT", "SENTENCE"})

OPTIONAL = ("inflect", "fuzzy", "accents")
"""What a phrase does unless it is told not to."""

SEVERAL = ("languages", "sources", "groups", "countries", "agencies")
"""Facts of an article that may be one of several."""


class QueryError(ValueError):
    """A query that cannot be read, with the character at which it goes wrong."""


def parse(query: str) -> Condition:
    """The condition that *query* says.

    Raises:
        QueryError: it cannot be read; the message points at the character.
    """
    depth = 0
    for at, character in enumerate(query):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth > DEEPEST:
            raise QueryError(_told(query, at, f"more than {DEEPEST} parentheses within each other"))
    try:
        condition: Condition = _Build().transform(_parser().parse(query))
    except UnexpectedCharacters as error:
        raise QueryError(_told(query, error.pos_in_stream or 0, "put a phrase with signs in it in quotes")) from None
    except UnexpectedToken as error:
        at = len(query) if error.token.type == "$END" else error.pos_in_stream or 0
        raise QueryError(_told(query, at, _needed(error.accepts or error.expected))) from None
    except VisitError as error:
        if isinstance(error.orig_exc, _Mistake):
            raise QueryError(_told(query, error.orig_exc.at, str(error.orig_exc))) from None
        raise
    return condition


class _Mistake(ValueError):
    """A mistake in the part of a query that begins at *at*."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


_Node: TypeAlias = tuple[int, Any]
"""Where a part begins, and the condition it says."""


class _Without:
    """What follows ``NOT``."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition


def _made(at: int, make: Callable[..., Any], **given: Any) -> _Node:
    try:
        return at, make(**given)
    except ValidationError as error:
        detail = error.errors()[0]
        name = f"{detail['loc'][-1]} " if detail["loc"] and detail["type"] != "value_error" else ""
        raise _Mistake(at, name + str(detail.get("ctx", {}).get("error", detail["msg"]))) from None


class _Build(Transformer[Token, Condition]):
    """From lark's tree to ours."""

    def start(self, parts: list[_Node]) -> Condition:
        condition: Condition = parts[0][1]
        return condition

    def any(self, parts: list[_Node]) -> _Node:
        return parts[0] if len(parts) == 1 else _made(parts[0][0], Group, any=tuple(c for _, c in parts))

    def all(self, parts: list[_Node]) -> _Node:
        every = tuple(c for _, c in parts if not isinstance(c, _Without))
        no = tuple(c.condition for _, c in parts if isinstance(c, _Without))
        if len(every) == 1 and not no:
            return parts[0]
        return _made(parts[0][0], Group, **({"all": every} if every else {}), **({"none": no} if no else {}))

    def without(self, parts: list[_Node]) -> _Node:
        return parts[0][0], _Without(parts[0][1])

    def near(self, parts: list[Any], ordered: bool = False) -> _Node:
        distances = {int(token.partition("/")[2]) for token in parts[1::2]}
        if len(distances) > 1:
            raise _Mistake(
                parts[3].start_pos, "another distance than before: say with parentheses what belongs together"
            )
        together = tuple(c for _, c in parts[::2])
        return _made(parts[0][0], Near, near=together, distance=distances.pop(), ordered=ordered)

    def onear(self, parts: list[Any]) -> _Node:
        return self.near(parts, ordered=True)

    def sentence(self, parts: list[_Node]) -> _Node:
        return _made(parts[0][0], Sentence, sentence=tuple(c for _, c in parts))

    def guarded(self, parts: list[Any]) -> _Node:
        (at, condition), distance, (_, guard) = parts
        guards = guard.any if isinstance(guard, Group) and not (guard.all or guard.none) else (guard,)
        given = {"unless_near": guards, "distance": int(distance.partition("/")[2])}
        if isinstance(condition, Of) and not condition.unless_near and condition.count == 1:
            return _made(at, Of, of=condition.of, in_=condition.in_, **given)
        return _made(at, Of, of=condition, **given)

    def zoned(self, parts: list[Any]) -> _Node:
        zones, (_, condition) = parts
        names = ("title",) if zones == "^" else tuple(zones.removesuffix(":").split(","))
        return _made(zones.start_pos, Of, of=condition, in_=names)

    def atleast(self, parts: list[Any]) -> _Node:
        number, (_, condition) = parts
        count = int(number.partition("/")[2])
        if isinstance(condition, Of) and condition.count == 1:
            kept = {"of": condition.of, "in_": condition.in_, "distance": condition.distance}
            guards = {"unless_near": condition.unless_near} if condition.unless_near else {}
            return _made(number.start_pos, Of, **kept, **guards, count=count)
        return _made(number.start_pos, Of, of=condition, count=count)

    def entity(self, parts: list[Token]) -> _Node:
        *about, kind, name = parts[0].split(":", 2 if parts[0].startswith("about:") else 1)
        if kind == "act":
            source, verb, target = [*name.split(">"), "", ""][:3]
            sides = {"source": source, "target": target}
            given = {side: of for side, of in sides.items() if of not in ("", "*")}
            return _made(parts[0].start_pos or 0, Deed, act=verb, **given)
        made: dict[str, Callable[..., Condition]] = {
            "place": Place, "actor": Actor, "within": Within, "group": Named, "list": Listed
        }  # fmt: skip
        return _made(parts[0].start_pos or 0, made[kind], **{kind: name}, **({"about": True} if about else {}))

    def fact(self, parts: list[Token]) -> _Node:
        key, _, value = parts[0].removeprefix("article:").partition("=")
        text = _unquoted(value) if value.startswith('"') else value
        several = key in SEVERAL
        asked = {key: text.split(",") if several else int(text) if text.isdecimal() else text}
        return _made(parts[0].start_pos or 0, Facts, article=asked)

    def regex(self, parts: list[Token]) -> _Node:
        found = {token.type: str(token) for token in parts}
        text = found["REGEX"][1:-1].replace("\\/", "/")
        return _made(parts[0].start_pos or 0, Regex, regex=text, case="CASE" in found, broad="BROAD" in found)

    def row(self, parts: list[Any]) -> tuple[int, Any]:
        (_, condition), points = parts
        return points.start_pos, (condition, str(points))

    def score(self, parts: list[Any]) -> _Node:
        token, *rows = parts
        threshold, about = ([float(n) for n in token.split("/")[1:]] + [None])[:2]
        made = []
        for at, (condition, points) in rows:
            try:
                given = points_of(points)
            except ValueError as error:
                raise _Mistake(at, str(error)) from None
            made.append(_made(at, Row, of=condition, **given)[1])
        return _made(token.start_pos, Weights, weights=tuple(made), threshold=threshold, about=about)

    def phrase(self, parts: list[Token]) -> _Node:
        found = {token.type: str(token) for token in parts}
        text = found.get("WORD") or _unquoted(found["QUOTED"])
        languages = found["LANGUAGES"][1:].split(",") if "LANGUAGES" in found else None
        switches = {str(token)[1:] for token in parts if token.type == "SWITCH"}
        given = {"phrase": text, "case": "CASE" in found, "broad": "BROAD" in found, "languages": languages}
        given |= {"exact": "exact" in switches} | {name: f"no-{name}" not in switches for name in OPTIONAL}
        return _made(parts[0].start_pos or 0, Phrase, **given)


def _unquoted(text: str) -> str:
    def characters() -> Iterator[str]:
        inside = iter(text[1:-1])
        for character in inside:
            yield next(inside) if character == "\\" else character

    return "".join(characters())


def _needed(expected: Collection[str]) -> str:
    if expected == {"RPAR"}:
        return "a closing ) is missing"
    if expected == {"$END"}:
        return "this ) closes nothing"
    if "POINTS" in expected:
        return "points such as [title=1 body+0.25] must stand here"
    if "_OR" in expected:
        return "AND, OR, NOT or quotes around the phrase must stand here"
    return "a word, a phrase in quotes or ( must stand here"


def _told(query: str, at: int, message: str) -> str:
    """*message* with the words of *query* around character *at*, and a mark there."""
    before, after = query[max(0, at - 20) : at], query[at : at + 20]
    return f"{message}: …{before}▸{after}…, character {at + 1}"


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=False)
