"""Decode, Deduplicate, Tag, Flag: Beam around `pipelines.stages`. These shells decide nothing.

Models, automata and buses do not pickle and ``setup()`` runs once a bundle on the local runner, so each shell takes
them from a cache of the process, keyed by configuration.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.coders import BytesCoder, VarIntCoder
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec, TimerSpec, on_timer

from connectors.buses import Entry
from connectors.records import DeadLetter
from pipelines import stages
from pipelines.dedup import Seen, Segment
from pipelines.elements import Entries, Microbatch, Records

DEAD = "dead"
"""The output beside the main one: `Entries` of dead letters."""


class Decode(beam.PTransform):
    """`Records` to ``(language, Microbatch)``, ready to de-duplicate; bytes that are no article go to `DEAD`.

    Element by element, no state. Order within a language is kept.
    """

    def expand(self, records: Any) -> Any:
        decoding = beam.ParDo(DecodeFn()).with_output_types(tuple[str, Microbatch], dead=Entries)
        return records | decoding.with_outputs(DEAD, main="articles")


class DecodeFn(beam.DoFn):
    """Decode a micro-batch and part it by language."""

    def process(self, element: Records) -> Iterable[tuple[str, Microbatch] | TaggedOutput]:
        if element.remembered:
            for language, known in stages.recall(element.records).items():
                yield language, Microbatch(remembered=tuple(known))
            return
        articles, dead = stages.arrive(element.records)
        languages: dict[str, list[Any]] = {}
        for tagged in articles:
            languages.setdefault(tagged.language, []).append(tagged)
        for language, part in languages.items():
            yield language, Microbatch(tuple(part))
        yield from _dead(dead)


class Deduplicate(beam.PTransform):
    """``(language, Microbatch)`` to `Microbatch`, copies marked with the first copy they repeat.

    A copy is recognised for between one and two *horizon* seconds after the first. Remembered batches fill the memory
    and end here. State: an append-only bag of segments a generation and a token; the decoded index lives in the
    process and is rebuilt from the bags when the token is not the one it was left with (restart, moved key, retried
    bundle). The token is random, not a counter: after a restore a counter repeats with other content.
    """

    def __init__(self, owner: str, horizon: float) -> None:
        super().__init__()
        self.owner = owner
        self.horizon = horizon

    def expand(self, keyed: Any) -> Any:
        return keyed | beam.ParDo(DeduplicateFn(self.owner, self.horizon)).with_output_types(Microbatch)


class DeduplicateFn(beam.DoFn):
    """One language's memory. *owner* keeps the memories of several flows in one process apart."""

    OLDER = BagStateSpec("older", BytesCoder())
    NEWER = BagStateSpec("newer", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", VarIntCoder())
    TURN = TimerSpec("turn", TimeDomain.WATERMARK)

    def __init__(self, owner: str, horizon: float) -> None:
        self.owner = owner
        self.horizon = horizon

    def process(
        self,
        element: tuple[str, Microbatch],
        timestamp: Any = beam.DoFn.TimestampParam,
        older: Any = beam.DoFn.StateParam(OLDER),
        newer: Any = beam.DoFn.StateParam(NEWER),
        token: Any = beam.DoFn.StateParam(TOKEN),
        turn: Any = beam.DoFn.TimerParam(TURN),
    ) -> Iterator[Microbatch]:
        language, batch = element
        left = token.read()
        seen = _take((self.owner, language), left, older, newer)
        if batch.remembered:
            added = seen.recall(batch.remembered)
        else:
            judged, added = seen.judge(batch.articles)
            yield Microbatch(tuple(judged))
        kept = left
        if added:
            newer.add(msgspec.msgpack.encode(added))
            kept = secrets.randbits(62)
            token.write(kept)
            if left is None:
                turn.set(timestamp + self.horizon)
        if kept is not None:
            _memories[self.owner, language] = (kept, seen)

    @on_timer(TURN)
    def age(
        self,
        timestamp: Any = beam.DoFn.TimestampParam,
        older: Any = beam.DoFn.StateParam(OLDER),
        newer: Any = beam.DoFn.StateParam(NEWER),
        token: Any = beam.DoFn.StateParam(TOKEN),
        turn: Any = beam.DoFn.TimerParam(TURN),
    ) -> None:
        """Forget the older generation; the newer becomes the older."""
        kept = list(newer.read())
        older.clear()
        newer.clear()
        if kept:
            for segment in kept:
                older.add(segment)
            token.write(secrets.randbits(62))  # the index in the process no longer fits
            turn.set(timestamp + self.horizon)
        else:
            token.clear()


_memories: dict[tuple[str, str], tuple[int, Seen]] = {}
"""The decoded memories of this process, each with the token it was left with."""


def _take(key: tuple[str, str], token: int | None, older: Any, newer: Any) -> Seen:
    """The memory that fits *token*, out of the cache: it is put back when the state holds what was added to it.

    Judging changes it at once, and a step after this one may fail before the state is written.
    """
    left, seen = _memories.pop(key, (None, None))
    if seen is not None and left == token:
        return seen
    return Seen(*([msgspec.msgpack.decode(s, type=Segment) for s in bag.read()] for bag in (older, newer)))


class Tag(beam.PTransform):
    """`Microbatch` to `Microbatch` with tags; an article that breaks the tagger goes to `DEAD`. No state.

    *tagger* is called once a bundle and must be cheap: a picklable look-up in a cache.
    """

    def __init__(self, tagger: Callable[[], Any]) -> None:
        super().__init__()
        self.tagger = tagger

    def expand(self, articles: Any) -> Any:
        tagging = beam.ParDo(TagFn(self.tagger)).with_output_types(Microbatch, dead=Entries)
        return articles | tagging.with_outputs(DEAD, main="articles")


class TagFn(beam.DoFn):
    """Tag a micro-batch."""

    def __init__(self, tagger: Callable[[], Any]) -> None:
        self.tagger = tagger

    def process(self, element: Microbatch) -> Iterable[Microbatch | TaggedOutput]:
        done, dead = stages.tag(self.tagger(), element.articles)
        yield Microbatch(tuple(done))
        yield from _dead(dead)


class Flag(beam.PTransform):
    """`Microbatch` to the `Entries` to append: each article on `tagged`, and its alerts.

    *rules* gives the matcher, the reader and the topic of a watchlist as they stand at the start of the bundle; it
    must be cheap. An alert depends on the article and the watchlist only.
    """

    def __init__(self, rules: Callable[[], Any]) -> None:
        super().__init__()
        self.rules = rules

    def expand(self, articles: Any) -> Any:
        flagging = beam.ParDo(FlagFn(self.rules)).with_output_types(Entries, dead=Entries)
        return articles | flagging.with_outputs(DEAD, main="entries")


class FlagFn(beam.DoFn):
    """Flag a micro-batch."""

    def __init__(self, rules: Callable[[], Any]) -> None:
        self.rules = rules

    def start_bundle(self) -> None:
        self.current = self.rules()

    def process(self, element: Microbatch) -> Iterable[Entries | TaggedOutput]:
        rules = self.current
        flagged, dead = stages.flag(rules.matcher, rules.reader, element.articles)
        yield Entries(tuple(stages.entries(flagged, rules.topic)))
        yield from _dead(dead)


def _dead(letters: list[DeadLetter]) -> Iterator[TaggedOutput]:
    if letters:
        found: list[Entry] = stages.dead_entries(letters)
        yield TaggedOutput(DEAD, Entries(tuple(found)))
