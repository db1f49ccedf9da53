"""The watchlists in README do as they say."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from pipelines.config import shipped
from pipelines.knowledge.gazetteer import ids, inside
from pipelines.taggers import gazetteer, tagged
from pipelines.watchlists.linking import linked
from pipelines.watchlists.trials import mistakes
from pipelines.watchlists.watchlist import check_ids, parse
from pipelines.watchlists.writing import written

BLOCKS = re.findall(r"```yaml\n(id: .+?)```", (Path(__file__).parents[2] / "README.md").read_text("utf-8"), re.DOTALL)


LISTS = {
    watchlist.id: watchlist for watchlist in linked({w.id: w for w in (parse(text, "README.md") for text in BLOCKS)})[0]
}


@pytest.mark.parametrize("name", LISTS)
def test_a_recipe_passes_its_examples_in_both_forms(name: str) -> None:
    watchlist, folder = LISTS[name], shipped() / "gazetteer"
    assert watchlist.examples.alert and watchlist.examples.quiet
    assert [str(p) for p in check_ids(watchlist, ids(folder))] == []
    tagger = gazetteer.build(gazetteer.Options(folders=(folder,)))
    assert [str(p) for p in mistakes(watchlist, partial(tagged, tagger), inside(folder))] == []
    both = parse(f"id: x\ntitle: x\nquery: >-\n  {written(watchlist.condition)}\n", "query")
    twin = watchlist.linked(both.condition, "")
    assert [str(p) for p in mistakes(twin, partial(tagged, tagger), inside(folder))] == []


def test_the_cookbook_is_not_empty() -> None:
    assert len(BLOCKS) == len(LISTS) >= 8
