"""A condition written as a query, so that `query.parse` gives one with the same hits in every article."""

from __future__ import annotations

from pipelines.watchlists.conditions import (
    Condition,
    Group,
    Near,
    Of,
    Sentence,
    Weights,
)
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.points import points_as
from pipelines.watchlists.query import OPTIONAL, RESERVED
from pipelines.watchlists.regexes import Regex

ANY, ALL, BESIDE, UNLESS, COUNTED, INSIDE, ATOM = range(7)
"""How tightly the parts of a query hold together."""


def written(condition: Condition) -> str:
    """*condition* as a query."""
    return _written(condition)[0]


def _written(condition: Condition) -> tuple[str, int]:
    match condition:
        case Group():
            return _group(condition)
        case Near():
            word = f"{'O' if condition.ordered else ''}NEAR/{condition.distance}"
            return f" {word} ".join(_within(part, UNLESS) for part in condition.near), BESIDE
        case Sentence():
            return " SENTENCE ".join(_within(part, UNLESS) for part in condition.sentence), BESIDE
        case Of():
            return _of(condition)
        case Facts():
            return _facts(condition)
    return _atom(condition), ATOM


def _atom(condition: Condition) -> str:
    match condition:
        case Phrase():
            return _phrase(condition)
        case Regex():
            signs = "=" if condition.case else "", condition.regex.replace("/", "\\/"), "!" if condition.broad else ""
            return f"{signs[0]}/{signs[1]}/{signs[2]}"
        case Weights():
            rows = "; ".join(f"{_written(row.of)[0]} {points_as(row)}" for row in condition.weights)
            about = "" if condition.about is None else f"/{condition.about!r}"
            return f"SCORE/{condition.threshold!r}{about} {{{rows}}}"
    return str(condition).replace("about ", "about:").replace(": ", ":")


def _group(group: Group) -> tuple[str, int]:
    some = Group(any=group.any) if group.any else None
    if some and not (group.all or group.none):
        return (" OR ".join(_within(part, ALL) for part in group.any), ANY) if group.any[1:] else _written(group.any[0])
    every = [*([some] if some else []), *group.all]
    words = [" AND ".join(_within(part, BESIDE) for part in every)] if every else []
    words += [f"NOT {_within(part, BESIDE)}" for part in group.none]
    return (" ".join(words), ALL) if len(every) + len(group.none) > 1 or group.none else _written(every[0])


def _of(of: Of) -> tuple[str, int]:
    said = (_within(of.of, ATOM), INSIDE) if of.in_ else _written(of.of)
    if of.in_:
        said = f"{','.join(of.in_)}:{said[0]}", INSIDE
    if of.unless_near:
        left = said[0] if said[1] >= COUNTED else f"({said[0]})"
        guard = _within(Group(any=of.unless_near), COUNTED)
        said = f"{left} UNLESS/{of.distance} {guard}", UNLESS
    if of.count > 1:
        inner = said[0] if said[1] >= INSIDE else f"({said[0]})"
        said = f"ATLEAST/{of.count} {inner}", COUNTED
    return said


def _within(condition: Condition, level: int) -> str:
    text, own = _written(condition)
    return text if own >= level else f"({text})"


def _facts(facts: Facts) -> tuple[str, int]:
    said = []
    for key, value in facts.article.model_dump(exclude_none=True).items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        said.append(f"article:{key}={_quoted(text) if any(c.isspace() or c in SIGNS for c in text) else text}")
    return " AND ".join(said), ALL if said[1:] else ATOM


SIGNS = '()"{};\\'


def _phrase(phrase: Phrase) -> str:
    bare = phrase.phrase.strip()
    if bare in RESERVED or any(c.isspace() or c in SIGNS + "=^:@!,~/[]" for c in bare):
        bare = _quoted(bare)
    languages = f"@{','.join(phrase.languages)}" if phrase.languages else ""
    switches = "~exact" if phrase.exact else ""
    switches += "".join(f"~no-{name}" for name in OPTIONAL if not getattr(phrase, name))
    return f"{'=' if phrase.case else ''}{bare}{languages}{switches}{'!' if phrase.broad else ''}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
