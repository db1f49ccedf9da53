"""Decode, Deduplicate, Tag, Flag, Tell: Beam around `pipelines.stages`. These shells decide nothing.

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
from pipelines.config import shipped
from pipelines.dedup import Seen, Segment
from pipelines.elements import Candidates, Entries, Microbatch, Records
from pipelines.stories import rarity
from pipelines.stories.candidate import told
from pipelines.stories.linking import Member
from pipelines.stories.memory import Stories

DEAD, STORIES, MATCHED = "dead", "stories", "matched"
"""Outputs beside the main one: `Entries` of dead letters; `Candidates` by watchlist, remembered and new."""


class Decode(beam.PTransform):
    """`Records` to ``(language, Microbatch)``, ready to de-duplicate; bytes that are no article go to `DEAD`.

    What is remembered of stories goes to `STORIES`. Element by element, no state. Order within a language is kept.
    """

    def expand(self, records: Any) -> Any:
        decoding = beam.ParDo(DecodeFn()).with_output_types(
            tuple[str, Microbatch], dead=Entries, stories=tuple[str, Candidates]
        )
        return records | decoding.with_outputs(STORIES, DEAD, main="articles")


class DecodeFn(beam.DoFn):
    """Decode a micro-batch and part it by language."""

    def process(self, element: Records) -> Iterable[tuple[str, Microbatch] | TaggedOutput]:
        if element.remembered and element.records[0].topic == "stories":
            for watchlist, members in stages.recall_stories(element.records).items():
                yield TaggedOutput(STORIES, (watchlist, Candidates(remembered=tuple(members))))
            return
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


class MemoryFn(beam.DoFn):
    """A step that remembers, by key. *owner* keeps the memories of several flows in one process apart.

    A memory is remade of *segments*, each what one micro-batch added, by `make`; `work` gives what to emit for a
    micro-batch, if anything, and what it added.
    """

    OLDER = BagStateSpec("older", BytesCoder())
    NEWER = BagStateSpec("newer", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", VarIntCoder())
    TURN = TimerSpec("turn", TimeDomain.WATERMARK)

    segments: Any

    def __init__(self, owner: str, horizon: float) -> None:
        self.owner = f"{type(self).__name__} {owner}"
        self.horizon = horizon

    def make(self, older: Iterator[Any], newer: Iterator[Any]) -> Any:
        raise NotImplementedError

    def work(self, memory: Any, batch: Any) -> tuple[Any, list[Any]]:
        raise NotImplementedError

    def process(
        self,
        element: tuple[str, Any],
        timestamp: Any = beam.DoFn.TimestampParam,
        older: Any = beam.DoFn.StateParam(OLDER),
        newer: Any = beam.DoFn.StateParam(NEWER),
        token: Any = beam.DoFn.StateParam(TOKEN),
        turn: Any = beam.DoFn.TimerParam(TURN),
    ) -> Iterator[Any]:
        key, batch = element
        left = token.read()
        memory = self._take(key, left, older, newer)
        out, added = self.work(memory, batch)
        if out is not None:
            yield out
        kept = left
        if added:
            newer.add(msgspec.msgpack.encode(added))
            kept = secrets.randbits(62)
            token.write(kept)
            if left is None:
                turn.set(timestamp + self.horizon)
        if kept is not None:
            _memories[self.owner, key] = (kept, memory)

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

    def _take(self, key: str, token: int | None, older: Any, newer: Any) -> Any:
        """The memory that fits *token*, out of the cache: it is put back when the state holds what was added to it.

        Working changes it at once, and a step after this one may fail before the state is written.
        """
        left, memory = _memories.pop((self.owner, key), (None, None))
        if memory is not None and left == token:
            return memory
        return self.make(
            *((msgspec.msgpack.decode(s, type=self.segments) for s in bag.read()) for bag in (older, newer))
        )


_memories: dict[tuple[str, str], tuple[int, Any]] = {}
"""The decoded memories of this process, each with the token it was left with."""


class DeduplicateFn(MemoryFn):
    """One language's memory."""

    segments = Segment

    def make(self, older: Iterator[Segment], newer: Iterator[Segment]) -> Seen:
        return Seen(older, newer)

    def work(self, memory: Seen, batch: Microbatch) -> tuple[Microbatch | None, Segment]:
        if batch.remembered:
            return None, memory.recall(batch.remembered)
        judged, added = memory.judge(batch.articles)
        return Microbatch(tuple(judged)), added


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
    """`Microbatch` to the `Entries` to append, each article on `tagged`, and its alerts, by watchlist, on `MATCHED`.

    *rules* gives the matcher, the reader and the topic of a watchlist as they stand at the start of the bundle; it
    must be cheap. An alert depends on the article and the watchlist only.
    """

    def __init__(self, rules: Callable[[], Any]) -> None:
        super().__init__()
        self.rules = rules

    def expand(self, articles: Any) -> Any:
        flagging = beam.ParDo(FlagFn(self.rules)).with_output_types(
            Entries, dead=Entries, matched=tuple[str, Candidates]
        )
        return articles | flagging.with_outputs(MATCHED, DEAD, main="entries")


class FlagFn(beam.DoFn):
    """Flag a micro-batch."""

    def __init__(self, rules: Callable[[], Any]) -> None:
        self.rules = rules

    def start_bundle(self) -> None:
        self.current = self.rules()

    def process(self, element: Microbatch) -> Iterable[Entries | TaggedOutput]:
        rules = self.current
        flagged, dead = stages.flag(rules.matcher, rules.reader, element.articles)
        yield Entries(tuple(stages.entries(flagged)))
        for watchlist, found in stages.candidates(flagged, rules.topic, rules.states, rules.tellings).items():
            yield TaggedOutput(MATCHED, (watchlist, Candidates(tuple(found))))
        yield from _dead(dead)


class Tell(beam.PTransform):
    """``(watchlist, Candidates)`` to the `Entries` to append: each article's place in a story, an alert for a new one.

    A story is remembered for between one and two times *quiet* seconds after its last article. State as of
    `Deduplicate`.
    """

    def __init__(self, owner: str, quiet: float) -> None:
        super().__init__()
        self.owner = owner
        self.quiet = quiet

    def expand(self, keyed: Any) -> Any:
        return keyed | beam.ParDo(TellFn(self.owner, self.quiet)).with_output_types(Entries)


class TellFn(MemoryFn):
    """One watchlist's memory."""

    segments = list[Member]

    def make(self, older: Iterator[list[Member]], newer: Iterator[list[Member]]) -> Stories:
        frequencies = rarity.load(shipped() / "languages")
        return Stories(rarity.Rarity(frequencies), self.horizon, *older, *newer)

    def work(self, memory: Stories, batch: Candidates) -> tuple[Entries | None, list[Member]]:
        if batch.remembered:
            return None, memory.recall(batch.remembered)
        entries, added = told(memory, batch.candidates)
        return Entries(tuple(entries)), added


def _dead(letters: list[DeadLetter]) -> Iterator[TaggedOutput]:
    if letters:
        found: list[Entry] = stages.dead_entries(letters)
        yield TaggedOutput(DEAD, Entries(tuple(found)))
