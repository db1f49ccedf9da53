"""Places, actors and names in the evaluation's documents, by the tagger and the reader as the flow uses them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.records import Article
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import load
from pipelines.taggers import gazetteer, spacy_names

ORGANISATIONS = {"coe": "CoE"}
"""Where the labels spell an organisation otherwise than our id in capitals."""


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """``{"id", "countries", "orgs", "mentions"}``; countries of place tags, most often named first."""
    folder = shipped() / "gazetteer"
    entities = load(folder).entities
    tagger = gazetteer.build(gazetteer.Options(folder=folder))
    reader = spacy_names.build(spacy_names.Options())
    for line in (data / "tagging" / split / "docs.jsonl").read_bytes().splitlines():
        document = json.loads(line)
        article = _article(document)
        (tags,), (names,) = tagger.tag([article]), reader.tag([article])
        places = [entities[t.id] for t in tags if t.kind == "place"]
        codes = [c for e in places for c in ([e.country] if e.country else e.claimants) if c and len(c) == 2]
        actors = dict.fromkeys(t.id for t in tags if t.kind == "actor")
        kinds = {"place": "LOC", "actor": "ORG", "name": "PER"}
        yield {
            "id": document["id"],
            "countries": [code for code, _ in Counter(codes).most_common()],
            "orgs": [ORGANISATIONS.get(a, a.upper()) for a in actors],
            "mentions": [[kinds[t.kind], t.surface] for t in (*tags, *names)],
        }


def _article(document: dict[str, Any]) -> Article:
    return Article(
        id=document["id"],
        source="eval",
        url=document.get("url") or "",
        title=document.get("title") or "",
        body=document.get("text") or "",
        language=document.get("lang") or "",
        fetched=datetime.fromtimestamp(0, UTC),
    )
