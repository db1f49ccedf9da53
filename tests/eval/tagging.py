"""Places, actors and names in the evaluation's documents, by the tagger and the reader as the flow uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.records import Article, TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import load
from pipelines.language import language_of
from pipelines.taggers import gazetteer, spacy_names

ORGANS = {
    **dict.fromkeys(("un-security-council", "unga"), "un"),
    **dict.fromkeys(("european-commission", "european-parliament", "european-council"), "eu"),
}
"""Which the labels do not tell from their organisations."""

ORGANISATIONS = {"coe": "CoE"}
"""Where the labels spell an organisation otherwise than our id in capitals."""


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """``{"id", "countries", "orgs", "mentions"}``; the countries of the article, most salient first."""
    entities = load(shipped() / "gazetteer").entities
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    reader = spacy_names.build(spacy_names.Options())
    for line in (data / "tagging" / split / "docs.jsonl").read_bytes().splitlines():
        document = json.loads(line)
        article = _article(document)
        untagged = TaggedArticle(article=article, language=language_of(article))
        ((tagged,), (names,)) = taggers.tagged(tagger, [untagged]), reader.tag([untagged])
        actors = dict.fromkeys(ORGANS.get(t.id, t.id) for t in tagged.tags if t.kind == "actor")
        people = {t.id for t in tagged.tags if t.kind == "actor" and entities[t.id].type == "person"}
        kinds = {"place": "LOC", "actor": "ORG", "name": "PER"}
        yield {
            "id": document["id"],
            "countries": [country.code for country in tagged.countries],
            "orgs": [ORGANISATIONS.get(a, a.upper()) for a in actors],
            "mentions": [["PER" if t.id in people else kinds[t.kind], t.surface] for t in (*tagged.tags, *names)],
        }


def _article(document: dict[str, Any]) -> Article:
    title, text = document["title"] or "", document["text"]
    return Article(
        id=document["id"],
        source="evaluation",
        url=document.get("url") or "",
        title=title,
        body=text.removeprefix(title).lstrip() if title else text,
        language=document["lang"],
        fetched=datetime(2000, 1, 1, tzinfo=UTC),
    )
