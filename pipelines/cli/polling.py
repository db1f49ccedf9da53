"""One poll of one feed, by the parts that poll for real, with nothing kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.child import Child
from connectors.errors import ConfigError, Problem
from connectors.fetch import MAX_BYTES, Fetcher, Reply
from connectors.sources import Batch, Tools, rss


class _FromFile:
    """Answers a fetch with the bytes of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, url: str, *, etag: str = "", last_modified: str = "") -> Reply:
        del etag, last_modified
        try:
            with self._path.open("rb") as file:
                body = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigError(Problem(str(self._path), 0, 0, f"cannot be read: {error.strerror}")) from None
        if len(body) > MAX_BYTES:
            raise ConfigError(Problem(str(self._path), 0, 0, f"is larger than {MAX_BYTES // 1_000_000} MB"))
        return Reply(200, url, body)


async def poll_once(feed: str) -> Batch:
    """Poll the feed at the address, or in the file, *feed* for the first time.

    Raises:
        ConfigError: the file cannot be read.
    """
    async with Fetcher() as fetcher, Child(1) as child:
        web = feed.startswith(("http://", "https://"))
        fetch = fetcher if web else cast(Fetcher, _FromFile(Path(feed)))
        url = feed if web else "https://file.invalid/"  # relative links need something to hang from
        tools = Tools(fetch, child, lambda: datetime.now(UTC))
        return await rss.build("parse", rss.Options.model_validate({"url": url}), tools).poll("")
