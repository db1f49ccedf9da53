"""What joining stories costs, how it grows, what it holds, and how much the order of arrival changes.

Articles are made up: events of one to eight articles, each of which tells some of the event's forty words, its headline
too, among words as frequent as those of a language (Zipf). `WIREWATCH_TEXTS` is the largest number, 10,000 by default.
With `WIREWATCH_BENCH`, a file of recorded articles (JSON lines, gzip), those of it that a shipped watchlist matches are
told in three orders besides. In each an article is up to `LATE` places late. Agreement is the share of pairs in one
story in either order that are in one story in both.
"""

from __future__ import annotations

import gzip
import itertools
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from connectors.records import TaggedArticle
from connectors.sources import replay
from pipelines import taggers
from pipelines.config import shipped
from pipelines.language import language_of
from pipelines.stories.candidate import time_of
from pipelines.stories.memory import Stories
from pipelines.stories.rarity import Rarity, load
from pipelines.stories.terms import Terms, terms, without
from pipelines.taggers import gazetteer
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Matcher
from tests.benchmarks.dedup_index import Writer
from tests.factories import article, tagged

TIMED, LATE = 300, 50

Told = Sequence[tuple[str, Terms, float]]


def main() -> None:
    """Print cost and size at growing numbers of members, then what three orders agree on."""
    largest, rng = int(os.environ.get("WIREWATCH_TEXTS", "10000")), random.Random(9)
    made = events(largest, rng)
    memory = fresh()
    for size in (n for n in (1_000, 10_000, 100_000) if n <= largest):
        held = len(memory)
        for name, found, at in made[held : size - TIMED]:
            memory.recall([memory.join(memory.member(found, name, at))[0]])
        costs, segment = [], []
        for name, found, at in made[size - TIMED : size]:
            began = time.process_time()
            member, _ = memory.join(memory.member(found, name, at))
            segment += memory.recall([member])
            costs.append(time.process_time() - began)
        costs.sort()
        state = statistics.mean(len(msgspec.msgpack.encode(one)) for one in segment)
        print(
            f"  {size:,} members: {statistics.mean(costs) * 1e3:.2f} ms an article, p99 {costs[-3] * 1e3:.2f}, {state:,.0f} bytes each"
        )
    print(f"  terms of an article: {_terms(rng) * 1e6:.0f} µs")
    _orders("made up", made[:2_000])
    if path := os.environ.get("WIREWATCH_BENCH"):
        for name, found in recorded(Path(path)).items():
            _orders(name, found)


def fresh() -> Stories:
    """An empty memory; a story is over after three days."""
    return Stories(Rarity(load(shipped() / "languages")), 3 * 86_400.0)


def events(count: int, rng: random.Random) -> Told:
    """*count* articles by id, those of one event within some fifty of each other."""
    writer, found = Writer(rng), []
    number = 0
    while len(found) < count:
        own = writer.rare(40)
        for _ in range(rng.randint(1, 8)):
            title = " ".join([*rng.sample(own, 6), writer.text(3)])
            body = " ".join(rng.sample([*rng.choices(own, k=60), *writer.text(200).split()], 260))
            found.append((number + rng.random() * 50, f"{number}", terms(tagged(article(title, f"{title}. {body}")))))
            number += 1
    return [(name, one, at) for at, name, one in sorted(found, key=lambda row: row[:2])[:count]]


def recorded(path: Path) -> dict[str, list[tuple[str, Terms, float]]]:
    """By watchlist the articles of *path* that it matches."""
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    matcher = Matcher(watchlist for watchlist, _ in load_folder(shipped() / "watchlists")[0])
    found: defaultdict[str, list[tuple[str, Terms, float]]] = defaultdict(list)
    for line in gzip.decompress(path.read_bytes()).splitlines():
        one = replay.read(line, "bench", datetime.fromtimestamp(0, UTC))
        (read,) = taggers.tagged(tagger, [TaggedArticle(article=one, language=language_of(one))])
        for match in matcher.match(read):
            own = without(terms(read), read, match.evidence)
            found[match.watchlist.id].append((one.id, own, time_of(one)))
    return {name: sorted(told, key=lambda row: row[2]) for name, told in found.items()}


def _terms(rng: random.Random) -> float:
    writer = Writer(rng)
    articles = [tagged(article(writer.text(9), writer.text(360))) for _ in range(TIMED)]
    began = time.process_time()
    for one in articles:
        terms(one)
    return (time.process_time() - began) / TIMED


def _orders(name: str, made: Told) -> None:
    """The order of arrival against three others."""
    first = _pairs(made)
    shares = []
    for seed in range(3):
        rng = random.Random(seed)
        late = sorted(range(len(made)), key=lambda number: number + rng.random() * LATE)
        pairs = _pairs([made[number] for number in late])
        shares.append(len(first & pairs) / max(1, len(first | pairs)))
    told = ", ".join(f"{share:.3f}" for share in shares)
    print(f"  {name}: {len(made)} articles, {len(first)} pairs in one story; three other orders agree: {told}")


def _pairs(made: Told) -> set[tuple[str, str]]:
    memory, stories = fresh(), defaultdict(list)
    for name, found, at in made:
        member, _ = memory.join(memory.member(found, name, at))
        memory.recall([member])
        stories[member.story].append(name)
    return {pair for names in stories.values() for pair in _both(names)}


def _both(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    return itertools.combinations(sorted(names), 2)
