"""Copies and stories among the evaluation's documents, by the flow's own memories: one row a document.

Stories are those of one watchlist that every document matches; a copy is in the story of what it repeats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.records import TaggedArticle
from connectors.sources import replay
from pipelines import taggers
from pipelines.config import shipped
from pipelines.copies.signing import sign
from pipelines.dedup import Seen, fingerprints
from pipelines.knowledge import gazetteer as knowledge
from pipelines.language import language_of
from pipelines.stories.memory import Stories
from pipelines.stories.rarity import Rarity, load
from pipelines.stories.terms import terms
from pipelines.taggers import gazetteer


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """``{"id", "dup_of", "story"}`` for each document of ``docs.jsonl``, in its order."""
    memories: dict[str, Seen] = {}
    names: dict[str, str] = {}
    told: dict[str, str] = {}
    folder = shipped() / "gazetteer"
    tagger, states = gazetteer.build(gazetteer.Options(folders=(folder,))), knowledge.states(folder)
    stories = Stories(Rarity(load(shipped() / "languages")), quiet=float("inf"))
    for line in (data / "dedup" / split / "docs.jsonl").read_bytes().splitlines():
        article = replay.read(line, "eval", datetime.fromtimestamp(0, UTC))
        names[article.id] = json.loads(line)["id"]
        arrived = TaggedArticle(
            article=article,
            language=language_of(article),
            fingerprints=fingerprints(article),
            signature=sign(article),
        )
        (judged,), _ = memories.setdefault(arrived.language, Seen()).judge([arrived])
        if judged.duplicate_of in told:
            told[article.id] = told[judged.duplicate_of]
        else:
            (tagged,) = taggers.tagged(tagger, [judged])
            member, _ = stories.join(stories.member(terms(tagged, states), article.id, 0.0))
            stories.recall([member])
            told[article.id] = member.story
        yield {"id": names[article.id], "dup_of": names.get(judged.duplicate_of), "story": told[article.id]}
