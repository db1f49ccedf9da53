"""spaCy on the articles that a watchlist selected: sentences, names that no list holds, and acts where it parses.

Its tokenizer costs some twenty times the rest of the line, so it runs where it pays: before an alert is made, in
batches, inside ``memory_zone()`` (measured: 800,000 new words grow the vocabulary by 391 MB without it, 32 MB with it).
A language with a statistical model configured uses that; the others a blank one and rules.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import spacy
import structlog
from pydantic import BaseModel, ConfigDict
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import compile_suffix_regex

from connectors.records import Act, Tag, TaggedArticle, Zone
from pipelines.config import shipped
from pipelines.places import acts, parsed
from pipelines.taggers import Reading

log = structlog.get_logger(__name__)

LENGTH = 100_000
"""Characters of a text that are read; an article of 15,000 words."""

LONGEST_NAME = 5
"""Words of a name found by rule."""

STOPS = ("։", "。", "！", "？", "؟")
"""What ends a sentence in Armenian, Chinese and Arabic script."""

KINDS = frozenset({"PERSON", "PER", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "MISC"})
"""Entity labels of spaCy's models that are names; dates and amounts are not."""


PARSED = ("en",)
"""Languages whose acts are read by the parse of a model."""

UNUSED = ("parser", "tagger", "attribute_ruler", "morphologizer")
"""Of a model of another language."""


class Options(BaseModel):
    """Statistical models by language: names of installed spaCy packages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: dict[str, str] = {}


def build(options: Options) -> SpacyReader:
    """A reader; cheap when made before."""
    return _reader(tuple(sorted(options.models.items())))


@functools.lru_cache(4)
def _reader(models: tuple[tuple[str, str], ...]) -> SpacyReader:
    return SpacyReader(dict(models))


@Language.component("wirewatch_names")
def names(doc: Doc) -> Doc:
    """Take runs of capitalised words that do not begin a sentence for names, where no model has found any."""
    if doc.ents:
        return doc
    spans: list[Span] = []
    start: int | None = None
    for token in doc:
        inside = token.is_title and token.is_alpha and not token.is_sent_start and len(token) > 1
        if inside and start is None:
            start = token.i
        if start is not None and (not inside or token.i - start >= LONGEST_NAME):
            spans.append(Span(doc, start, token.i, label="MISC"))
            start = None
    if start is not None:
        spans.append(Span(doc, start, len(doc), label="MISC"))
    doc.ents = spans
    return doc


class SpacyReader:
    """Reads articles closely. *models*: language to the name of an installed spaCy package."""

    def __init__(self, models: dict[str, str]) -> None:
        self._models = models
        self._pipelines: dict[str, Language] = {}

    def tag(self, articles: Sequence[TaggedArticle]) -> list[tuple[Tag, ...]]:
        """The names in title, lead and body of each article, kind ``name``."""
        return [self.read(tagged).names for tagged in articles]

    def read(self, tagged: TaggedArticle) -> Reading:
        """Read each zone once; a line break ends a sentence too. Captions and credits give no names and no acts."""
        zones = list(tagged.article.zones())
        nlp = self._pipeline(tagged.language)
        parses = tagged.language in PARSED and nlp.has_pipe("parser")
        names: list[Tag] = []
        found: list[Act] = []
        sentences: dict[Zone, list[tuple[int, int]]] = {}
        with nlp.memory_zone():
            for (zone, _), doc in zip(zones, nlp.pipe(text[:LENGTH] for _, text in zones), strict=True):
                sentences[zone] = [(s.start_char, s.end_char) for s in doc.sents]
                names += [
                    Tag(id="", kind="name", surface=e.text, zone=zone, start=e.start_char, end=e.end_char)
                    for e in doc.ents
                    if e.label_ in KINDS and zone != "captions"
                ]
                if parses and zone != "captions":
                    found += parsed.acts(doc, zone, tagged.tags, acts.load(shipped() / "languages"))
        return Reading(tuple(names), sentences, tuple(found) if parses else None)

    def _pipeline(self, language: str) -> Language:
        if language not in self._pipelines:
            self._pipelines[language] = self._load(language)
        return self._pipelines[language]

    def _load(self, language: str) -> Language:
        name = self._models.get(language, "")
        nlp = None
        if name:
            try:
                nlp = spacy.load(name, exclude=["lemmatizer", *(() if language in PARSED else UNUSED)])
            except OSError:
                log.warning(
                    f"no spaCy model '{name}': install it with 'python -m spacy download {name}'; going on without"
                )
        if nlp is None:
            try:
                nlp = spacy.blank(language)
            except ImportError:
                nlp = spacy.blank("xx")
        if hasattr(nlp.tokenizer, "suffix_search"):  # a stop of another script ends a word too
            nlp.tokenizer.suffix_search = compile_suffix_regex([*(nlp.Defaults.suffixes or ()), *STOPS]).search
        nlp.add_pipe("sentencizer", first=True, config={"punct_chars": [".", "!", "?", "…", "\n", *STOPS]})
        nlp.add_pipe("wirewatch_names", last=True)
        nlp.max_length = LENGTH + 1
        return nlp
