"""How much a name says for which country: the rules that look at one name and what stands beside it.

Constants: measured, research on tagging §2; most are flat, a change of a fifth moves F1 by less than half a point.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.knowledge.world import TOWN
from pipelines.places.containers import Container, container
from pipelines.places.english import English
from pipelines.places.governments import Governments
from pipelines.places.guards import Guards
from pipelines.places.mention import Mention
from pipelines.places.weights import DATELINE, weight

STATE, CONTAINED, COUNTY, DEMONYM, WEAK_DEMONYM, NATIONAL = 3.0, 3.0, 1.5, 1.2, 0.8, 0.6
"""*national*: a Russian or Ukrainian word for one of a people, which tells a person's passport more than a country."""

ALPHA = 0.3
"""Of two places of one name the larger is the likelier, by this power of their populations."""

RENOWNED, ELSEWHERE = 100_000, 0.8
"""Of a text in another language than English, where no words tell names apart, a town of so many people is believed,
and weighs so much: named once in passing it does not make its country named."""

HOMONYM = 1_500
"""People of a town in the US that makes the name of a state a homonym."""

EVERYDAY = 0.05
"""What the name of a state weighs where it may be a word of every day: nothing alone."""

ACRONYM = 1_000_000
"""People of a city whose name in five capitals is no acronym (HIV, SWAT)."""

SETTLED = 500_000
"""People that a town of people's own lists counts for: as many as make it well known."""

GOVERNMENT = ("government", "ministry")
"""Types of actors that are a state acting."""

GEORGIA = frozenset(("georgia", "géorgie", "geórgia", "جورجيا"))
"""How languages call a state of the US as they do the country."""

GEORGIAN = ({"GE": 0.5, "US": 0.5}, {"GE": 0.9, "US": 0.1})
"""How likely each is in English, and elsewhere."""

CAPITAL, SPEAKING = 1.6, "government speaking"
"""What a capital that stands for its government weighs in English, as much as a large city; and the rule's name."""

WEAK = frozenset(
    ("english", "indian", "indians", "dominican", "finn", "finns", "dane", "danes", "pole", "poles", "turk", "turks")
)
"""Demonyms that are as often a language, another people or a name."""

_BEGINS = re.compile(r"(?:^|[.!?։:\n][\s«“„\"]*)$")

_WORK = re.compile(
    r"\b(?:(?:print|remake|screening|premiere|trailer|soundtrack|adaptation)s? of|sequel to|film|movie) [\"“‘']?$"
)
"""Before the title of a work: a restored print of Casablanca."""

_SURNAME = re.compile("(?:შვილ|ძე)")
"""In a Georgian surname, some of which are made of peoples: ბერძენიშვილი."""

_CYRILLIC = tuple("абвгґдеєжзиіїйклмнопрстуфхцчшщыэюя")


class Evidence(NamedTuple):
    """*mention* is of a place in one of *shares*, by country how likely each is; it weighs *weight*.

    *rule* says what decided. *homonym*: a state that is also a town elsewhere. *admin*: the region that was said.
    """

    mention: Mention
    shares: Mapping[str, float]
    weight: float
    rule: str
    homonym: bool = False
    admin: str = ""

    @property
    def certain(self) -> str:
        """The country, when there is but one."""
        return next(iter(self.shares)) if len(self.shares) == 1 else ""


class Known(NamedTuple):
    """What the rules know: the names, what stands beside them; *english* for texts in it, else None."""

    gazetteer: Gazetteer
    guards: Guards
    governments: Governments
    english: English | None


def evidence(mention: Mention, language: str, known: Known, persons: frozenset[str]) -> Evidence | None:
    """What *mention* says in an article of *language*, None when it says nothing; *persons* are people's names."""
    gazetteer, guards, _, english = known
    located = english is not None and mention.previous in english.tables.locative
    state = state_of(mention, gazetteer)
    if not _written(mention, state) or (mention.key in persons and not located):
        return None
    entity = mention.name.entity if mention.name else None
    if english and _WORK.search(mention.left) and not (entity and entity.claimants):
        return None
    if entity and entity.kind == "actor":
        return _government(mention)
    if _SURNAME.search(mention.surface):
        return None
    demonym = mention.name is not None and mention.name.demonym
    guard = guards.of(mention, language) if state or demonym or english is None else ""
    if guard:
        return _guarded(mention) if guard == "everyday" else None
    if demonym:
        return _demonym(mention)
    inside = container(mention, gazetteer, english)
    if mention.key in GEORGIA:
        american = inside is not None and inside.country == "US"
        return Evidence(mention, {"US": 1.0} if american else GEORGIAN[english is None], STATE, "georgia")
    if state:
        if inside and inside.country != state:
            there = inside.admin or (located and not inside.listed and inside.country in mention.countries)
            if there:  # Lebanon, Pa.; in Armenia, Colombia
                return Evidence(mention, {inside.country: 1.0}, CONTAINED, "container", admin=inside.admin)
        homonym = any(p.country == "US" and p.kind == "city" and p.population >= HOMONYM for p in mention.places)
        return Evidence(mention, {state: 1.0}, STATE, "state", homonym=homonym and state != "US" and not inside)
    return _town(mention, language, known, inside)


def _town(mention: Mention, language: str, known: Known, inside: Container | None) -> Evidence | None:
    """What *mention*, no state, says; *inside* what stands behind it."""
    english, shares = known.english, _shares(mention)
    if not shares:
        return None
    if inside and (inside.country in shares or inside.admin):
        return Evidence(mention, {inside.country: 1.0}, CONTAINED, "container", admin=inside.admin)
    if known.governments.speaks(mention, language) and mention.name and mention.name.entity.country:
        return Evidence(mention, {mention.name.entity.country: 1.0}, max(DEMONYM, CAPITAL * bool(english)), SPEAKING)
    if mention.after in ("County", "Township"):
        return Evidence(mention, {"US": 1.0}, COUNTY, "county")
    if english is None:
        return Evidence(mention, shares, ELSEWHERE, "place") if _believed(mention) else None
    return Evidence(mention, shares, weight(mention, english, american=shares.get("US", 0) > 0.5), "place")


def state_of(mention: Mention, gazetteer: Gazetteer) -> str:
    """The code of the state that *mention* is the name of, else nothing."""
    if mention.name is None or mention.name.demonym or mention.name.entity.kind != "place":
        return ""
    code = mention.name.entity.country or ""
    return code if gazetteer.countries.get(code) == mention.name.entity.id else ""


def _believed(mention: Mention) -> bool:
    """Whether a town is meant, not in English: where a word with a capital stands beside it, it may be a person."""
    listed = mention.name is not None and not mention.name.entity.id.startswith(TOWN)
    lonely = _BEGINS.search(mention.left.removesuffix(f"{mention.before} "))  # the word before begins its sentence
    beside = mention.single and (mention.capital_after or (mention.capital_before and not lonely))
    large = any(
        place.population >= RENOWNED for place in mention.places if place.kind == "city" or place.country == "US"
    )
    return listed or ((mention.name is not None or large) and not beside)


def _written(mention: Mention, state: str) -> bool:
    """Whether the name is written as one: short ones in capitals, longer ones not unless a dateline follows."""
    text = mention.surface
    if state:
        return not (text == "US" and re.match(r"\s?[$€£]", mention.rest))
    if mention.name:
        return True
    if len(text) <= 3 and not (text.isupper() or "." in text):
        return False
    acronym = text.isupper() and len(text) <= 5 and mention.largest < ACRONYM
    return not acronym or bool(DATELINE.match(mention.rest)) or mention.rest.startswith(", ")


def _guarded(mention: Mention) -> Evidence | None:
    country = mention.name.entity.country if mention.name else None
    return Evidence(mention, {country: 1.0}, EVERYDAY, "everyday word") if country else None


def _demonym(mention: Mention) -> Evidence | None:
    country = mention.name.entity.country if mention.name else None
    if not country:
        return None
    if mention.key.startswith(_CYRILLIC) and not re.search("ск|цк|ьк", mention.key):
        return Evidence(mention, {country: 1.0}, NATIONAL, "national")
    weak = mention.key in WEAK or mention.key.startswith("английск")
    return Evidence(mention, {country: 1.0}, WEAK_DEMONYM if weak else DEMONYM, "demonym")


def _government(mention: Mention) -> Evidence | None:
    """A state that speaks through its government; longer names of it hide the state's own in them."""
    country, type_ = (mention.name.entity.country, mention.name.entity.type) if mention.name else (None, "")
    if not country or type_ not in GOVERNMENT or mention.zone == "captions":
        return None
    return Evidence(mention, {country: 1.0}, DEMONYM, "government")


def _shares(mention: Mention) -> dict[str, float]:
    """How likely each country is, by the people who live in its places of that name."""
    people: dict[str, float] = {}
    for place in mention.places:
        people[place.country] = max(people.get(place.country, 0), place.population)
    if mention.name:
        entity = mention.name.entity
        if entity.kind != "place" or not entity.country:  # a decoy; a contested place, or no country's
            return {}
        if entity.claimants:  # never taken for a town elsewhere in silence
            return {entity.country: 1.0}
        people[entity.country] = max(people.get(entity.country, 0), SETTLED)
    total = sum(number**ALPHA for number in people.values())
    return {country: number**ALPHA / total for country, number in people.items()} if total else {}
