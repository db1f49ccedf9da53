"""Feed documents of the evaluation through the product's parser: one row a case that it has a format for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.errors import RejectedError
from connectors.feed import Item, parse


def rows(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """``{"id", "ok", "feed", "entries"}`` for RSS, RDF and Atom; other formats have no row yet."""
    folder = data / "feeds" / split
    for line in (folder / "cases.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        if case["format"] != "xml":
            continue
        try:
            feed = parse((folder / case["file"]).read_bytes(), case.get("url", ""))
        except RejectedError as error:
            yield {"id": case["id"], "ok": False, "reason": str(error)}
            continue
        head = {"title": feed.title, "link": feed.link, "id": feed.id, "language": feed.language}
        yield {"id": case["id"], "ok": True, "feed": head, "entries": [_entry(item) for item in feed.items]}


def _entry(item: Item) -> dict[str, Any]:
    fields = ("title", "link", "id", "published", "updated", "summary")
    return {name: value for name in fields if (value := getattr(item, name)) not in (None, "")}
