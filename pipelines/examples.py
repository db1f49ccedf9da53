"""The examples of a watchlist, tried as the flow would read them."""

from __future__ import annotations

from pathlib import Path

from connectors.errors import Problem
from pipelines.knowledge.gazetteer import inside
from pipelines.matching import run_examples
from pipelines.taggers import gazetteer
from pipelines.watchlists import Watchlist


def tried(folder: Path, watchlist: Watchlist) -> list[Problem]:
    """What the examples of *watchlist* show to be wrong, with the gazetteer in *folder*.

    Raises:
        ConfigError: the gazetteer has mistakes.
    """
    if not (watchlist.examples.alert or watchlist.examples.quiet):
        return []
    tagger = gazetteer.build(gazetteer.Options(folder=folder))
    return run_examples(watchlist, tagger.tag, inside(folder))
