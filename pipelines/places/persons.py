"""Names of places that people bear: Michael Jordan, Coach Lincoln, her sister Paris."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.places.english import English
from pipelines.places.mention import Mention

_KIN = "wife|husband|widow|mother|father|parents|sister|brother|sons?|daughters?|child|children|family|lawyer"
_RELATED = re.compile(
    rf"(?: [A-Z][\w-]+)?,? Jr\b|['’]s (?:{_KIN})\b|(?:, [A-Z][\w-]+)*,? and (?:his|her|their) (?:\w+ )?(?:{_KIN})\b"
)
"""After the name of a person: Jordan, Chad and their daughter."""

_BABIES = re.compile(r".*\b(?:names? for (?:boys|girls|babies|newborns)|(?:baby|boys['’]|girls['’]|first) names?\b)")
_SUBJECT = re.compile(r" [A-Z][\w-]+(?:,| (?:has|had|was|is|will|who|said|says|told|and)\b)")
"""After a first name that is spoken of as one, and one whose surname is a common word: Sydney Carver has been cast."""

_SURNAME = re.compile(r"[a-zə]{3}(?:ov|ova|yev|yeva|zadə|zade|oğlu)$")
"""Of Azerbaijanis, some of whom are called Misir."""

ARTICLE = 3
"""Letters of a word that begins a sentence in another language and is a first name in English: Les, Die, Bir."""

ADDRESSES = frozenset(
    "cənab bay bayan monsieur madame herr frau señor señora пан пані господин госпожа".split()  # noqa: SIM905 - a row
)
"""Before the name of a person, in other languages than English."""


def persons(mentions: Iterable[Mention], words: English, *, english: bool) -> frozenset[str]:
    """The names that are of people in an article: wherever they stand again they are of the same people.

    In another language than *english* only what is plain: a first name before a word with a capital.
    """
    judge = person if english else _first_name
    return frozenset(mention.key for mention in mentions if judge(mention, words))


def person(mention: Mention, words: English) -> bool:
    """Whether a person is meant: a first name, initial or title stands before, or a surname after a first name."""
    if not mention.single:
        return False
    tables = words.tables
    if mention.previous in tables.roles:
        return True
    if mention.capital_before and mention.previous not in tables.kinds and mention.previous not in ("st", "saint"):
        initial = len(mention.before.rstrip(".")) == 1 and mention.before != "A"
        if initial or mention.previous in tables.titles or words.first(mention.previous):
            return True
    if _RELATED.match(mention.rest):
        return True
    if not words.of(mention.key).first:
        return False
    if _BABIES.match(mention.rest):
        return True
    if not (mention.capital_after and mention.next not in tables.kinds):
        return False
    bare = mention.previous not in tables.locative and _SUBJECT.match(mention.rest) and words.of(mention.next).last
    if words.surname(mention.next) or (bare and mention.next not in tables.sites):
        return True
    of_a_list = mention.name is not None and not mention.name.demonym  # a state or capital: a surname must follow
    return not of_a_list and not words.of(mention.next).common and mention.largest < 500_000


def _first_name(mention: Mention, words: English) -> bool:
    if not (mention.single and mention.surface.istitle()):
        return False
    if mention.capital_after and _SURNAME.search(mention.after):
        return True
    named = mention.capital_before and len(mention.previous) > ARTICLE and words.first(mention.previous)
    return mention.previous in ADDRESSES or named or (mention.capital_after and words.first(mention.key))
