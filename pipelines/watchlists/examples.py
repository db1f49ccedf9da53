"""The examples of a watchlist, tried as the flow would read them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from connectors.errors import ConfigError, Problem
from connectors.records import Article
from pipelines.articles import read_article
from pipelines.knowledge.gazetteer import inside
from pipelines.taggers import gazetteer, tagged
from pipelines.watchlists.trials import mistakes
from pipelines.watchlists.watchlist import Watchlist


def tried(folders: tuple[Path, ...], watchlist: Watchlist) -> list[Problem]:
    """What the examples of *watchlist* show to be wrong, with the gazetteer in *folders*.

    Raises:
        ConfigError: the gazetteer has mistakes.
    """
    if not (watchlist.examples.alert or watchlist.examples.quiet):
        return []
    tagger = gazetteer.build(gazetteer.Options(folders=folders))
    return mistakes(watchlist, partial(tagged, tagger), inside(*folders), partial(beside, watchlist))


def beside(watchlist: Watchlist, name: str) -> Article:
    """The article in the file *name*, which is beside that of *watchlist* or in a folder there.

    Raises:
        ConfigError: it is elsewhere, cannot be read, or is no article.
    """
    home = Path(watchlist.path).parent.resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home):
        raise ConfigError(Problem(watchlist.path, 0, 0, f"the example '{name}' must be a file in {home}"))
    return read_article(str(path))
