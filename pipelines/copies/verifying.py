"""Whether two texts are copies of each other, by their signatures, and how alike they are.

Source of method and constants: research on stories §2 (duplicate pairs' F1 97.6–100 on four sets; the two shares may
move by a tenth without effect). Long texts may differ in numbers: there one that changed is a correction.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from connectors.records import Likeness
from pipelines.copies.signing import RANGE, WINDOW, Hashes, Signature

SHARED, LED = 0.78, 0.55
"""Least share of the shorter text found in the longer one, and of each lead found in the other text."""

RETITLED, SHARED_BELOW_TITLE = 0.8, 0.65
"""Titles that share so many of their words are one headline; below it, so much of the text is enough."""

HALF_TITLED = 0.5
"""The same for texts of a few words."""

SKIPPED, RUN = 90, 8
"""Below one headline, words before the common text that may be others': a caption, an agency; it begins with a run."""

SHORT, TINY, LONG = 30, 10, 100
"""Shingles of a short text, and of one that says nothing without its title; of one whose numbers may differ."""

WORTH, LEFT = 0.4, 20
"""Least share of the text that is worth a closer look; least shingles behind what is skipped."""

TRIVIAL = 0.04
"""Share of a text of 300 words that four words changed in it come to, in three shingles each."""

NEAR_LENGTH = 1.3
"""Texts that differ less in length are looked for in each other both ways."""


def likeness(earlier: Signature, later: Signature) -> Likeness | None:
    """How alike they are when they are copies of each other, None when they are not. Cost: some 0.05 ms."""
    short, long = (earlier, later) if earlier.size <= later.size else (later, earlier)
    if not short.size or _numbers_differ(earlier, later, short.size):
        return None
    title = _title(earlier, later)
    if short.size < SHORT:
        return _short(short, long, title)
    share = contained(short, long)
    if long.size < NEAR_LENGTH * short.size:
        share = max(share, contained(long, short))
    if share < WORTH:
        return None
    lead = _leads(short, short.head, long, long.head)
    if share >= SHARED and lead >= LED:
        return _likeness(share, lead, title)
    return _below_one_title(short, long, title, share) if title >= RETITLED else None


def adds_nothing(earlier: Signature, later: Signature) -> bool:
    """Whether *later* says under much the same title no more than *earlier* does: a link to it, or a part of it."""
    told = not later.size or contained(later, earlier) >= SHARED
    told = told and (not len(later.lead) or cover(later.lead, earlier) >= SHARED)
    return told and _title(earlier, later) >= HALF_TITLED


def changed(earlier: Signature, later: Signature) -> float:
    """How much of *later*, a revision of *earlier*, is new; 0 for a trivial edit: a slip mended, "updated 5 min ago".

    Trivial is what leaves the words of the title and all numbers, and at most `TRIVIAL` of the text is new.
    """
    share = 1.0 - contained(later, earlier) if later.size else 0.0
    same = earlier.title == later.title and set(earlier.numbers) == set(later.numbers)
    return 0.0 if same and share <= TRIVIAL else max(round(share, 3), 0.001)


def contained(part: Signature, whole: Signature) -> float:
    """The share of *part* that is found in *whole*."""
    share, rest = cover(part.head, whole), part.size - len(part.head)
    sample = part.sample[part.sample < whole.below]
    if rest <= 0 or not len(sample):
        return share
    found = (whole.in_head[sample] | whole.in_sample[sample]).mean()
    chance = (len(whole.head) + len(whole.lead)) / RANGE + len(whole.sample) / whole.below
    return float((share * len(part.head) + _beyond(found, chance) * rest) / part.size)


def cover(shingles: Hashes, whole: Signature) -> float:
    """The share of *shingles* found in *whole*: exact in its head, estimated in what is a sample of the rest."""
    if not len(shingles):
        return 0.0
    missing = shingles[~whole.in_head[shingles]]
    found = _beyond(1 - len(missing) / len(shingles), (len(whole.head) + len(whole.lead)) / RANGE)
    sampled = missing[missing < whole.below]
    if len(whole.sample) and len(sampled):
        found += (1 - found) * _beyond(whole.in_sample[sampled].mean(), len(whole.sample) / whole.below)
    return found


def _beyond(share: float, chance: float) -> float:
    """What of *share* is not *chance*: a hash of sixteen bits meets another now and then."""
    return max(0.0, float(share - chance) / (1 - chance))


def _leads(short: Signature, short_head: Hashes, long: Signature, long_head: Hashes) -> float:
    """Each lead must be found anywhere in the other text: the lesser share."""
    window = min(WINDOW, len(short_head), len(long_head))
    return min(cover(short_head[:window], long), cover(long_head[:window], short))


def _short(short: Signature, long: Signature, title: float) -> Likeness | None:
    """A text of a few words: all of it begins the other ("Turkey raises" and "Argentina raises" stay apart)."""
    skip = max(0, _start(long.head, short)) if short.size >= RUN else 0
    share, lead = cover(short.head, long), cover(long.head[skip : skip + short.size], short)
    titled = title >= RETITLED or (not skip and (title >= HALF_TITLED or short.size >= TINY))
    return _likeness(share, lead, title, skip) if share >= 1 and lead >= 1 and titled else None


def _below_one_title(short: Signature, long: Signature, title: float, share: float) -> Likeness | None:
    """Under one headline: what stands before the common text in either counts for nothing."""
    skips = max(0, _start(short.head, long)), max(0, _start(long.head, short))
    heads = short.head[skips[0] :], long.head[skips[1] :]
    if max(skips) > SKIPPED or min(map(len, heads)) < LEFT:
        return None
    lead = _leads(short, heads[0], long, heads[1])
    share = min(1.0, share * short.size / (short.size - skips[0]))
    return _likeness(share, lead, title, max(skips)) if share >= SHARED_BELOW_TITLE and lead >= LED else None


def _start(head: Hashes, other: Signature) -> int:
    """Where the first run of shingles that *other* has begins in *head*; -1 when none does soon enough."""
    found: npt.NDArray[np.bool_] = other.in_head[head[: SKIPPED + RUN]]
    if len(found) < RUN:
        return -1
    runs = np.flatnonzero(np.convolve(found, np.ones(RUN, np.uint8), "valid") == RUN)
    return int(runs[0]) if len(runs) else -1


def _numbers_differ(one: Signature, other: Signature, size: int) -> bool:
    """Each title has a number that the other article lacks; in short texts each lead ("12th package", "13th")."""

    def differ(of_one: int, of_other: int) -> bool:
        return bool(set(one.numbers[:of_one]) - set(other.numbers) and set(other.numbers[:of_other]) - set(one.numbers))

    return differ(one.titled, other.titled) or (size < LONG and differ(one.leading, other.leading))


def _title(one: Signature, other: Signature) -> float:
    """The share of the words of both titles that stand in both."""
    return len(one.title & other.title) / max(1, len(one.title | other.title))


def _likeness(share: float, lead: float, title: float, skipped: int = 0) -> Likeness:
    return Likeness(shared=round(share, 3), lead=round(lead, 3), title=round(title, 3), skipped=skipped)
