"""What a watchlist may ask of an article beside its words: language, source, agency, age, length."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import BeforeValidator as Before
from pydantic import Field, model_validator

from connectors.records import TaggedArticle
from pipelines.folding import fold
from pipelines.sections import seconds
from pipelines.watchlists.phrases import Language, Line, Slug, Value


def _duration(text: str) -> str:
    seconds(text)
    return text


def _several(data: Any) -> Any:
    return (data,) if isinstance(data, str) else data


def _country(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.isupper()):
        raise ValueError("must be a two-letter country code in capitals such as AM")
    return text


Duration = Annotated[str, After(_duration)]
Country = Annotated[str, After(_country)]
Length = Annotated[int, Field(ge=1, le=1_000_000)]


def _some(description: str) -> Any:
    return Field(default=None, min_length=1, description=description)


class Asked(Value):
    """What must be so, each key for itself; of several values one is enough."""

    languages: Annotated[tuple[Language, ...] | None, Before(_several)] = _some("it is written in")
    sources: Annotated[tuple[Line, ...] | None, Before(_several)] = _some("it comes from, by name")
    groups: Annotated[tuple[Slug, ...] | None, Before(_several)] = _some("its source is of, as the configuration says")
    countries: Annotated[tuple[Country, ...] | None, Before(_several)] = _some("of its source, ISO 3166-1")
    agencies: Annotated[tuple[Line, ...] | None, Before(_several)] = _some("the text says it is from")
    newer: Duration | None = Field(default=None, description="than this when it was fetched, such as 2d")
    older: Duration | None = Field(default=None, description="than this when it was fetched")
    longer: Length | None = Field(default=None, description="than so many words, title and captions counted")
    shorter: Length | None = Field(default=None, description="than so many words")

    @model_validator(mode="after")
    def _something(self) -> Asked:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"needs one of the keys {', '.join(type(self).model_fields)}")
        return self


class Facts(Value):
    """Facts of the article; no words, so nothing can stand near them."""

    article: Asked

    def __str__(self) -> str:
        said = self.article.model_dump(exclude_none=True)
        return "article: " + ", ".join(f"{k} {' or '.join(v) if isinstance(v, tuple) else v}" for k, v in said.items())


def hold(asked: Asked, tagged: TaggedArticle, words: int) -> bool:
    """Whether all that is *asked* is so of an article of so many *words*; one without date is neither new nor old."""
    article = tagged.article
    dated = article.published or article.updated
    age = (article.fetched - dated).total_seconds() if dated else None
    return (
        (asked.languages is None or tagged.language in asked.languages)
        and (asked.sources is None or article.source in asked.sources)
        and (asked.groups is None or not set(asked.groups).isdisjoint(article.groups))
        and (asked.countries is None or article.country in asked.countries)
        and (asked.agencies is None or fold(article.origin).text in {fold(name).text for name in asked.agencies})
        and (asked.newer is None or (age is not None and age < seconds(asked.newer)))
        and (asked.older is None or (age is not None and age > seconds(asked.older)))
        and (asked.longer is None or words > asked.longer)
        and (asked.shorter is None or words < asked.shorter)
    )
