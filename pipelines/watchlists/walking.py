"""How conditions nest: what stands in one, what its names stand for, and what must be met for it to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.records import TEXT
from pipelines.events import Loc
from pipelines.watchlists.conditions import (
    Actor,
    Condition,
    Deed,
    Group,
    Leaf,
    Listed,
    Named,
    Near,
    Of,
    PerZone,
    Place,
    Sentence,
    Weights,
    Within,
)
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.phrases import Phrase, letters
from pipelines.watchlists.regexes import Regex


def parts(condition: Condition) -> Iterator[tuple[Loc, Condition]]:
    """The conditions right inside *condition*, with where they stand in it."""
    match condition:
        case Group():
            for name, inside in condition.parts():
                yield from (((name, index), part) for index, part in enumerate(inside))
        case Near():
            yield from ((("near", index), part) for index, part in enumerate(condition.near))
        case Sentence():
            yield from ((("sentence", index), part) for index, part in enumerate(condition.sentence))
        case Of():
            yield ("of",), condition.of
            yield from ((("unless_near", index), part) for index, part in enumerate(condition.unless_near))
        case Weights():
            yield from ((("weights", index, "of"), row.of) for index, row in enumerate(condition.weights))


def changed(condition: Condition, change: Callable[[Condition], Condition]) -> Condition:
    """*condition* with each condition right inside it changed."""

    def every(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(map(change, conditions))

    match condition:
        case Group():
            return condition.model_copy(update={name: every(inside) for name, inside in condition.parts()})
        case Near():
            return condition.model_copy(update={"near": every(condition.near)})
        case Sentence():
            return condition.model_copy(update={"sentence": every(condition.sentence)})
        case Of():
            inside = {"of": change(condition.of), "unless_near": every(condition.unless_near)}
            return condition.model_copy(update=inside)
        case Weights():
            rows = tuple(row.model_copy(update={"of": change(row.of)}) for row in condition.weights)
            return condition.model_copy(update={"weights": rows})
    return condition


def resolved(condition: Condition, groups: Mapping[str, Condition]) -> Condition:
    """*condition* with what its groups stand for.

    Raises:
        KeyError: a name that is not in *groups*.
    """
    if isinstance(condition, Named):
        return groups[condition.group]
    return changed(condition, lambda part: resolved(part, groups))


def size(condition: Condition, groups: Mapping[str, int]) -> int:
    """How many conditions *condition* comes to when what its names stand for, of the sizes *groups*, is put in."""
    if isinstance(condition, Named):
        return groups.get(condition.group, 0)
    return 1 + sum(size(part, groups) for _, part in parts(condition))


def plain(condition: Condition) -> Any:
    """*condition* as a file says it."""
    said: dict[Any, Any] = condition.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    if said.keys() == {"phrase"}:
        return said["phrase"]
    for loc, part in parts(condition):
        place = said
        for step in loc[:-1]:
            place = place[step]
        place[loc[-1]] = plain(part)
    if isinstance(condition, Weights):
        for row, written in zip(condition.weights, said["weights"], strict=True):
            written |= {key: _points(getattr(row, key)) for key in ("once", "each") if key in written}
    return said


def _points(points: PerZone) -> Any:
    values = points.values()
    one = next(iter(values.values()))
    return one if points == PerZone.model_validate(one) else values


def leaves(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Leaf]]:
    """Every phrase, expression, place and actor of *condition*, with where it stands."""
    if isinstance(condition, Leaf):
        yield loc, condition
    for inner, part in parts(condition):
        yield from leaves(part, (*loc, *inner))


def lists(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Listed]]:
    """Every other watchlist that *condition* names, with where."""
    if isinstance(condition, Listed):
        yield loc, condition
    for inner, part in parts(condition):
        yield from lists(part, (*loc, *inner))


def aside(condition: Condition) -> bool:
    """Whether *condition* looks at what stands about the text: address, author, source."""
    if isinstance(condition, Of) and not set(condition.in_ or ()) <= set(TEXT):
        return True
    return any(aside(part) for _, part in parts(condition))


def anchors(condition: Condition) -> frozenset[Leaf] | None:
    """Leaves of which one at least is met whenever *condition* holds; None when it may hold without any.

    Of several such sets the one is given that the fewest articles are likely to meet.
    """
    match condition:
        case Group():
            sets = [anchors(part) for part in condition.all]
            if condition.any:
                branches = [anchors(part) for part in condition.any]
                sets.append(None if None in branches else frozenset().union(*filter(None, branches)))
        case Near():
            sets = [anchors(part) for part in condition.near]
        case Sentence():
            sets = [anchors(part) for part in condition.sentence]
        case Of():
            sets = [anchors(condition.of)]
        case Weights():
            sets = [_anchors_of_rows(condition)]
        case Facts():
            return None
        case Named() | Listed():
            raise AssertionError(condition)  # it has been replaced
        case _:
            return frozenset((condition,))
    return min((s for s in sets if s is not None), key=_cost, default=None)


def _anchors_of_rows(condition: Weights) -> frozenset[Leaf] | None:
    """Anchors of the rows without which the threshold is out of reach; the dearest that may be spared are left out."""
    rows = [(anchors(row.of), row.best) for row in condition.weights if row.best > 0]
    spare = condition.threshold
    kept: frozenset[Leaf] = frozenset()
    for found, best in sorted(rows, key=lambda row: float("inf") if row[0] is None else _cost(row[0]), reverse=True):
        if best < spare:
            spare -= best
        elif found is None:
            return None
        else:
            kept |= found
    return kept


def _cost(found: frozenset[Leaf]) -> float:
    return sum(map(_frequency, found))


def _frequency(leaf: Leaf) -> float:
    """A guess at the share of articles that have *leaf*: long words and several of them are rare."""
    match leaf:
        case Phrase():
            words = leaf.phrase.replace("*", "").split()
            said = sum(map(letters, words))
            return float(0.5 * 0.6 ** (said - 1) * 0.1 ** (len(words) - 1) * 2 ** leaf.phrase.count("*"))
        case Regex():
            return 0.2
        case Within():
            return 0.05
        case Place() | Actor():
            return 0.01
        case Deed():
            return 0.005


def contradictions(condition: Condition, loc: Loc = ()) -> Iterator[tuple[Loc, Condition]]:
    """The conditions of ``none`` that another part of their group needs, with where they stand.

    Does not: reason further. A list that asks for words no article can have passes.
    """
    if isinstance(condition, Group):
        needed = set(condition.all) | (set(condition.any) if len(condition.any) == 1 else set())
        if condition.any and set(condition.any) <= set(condition.none):
            needed |= set(condition.any)
        yield from (((*loc, "none", i), part) for i, part in enumerate(condition.none) if part in needed)
    for inner, part in parts(condition):
        yield from contradictions(part, (*loc, *inner))
