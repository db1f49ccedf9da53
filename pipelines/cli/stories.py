"""``stories`` and ``story``: what became of what alerted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, DataFolder, configuration, open_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.buses import Bus
    from pipelines.cli.output import Row
    from pipelines.stories.timeline import Story

SHOWN = 12
"""Characters of an id that are shown, and that are enough to ask by."""


def stories(
    watchlist: Annotated[str, typer.Option(metavar="ID", help="Only those of this watchlist.")] = "",
    last: Annotated[int, typer.Option("--last", "-n", min=1, metavar="N", help="So many, the latest first.")] = 50,
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """List the stories there are, the latest first: one alert each, and all the articles that tell of it."""
    import msgspec

    from pipelines.cli import output

    bus = open_log(configuration(config, data=data, watchlists=False))
    found = [story for story in _stories(bus) if watchlist in ("", story.watchlist)][:last]
    if json:
        for story in found:
            output.as_json(msgspec.to_builtins(story) | {"origins": story.origins})
        return
    headers = ["story", "watchlist", "opened (UTC)", "last (UTC)", "articles", "copies", "origins", "title"]
    output.table(f"Stories: {len(found)}", headers, map(_row, found))


def story(
    wanted: Annotated[str, typer.Argument(metavar="ID|URL", help="An id, or its beginning, or an article's address.")],
    config: ConfigFile = None,
    data: DataFolder = None,
    json: AsJson = False,
) -> None:
    """Show how a story went: its articles in order, why each joined, and the copies of each.

    ID is that of the story, of its alert or of an article in it. Exit 1 when there is none.
    """
    import msgspec

    from pipelines.cli import output

    bus = open_log(configuration(config, data=data, watchlists=False))
    found = [one for one in _stories(bus) if _is(one, wanted)]
    for one in found:
        if json:
            output.as_json(msgspec.to_builtins(one) | {"origins": one.origins})
        else:
            title = f"{one.title} ({one.watchlist}, {one.alert[:SHOWN]}), told by {', '.join(one.origins)}"
            output.table(title, ["fetched (UTC)", "how", "source", "title", "address", "why"], _rows(one))
    if not found:
        typer.echo(f"no story '{wanted}': 'wirewatch stories' lists them", err=True)
        raise typer.Exit(1)


def _stories(bus: Bus) -> list[Story]:
    from connectors.buses import every
    from connectors.records import StoryMember, TaggedArticle, decode
    from pipelines.stories.timeline import timelines

    if "stories" not in bus.topics():
        raise ConfigError("no stories here yet: 'wirewatch run' of this version makes them")
    members = (decode(StoryMember, record.value) for record in every(bus, "stories"))
    return timelines(members, (decode(TaggedArticle, record.value) for record in every(bus, "tagged")))


def _is(story: Story, wanted: str) -> bool:
    articles = [member.article for member in story.members]
    if wanted in {*(member.url for member in story.members), *(copy.url for copy in story.copies)}:
        return True
    ids = [story.alert, story.members[0].story, *articles]
    return len(wanted) >= 4 and any(id_.startswith(wanted) for id_ in ids)


def _row(story: Story) -> Row:
    opened, last = (f"{time:%-d %b %H:%M}" for time in (story.opened, story.last))
    counts = (str(len(story.members)), str(len(story.copies)), str(len(story.origins)))
    return (story.alert[:SHOWN], story.watchlist, opened, last, *counts, story.title)


def _rows(story: Story) -> Iterator[Row]:
    titles = {member.article.rpartition(".")[0]: member.title for member in story.members}
    for member in story.members:
        why = ""
        if link := member.link:
            like = titles.get(link.article, link.article)
            shares = f"text {link.text:.2f}, title {link.title:.2f}, opening {link.opening:.2f}"
            new = f"; new: {', '.join(member.new)}" if member.new else ""
            why = f"{link.score:.2f} like '{like}': {shares}{new}"
        yield (f"{member.fetched:%-d %b %H:%M:%S}", member.how, member.source, member.title, member.url, why)
    for edit in story.edits:
        for sign, sentences in (("-", edit.removed), ("+", edit.added)):
            yield from (("", sign, "", sentence, "", "") for sentence in sentences)
    for copy in story.copies:
        alike = copy.likeness
        why = f"{alike.shared:.0%} of the text, {alike.lead:.0%} of its beginning" if alike else "the same"
        yield (f"{copy.fetched:%-d %b %H:%M:%S}", "copy", copy.source, copy.title, copy.url, why)
