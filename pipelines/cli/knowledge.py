"""``knowledge show``, ``check`` and ``build``: what the gazetteer knows of a name, and whether it is in order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectors.errors import ConfigError
from pipelines.cli.settings import AsJson, ConfigFile, configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.knowledge.entity import Entity
    from pipelines.knowledge.gazetteer import Gazetteer

app = typer.Typer(
    help="Look into the gazetteer: the places, people and organisations that articles are read for.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID|NAME", help="An id, or a name as it stands in a text.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show what is known of a place or actor, with all its names, and the towns and regions of that name.

    Exit 1 when nothing is known.
    """
    from pipelines.cli import output
    from pipelines.knowledge.gazetteer import load
    from pipelines.knowledge.world import key

    settings = configuration(config)
    gazetteer = load(*settings.gazetteer)
    entities, places = _entities(gazetteer, name), gazetteer.places(key(name))
    if json:
        kept = [entity.model_dump(mode="json", exclude_defaults=True) for entity in entities]
        output.as_json({"entities": kept, "places": [place._asdict() for place in places]})
    for entity in entities if not json else ():
        output.table(entity.id, ["what", "is"], _facts(entity, *settings.gazetteer))
        output.table("Names", ["language", "forms"], _names(gazetteer, entity))
    if places and not json:
        headers = ["id", "country", "region", "kind", "people"]
        rows = ((p.id, p.country, p.admin or "-", p.kind, f"{p.population:,}") for p in places)
        output.table(f"Towns and regions called {name}", headers, rows)
    if not entities and not places:
        typer.echo(f"nothing is called '{name}'", err=True)
        raise typer.Exit(1)


def _entities(gazetteer: Gazetteer, name: str) -> list[Entity]:
    if name in gazetteer.entities:
        return [gazetteer.entities[name]]
    names = (gazetteer.names[hit.pattern] for hit in gazetteer.scan(name) if hit.end - hit.start == len(name))
    surnames = (gazetteer.surnames[hit.pattern] for hit in gazetteer.scan_surnames(name))
    return list({found.entity.id: found.entity for found in (*names, *surnames)}.values())


def _facts(entity: Entity, *folders: Path) -> Iterator[tuple[str, str]]:
    yield "kind", f"{entity.kind} {entity.type}".strip()
    plain = entity.model_dump(mode="json", exclude_defaults=True)
    for fact in ("country", "within", "claimants", "wikidata", "geonames", "note"):
        if fact in plain:
            yield fact, ", ".join(plain[fact]) if isinstance(plain[fact], list) else str(plain[fact])
    for side, called in entity.called.items():
        yield "called", f"{called} by {side}"
    for rule in entity.administration:
        yield "held", f"by {rule.by}{_span(rule)}"
    for office in entity.offices:
        yield "office", f"{office.title}, {office.country or office.state or office.organisation}{_span(office)}"
    if entity.policy:
        yield "policy", policy(entity.policy, *folders)


def _span(span: Any) -> str:
    since = f" since {span.since}" if span.since and span.since != "unknown" else ""
    return since + (f" until {span.until}" if span.until else "")


def policy(name: str, *folders: Path) -> str:
    """The text under the heading *name* of ``policies.md`` in the last of *folders* that has it, else the name."""
    for path in (folder / "policies.md" for folder in reversed(folders)):
        _, _, after = ("\n" + path.read_text("utf-8") if path.exists() else "").partition(f"\n## {name}\n")
        if text := " ".join(after.partition("\n## ")[0].split()):
            return text
    return name


def _names(gazetteer: Gazetteer, entity: Entity) -> Iterator[tuple[str, str]]:
    forms: defaultdict[str, list[str]] = defaultdict(list)
    for kind, names in (("", gazetteer.names), (" (surname)", gazetteer.surnames)):
        for number, name in enumerate(names):
            if name.entity.id == entity.id and (kind or number not in gazetteer.muted):
                for language in sorted(name.languages):
                    forms[language + (" (people)" if name.demonym else kind)].append(name.text)
    for language in sorted(forms):
        yield language, ", ".join(sorted(forms[language]))


@app.command()
def check(config: ConfigFile = None, json: AsJson = False) -> None:
    """Look for names that are never read, because another holds them, and for names that are words of every day.

    Mistakes in the files are told by every command; these are doubts. Exit 1 when there are any.
    """
    from pipelines.cli import output
    from pipelines.config import shipped
    from pipelines.knowledge import frequent
    from pipelines.knowledge.checking import doubts
    from pipelines.knowledge.gazetteer import load
    from pipelines.places import english

    gazetteer = load(*configuration(config).gazetteer)
    languages = shipped() / "languages"
    found = list(doubts(gazetteer, english.load(languages), frequent.load(languages)))
    if json:
        for doubt in found:
            output.as_json(doubt._asdict())
    else:
        output.table(f"Doubts: {len(found)} of {len(gazetteer.names):,} names", ["id", "name", "what"], found)
    raise typer.Exit(1 if found else 0)


@app.command()
def build(config: ConfigFile = None) -> None:
    """Read all files of the gazetteer anew, write the inflected forms of its names, and keep what it comes to.

    Russian forms need the extra 'ru'. Files that are not as they should be are named, and nothing is written.
    """
    from pipelines.knowledge import gazetteer as knowledge
    from pipelines.knowledge import written

    folder, *_ = configuration(config).gazetteer  # one that is laid over it is read as it is
    try:
        forms = written.write(folder)
        gazetteer = knowledge.build(folder)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from None
    typer.echo(
        f"{folder}: {len(gazetteer.entities):,} places and actors, {len(gazetteer.names):,} forms of names"
        f" ({forms:,} rows of forms written), {len(gazetteer.world):,} names of towns and regions"
    )
