"""Who does what to whom: in one English sentence a verb between two places or actors (Russia blames Armenia).

The grammar is that of the first event coders (Schrodt, "KEDS", 1994): the nearest name before an active verb acts, the
nearest after it is acted upon; of a passive verb with ``by`` the other way round. It reads no clause, so it takes what
is plain and leaves the rest: a name behind a preposition does not act, a denied act is none.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from connectors.records import Act, Article, Tag, Zone
from pipelines.located import read_file, validate
from pipelines.places.mention import MOST
from pipelines.scanning import Pattern, Scanner
from pipelines.watchlists.standing import SENTENCE_END

NEAR = 60
"""Characters between a verb and the name that acts or is acted upon: some ten words."""

_PREPOSITION = re.compile(
    r"\b(?:of|in|with|from|by|for|against|on|at|near|over|about|under|between|as)\s+(?:the\s+)?$", re.I
)
_BESIDE = re.compile(r"\b(?:in|at|near|from|on|over|after|before|as|while|that|who|which|and|but|by|for)\b|[,;:]")
"""Between a verb and a name that it does not act upon: where, when, or another clause."""

_FINITE = re.compile(r"\w+(?:s|ed|ing)\b|(?:struck|withdrew|left|sent|held|met|quit|cut)\b", re.IGNORECASE)
"""Verbs that are no bare stem, which after a name is a noun."""

_PASSIVE = re.compile(r"\b(?:was|were|is|are|be|been|being|get|gets|got)\s+(?:\w+ly\s+)?$", re.I)
_DENIED = re.compile(
    r"\b(?:not|never|n[’']t|no|denied|denies|deny|without|to stop|to end|short of|refused to|refuses to)\s+(?:\w+\s+)?$"
    r"|\b(?:will|would|may|might|could|should|can|must|to)\s+(?:\w+ly\s+)?$|\b(?:if|whether|neither)\b[^.;,]{0,40}$",
    re.I,
)
"""Before what is not done: denied, to come, or asked."""

_NOUN = re.compile(r"\b(?:the|a|an|its|their|his|new|more|eu|western|u\.s\.|us)\s+$", re.I)


class Verb(BaseModel):
    """An entry of ``acts.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    forms: tuple[str, ...]
    both: bool = False


class Table(BaseModel):
    """All verbs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verbs: dict[str, Verb]


class Form(NamedTuple):
    """One form of a *verb*."""

    name: str
    verb: Verb


class Verbs:
    """The verbs in one scanner."""

    def __init__(self, table: Table) -> None:
        self.names = frozenset(table.verbs)
        self.forms = [Form(name, verb) for name, verb in table.verbs.items() for _ in verb.forms]
        self.scanner = Scanner(Pattern(form) for verb in table.verbs.values() for form in verb.forms)


def acts(article: Article, tags: Sequence[Tag], verbs: Verbs) -> Iterator[Act]:
    """The acts in title, lead and body of an English *article* with its *tags*.

    Cost: a scan of each zone with two tags.
    """
    for zone, text in article.zones():
        own = [tag for tag in tags if tag.zone == zone and tag.kind != "name"]
        if zone == "captions" or len(own) < 2:
            continue
        hits = verbs.scanner.scan(text)
        ends = [0, *(end.end() for end in SENTENCE_END.finditer(text)), len(text)] if hits else []
        reached = 0
        for hit in hits[:MOST]:
            if hit.start < reached:
                continue
            reached = hit.end
            low, high = ends[bisect_right(ends, hit.start) - 1], ends[bisect_left(ends, hit.end)]
            inside = [tag for tag in own if low <= tag.start and tag.end <= high]
            form = verbs.forms[hit.pattern]
            if text[low:high].rstrip(' ”"»').endswith("?"):
                continue
            found = _sides(text, inside, hit.start, hit.end)
            if found := found or (_together(text, inside, hit.start) if form.verb.both else None):
                yield from made(form, *found, zone, hit.start, hit.end)


def _sides(text: str, tags: Sequence[Tag], start: int, end: int) -> tuple[Tag, Tag] | None:
    """Who acts and who is acted upon by the verb at ``[start:end]``; None when that is not plain."""
    before, after = text[max(0, start - 60) : start], text[end : end + 40]
    if _DENIED.search(before) or _NOUN.search(before):
        return None
    bare = not _FINITE.match(text, start)
    if bare and any(tag.end == start - 1 and tag.surface[-1:] != "s" for tag in tags):  # the Russian attack
        return None
    near = [tag for tag in tags if tag.end <= start and start - tag.end <= NEAR]
    subjects = [tag for tag in near if not _PREPOSITION.search(text[max(0, tag.start - 20) : tag.start])]
    objects = [tag for tag in tags if tag.start >= end and tag.start - end <= NEAR]
    if not subjects or not objects:
        return None
    if _PASSIVE.search(before):
        by = re.match(r"(?:\s+\w+){0,4}?\s+by\s+", after)
        agents = [tag for tag in objects if by and tag.start >= end + by.end() - 1]
        return (agents[0], subjects[-1]) if agents and agents[0].id != subjects[-1].id else None
    if _BESIDE.search(text[end : objects[0].start]) or subjects[-1].id == objects[0].id:
        return None
    return subjects[-1], objects[0]


def _together(text: str, tags: Sequence[Tag], start: int) -> tuple[Tag, Tag] | None:
    """The two that do together what a verb at *start* says: Putin and Erdogan met."""
    near = [tag for tag in tags if tag.end <= start][-2:]
    joined = len(near) == 2 and text[near[0].end : near[1].start] == " and " and text[near[1].end : start] == " "
    return (near[0], near[1]) if joined else None


def made(form: Form, source: Tag, target: Tag, zone: Zone, start: int, end: int) -> Iterator[Act]:
    """The act by *form* of a verb, ``zone[start:end]``; of a verb that both do also the other way round."""
    for one, other in ((source, target), (target, source))[: 1 + form.verb.both]:
        yield Act(
            verb=form.name,
            code=form.verb.code,
            source=one.id,
            source_country=one.country,
            target=other.id,
            target_country=other.country,
            zone=zone,
            start=start,
            end=end,
        )


@functools.lru_cache(1)
def load(folder: Path) -> Verbs:
    """The verbs of ``acts.yaml`` in *folder*, read once.

    Raises:
        ConfigError: the file is not as it should be.
    """
    document = read_file(folder / "acts.yaml")
    return Verbs(validate(Table, document))
