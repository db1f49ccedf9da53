"""The shipped watchlists on headlines in some forty languages: what was reached is kept."""

from __future__ import annotations

from collections import Counter

import pytest
from benchmarks.headlines import CASES, f1, outcomes
from ruamel.yaml import YAML

LISTS = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", LISTS)
def test_a_shipped_list_tells_headlines_apart(name: str) -> None:
    found = list(outcomes(name))
    wrong = [f"{what} {case['language']}: {case['title']}" for what, case in found if what in ("fp", "fn")]
    assert f1(Counter(what for what, _ in found)) >= 0.97, "\n".join(wrong)


@pytest.mark.parametrize("name", LISTS)
def test_the_headlines_are_many_of_many_languages_and_of_both_kinds(name: str) -> None:
    cases = YAML(typ="safe").load((CASES / f"{name}.yaml").read_text("utf-8"))
    assert len(cases) > 130
    assert len({case["language"] for case in cases}) > 20
    assert min(Counter(case["alert"] for case in cases).values()) > 50
