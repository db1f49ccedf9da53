"""The screen before a list is evaluated: what it sees is a part missing, wherever the others stand."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.watchlists.screening import screened
from pipelines.watchlists.walking import leaves
from pipelines.watchlists.watchlist import Watchlist


@pytest.mark.parametrize(
    "match",
    [
        {"near": ["war", "truce"], "distance": 3},
        {"sentence": ["war", "truce"]},
        {"all": ["war", {"any": ["truce", {"near": ["talks", "peace"], "distance": 3}]}]},
        {"of": {"all": ["war", "truce"]}, "in": ["title"]},
        {"weights": [{"of": w, "once": {"title": 0.5}} for w in ("war", "truce")], "threshold": 0.8},
    ],
)
def test_a_list_is_not_evaluated_when_a_part_that_it_needs_is_missing(match: Any) -> None:
    condition = Watchlist.model_validate({"id": "w", "title": "W", "match": match}).condition
    found = {str(leaf): number for number, (_, leaf) in enumerate(leaves(condition))}
    may = screened(condition, lambda leaf: found[str(leaf)])
    assert may({found["war"], found["truce"]})
    assert not may({found["war"]})
    assert not may({found["truce"]})
