"""Words that inflect together: a noun, the adjectives that agree with it, and after it the names of a person.

"Нагорный Карабах" becomes "Нагорного Карабаха", "Ильхам Алиев" "Ильхамом Алиевым"; of "Организация Договора о
коллективной безопасности" only the first word does. What a word becomes is its *slots*, in small letters, by gender
(m, f, n; p is the plural) and case: ``{"m gent": ["карабаха"], …}``. An adjective has those of every gender, so that
words agree where they share slots. Where slots come from is the language's: endings (`declined`) or a dictionary.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

SINGULAR = ("nomn", "gent", "datv", "accs", "ablt", "loct")
PLURAL = ("nomn", "gent", "datv", "ablt", "loct")
"""Cases, in the order of a table's columns. A plural has no accusative: it is the nominative or the genitive."""

ALIKE = 8
"""Most forms of a phrase in one case: three words that have two each."""

Slots = dict[str, list[str]]


class Reader(NamedTuple):
    """How a language reads a word: as *nouns*; as an *adjective*, without slots when it is none; as *names*.

    These go on after a given name or title, the second argument, and inflect with it.
    """

    nouns: Callable[[str], Sequence[Slots]]
    adjective: Callable[[str], Slots]
    names: Callable[[str, str], Sequence[Slots]]


def inflected(words: Sequence[str], reader: Reader) -> list[str]:
    """Every form of the phrase *words*, itself among them; none when it is not written in the nominative.

    Acronyms, in capitals, stay as they are.
    """
    adjectives = list(itertools.takewhile(bool, map(reader.adjective, words)))
    for head in reversed(range(min(len(adjectives) + 1, len(words)))):
        nouns = [] if words[head].isupper() else reader.nouns(words[head])
        runs = [_with_names([*adjectives[:head], noun], words, reader) for noun in nouns]
        runs = [run for run in runs if _agree(run, words)]
        if runs:
            longest = max(map(len, runs))
            return [form for run in runs if len(run) == longest for form in _forms(run, words, head)]
    return _forms(adjectives, words, 0) if adjectives and len(words) == 1 else []


def _with_names(run: list[Slots], words: Sequence[str], reader: Reader) -> list[Slots]:
    for after, word in itertools.pairwise(words[len(run) - 1 :]):
        names = [] if word.isupper() else [*reader.names(word, after), reader.adjective(word)]
        longer = next((more for name in names if _agree(more := [*run, name], words)), None)
        if longer is None:
            break
        run = longer
    return run


def _agree(run: list[Slots], words: Sequence[str]) -> bool:
    """Whether all words of *run* are nominatives of one gender as they are written."""
    written = [word.lower() for word in words[: len(run)]]
    return any(
        all(word in slots.get(f"{gender} nomn", ()) for slots, word in zip(run, written, strict=True))
        for gender in "mfnp"
    )


def _forms(run: list[Slots], words: Sequence[str], head: int) -> list[str]:
    rest = words[len(run) :]
    shared = (itertools.product(*(slots.get(slot, ()) for slots in run)) for slot in run[head])
    chosen = itertools.chain(*(itertools.islice(forms, ALIKE) for forms in shared))
    return [" ".join([*map(_recased, forms, words), *rest]) for forms in chosen]


def _recased(form: str, like: str) -> str:
    """*form* with a capital in each part between hyphens where *like* has one."""
    pairs = itertools.zip_longest(form.split("-"), like.split("-"), fillvalue="")
    return "-".join(part[:1].upper() + part[1:] if other[:1].isupper() else part for part, other in pairs)


class Row(NamedTuple):
    """One kind of word in a table: the ending it is *known_by*, its *gender*, and what stands for it in each slot."""

    known_by: str
    gender: str
    endings: dict[str, list[str]]


def table(text: str) -> list[Row]:
    """The rows of *text*: the ending a word is known by, with what changes in brackets; a gender; the new endings.

    They stand in the order of `SINGULAR`, then of `PLURAL` if there is one. ``/`` parts endings of one case, 0 is none.
    A gender in a capital is of names only.
    """
    rows = []
    for line in text.strip().splitlines():
        known_by, gender, *columns = line.split()
        slots = [] if gender == "p" else [f"{gender.lower()} {case}" for case in SINGULAR]
        slots += [f"p {case}" for case in PLURAL]
        endings = {slot: column.replace("0", "").split("/") for slot, column in zip(slots, columns, strict=False)}
        rows.append(Row(f"{known_by}$", gender, endings))
    return rows


def declined(word: str, rows: Iterable[Row]) -> list[Slots]:
    """What *word* may become: by the first ending of *rows* that it has, once for each row with that ending.

    A name, with a capital, has no plural unless it is one.
    """
    lower, name = word.lower(), word[:1].isupper()
    found: list[Slots] = []
    known_by = ""
    for row in rows:
        match = re.search(row.known_by, lower) if known_by in ("", row.known_by) else None
        if match and (name or row.gender.islower()):
            known_by, stem = row.known_by, lower[: match.start(1)]
            plural = row.gender == "p" or not name
            endings = {slot: new for slot, new in row.endings.items() if plural or slot[0] != "p"}
            found.append({slot: [stem + ending for ending in new] for slot, new in endings.items()})
    return found
