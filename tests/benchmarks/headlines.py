"""The shipped watchlists on headlines in some forty languages: which alert, and which should.

A score, not a time. A headline has one or two sentences, so whatever needs a body is silent. The cases are in
``tests/headlines`` and were written without looking at the lists. ``WIREWATCH_SHOW=1`` prints those that are wrong.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.language import language_of
from pipelines.taggers import gazetteer
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Matcher
from tests.factories import article

CASES = Path(__file__).parents[1] / "headlines"


def outcomes(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each case of the watchlist *name*, as ``tp``, ``fp``, ``fn`` or ``tn``."""
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    matcher = Matcher([w for w, _ in load_folder(shipped() / "watchlists")[0] if w.id == name])
    for case in YAML(typ="safe").load((CASES / f"{name}.yaml").read_text("utf-8")):
        made = article(case["title"], case.get("body", ""), language=case["language"])
        (tagged,) = taggers.tagged(tagger, [TaggedArticle(article=made, language=language_of(made))])
        fires = bool(matcher.match(tagged))
        yield ("tp" if fires else "fn") if case["alert"] else ("fp" if fires else "tn"), case


def f1(counts: Counter[str]) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * counts["tp"] / max(1, 2 * counts["tp"] + counts["fp"] + counts["fn"])


def main() -> None:
    """Precision, recall and F1 of each list, and what it got wrong by language and kind."""
    for path in sorted(CASES.glob("*.yaml")):
        found = list(outcomes(path.stem))
        counts = Counter(outcome for outcome, _ in found)
        precision, recall = (counts["tp"] / max(1, counts["tp"] + counts[wrong]) for wrong in ("fp", "fn"))
        print(
            f"  {path.stem}: {len(found)} headlines, P {precision:.1%} R {recall:.1%} F1 {f1(counts):.1%}, "
            f"{counts['fp']} told wrongly, {counts['fn']} missed"
        )
        for outcome in ("fn", "fp"):
            wrong = [case for what, case in found if what == outcome]
            for key in ("language", "kind"):
                parts = ", ".join(f"{k} {n}" for k, n in Counter(case[key] for case in wrong).most_common())
                print(f"    {outcome} by {key}: {parts}")
            for case in wrong if os.environ.get("WIREWATCH_SHOW") else ():
                print(f"    {outcome} {case['language']} {case['kind']}: {case['title']} {case.get('body', '')}")
