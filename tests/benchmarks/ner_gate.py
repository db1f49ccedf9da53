"""What it saves that spaCy reads only the articles that a watchlist selected, and what names rules find without a model.

The made-up news of the other benchmarks, one article in a hundred selected, as on a desk. *gated*: the flow's own way,
places and actors on every article, matching, and the close reading of those selected, with the model's parse where it
is installed. *everything*: spaCy's close reading of every article. Aim: a twentieth.
"""

from __future__ import annotations

import importlib.util
import random

from connectors.records import TaggedArticle
from pipelines import stages
from pipelines.config import shipped
from pipelines.folding import fold
from pipelines.taggers import gazetteer, spacy_names, tagged
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import parse
from tests.benchmarks.gazetteer import text_of
from tests.benchmarks.rounds import interleaved, report
from tests.benchmarks.tags import MODEL
from tests.factories import article
from tests.factories import tagged as untagged

ARTICLES, SELECTED = 200, 100

PLACES = ["Paris", "Yerevan", "Georgia", "London", "Baku", "Moscow", "Lebanon", "Armenian"]

LIST = "id: strike\ntitle: Strikes\nseverity: low\nmatch: {any: [harbourfront strike]}\n"


def main() -> None:
    """Ratios with a blank pipeline, and with the model where it is installed."""
    rng = random.Random(4)
    texts = [text_of(rng, PLACES) + (" A harbourfront strike." if not n % SELECTED else "") for n in range(ARTICLES)]
    news = [untagged(article("News", text, entry=str(n)), language="en") for n, text in enumerate(texts)]
    tagger = gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))
    matcher = Matcher([parse(LIST, "strike.yaml")])
    for name, models in (("blank", {}), (MODEL, {"en": MODEL})):
        if models and not importlib.util.find_spec(MODEL):
            print(f"  {MODEL} is not installed: not run")
            continue
        _compare(name, news, tagger, matcher, spacy_names.build(spacy_names.Options(models=models)))


def _compare(
    name: str,
    news: list[TaggedArticle],
    tagger: gazetteer.GazetteerTagger,
    matcher: Matcher,
    reader: spacy_names.SpacyReader,
) -> None:
    reader.read(news[0])  # loads

    def gated() -> None:
        fold.cache_clear()
        flagged, dead = stages.flag(matcher, reader, tagged(tagger, news))
        assert not dead
        assert sum(bool(alerts) for _, alerts in flagged) == len(news) // SELECTED

    def everything() -> None:
        for one in news:
            reader.read(one)

    print(f"  {name}: {len(news)} articles, {len(news) // SELECTED} selected")
    report(
        interleaved({"gated": gated, "everything": everything}, rounds=3), "article", len(news), "gated", "everything"
    )


if __name__ == "__main__":
    main()
