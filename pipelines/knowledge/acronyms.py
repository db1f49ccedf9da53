"""Acronyms that an article defines itself: capitals in brackets right after an actor's name.

"Collective Security Treaty Organisation (CTSO)" binds CTSO to that organisation for the whole article, if its letters
are those of the name's initials within one: "(CNN)" after a name is a source, not an acronym.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.folding import fold

AFTER = re.compile(r"\s{0,2}[(\[«\"“]{1,2}\s?(?P<acronym>[^\W\d_]{2,8})\s?[)\]»\"”]")
SMALL = frozenset(
    [
        "of",
        "the",
        "for",
        "and",
        "on",
        "in",
        "to",
        "de",
        "la",
        "le",
        "du",
        "des",
        "et",
        "von",
        "der",
        "und",
        "и",
        "о",
        "об",
        "по",
        "в",
    ]
)
"""Words of names that give no initial."""


class Binding(NamedTuple):
    """An *acronym* as the article writes it, and the *entity* it stands for there."""

    acronym: str
    entity: str


def bindings(text: str, actors: Sequence[tuple[int, int, str]]) -> Iterator[Binding]:
    """The acronyms that *text* defines after its *actors*: (start, end, entity id) of full names."""
    for start, end, entity in actors:
        found = AFTER.match(text, end)
        if found and found["acronym"].isupper() and resembles(found["acronym"], text[start:end]):
            yield Binding(found["acronym"], entity)


def resembles(acronym: str, name: str) -> bool:
    """Whether *acronym* is made of the initials of *name*, in any order, give or take one letter."""
    initials = [w[0] for w in fold(name).text.split() if w and w not in SMALL and w[0].isalpha()]
    if len(initials) < 2:
        return False
    ours, theirs = Counter(fold(acronym).text), Counter(initials)
    return (ours - theirs).total() <= 1 and (theirs - ours).total() <= 1


def occurrences(text: str, acronym: str) -> Iterator[tuple[int, int]]:
    """Where *acronym* stands in *text*, as a word in capitals."""
    for found in re.finditer(rf"(?<![^\W_]){re.escape(acronym)}(?![^\W_])", text):
        yield found.span()
