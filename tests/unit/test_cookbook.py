"""The watchlists in README do as they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.config import shipped
from pipelines.knowledge.gazetteer import ids
from pipelines.matching import run_examples
from pipelines.query import written
from pipelines.taggers import gazetteer
from pipelines.watchlists import check_ids, parse

BLOCKS = re.findall(r"```yaml\n(id: .+?)```", (Path(__file__).parents[2] / "README.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=[block.split()[1] for block in BLOCKS])
def test_a_recipe_passes_its_examples(text: str) -> None:
    watchlist = parse(text, "README.md")
    assert watchlist.examples.alert and watchlist.examples.quiet
    assert [str(p) for p in check_ids(watchlist, ids(shipped() / "gazetteer"))] == []
    tagger = gazetteer.build(gazetteer.Options(folder=shipped() / "gazetteer"))
    assert [str(p) for p in run_examples(watchlist, tagger.tag)] == []
    both = parse(f"id: x\ntitle: x\nquery: >-\n  {written(watchlist.condition)}\n", "query")
    twin = watchlist.model_copy()
    twin._condition = both.condition
    assert [str(p) for p in run_examples(twin, tagger.tag)] == []


def test_the_cookbook_is_not_empty() -> None:
    assert len(BLOCKS) >= 5
