"""Other spellings of the same words: British and American, compounds without their hyphen, names without an apostrophe.

Only what `pipelines.folding` does not make alike already. English words are respelt by rules where few other words are
like them, else by a table of those that the news uses. Words of other languages keep their letters.
"""

from __future__ import annotations

import functools
import itertools
import re

from pipelines.folding import fold
from pipelines.scanning import ACRONYM

VARIANTS = 16
"""Most spellings of a phrase: more than all those of four words that have two."""

PART = 3
"""Least letters of each part of a compound that may be one word (ceasefire); a later part with a capital is a name."""

_HYPHEN = "[-‐‑]"
_COMPOUND = re.compile(
    rf"[^\W\d_]{{{PART},}}({_HYPHEN}(?=[^\W\d_]{{{PART},}})(?![A-ZÀ-ÞА-ЯЁ])[^\W\d_]+)+|[Cc]o-(operat|ordinat)[a-z]+"
)
_APOSTROPHE = "(?<=[A-Za-z]{2})[`'’‘ʼʻʹʿʾ](?=[a-z])(?!s$|s-)"
"""Of a name (Sana'a), not of a genitive (Baku's) or an article (l'Arménie)."""

_OUR = (
    "arm|behavi|cand|clam|col|endeav|fav|ferv|flav|harb|hon|hum|lab|neighb|parl|rig|rum|sav|savi|splend|tum|val|vap|vig"
)
_RE = "calib|cent|centimet|fib|kilomet|lit|lust|sab|somb|spect|theat"
_LL = "cance|channe|counse|fue|jewe|labe|leve|marsha|mode|quarre|signa|tota|trave"
_ISE = (
    "upr|sunr|[a-z]*(?:pr|v|s|franch|(?:pro|pre|de|sur)m|(?:ex|exer|in|pre|con|circum)c|(?:para|merchan)d"
    "|(?:adver|trea|exper|prac|chas)t)"
)
"""What stands before -ise or -ize in words that have it in one spelling only."""

_RULES = [
    (re.compile(known_by), pair)
    for known_by, pair in (
        (rf"(?:{_OUR})(our|or)(?:s|ed|ing|able|ably|al|er|ers|ful|hood|hoods|ite|ites|less|ly|y)?", ("our", "or")),
        (rf"(?:{_RE})(re|er)s?", ("re", "er")),
        (rf"(?:{_LL})(ll|l)(?:ed|ing|er|ers|or|ors)", ("ll", "l")),
        ("co(-|)(?:operat|ordinat)[a-z]+", ("-", "")),
        ("(?:anal|catal|paral)y(s|z)(?:e|ed|er|ers|es|ing)", ("s", "z")),
        (rf"(?!(?:{_ISE})i[sz])[a-z]{{3,}}[^aeiouw]i(s|z)(?:e|ed|er|ers|es|ing|able|ation|ations)", ("s", "z")),
    )
]
"""How words are known that differ in the part in brackets, and what it is in Britain and in America."""

_TABLE = """
programme program defence defense offence offense licence license pretence pretense judgement judgment grey gray
manoeuvre maneuver plough plow tsar czar sceptic skeptic aluminium aluminum aeroplane airplane metre meter
archaeology archeology archaeological archeological enquiry inquiry enquiries inquiries fulfil fulfill
enrol enroll mould mold instalment installment jewellery jewelry ageing aging despatch dispatch artefact artifact
councillor councilor gaol jail paediatric pediatric anaesthetic anesthetic haemorrhage hemorrhage mediaeval medieval
"""

_WORDS = _TABLE.split()
_OTHER = {
    one + ending: other + ending
    for british, american in zip(_WORDS[::2], _WORDS[1::2], strict=True)
    for one, other in ((british, american), (american, british))
    for ending in ("", "s")
}


@functools.lru_cache(4096)
def variants(phrase: str) -> frozenset[str]:
    """Other spellings of the words of *phrase*, with its capitals.

    Guarantees: none is empty or folds as the phrase or another variant does; at most `VARIANTS`; none of an acronym in
    capitals. Cost: some 10 µs a word (measured); the last 4,096 are remembered. Does not: tell a word from another that
    is spelt alike (a computer's programs); write a compound with a hyphen that has none.
    """
    words = phrase.split()
    if len(words) == 1 and len(words[0]) <= ACRONYM and words[0].isupper():
        return frozenset()
    every = itertools.islice(itertools.product(*map(_spellings, words)), VARIANTS + 1)
    texts = {_key(text): text for text in map(" ".join, every)}
    return frozenset(text for key, text in texts.items() if key not in ("", _key(phrase)))


def _spellings(word: str) -> list[str]:
    """*word*, then its other spellings: of the parts between hyphens, as one word, without its apostrophe."""
    parts = [[part, *_respelt(part)] for part in re.split(f"({_HYPHEN})", word)]
    found = ["".join(chosen) for chosen in itertools.islice(itertools.product(*parts), VARIANTS)]
    joined = [re.sub(_HYPHEN, "", spelt) for spelt in found] if _COMPOUND.fullmatch(word) else []
    return list(dict.fromkeys([*found, *joined, *(re.sub(_APOSTROPHE, "", spelt) for spelt in found)]))


def _respelt(word: str) -> list[str]:
    """*word* as it is spelt on the other side of the Atlantic, if otherwise."""
    lower = word.lower()
    found = [_OTHER[lower]] if lower in _OTHER else []
    for known_by, (british, american) in _RULES:
        if match := known_by.fullmatch(lower):
            other = american if match[1] == british else british
            found.append(lower[: match.start(1)] + other + lower[match.end(1) :])
    return [other.upper() if word.isupper() else other.capitalize() if word[:1].isupper() else other for other in found]


def _key(text: str) -> str:
    return " ".join(fold(text).text.split())
