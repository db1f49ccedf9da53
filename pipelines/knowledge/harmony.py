"""Endings that follow the sounds before them, as in the Turkic languages.

An ending is a template: a small letter stands for itself, a capital for a sound that depends on the letters before it.
So Azerbaijani ``lArdA`` is -larda or -lərdə by the last vowel, and Turkish ``DA`` also -ta and -te by the last
consonant. The last word of a phrase inflects: a common noun in case, number and the possessive of the third person; a
name in case and in what is derived from it (Qarabağlı). What is a possessive already (Təhlükəsizlik Şurası) takes n
between (Şurasına), and its plural stands before (hava saldırıları). Which are a word's is a guess from its letters;
the wrong ones are no words. Not here: the first and second person, -dır.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Sounds = Mapping[str, tuple[tuple[str, str], ...]]
"""What a capital stands for: after which letters, what. It looks back through the word for the first letter that is
named, as harmony looks for a vowel; "" names any. What it finds may be a capital again; the last is the default."""

LONG = 4
"""Syllables of a word in a high vowel that may be a possessive by itself: cumhurbaşkanı, milletvekili."""


@dataclass(frozen=True, slots=True)
class Harmony:
    """How words of one language inflect, in templates.

    *cases* stand after a noun, *possessed* after a possessive, *derived* after a name. Before a vowel the last
    consonant of a common noun that *softens* changes as *soft* says, unless *stems* says otherwise; *heard* has endings
    of words that sound otherwise than they are written.
    """

    sounds: Sounds
    vowels: str
    cases: tuple[str, ...]
    possessed: tuple[str, ...]
    derived: tuple[str, ...]
    softens: str
    soft: Mapping[str, str]
    possessive: str
    plural: str
    stems: Mapping[str, str] = field(default_factory=dict)
    heard: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def forms(self, words: list[str]) -> list[str]:
        """Every form of the phrase *words*."""
        *before, last = words
        word = lowered(last)
        name = last[:1].isupper() and not _PLURAL.search(word)
        made = []
        if not (before and re.search(f"[{self.vowels}][sс]{self.possessive}", word)):
            made += self._inflected(word, self.derived if name else self._common(), soften=not name)
        syllables = sum(letter in self.vowels for letter in word)
        if (before or syllables >= LONG or word.endswith("kəndi")) and re.search(self.possessive, word):
            made += self._inflected(word, self.possessed)
            made += self._inflected(self._owned(word), (f"{self.plural}SI{case}" for case in ("", *self.possessed)))
        return [" ".join([*before, last[:1] + form[1:]]) for form in made]

    def _common(self) -> list[str]:
        singular = [*self.cases, *(f"SI{case}" for case in ("", *self.possessed))]
        return [*singular, self.plural, *(self.plural + ending for ending in singular)]

    def _owned(self, word: str) -> str:
        """What *word*, a possessive, is made of: dəhliz of dəhlizi, nazirlik of nazirliyi."""
        bare = re.sub(f"(?<=[{self.vowels}])[sс].$|.$", "", word)
        hard = {soft: hard for hard, soft in self.soft.items()}
        return bare[:-1] + hard.get(bare[-1:], bare[-1:])

    def _inflected(self, word: str, templates: Iterable[str], soften: bool = False) -> list[str]:
        written = next((ending for ending in self.heard if word.endswith(ending)), "")
        heard = [word.removesuffix(written) + sound for sound in self.heard.get(written, ("",))]
        made = []
        for template in templates:
            for sounding in heard:
                ending = self._ending(sounding, template)
                stem = self._softened(word) if soften and ending[:1] in self.vowels else word
                made.append(stem + ending)
        return made

    def _ending(self, word: str, template: str) -> str:
        made = word
        for sound in template:
            while sound in self.sounds:
                sound = _sound(made, self.sounds[sound])  # noqa: PLW2901 - a capital may stand for a capital
            made += sound
        return made[len(word) :]

    def _softened(self, word: str) -> str:
        softened = word[:-1] + self.soft.get(word[-1:], word[-1:]) if re.search(self.softens, word) else word
        return self.stems.get(word, softened)


_PLURAL = re.compile("(l[aeə]r|[лдт][ае]р)$")
"""How the name of a people (Ermeniler) ends, which inflects as any noun does."""


def lowered(word: str) -> str:
    """*word* in small letters, of which i with and without a dot are two."""
    return word.replace("I", "ı").replace("İ", "i").lower()


def _sound(word: str, rules: Iterable[tuple[str, str]]) -> str:
    sound = ""
    for letter in reversed(word):
        for letters, sound in rules:
            if not letters or letter in letters:
                return sound
    return sound
