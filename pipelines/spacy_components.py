"""What wirewatch reads, as components of spaCy for pipelines of your own.

    import spacy
    nlp = spacy.blank("en")                 # or a model: acts are then read by its parse
    nlp.add_pipe("wirewatch_places")        # doc.spans["places"], doc._.countries
    nlp.add_pipe("wirewatch_actors")        # doc.spans["actors"]
    nlp.add_pipe("wirewatch_acts")          # doc._.acts
    nlp.add_pipe("wirewatch_watchlists", config={"folder": "watchlists"})   # doc.spans["watchlists"], doc._.watchlists
    doc = nlp("Russia blames Armenia for the failure.")
    [(span.text, span.id_) for span in doc.spans["places"]]   # ("Russia", "russia"), ("Armenia", "armenia")

spaCy finds them through the entry point ``spacy_factories``; nothing of wirewatch need be imported. Each works alone;
together they read a text once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
from spacy.language import Language
from spacy.tokens import Doc, Span

from connectors.errors import ConfigError
from connectors.records import Article, TaggedArticle, Zone
from pipelines import taggers
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import inside
from pipelines.places import acts, parsed
from pipelines.taggers import gazetteer
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Matcher

BODY: Zone = "body"


class Component:
    """What the components share: the text read as an article's body, once for each *gazetteer* and *country*.

    *gazetteer* is the folder of another gazetteer, *country* where the texts are from (ISO 3166-1).
    """

    extensions: ClassVar[tuple[str, ...]] = ()

    def __init__(self, nlp: Language, gazetteer: str, country: str) -> None:
        self._language = nlp.lang or "und"
        self._folder = Path(gazetteer) if gazetteer else shipped() / "gazetteer"
        self._country = country
        for extension in self.extensions:
            Doc.set_extension(extension, default=(), force=True)

    def read(self, doc: Doc) -> TaggedArticle:
        """The text with its tags, countries and acts."""
        key = f"wirewatch {self._folder} {self._country}"
        if key not in doc.user_data:
            article = Article(
                id="spacy", source="", url="", title="", body=doc.text, country=self._country, fetched=datetime.now(UTC)
            )
            tagger = gazetteer.build(gazetteer.Options(folders=(self._folder,)))
            (found,) = taggers.tagged(tagger, [TaggedArticle(article=article, language=self._language)])
            if doc.has_annotation("DEP") and self._language == "en":
                verbs = acts.load(shipped() / "languages")
                found = msgspec.structs.replace(found, acts=tuple(parsed.acts(doc, BODY, found.tags, verbs)))
            doc.user_data[key] = found
        read: TaggedArticle = doc.user_data[key]
        return read


def _spans(doc: Doc, found: Iterable[tuple[int, int, str, str]]) -> list[Span]:
    """Spans of *found*: start, end, label, id; whole tokens."""
    made = (doc.char_span(a, b, label, span_id=id_, alignment_mode="expand") for a, b, label, id_ in found)
    return [span for span in made if span is not None]


class Places(Component):
    """Sets ``doc.spans["places"]`` and ``doc._.countries``; they may overlap a model's ``ents``."""

    extensions = ("countries",)

    def __call__(self, doc: Doc) -> Doc:
        read = self.read(doc)
        named = [tag for tag in read.tags if tag.kind == "place"]
        doc.spans["places"] = _spans(doc, ((t.start, t.end, t.country or "contested", t.id) for t in named))
        doc._.countries = read.countries
        return doc


class Actors(Component):
    """Sets ``doc.spans["actors"]``; a span's label is the state that the actor acts for, ``actor`` when for none."""

    def __call__(self, doc: Doc) -> Doc:
        named = [tag for tag in self.read(doc).tags if tag.kind == "actor"]
        doc.spans["actors"] = _spans(doc, ((t.start, t.end, t.country or "actor", t.id) for t in named))
        return doc


class Acts(Component):
    """Sets ``doc._.acts``: by the parse where the pipeline has parsed, else by patterns; in English."""

    extensions = ("acts",)

    def __call__(self, doc: Doc) -> Doc:
        doc._.acts = self.read(doc).acts
        return doc


class Watchlists(Component):
    """Sets ``doc._.watchlists``, the matches of the lists in a folder, and ``doc.spans["watchlists"]``, their evidence.

    Raises:
        ConfigError: with every mistake of the lists, when the component is added.
    """

    extensions = ("watchlists",)

    def __init__(self, nlp: Language, gazetteer: str, country: str, folder: str) -> None:
        super().__init__(nlp, gazetteer, country)
        lists, problems = load_folder(Path(folder) if folder else shipped() / "watchlists")
        if problems:
            raise ConfigError(*problems)
        self._matcher = Matcher([watchlist for watchlist, _ in lists], inside(self._folder))

    def __call__(self, doc: Doc) -> Doc:
        matches = self._matcher.match(self.read(doc))
        found = ((e.start, e.end, m.level, m.watchlist.id) for m in matches for e in m.evidence if e.zone == BODY)
        doc.spans["watchlists"] = _spans(doc, found)
        doc._.watchlists = tuple(matches)
        return doc


SHARED = {"gazetteer": "", "country": ""}


@Language.factory("wirewatch_places", default_config=SHARED)
def places(nlp: Language, name: str, gazetteer: str, country: str) -> Places:
    """The component of places."""
    return Places(nlp, gazetteer, country)


@Language.factory("wirewatch_actors", default_config=SHARED)
def actors(nlp: Language, name: str, gazetteer: str, country: str) -> Actors:
    """The component of actors."""
    return Actors(nlp, gazetteer, country)


@Language.factory("wirewatch_acts", default_config=SHARED)
def deeds(nlp: Language, name: str, gazetteer: str, country: str) -> Acts:
    """The component of acts."""
    return Acts(nlp, gazetteer, country)


@Language.factory("wirewatch_watchlists", default_config={**SHARED, "folder": ""})
def watchlists(nlp: Language, name: str, gazetteer: str, country: str, folder: str) -> Watchlists:
    """The component of rules."""
    return Watchlists(nlp, gazetteer, country, folder)
