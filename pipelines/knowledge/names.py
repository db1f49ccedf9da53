"""How a name is written in the gazetteer: all its forms in one line.

=================================  ==========================================================================
``Armenia``                        met as it stands; a capital in the list must be one in the text
``армянск*``                       any ending, at most eight letters; a small letter may also be a capital
``Груз(ия|ии|ию|ией)``             four forms; an empty one is allowed: ``Ереван(|а|у|ом|е)``
``CSTO``                           an acronym, met in capitals only (`pipelines.scanning`)
``Security Treaty Organization``   in English also with the other spelling: Organisation
=================================  ==========================================================================
"""

from __future__ import annotations

import itertools
import re

FORMS = 200
"""Most forms of one name: three endings of seven words are no name but a mistake."""

_GROUP = re.compile(r"\(([^()|]*(?:\|[^()|]*)+)\)")

_SPELLINGS = (("isation", "ization"), ("Defence", "Defense"), ("Centre", "Center"), ("Labour", "Labor"))
"""British and American."""


def forms(name: str, language: str = "") -> list[str]:
    """Every form of *name*.

    Raises:
        ValueError: it is no name: blank, a bracket or ``*`` out of place, too many forms.
    """
    parts = _GROUP.split(name.strip())
    if any("(" in part or ")" in part or "|" in part for part in parts[::2]):
        raise ValueError(f"'{name}': brackets hold endings, as in Ереван(|а|у|ом|е)")
    groups = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    found = list(
        dict.fromkeys("".join(chosen).strip() for chosen in itertools.islice(itertools.product(*groups), FORMS + 1))
    )
    if len(found) > FORMS:
        raise ValueError(f"'{name}' has more than {FORMS} forms")
    for form in found:
        stem = form.removesuffix("*")
        if not any(map(str.isalnum, stem)):
            raise ValueError(f"'{name}' has a form without a letter")
        if "*" in stem or stem != stem.rstrip():
            raise ValueError(f"'{name}': a * may only end the last word")
    return found + [other for form in found for other in _spellings(form) if language == "en"]


def needs_capital(form: str) -> bool:
    """Whether *form* counts only where it begins with a capital."""
    return form[:1].isupper()


def _spellings(form: str) -> list[str]:
    pairs = [*_SPELLINGS, *(pair[::-1] for pair in _SPELLINGS)]
    return [form.replace(one, other) for one, other in pairs if one in form]
