"""Values for tests: an article, a tagged article, a record, each with defaults that a test overrides."""

from datetime import UTC, datetime
from typing import Any

from connectors.buses import Record
from connectors.records import Article, TaggedArticle, article_id, encode

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def article(title: str = "A title", body: str = "", **fields: Any) -> Article:
    source, entry = fields.pop("source", "wire"), fields.pop("entry", title)
    fields.setdefault("url", f"https://example.org/{abs(hash(entry))}")
    fields.setdefault("id", article_id(source, entry, fields["url"], title))
    return Article(source=source, entry=entry, title=title, body=body, fetched=fields.pop("fetched", NOW), **fields)


def tagged(of: Article | None = None, **fields: Any) -> TaggedArticle:
    return TaggedArticle(article=of or article(), language=fields.pop("language", "en"), **fields)


def record(of: Article, offset: int = 0, timestamp: float = 0.0) -> Record:
    return Record("articles", 0, offset, of.key, encode(of), timestamp or NOW.timestamp())
