"""The stories of one watchlist: each article joins the one it is most like, or opens one."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable

from msgspec.structs import replace

from connectors.records import Link
from pipelines.stories.linking import Member, link, member
from pipelines.stories.rarity import Rarity
from pipelines.stories.telling import Story
from pipelines.stories.terms import Terms

INDEXED, POSTED = 40, 400
"""Terms of a member by which it is found, its heaviest; newest members that one term finds."""

COMPARED, ACROSS = 8, 4
"""Members that an article is compared with, those that share most with it; and such in other languages."""

Segment = list[Member]
"""What one micro-batch added to a memory."""


class Stories:
    """The memory of one watchlist.

    Guarantees: an article that is a member already keeps its story. Cost: some 1.5 ms an article (measured:
    `tests/benchmarks/stories`), some 2 KB a member. *quiet* seconds after its last article a story is over: what is
    published later opens another. Articles in two languages are told by the names and numbers that they share.
    """

    def __init__(self, rarity: Rarity, quiet: float, *segments: Iterable[Member]) -> None:
        self._rarity = rarity
        self._quiet = quiet
        self._members: list[Member] = []
        self._by_id: dict[str, Member] = {}
        self._stories: defaultdict[str, Story] = defaultdict(Story)
        self._index: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=POSTED))
        for segment in segments:
            self.recall(segment)

    def join(self, made: Member) -> tuple[Member, Link | None]:
        """*made* in the story that it belongs to, its own when there is none, and what brought it there.

        An article that is about the matter joins none that only mention it: they may have told nobody.
        """
        if known := self._by_id.get(made.id):
            return replace(made, story=known.story), None
        links = [(link(made, other, self._rarity), other.story) for other in self._alike(made)]
        best, story = max(links, key=lambda pair: pair[0].score, default=(None, ""))
        if best is None or best.score < 1:
            return made, None
        return replace(made, story=story), best

    def member(self, terms: Terms, id_: str, at: float, about: bool = True, language: str = "") -> Member:
        """An article as it is kept, in a story of its own."""
        return member(terms, self._rarity, id_, at, about, language)

    def __len__(self) -> int:
        return len(self._members)

    def known(self, id_: str) -> Member | None:
        """The article as it is kept, if it is."""
        return self._by_id.get(id_)

    def story(self, id_: str) -> Story:
        """What is known of a story; nothing of one that is not open."""
        return self._stories[id_] if id_ in self._stories else Story()

    def recall(self, members: Iterable[Member]) -> Segment:
        """Remember *members*; those that are new."""
        added = []
        for one in members:
            if one.id in self._by_id:
                continue
            self._by_id[one.id] = one
            self._stories[one.story].add(one)
            for term in one.terms[:INDEXED]:
                self._index[term].append(len(self._members))
            self._members.append(one)
            self._rarity.count(one.terms)
            added.append(one)
        return added

    def _alike(self, made: Member) -> list[Member]:
        shared: defaultdict[int, float] = defaultdict(float)
        for term, weight in zip(made.terms, made.weights, strict=False):
            for number in self._index.get(term, ()):
                shared[number] += weight
        near: tuple[list[tuple[float, int]], ...] = ([], [])
        for number, weight in shared.items():
            if self._may(made, other := self._members[number]):
                near[other.language != made.language].append((weight, -number))
        best = (*heapq.nlargest(COMPARED, near[0]), *heapq.nlargest(ACROSS, near[1]))
        return [self._members[-number] for _, number in best]

    def _may(self, made: Member, other: Member) -> bool:
        return abs(made.at - other.at) <= self._quiet and (other.about or not made.about)
