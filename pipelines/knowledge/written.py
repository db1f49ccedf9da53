"""``forms.tsv``: the inflected forms of the names that people wrote as nominatives; ``wirewatch knowledge build``.

Names of ``places.yaml`` and ``actors.yaml`` have their forms written beside them and are left as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.knowledge import inflection
from pipelines.located import read_file

OPEN = ("hy", "az", "tr", "ka", "kk")
"""Languages that add endings to a word that stays as it is: a name of `LETTERS` or more has its ending left open."""

LETTERS = 5

INFLECTED = ("ru", "uk", "pl", "el", "de", *OPEN)
"""Languages in which the forms of a name are written out (`pipelines.knowledge.inflection`)."""

FILE = "forms.tsv"

WRITTEN = ("places.yaml", "actors.yaml", "world.yaml")


def written(name: str, language: str) -> str:
    """*name*, a nominative, with its forms in one line of the gazetteer: ``name*``, or ``stem(ending|ending)``."""
    if re.search(r"[()|*]", name) or (" " in name and name.split(maxsplit=1)[0].isupper()):  # ГА ООН stays
        return name
    stem, change = _changing(name, language)
    last = stem.split()[-1]
    if language in OPEN and len(last) >= LETTERS and last.isalpha() and not last.isupper():
        return f"{stem}{change}*"
    stem = name.removesuffix("ი") if language == "ka" else name
    forms = sorted(inflection.forms(name, (language,))) if language in INFLECTED else []
    if not forms:
        return name
    while not all(form.startswith(stem) for form in (name, *forms)):
        stem = stem[:-1]
    return f"{stem}({'|'.join(form.removeprefix(stem) for form in (name, *forms))})"


def _changing(name: str, language: str) -> tuple[str, str]:
    """*name* without the letters that change before an ending, and what they may be."""
    if language == "ka":  # ინდონეზია, ინდონეზიის
        return name[:-1] if name.endswith(("ი", "ა")) else name, ""
    if language == "hy" and name.endswith("ություն"):  # միություն, միության
        return name.removesuffix("ուն"), ""
    if language in ("az", "tr") and name.endswith(("q", "k")):  # krallıq, krallığı; dağlık, dağlığı
        return name[:-1], f"({name[-1]}|{'ğ' if name[-1] == 'q' or language == 'tr' else 'y'})"
    return name, ""


def rows(folder: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each name in the files of *folder* that has other forms."""
    for path in sorted(folder.glob("*.yaml")):
        if path.name not in WRITTEN:
            for entity in read_file(path).data:
                yield from _of(entity)


def _of(entity: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    for name in entity.get("demonyms", {}).get("ar", ()):
        if name.endswith("ي"):  # لبناني, لبنانية, لبنانيون, لبنانيين
            yield entity["id"], "demonym", entity.get("country") or "", "ar", f"{name}(|ة|ون|ين|ات|ا)"
    for field, kind in (("names", entity["kind"]), ("surnames", "surname")):
        for language, names in entity.get(field, {}).items():
            for name in names:
                if (made := written(name, language)) != name and entity["kind"] != "decoy":
                    yield entity["id"], kind, entity.get("country") or "", language, made


def write(folder: Path) -> int:
    """Write ``forms.tsv`` into *folder*; how many rows it has."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    found = dict.fromkeys(rows(folder))
    writer.writerows([("id", "kind", "country", "language", "name"), *found])
    (folder / FILE).write_text(out.getvalue(), "utf-8")
    return len(found)
