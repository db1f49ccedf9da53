"""The places of an article: its names read, persons put aside, each name weighed and resolved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from connectors.records import Sense, TaggedArticle
from pipelines.knowledge.entity import Name
from pipelines.knowledge.gazetteer import Gazetteer
from pipelines.places.context import ENGLISH, ENGLISH_HOME, cues, home, paper
from pipelines.places.english import load as load_english
from pipelines.places.evidence import SPEAKING, Known, evidence
from pipelines.places.governments import load as load_governments
from pipelines.places.guards import load as load_guards
from pipelines.places.mention import Mention, mentions
from pipelines.places.persons import persons
from pipelines.places.resolving import Resolved, resolve
from pipelines.places.weights import BEGINNING, DATELINE

REPEATED, REPEATS = 0.25, 2
"""What a repetition of a town's name adds, and how many do (measured: research on tagging §2)."""


_AGENCY = re.compile(r",?[^.\n]{0,30}[.,]?\s?(?:\([A-Z][\w ]{1,20}\)\s*[-–—]|/[^\W\d_a-z][\w ]{1,20}/)")
"""``, Jan 12 (Reuters) -``, ``, January 12. /ARMENPRESS/``."""


class Placed(NamedTuple):
    """A *mention* and what it says of which country, None when it says nothing; *score* in points."""

    mention: Mention
    resolved: Resolved | None = None
    score: float = 0.0


def sense(one: Placed) -> Sense:
    """What the name of a place is said for: a capital for its government, a place in a dateline for its author."""
    mention = one.mention
    if one.resolved and one.resolved.evidence.rule == SPEAKING:
        return "government"
    begins = mention.zone in ("lead", "body") and mention.start < BEGINNING and "\n" not in mention.left
    capitals = mention.surface.isupper() and len(mention.surface) > 3 and not mention.left.strip(" ,").islower()
    agency = _AGENCY.match(mention.rest)
    return "dateline" if begins and (agency or (capitals and DATELINE.match(mention.rest))) else ""


def placed(tagged: TaggedArticle, gazetteer: Gazetteer, languages: Path) -> Iterator[Placed]:
    """Every name of the article in reading order, by the rules of English where it is in English.

    *languages* is the folder with what stands beside names (``configs/languages``).

    Cost: a scan of each zone, and some 5 µs for each name.
    """
    article, language = tagged.article, tagged.language
    words = load_english(languages)
    english = words if language == "en" else None
    known = Known(gazetteer, load_guards(languages), load_governments(languages), english)
    read = [
        known.governments.meant(mention, tagged.language_in(mention.zone), gazetteer.entities)
        for mention in mentions(tagged, gazetteer)
    ]
    people = persons(read, words, english=english is not None)
    if english:
        texts = [text for _, text in article.zones()]
        people |= {thing for thing in words.tables.things if any(re.search(rf"\b{thing}\b", text) for text in texts)}
    found = {}
    for number, mention in enumerate(read):
        if piece := evidence(mention, tagged.language_in(mention.zone), known, people):
            found[number] = piece
    own = cues(article, english) if english else Counter[str]()
    source, prior = home(article), {}
    if english and not source[0]:
        prior[ENGLISH_HOME] = ENGLISH
        towns = {piece.mention.key for piece in found.values() if "US" in piece.shares or piece.homonym}
        if own_town := paper(article, towns, own["US"]):
            source = ("US", own_town)
    resolved = dict(zip(found, resolve(list(found.values()), own, source, prior), strict=True))
    times: Counter[tuple[str, str]] = Counter()
    for number, mention in enumerate(read):
        if (said := resolved.get(number)) is None:
            yield Placed(mention)
            continue
        score = said.evidence.weight
        if said.evidence.rule == "place":
            name = mention.name.entity.id if mention.name else mention.key
            seen = times[name, said.country]
            times[name, said.country] += 1
            repeated = 1.0 if not seen else REPEATED if seen <= REPEATS else 0.0
            score *= repeated * (0.4 + 0.6 * said.confidence)
        yield Placed(_named(said, gazetteer), said, score)


def _named(said: Resolved, gazetteer: Gazetteer) -> Mention:
    """The mention with the state as its name that it was taken for: Georgia is no name of it in English by itself."""
    mention = said.evidence.mention
    state = gazetteer.entities.get(gazetteer.countries.get(said.country, ""))
    stands = said.evidence.rule == "georgia" and state and not said.place
    return mention._replace(name=Name(mention.surface, state)) if stands and state else mention
