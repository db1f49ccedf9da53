"""The texts that a phrase stands for: as written, inflected, spelt another way, without its accents."""

from __future__ import annotations

import functools
import unicodedata

from connectors.records import How
from pipelines.folding import fold
from pipelines.knowledge import inflection, spelling
from pipelines.knowledge.slips import LETTERS, WORD
from pipelines.scanning import Pattern
from pipelines.watchlists.phrases import Phrase


@functools.lru_cache(10_000)
def patterns(phrase: Phrase) -> tuple[tuple[Pattern, How], ...]:
    """What to look for to meet *phrase*, each with how it meets it; the phrase itself first.

    Cost: some microseconds, in Russian up to a millisecond. Does not: take a phrase that is `Phrase.wild`.
    """
    variants = _variants(phrase)
    if not variants:  # most say nothing but themselves, and folding costs more than the rest
        return ((Pattern(phrase.phrase, phrase.case), "exact"),)
    itself: tuple[Pattern, How] = (Pattern(phrase.phrase, phrase.case), "exact")
    found = {fold(phrase.phrase).text: itself}
    for text, how in variants:
        found.setdefault(fold(text).text, (Pattern(text, phrase.case), how))
    return tuple(found.values())


def lacking(phrase: Phrase) -> str:
    """The extra that must be installed for the forms of *phrase*, "" when none must."""
    if phrase.exact or phrase.case or not phrase.inflect or "*" in phrase.phrase:
        return ""
    return inflection.missing(phrase.phrase, phrase.languages)


def misspelt(phrase: Phrase) -> bool:
    """Whether slips of the pen count for *phrase*: it is a name, written with a capital, with a long word."""
    return (
        phrase.fuzzy
        and not (phrase.exact or phrase.case or phrase.wild)
        and any(len(word) >= LETTERS and word[0].isupper() for word in WORD.findall(phrase.phrase))
    )


def _variants(phrase: Phrase) -> list[tuple[str, How]]:
    """Other texts that *phrase* stands for; some may fold alike."""
    said: list[tuple[str, How]] = []
    if not (phrase.exact or phrase.case or "*" in phrase.phrase):
        spellings = sorted(spelling.variants(phrase.phrase))
        said += [(text, "spelling") for text in spellings]
        if phrase.inflect:
            for text in (phrase.phrase, *spellings):
                said += [(form, "inflected") for form in sorted(inflection.forms(text, phrase.languages))]
    if not phrase.accents:
        texts: list[tuple[str, How]] = [(phrase.phrase, "spelling"), *said]
        said += [(bare, how) for text, how in texts if (bare := _bare(text)) != text]
    return said


def _bare(text: str) -> str:
    """*text* without its accents. Letters that only look accented, such as ł and ı, are replaced as they are typed."""
    marks = unicodedata.normalize("NFD", text.translate(_TYPED))
    return unicodedata.normalize("NFC", "".join(c for c in marks if unicodedata.category(c) != "Mn"))


_TYPED = str.maketrans("łŁøØđĐıİəƏ", "lLoOdDiIeE")
