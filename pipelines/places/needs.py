"""Names that count only beside words which tell that they are meant: ICC beside a prosecutor, not beside a wicket."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from pipelines.folding import fold
from pipelines.knowledge.entity import Name


def doubted(name: Name) -> bool:
    """Whether *name* has conditions in its entity's ``needs`` or ``unless``."""
    return name.text in name.entity.needs or name.text in name.entity.unless


def meant(name: Name, texts: Iterable[str], *, company: bool) -> bool:
    """Whether one of the *texts* of an article has a word that *name* needs, and none that speaks against it.

    *company*: what the article names else is as good as such a word.
    """
    needs, unless = name.entity.needs.get(name.text, ()), name.entity.unless.get(name.text, ())
    folded = [fold(text).text for text in texts]
    if unless and any(_words(unless).search(text) for text in folded):
        return False
    return not needs or company or any(_words(needs).search(text) for text in folded)


@functools.lru_cache(1024)
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of *words*, whole; a ``*`` at the end leaves the ending open."""
    parts = (re.escape(fold(word.removesuffix("*")).text) + (r"\w*" if word.endswith("*") else "") for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
