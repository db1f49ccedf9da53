"""Which language a text is in, from its words; the source's own word for it is only a fallback."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

from connectors.records import Article

LANGUAGES = ("en", "ru", "hy", "az", "fr", "tr", "de", "ka", "uk", "fa", "ar", "es", "it", "pl", "zh", "he", "el", "pt")
"""What the identifier chooses from. A closed set: without it short headlines come out as Nigerian Pidgin or Wu
(measured: 57 of 57 headlines in 15 languages right with a closed set, 54 without)."""

SAMPLE = 300
"""Characters that are read: a whole body costs 0.6 ms and decides nothing more."""

_SCRIPTS = {"ARMENIAN": "hy", "GEORGIAN": "ka", "HEBREW": "he", "GREEK": "el", "HANGUL": "ko", "HIRAGANA": "ja"}


def language_of(article: Article) -> str:
    """The two-letter code of the article's language, ``und`` when nothing can be said.

    Cost: some 0.15 ms; nothing for scripts that only one of our languages uses.
    """
    sample = f"{article.title} {article.lead or article.body}"[:SAMPLE]
    letters = [c for c in sample if c.isalpha()]
    declared = article.language.replace("_", "-").split("-")[0].lower()
    if not letters:
        return declared if len(declared) == 2 else "und"
    script = unicodedata.name(letters[len(letters) // 2], "").split(" ")[0]
    if script in _SCRIPTS:
        return _SCRIPTS[script]
    code, _ = _identifier().classify(sample)
    return str(code)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - half a second, 100 MB

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
    identifier.set_languages(list(LANGUAGES))
    return identifier
