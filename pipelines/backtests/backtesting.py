"""Tries changed watchlists beside the running ones on the articles of a log. Appends and commits nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.buses import Record
from connectors.records import TaggedArticle, decode, digest
from pipelines import stages, taggers
from pipelines.address import Address
from pipelines.backtests.backtest import Pair
from pipelines.backtests.chunks import TOPIC, Chunk
from pipelines.backtests.outcome import outcome
from pipelines.backtests.tally import Joining, Result
from pipelines.knowledge.gazetteer import inside
from pipelines.taggers import gazetteer
from pipelines.watchlists.matching import Match, Matcher

TOLD = 100
"""Differences of each kind that are told of one chunk; a list that alerts on everything must not fill the disk."""

BATCH = 200
"""Records read at once."""


@dataclass(frozen=True)
class Job:
    """What to compare, on which bus; with *retag* the new versions get tags of the *gazetteer* as it is. Pickles."""

    address: Address
    pairs: tuple[Pair, ...]
    gazetteer: tuple[Path, ...]
    retag: bool = False

    @property
    def question(self) -> str:
        """Tells this job from every other."""
        versions = [version.version if version else "" for pair in self.pairs for version in pair]
        files = [path for folder in self.gazetteer for path in sorted(folder.iterdir()) if path.is_file()]
        names = [part for path in files for part in (path.name, path.read_text("utf-8", "replace"))]
        return digest(stages.VERSION, *self.address, *versions, str(self.retag), *names)


class Reader:
    """Both versions of every list, compiled, and the log to try them on."""

    def __init__(self, job: Job) -> None:
        self._bus = job.address.open()
        places = inside(*job.gazetteer)
        self._before = Matcher((pair.before for pair in job.pairs if pair.before), places)
        self._after = Matcher((pair.after for pair in job.pairs), places)
        self._tagger = gazetteer.build(gazetteer.Options(folders=job.gazetteer)) if job.retag else None

    def read(self, chunk: Chunk, look: Callable[[], None] = lambda: None) -> Result:
        """What both versions make of the articles of *chunk*; *look* is called every `BATCH` records, and may raise."""
        moments = []
        articles = copies = failed = 0
        lists = {watchlist.id: Joining(TOLD) for watchlist in self._after.watchlists}
        for record in self._records(chunk, look):
            articles += 1
            try:
                stored = decode(TaggedArticle, record.value)
                moments.append(stored.article.fetched)
                if stored.duplicate_of:
                    copies += 1
                    continue
                for name, before, after in self._matches(stored):
                    if made := outcome(stored, before, after):
                        lists[name].add(stored.article.id, *made)
            except Exception:  # as in the flow: an article built to break a library must not take its siblings along
                failed += 1
        return Result(
            articles=articles,
            copies=copies,
            failed=failed,
            begin=min(moments, default=None),
            end=max(moments, default=None),
            lists={name: tally for name, joining in lists.items() if (tally := joining.tally()).outcomes},
        )

    def _records(self, chunk: Chunk, look: Callable[[], None]) -> Iterator[Record]:
        offset = chunk.start
        while offset < chunk.end:
            look()
            found = self._bus.read(TOPIC, chunk.partition, offset, min(BATCH, chunk.end - offset))
            inside = [record for record in found if record.offset < chunk.end]  # offsets may have gaps
            yield from inside
            offset = inside[-1].offset + 1 if inside else chunk.end

    def _matches(self, stored: TaggedArticle) -> Iterator[tuple[str, Match | None, Match | None]]:
        before = {match.watchlist.id: match for match in self._before.match(stored)}
        after = {match.watchlist.id: match for match in self._after.match(self._tagged(stored))}
        for name in sorted(before.keys() | after.keys()):
            yield name, before.get(name), after.get(name)

    def _tagged(self, stored: TaggedArticle) -> TaggedArticle:
        if self._tagger is None:
            return stored
        (tagged,) = taggers.tagged(self._tagger, [stored])
        return tagged
