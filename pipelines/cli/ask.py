"""``parse``, ``tag`` and ``explain``: ask a part of the line about one feed or one article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, named_watchlist

if TYPE_CHECKING:
    from connectors.records import Article, TaggedArticle
    from pipelines.config import Config
    from pipelines.whereabouts import Whereabouts

HELP = "A file (a record in JSON, or text whose first line is the title), or - for standard input."


def parse(
    feed: Annotated[str, typer.Argument(metavar="FILE|URL", help="An RSS or Atom document, or its address.")],
    json: AsJson = False,
) -> None:
    """Show what a feed gives.

    It is fetched, parsed in a confined child and made articles of, as a poll does it; nothing is kept. With --json one
    article a line, which 'wirewatch replay' takes. Exit 1 when it gives no feed.
    """
    import asyncio

    from connectors.sinks.stdout import visible
    from pipelines.cli import output
    from pipelines.cli.polling import poll_once

    batch = asyncio.run(poll_once(feed))
    if json:
        for article in batch.articles:
            output.as_json(article)
    elif batch.articles:
        headers = ["published (UTC)", "title", "characters", "address"]
        output.table(f"Articles: {len(batch.articles)}", headers, output.article_rows(batch.articles))
    for letter in batch.rejected:
        typer.echo(f"set aside: {letter.reason}: {visible(letter.detail)}", err=True)
    if batch.failed:
        typer.echo(f"{batch.state}: {visible(batch.reason)}", err=True)
        raise typer.Exit(1)


def tag(
    article: Annotated[str, typer.Argument(metavar="FILE|-", help=HELP)],
    explain: Annotated[
        bool, typer.Option("--explain", help="Show of each name what decided which place it is.")
    ] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show the places and actors that are read in an article, and the countries it is about."""
    from pipelines.articles import read_article
    from pipelines.cli import output, placing

    settings = configuration(config)
    tagged = _tagged(settings, read_article(article))
    if json:
        output.as_json(tagged)
        return
    if explain:
        title = f"Names: what each says, language: {tagged.language}"
        output.table(title, placing.HEADERS, placing.rows(tagged, settings.gazetteer))
    output.table(f"Tags: {len(tagged.tags)}, language: {tagged.language}", placing.TAGS, map(placing.tag, tagged.tags))
    countries = ((country.code, f"{country.score:g}") for country in tagged.countries)
    output.table("Countries, the most salient first", ["country", "points"], countries)
    if tagged.acts:
        acts = ((act.source, act.verb, act.target, act.code, act.zone) for act in tagged.acts)
        output.table("Acts", ["who", "does", "to whom", "CAMEO", "zone"], acts)


def explain(
    article: Annotated[
        str, typer.Argument(metavar="ARTICLE", help=f"{HELP} Or the address, the id or the key of one on the log.")
    ],
    *,
    watchlist: Annotated[str, typer.Option("--watchlist", "-w", metavar="ID", help="The watchlist to try.")],
    everything: Annotated[bool, typer.Option("--all", help="Show conditions that were not met one by one.")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """Say why a watchlist fires on an article, or why not.

    Of an article on the log it says first where that is: when it was fetched, whether it is through the flow, of what
    it is a copy, which lists it alerted. Exit 0 when it fires, 1 when it does not or was never fetched.
    """
    from datetime import UTC, datetime

    import msgspec

    from pipelines.cli import output
    from pipelines.cli.explaining import verdict
    from pipelines.knowledge.gazetteer import inside
    from pipelines.watchlists.matching import explain as reasons

    settings = configuration(config, data=data)
    chosen = named_watchlist(settings, watchlist)
    where, tagged = _found(settings, article)
    explanation = reasons(chosen, tagged, inside(*settings.gazetteer)) if tagged else None
    if json:
        copy = {"duplicate_of": tagged.duplicate_of} if tagged and tagged.duplicate_of else {}
        told = msgspec.to_builtins(explanation) if explanation else {"held": False}
        output.as_json(told | copy | ({"whereabouts": where} if where else {}))
    else:
        if where:
            from pipelines.cli.whereabouts import shown

            output.show(*shown(where, datetime.now(UTC)))
        if tagged and explanation:
            output.show(*verdict(explanation, tagged, everything))
    raise typer.Exit(0 if explanation and explanation.held else 1)


def _found(config: Config, name: str) -> tuple[Whereabouts | None, TaggedArticle | None]:
    """Where the article is on the log, and it tagged with the names as they are now; None when it was never fetched."""
    from pathlib import Path

    import msgspec

    from pipelines.articles import read_article

    if name == "-" or Path(name).exists():
        return None, _tagged(config, read_article(name))
    from pipelines.cli.whereabouts import look
    from pipelines.tracing import is_address

    where, seen = look(config, name)
    if seen is not None:
        return where, msgspec.structs.replace(_tagged(config, seen.article), duplicate_of=seen.duplicate_of)
    if not is_address(name):
        raise ConfigError(f"'{name}' is neither a file nor the id of an article that was fetched")
    return where, None


def _tagged(config: Config, article: Article) -> TaggedArticle:
    from connectors.records import TaggedArticle
    from pipelines import taggers
    from pipelines.language import language_of, title_language_of
    from pipelines.taggers import gazetteer

    tagger = gazetteer.build(gazetteer.Options(folders=config.gazetteer))
    language = language_of(article)
    untagged = TaggedArticle(article=article, language=language, title_language=title_language_of(article, language))
    (tagged,) = taggers.tagged(tagger, [untagged])
    return tagged
