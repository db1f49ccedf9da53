"""Copies among the evaluation's documents, by the flow's own memory: one row a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.records import TaggedArticle
from connectors.sources import replay
from pipelines.copies.signing import sign
from pipelines.dedup import Seen, fingerprints
from pipelines.language import language_of


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """``{"id", "dup_of"}`` for each document of ``docs.jsonl``, in its order. Stories are not made yet."""
    memories: dict[str, Seen] = {}
    names: dict[str, str] = {}
    for line in (data / "dedup" / split / "docs.jsonl").read_bytes().splitlines():
        article = replay.read(line, "eval", datetime.fromtimestamp(0, UTC))
        names[article.id] = json.loads(line)["id"]
        arrived = TaggedArticle(
            article=article, language=language_of(article), fingerprints=fingerprints(article), signature=sign(article)
        )
        (judged,), _ = memories.setdefault(arrived.language, Seen()).judge([arrived])
        yield {"id": names[article.id], "dup_of": names.get(judged.duplicate_of)}
