"""The places, actors, countries and acts of wirewatch as one component of spaCy, for pipelines of your own.

    import spacy
    nlp = spacy.blank("en")
    nlp.add_pipe("wirewatch_places")
    doc = nlp("Russia blames Armenia for the failure.")
    [(span.text, span.label_, span.id_) for span in doc.spans["wirewatch"]]   # ("Russia", "place", "russia"), …
    doc._.countries, doc._.acts

Found by spaCy through the entry point ``spacy_factories``; nothing of wirewatch need be imported.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from connectors.records import Article, TaggedArticle
from pipelines import taggers
from pipelines.config import shipped
from pipelines.taggers import Tagger, gazetteer

SPANS = "wirewatch"
"""The key of ``doc.spans``; names overlap entities of a model, so they are no ``doc.ents``."""


@Language.factory("wirewatch_places", default_config={"folder": "", "country": ""})
def make(nlp: Language, name: str, folder: str, country: str) -> Places:
    """The component. *folder*: of another gazetteer; *country*: where the texts are from, as ISO 3166-1."""
    return Places(nlp.lang or "und", Path(folder) if folder else shipped() / "gazetteer", country)


class Places:
    """Sets ``doc.spans["wirewatch"]``, ``doc._.countries`` and ``doc._.acts``; reads the text as an article's body."""

    def __init__(self, language: str, folder: Path, country: str) -> None:
        self._language = language
        self._country = country
        self._tagger: Tagger = gazetteer.build(gazetteer.Options(folders=(folder,)))
        for extension in ("countries", "acts"):
            Doc.set_extension(extension, default=(), force=True)

    def __call__(self, doc: Doc) -> Doc:
        article = Article(
            id="spacy", source="", url="", title="", body=doc.text, country=self._country, fetched=datetime.now(UTC)
        )
        untagged = TaggedArticle(article=article, language=self._language)
        (tagged,) = taggers.tagged(self._tagger, [untagged])
        spans = [
            span
            for tag in tagged.tags
            if (span := doc.char_span(tag.start, tag.end, tag.kind, span_id=tag.id, alignment_mode="expand"))
        ]
        doc.spans[SPANS] = spans
        doc._.countries, doc._.acts = tagged.countries, tagged.acts
        return doc
