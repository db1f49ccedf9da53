"""The shipped watchlists on labelled articles, through the tagger and the matcher as the flow uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.records import Article, TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.language import language_of
from pipelines.taggers import gazetteer
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Matcher


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """For each item of ``items.jsonl``, the watchlists that alert: ``{"id", "alerts"}``.

    Labels name a list with underscores, as its file names it with hyphens.
    """
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    watchlists, problems = load_folder(shipped() / "watchlists")
    if problems:
        raise SystemExit("\n".join(map(str, problems)))
    matcher = Matcher(watchlist for watchlist, _ in watchlists)
    for line in (data / "alerts" / split / "items.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        article = _article(item)
        (tagged,) = taggers.tagged(tagger, [TaggedArticle(article=article, language=language_of(article))])
        matches = matcher.match(tagged)
        yield {"id": item["id"], "alerts": [match.watchlist.id.replace("-", "_") for match in matches]}


def _article(item: dict[str, Any]) -> Article:
    return Article(
        id=item["id"],
        source=item["source"],
        url="",
        title=item["title"] or "",
        body=item["text"] or "",
        language=item["lang"],
        fetched=datetime(2000, 1, 1, tzinfo=UTC),
    )
