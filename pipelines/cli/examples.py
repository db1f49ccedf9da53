"""``test``: try the examples of watchlists, and say of each why it alerts or stays quiet."""

from __future__ import annotations

import typer

from pipelines.cli.lists import Files, chosen
from pipelines.cli.settings import AsJson, ConfigFile, configuration


def test(files: Files = None, config: ConfigFile = None, json: AsJson = False) -> None:  # noqa: PT028 - a command
    """Try the examples of watchlists.

    Says of each which words made it alert or what it lacked, and of one that fails how every condition fared. Exit 1
    when one fails.
    """
    from functools import partial

    from pipelines.cli import output
    from pipelines.cli.trials import head, lines, plain, summary
    from pipelines.knowledge.gazetteer import inside
    from pipelines.taggers import gazetteer, tagged
    from pipelines.watchlists.examples import beside
    from pipelines.watchlists.trials import trials

    settings = configuration(config, watchlists=not files)
    lists = chosen(settings, files or [])
    tagger = gazetteer.build(gazetteer.Options(folders=settings.gazetteer))
    places = inside(*settings.gazetteer)
    count = failed = 0
    for watchlist in lists:
        if not json:
            output.show(*head(watchlist))
        for trial in trials(watchlist, partial(tagged, tagger), places, partial(beside, watchlist)):
            count, failed = count + 1, failed + (not trial.right)
            if json:
                output.as_json(plain(trial))
            else:
                output.show(*lines(trial))
    if not json:
        output.show(*summary(len(lists), count, failed))
    raise typer.Exit(1 if failed else 0)
