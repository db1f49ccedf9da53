"""Where words stand in an article, and which of them stand together.

A *hit* is a span of one zone. Distance is counted in words: the second hit stands so many words after the first, so
neighbours are 1 apart and hits that overlap 0. A word is a run of letters and digits; hyphens and apostrophes part
words, and in scripts without spaces (`pipelines.scanning.UNSPACED`) every character is one. A sentence ends at a full
stop, exclamation or question mark followed by a space, unless small letters follow, and at every line break.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, get_args

from connectors.records import TEXT, How, TaggedArticle, Zone
from pipelines.scanning import UNSPACED

_ALONE = "".join(f"{first}-{last}" for first, last in UNSPACED)
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
SENTENCE_END = re.compile(
    r"(?<![.!?…؟։])[.!?…؟։]++[\"'»”’)\]]*+\s++(?![a-zа-яѐ-џա-և])|(?<![。！？])[。！？]++[」』”]*+|\n++"
)
"""After it a sentence begins. "Mr. Smith" is parted, which keeps apart what stands together, and never the reverse."""

ORDER: dict[Zone, int] = {zone: order for order, zone in enumerate(get_args(Zone))}
"""Zones in reading order."""


class Hit(NamedTuple):
    """``zone[start:end]`` met leaf number *leaf*; *how* as in `connectors.records.Tag`."""

    zone: Zone
    start: int
    end: int
    leaf: int
    how: How = "exact"


Hits = list[Hit]


LEAD, TITLE = 40, 25
"""Words of a text without lead that count as it, and of one without title (measured: research on watchlists §1, §3)."""


class Text:
    """One article with what was met in it, by the number of the leaf; *aside* in the zones about the text."""

    def __init__(self, tagged: TaggedArticle, met: dict[int, Hits], aside: dict[int, Hits] | None = None) -> None:
        self.tagged = tagged
        self.met = met
        self.aside = aside or {}
        self._zones: dict[Zone, _Zone] = {}
        self._done: dict[int, Hits | None] = {}

    @classmethod
    def of(cls, tagged: TaggedArticle, found: dict[int, Hits]) -> Text:
        """The article with hits *found* in it and beside it."""
        if not any(hits[-1].zone not in TEXT for hits in found.values()):
            return cls(tagged, found)
        met = {leaf: own for leaf, hits in found.items() if (own := [hit for hit in hits if hit.zone in TEXT])}
        aside = {leaf: own for leaf, hits in found.items() if (own := [hit for hit in hits if hit.zone not in TEXT])}
        return cls(tagged, met, aside)

    def zone(self, name: Zone) -> _Zone:
        """The words and sentences of a zone."""
        if name not in self._zones:
            self._zones[name] = _zone(self.tagged.article.text(name))
        return self._zones[name]

    def only(self, met: dict[int, Hits], aside: dict[int, Hits]) -> Text:
        """The same article with other hits."""
        other = Text(self.tagged, met, aside)
        other._zones = self._zones
        return other

    def once(self, key: int, evaluate: Callable[[], Hits | None]) -> Hits | None:
        """What *evaluate* gives the first time that it is asked for under *key*."""
        if key not in self._done:
            self._done[key] = evaluate()
        return self._done[key]

    def words(self, hit: Hit) -> tuple[int, int]:
        """The numbers of the first and the last word of *hit* in its zone."""
        return self.zone(hit.zone).words(hit)

    def part(self, hit: Hit) -> Zone:
        """The zone that *hit* counts in: the beginning of a text stands for the lead or title that it has not."""
        article = self.tagged.article
        if hit.zone == "body" and not article.lead:
            first = self.words(hit)[0]
            if not article.title and first < TITLE:
                return "title"
            return "lead" if first < LEAD else "body"
        if hit.zone == "lead" and not article.title and self.words(hit)[0] < TITLE:
            return "title"
        return hit.zone

    @functools.cached_property
    def length(self) -> int:
        """Words of the text, all its zones."""
        return sum(self.zone(zone).length for zone in TEXT)


class _Zone:
    def __init__(self, text: str) -> None:
        self._text = text

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [word.start() for word in _WORD.finditer(self._text)]

    @functools.cached_property
    def _ends(self) -> list[int]:
        return [end.end() for end in SENTENCE_END.finditer(self._text)]

    @property
    def length(self) -> int:
        return len(self._starts)

    def words(self, hit: Hit) -> tuple[int, int]:
        return bisect_right(self._starts, hit.start) - 1, bisect_left(self._starts, hit.end) - 1

    def sentence(self, hit: Hit) -> tuple[int, int]:
        """The numbers of the sentences in which *hit* begins and ends."""
        return bisect_right(self._ends, hit.start), bisect_left(self._ends, hit.end)


_zone = functools.lru_cache(64)(_Zone)
"""Several lists look at the same article."""


def near(text: Text, parts: Sequence[Iterable[Hit]], distance: int, ordered: bool) -> Hits:
    """The hits that take part in a choice of one of each of *parts*, all in one zone and within *distance* words.

    Cost: the square of the hits that stand within *distance* of each other.
    """
    placed = sorted(
        (ORDER[hit.zone], *text.words(hit), part, hit) for part, hits in enumerate(parts) for hit in dict.fromkeys(hits)
    )
    kept: dict[Hit, None] = {}
    for index, (zone, _, last, part, _) in enumerate(placed):
        if ordered and part:
            continue
        end = index + 1
        while end < len(placed) and placed[end][0] == zone and placed[end][1] - last <= distance:
            end += 1
        window = placed[index:end]
        chosen = _in_order(window, len(parts)) if ordered else _each(window, part, len(parts))
        kept.update(dict.fromkeys(hit for *_, hit in chosen))
    return sorted(kept, key=reading)


_Placed = tuple[int, int, int, int, Hit]
"""The order of the zone, first and last word, the number of the part, and the hit."""


def _each(window: Sequence[_Placed], part: int, parts: int) -> Iterable[_Placed]:
    """The first of *window*, which is of *part*, with all those of other parts; nothing when a part is missing."""
    others = [other for other in window[1:] if other[3] != part]
    return [window[0], *others] if len({other[3] for other in others}) == parts - 1 else ()


def _in_order(window: Sequence[_Placed], parts: int) -> Iterable[_Placed]:
    """The first of *window*, with those after it that belong to a row of one of each part in order."""
    rows, end = [list(window[:1])], window[0][2]
    for part in range(1, parts):  # each after the earliest that may stand before it
        row = [other for other in window if other[3] == part and other[1] > end]
        if not row:
            return ()
        rows.append(row)
        end = min(other[2] for other in row)
    latest = float("inf")
    for row in reversed(rows):  # and before the latest that may stand after it
        row[:] = [other for other in row if other[2] < latest]
        latest = max((other[1] for other in row), default=-1)
    return [placed for row in rows for placed in row] if all(rows) else ()


def together(text: Text, parts: Sequence[Iterable[Hit]]) -> Hits:
    """The hits in sentences that have a hit of each of *parts*; one over two sentences is in neither."""
    found: dict[tuple[Zone, int], list[tuple[int, Hit]]] = {}
    for part, hits in enumerate(parts):
        for hit in hits:
            first, last = text.zone(hit.zone).sentence(hit)
            if first == last:
                found.setdefault((hit.zone, first), []).append((part, hit))
    whole = (row for row in found.values() if len({part for part, _ in row}) == len(parts))
    return sorted({hit for row in whole for _, hit in row}, key=reading)


def apart(text: Text, hits: Iterable[Hit], others: Iterable[Hit], distance: int) -> Iterator[Hit]:
    """Those of *hits* with none of *others* within *distance* words in their zone.

    Cost: a search among *others* for each hit.
    """
    spans: dict[Zone, list[tuple[int, int]]] = {}
    for other in others:
        spans.setdefault(other.zone, []).append(text.words(other))
    longest = {zone: max(last - first for first, last in found) for zone, found in spans.items()}
    for found in spans.values():
        found.sort()
    for hit in hits:
        first, last = text.words(hit)
        beside = spans.get(hit.zone, ())
        low = bisect_left(beside, (first - distance - longest.get(hit.zone, 0), 0))
        high = bisect_right(beside, (last + distance, last + distance + longest.get(hit.zone, 0)))
        if not any(first - end <= distance for _, end in beside[low:high]):
            yield hit


def reading(hit: Hit) -> tuple[int, int, int, int]:
    """Sorts in reading order."""
    return ORDER[hit.zone], hit.start, hit.end, hit.leaf
