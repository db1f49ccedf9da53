"""What ``wirewatch tag`` shows of a tag, and with ``--explain`` of each name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.records import Tag, TaggedArticle

TAGS = ["kind", "id", "words", "zone", "span", "how", "country", "points"]

HEADERS = ["words", "zone", "rule", "points", "country", "sure", "could be"]


def tag(tag: Tag) -> tuple[str, ...]:
    """The row of a tag."""
    country, span = tag.country or "/".join(tag.claimants) or "-", f"{tag.start}-{tag.end}"
    return tag.kind, tag.id, tag.surface, tag.zone, span, tag.how, country, f"{tag.score:g}"


def rows(tagged: TaggedArticle, folders: tuple[Path, ...]) -> Iterator[tuple[str, ...]]:
    """A row for each name in the article: the rule that weighed it, what it came to, and the likeliest countries."""
    from pipelines.config import shipped
    from pipelines.knowledge.gazetteer import load
    from pipelines.places.placing import placed

    for mention, said, score in placed(tagged, load(*folders), shipped() / "languages"):
        if said is None:
            entity = mention.name.entity if mention.name else None
            what = "says nothing"
            if entity and (entity.kind != "place" or entity.claimants):
                what = f"{'contested' if entity.claimants else entity.type or entity.kind} {entity.id}"
            yield mention.surface, mention.zone, what, "", "", "", ""
            continue
        shares = sorted(said.evidence.shares.items(), key=lambda share: -share[1])[:4]
        could = ", ".join(f"{country} {share:.0%}" for country, share in shares) if len(shares) > 1 else ""
        sure = f"{said.confidence:.0%}"
        yield mention.surface, mention.zone, said.evidence.rule, f"{score:.2f}", said.country, sure, could
