"""Finding many names in a text at once: one Aho-Corasick pass, then the word boundaries.

A pattern is a text, met in any case and spelling that folds alike (`pipelines.folding`). A ``*`` at its end leaves the
ending of its last word open. One word in capitals of at most six letters (CSTO, ОДКБ) is an acronym, met in
capitals only; a short ending in small letters may follow it. Letters, marks and digits make words; in scripts that
set no spaces between words (Chinese, Japanese, Thai) a name is met anywhere, and Arabic and Hebrew particles that are
written on to the next word are no part of it.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from pipelines.automaton import Find, automaton
from pipelines.folding import Folded, fold

OPEN = 8
"""Most letters that an open ending may add (measured: research on watchlists, §4)."""

ACRONYM = 6
"""Most letters of a word in capitals that is taken for an acronym."""

SUFFIX = 4
"""Most small letters that may follow an acronym without a hyphen, as Kazakh, Armenian and Georgian inflect it, and of
two letters none: "UNited" and "USed" are misprints, no acronyms."""

UNSPACED = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
)
"""Thai and Lao, Burmese, Khmer, kana, Han: first and last character."""

PARTICLES = frozenset(
    [
        "و",
        "ف",
        "ب",
        "ل",
        "ک",
        "ال",
        "وال",
        "بال",
        "فال",
        "کال",
        "لل",
        "ولل",
        "وب",
        "ول",
        "ה",
        "ו",
        "ב",
        "ל",
        "מ",
        "ש",
        "כ",
        "וה",
        "וב",
        "ול",
        "ומ",
        "של",
    ]
)
"""What Arabic and Hebrew write on to the word: and, so, in, to, as, the, from, that; folded."""


class Pattern(NamedTuple):
    """One name to find; with *case* only in capitals and small letters as it is written."""

    text: str
    case: bool = False


class Occurrence(NamedTuple):
    """Where pattern number *pattern* stands: ``text[start:end]`` of the original."""

    pattern: int
    start: int
    end: int


class State(NamedTuple):
    """A compiled `Scanner`: its keys, by key the last pattern, by pattern the one before it and its form; the forms."""

    keys: list[str]
    last: list[int]
    before: list[int]
    form: list[int]
    forms: list[tuple[bool, bool, str]]


class Scanner:
    """All *patterns* in one automaton, made by *build*.

    Cost: building is linear, some 10 µs a pattern; beside the automaton one takes 12 bytes. A scan is some 10 ns a
    character of the folded text and 0.5 µs for each place where the letters of a pattern stand, in whatever word. Safe
    to share between threads. Does not pickle.

    Raises:
        ValueError: a pattern has no letter or digit, or is a bare ``*``.
    """

    def __init__(self, patterns: Iterable[Pattern], build: Callable[[Collection[str]], Find] = automaton) -> None:
        keys: dict[str, int] = {}
        forms: dict[_Form, int] = {}  # most are alike
        self._last = array("i")  # of each key the last pattern
        self._before = array("i")  # of each pattern the one before it with the same key, or -1
        self._form = array("i")
        for number, pattern in enumerate(patterns):
            text, form = _form(pattern)
            key = keys.setdefault(text, len(keys))
            if key == len(self._last):
                self._last.append(-1)
            self._before.append(self._last[key])
            self._last[key] = number
            self._form.append(forms.setdefault(form, len(forms)))
        self._forms = list(forms)
        self._keys = list(keys)
        self._find = build(self._keys)

    @classmethod
    def of(cls, state: State, build: Callable[[Collection[str]], Find] = automaton) -> Scanner:
        """The scanner that gave *state*, without compiling its patterns again."""
        made = cls.__new__(cls)
        made._last, made._before, made._form = (array("i", row) for row in (state.last, state.before, state.form))
        made._forms = [_Form(*form) for form in state.forms]
        made._keys = state.keys
        made._find = build(state.keys)
        return made

    @property
    def keys(self) -> Sequence[str]:
        """The folded letters that it finds, each once."""
        return self._keys

    @property
    def state(self) -> State:
        """What it is made of, as plain values to store."""
        last, before, form = (row.tolist() for row in (self._last, self._before, self._form))
        return State(self._keys, last, before, form, [(form.is_open, form.acronym, form.cased) for form in self._forms])

    def scan(self, text: str) -> list[Occurrence]:
        """Every hit in *text*, overlapping ones too, by start and then longest first."""
        if not text or not self._last:
            return []
        folded = fold(text)
        hits: list[Occurrence] = []
        for key, start, end in self._find(folded.text):
            if _starts(folded.text, start):
                number = self._last[key]
                while number >= 0:
                    last = self._forms[self._form[number]].end(folded, text, start, end)
                    if last is not None:
                        hits.append(Occurrence(number, *folded.span(start, last)))
                    number = self._before[number]
        hits.sort(key=_reading)
        return hits

    def met(self, text: str) -> set[int]:
        """The numbers of the patterns that *text* has; cheaper than where."""
        found: set[int] = set()
        if not text or not self._last:
            return found
        folded = fold(text)
        done: set[int] = set()
        for key, start, end in self._find(folded.text):
            if key not in done and _starts(folded.text, start):
                done.add(key)
                number = self._last[key]
                while number >= 0:
                    if self._forms[self._form[number]].end(folded, text, start, end) is not None:
                        found.add(number)
                    else:
                        done.discard(key)
                    number = self._before[number]
        return found


class Layers:
    """Two scanners as one: the patterns of *over* are numbered after the *size* of *under*."""

    def __init__(self, under: Scanner | Layers, size: int, over: Scanner) -> None:
        self._under = under
        self._size = size
        self._over = over

    @property
    def keys(self) -> Sequence[str]:
        return [*self._under.keys, *self._over.keys]

    def scan(self, text: str) -> list[Occurrence]:
        """As `Scanner.scan`; a scan of each."""
        under = self._under.scan(text)
        over = [hit._replace(pattern=hit.pattern + self._size) for hit in self._over.scan(text)]
        return sorted(under + over, key=_reading) if over else under


def longest(hits: Iterable[Occurrence]) -> list[Occurrence]:
    """Of hits that overlap, the leftmost, and of those the longest."""
    kept: list[Occurrence] = []
    for hit in sorted(hits, key=_reading):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _reading(hit: Occurrence) -> tuple[int, int, int]:
    return hit.start, -hit.end, hit.pattern


class _Form(NamedTuple):
    """What must hold around the folded letters of a pattern."""

    is_open: bool
    acronym: bool
    cased: str

    def end(self, folded: Folded, text: str, start: int, end: int) -> int | None:
        """Where the hit of the key at folded ``[start:end]`` ends with its ending, or None when it is none."""
        most = OPEN if self.is_open else SUFFIX if self.acronym and not self.cased else 0
        last = end
        while last < len(folded.text) and last - end <= most and _joined(folded.text[last - 1], folded.text[last]):
            last += 1
        ending = last - end
        if self.cased:
            low, high = folded.span(start, end)
            if text[low:high] != self.cased:
                return None
        elif self.acronym:
            low, high = folded.span(start, end)
            small = ending <= SUFFIX and high - low > 2 and text[high : folded.span(start, last)[1]].islower()
            return last if text[low:high].isupper() and (not ending or small) else None
        return last if ending <= most else None


def _form(pattern: Pattern) -> tuple[str, _Form]:
    """*pattern*, compiled: the folded letters to find, and what must hold around them."""
    stem = pattern.text.strip()
    is_open = stem.endswith("*")
    stem = stem.removesuffix("*").strip()
    key = " ".join(fold(stem).text.split())
    if not any(map(_in_word, key)):
        raise ValueError(f"'{pattern.text}' has no letter or digit to look for")
    acronym = 1 < len(stem) <= ACRONYM and stem.isalpha() and stem.isupper() and not is_open
    return key, _Form(is_open, acronym, stem if pattern.case else "")


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _unspaced(character: str) -> bool:
    return character >= UNSPACED[0][0] and any(first <= character <= last for first, last in UNSPACED)


def _joined(inner: str, outer: str) -> bool:
    """Whether the character *outer*, beside a name that ends in *inner*, belongs to the same word."""
    return _in_word(outer) and not _unspaced(outer) and not _unspaced(inner)


def _starts(text: str, start: int) -> bool:
    if start == 0 or (before := text[start - 1]) == " ":
        return True
    if before.isalpha() and before < "\u0590" > text[start]:  # quick, for most end here
        return False
    if not _joined(text[start], before):
        return True
    if not "\u05d0" <= text[start] <= "\u06ff":
        return False
    first = start - 1
    while first and start - first <= 3 and _in_word(text[first - 1]):
        first -= 1
    return text[first:start] in PARTICLES
