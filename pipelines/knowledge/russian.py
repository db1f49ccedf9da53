"""How Russian words decline: from the dictionary of pymorphy3, and by their ending where it does not know a name.

The dictionary is trusted only for words that it knows: it takes «Арцах» for «арец». It is optional, and is loaded when
the first Russian phrase is met (measured: 0.1 s, 26 MB).
"""

from __future__ import annotations

import functools
import importlib
import re
from typing import Any

from pipelines.knowledge.agreement import Reader, Slots, declined, inflected, table
from pipelines.knowledge.endings import adjective

PERSON = frozenset(("Name", "Surn", "Patr"))
NAMES = PERSON | {"Geox", "Orgn", "Trad"}
ODD = frozenset(("Infr", "Slng", "Arch", "Erro", "Dist", "V-oy", "V-ey", "V-be", "V-bi", "voct", "Abbr", "Supr"))
"""OpenCorpora's grammemes of a form that is colloquial, old, wrong, poetic (войною), a call, initials, superlative."""

SURNAME = re.compile("(ян|[оеё]ва?|[иы]на?|[сц]к(ий|ая))$")
"""How the surname after an unknown given name ends."""

_UNKNOWN = table("""
[сц]к(ий) M ий ого ому ого им ом
[сц]к(ая) F ая ой ой ую ой ой
[оеё]в() M 0 а у а ым е
[иы]н() M 0 а у а ым/ом е
[оеё]в(а) F а ой ой у ой ой
[иы]н(а) F а ой/ы ой/е у ой ой/е
[жчшщц]() M 0 а у а ем е
[жчшщц]() F 0 0 0 0 0 0
[бвгдзклмнпрстфх]() M 0 а у а ом е
[бвгдзклмнпрстфх]() F 0 0 0 0 0 0
и(й) M й я ю я ем и
(й) M й я ю я ем е
и(я) F я и и ю ей и
(я) F я и е ю ей е
[жчшщ](а) F а и е у ей/ой е
ц(а) F а ы е у ей е
[гкх](а) F а и е у ой е
(а) F а ы е у ой е
""")
"""Of unknown names: surnames, then places and given names. -ян declines as any consonant does, and beside a woman's
surname a consonant stays (Мехрибан Алиевой). In -о, -е, -и, -у, -ь nothing is guessed."""

_unknown_adjective = adjective(
    """
@ m ий ого ому ого им ом
@ f ая ой ой ую ой ой
@ n ое ого ому ое им ом
@ p ие их им ими их
""".replace("@", "[сцз]к(ий|ая|ое|ие)")
)


def forms(words: list[str]) -> list[str]:
    """Every form of the phrase *words*, itself among them; none without the dictionary."""
    if dictionary() is None:
        return []
    return inflected([_plain(word) for word in words], Reader(_nouns, _adjective, _names))


@functools.lru_cache(1)
def dictionary() -> Any:
    """The dictionary; None where it is not installed."""
    try:
        return importlib.import_module("pymorphy3").MorphAnalyzer()
    except ImportError:
        return None


def _nouns(word: str) -> list[Slots]:
    head, parses = _parses(word, "NOUN")
    if not parses and word[:1].isupper() and not dictionary().word_is_known(word):
        return declined(word, _UNKNOWN)
    proper = [parse for parse in parses if NAMES & parse.tag.grammemes] if word[:1].isupper() else []
    return [_noun(head, parse) for parse in proper or parses]


def _names(word: str, after: str) -> list[Slots]:
    if not word[:1].isupper():
        return []
    persons = [parse for parse in _parses(after, "NOUN")[1] if "anim" in parse.tag]
    unknown = after[:1].isupper() and not dictionary().word_is_known(after)
    head, parses = _parses(word, "NOUN")
    if dictionary().word_is_known(word):
        return [_noun(head, p) for p in parses if PERSON & p.tag.grammemes] if persons or unknown else []
    return declined(word, _UNKNOWN) if persons or (unknown and SURNAME.search(word)) else []


def _adjective(word: str) -> Slots:
    head, parses = _parses(word, "ADJF", "PRTF")
    if not parses:
        return _unknown_adjective(word)
    slots: Slots = {}
    for form in _same(parses[0]):
        if not {"accs", "inan"} <= form.tag.grammemes:
            slots.setdefault(_slot(form.tag, "m"), []).append(head + _plain(form.word))
    return slots


def _noun(head: str, parse: Any) -> Slots:
    """The slots of a noun; a plural stays one, a proper name has none."""
    proper = bool({"Sgtm", *NAMES} & parse.tag.grammemes)
    slots: Slots = {}
    for form in _same(parse):
        same = (form.tag.number, form.tag.gender) == (parse.tag.number, parse.tag.gender)  # Алиева is another person
        if same or (form.tag.number == "plur" and not proper):
            slots.setdefault(_slot(form.tag, parse.tag.gender or "m"), []).append(head + _plain(form.word))
    if proper and re.search("[жчшщ]ей$", "".join(slots.get("f ablt", ())[:1])):  # and stressed: Шушой
        slots["f ablt"].append(re.sub("ей$", "ой", slots["f ablt"][0]))
    for gender in "mfnp":  # an accusative is one of its own only in -у and -ю
        if {*slots.get(f"{gender} accs", ())} <= {*slots.get(f"{gender} nomn", ()), *slots.get(f"{gender} gent", ())}:
            slots.pop(f"{gender} accs", None)
    return slots


def _same(parse: Any) -> list[Any]:
    """The forms of the word that are of the same kind: of a verb, this participle."""
    kind = (parse.tag.POS, parse.tag.tense, parse.tag.voice)
    return [
        form
        for form in parse.lexeme
        if (form.tag.POS, form.tag.tense, form.tag.voice) == kind and not ODD & form.tag.grammemes
    ]


def _parses(word: str, *kinds: str) -> tuple[str, list[Any]]:
    """How the dictionary reads *word* as a nominative; of 44-дневная the last part, and the rest before it."""
    head, hyphen, last = word.rpartition("-")
    if not hyphen or dictionary().word_is_known(word):
        head, last = "", word
    parses = dictionary().parse(last) if dictionary().word_is_known(last) else []
    found = [p for p in parses if p.tag.POS in kinds and "nomn" in p.tag and not ODD & p.tag.grammemes]
    return (head + hyphen if head else "").lower(), found


def _slot(tag: Any, gender: str) -> str:
    case = {"gen": "gent", "loc": "loct", "acc": "accs"}.get(tag.case[:3], tag.case)
    return f"{'p' if tag.number == 'plur' else (tag.gender or gender)[0]} {case}"


def _plain(word: str) -> str:
    return word.replace("ё", "е").replace("Ё", "Е")
