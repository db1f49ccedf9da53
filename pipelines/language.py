"""Which language a text is in, from its words; the source's own word for it decides only between what is alike."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

from connectors.records import Article

_HERE = (
    "en",
    "ru",
    "hy",
    "az",
    "fr",
    "tr",
    "de",
    "ka",
    "uk",
    "fa",
    "ar",
    "es",
    "it",
    "pl",
    "zh",
    "he",
    "el",
    "pt",
    "kk",
)
_BESIDE = (
    "be",
    "bg",
    "sr",
    "mk",
    "ky",
    "ur",
    "ps",
    "ku",
    "ro",
    "nl",
    "sv",
    "cs",
    "hu",
    "fi",
    "ja",
    "ko",
    "hi",
    "hr",
    "da",
)
_ELSE = ("no", "id", "vi", "bn", "ta", "sq", "sl", "sk", "lt", "lv", "et", "uz", "mn", "am")

LANGUAGES = frozenset(_HERE + _BESIDE + _ELSE)
"""What a headline is taken for: of all 142 that are known it would come out as Nigerian Pidgin or Wu (measured:
benchmark `languages`)."""

LONG = 100
"""Letters of a text that may be in any language."""

FEW = 8
"""Letters below which nothing can be said."""

MARGIN = 20.0
"""By how much the likelihood (in logarithms) of the likeliest language may exceed that of the declared one, for this to
count (measured: benchmark `languages`; 10 and 40 tell headlines worse)."""

SAMPLE = 300
"""Characters that are read: a whole body costs 0.6 ms and decides nothing more."""

_SCRIPTS = {"ARMENIAN": "hy", "GEORGIAN": "ka", "HEBREW": "he", "GREEK": "el", "HANGUL": "ko"}
_KANA = ("HIRAGANA", "KATAKANA")


def language_of(article: Article) -> str:
    """The two-letter code of the language of the article's text, ``und`` when nothing can be said.

    Cost: some 0.2 ms; nothing for scripts that only one of our languages uses.
    """
    text = (article.lead or article.body)[:SAMPLE]
    return identified(text if len(text) >= LONG else f"{article.title} {text}"[:SAMPLE], article.language)


def title_language_of(article: Article, language: str) -> str:
    """The language of the title where it is not the text's, *language*: told by its script, or by what is declared."""
    text, title = article.lead or article.body, article.title
    declared = _code(article.language)
    if not text or not title or (_script(text[:SAMPLE]) == _script(title) and declared in ("", language)):
        return ""
    other = identified(title, article.language)
    return "" if other in (language, "und") else other


def identified(text: str, declared: str = "") -> str:
    """The language of *text*; *declared* is the source's own word for it (BCP 47)."""
    letters, said = sum(map(str.isalpha, text)), _code(declared)
    script = _script(text)
    if script in _SCRIPTS:
        return _SCRIPTS[script]
    if script in _KANA or script == "CJK":
        return "ja" if any(unicodedata.name(c, "").split(" ")[0] in _KANA for c in text) else "zh"
    if letters < FEW:
        return said or "und"
    ranked = {str(code): float(score) for code, score in _identifier().rank(text)}
    known = ranked if letters >= LONG else ranked.keys() & LANGUAGES
    best = max(known, key=lambda code: ranked[code])
    return said if said in ranked and ranked[best] - ranked[said] <= MARGIN else best


def _code(declared: str) -> str:
    code = declared.replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 else ""


def _script(text: str) -> str:
    """That of the letter in the middle, "" without letters."""
    letters = [c for c in text if c.isalpha()]
    return unicodedata.name(letters[len(letters) // 2], "").split(" ")[0] if letters else ""


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - half a second, 100 MB

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
