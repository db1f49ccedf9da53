"""The points of a row of ``weights`` as a query writes them: ``[title=1 lead=0.35 body+0.25 most=4 cap=0.6]``."""

from __future__ import annotations

import re
from typing import Any, get_args

from connectors.records import TEXT, Zone
from pipelines.watchlists.conditions import MOST_HITS, PerZone, Row

_PART = re.compile(rf"(?:({'|'.join(get_args(Zone))}|most|cap)?(=|\+))?(-?(?:\d+\.?\d*|\.\d+))")


def points_of(text: str) -> dict[str, Any]:
    """What *text* says, for a `Row`. A number alone, or after ``=``, counts once a zone; after ``+`` for each hit.

    Raises:
        ValueError: it cannot be read.
    """
    given: dict[str, Any] = {}
    for part in text.strip("[]").split():
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"'{part}' is not points: title=1, body+0.25, -1, most=4 or cap=0.6")
        name, sign, number = found.groups()
        if name in ("most", "cap"):
            given[name] = int(number) if name == "most" and number.isdecimal() else float(number)
        else:
            points = given.setdefault("each" if sign == "+" else "once", {})
            points |= dict.fromkeys([name] if name else TEXT, float(number))
    return given


def points_as(row: Row) -> str:
    """The points of *row* as `points_of` reads them."""
    said = [*_zones(row.once, "="), *_zones(row.each, "+")]
    said += [f"most={row.most}"] if row.most != MOST_HITS else []
    said += [f"cap={row.cap!r}"] if row.cap is not None else []
    return f"[{' '.join(said)}]"


def _zones(points: PerZone, sign: str) -> list[str]:
    return [f"{zone}{sign}{value!r}" for zone, value in points.values().items()]
