"""What the gazetteer knows of one place or actor, and how one form of a name is held."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipelines.knowledge.names import forms

Kind = Literal["place", "actor", "decoy"]


def _name(text: str) -> str:
    forms(text)
    return text


Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Names = dict[str, tuple[Annotated[str, AfterValidator(_name)], ...]]


Day = Annotated[str, Field(pattern=r"^(\d{4}(-\d\d){0,2}|unknown)$"), BeforeValidator(str)]
"""A year, month or day: ``2018``, ``2018-05``, ``2018-05-08``; or ``unknown``."""


class Span(BaseModel):
    """From *since* until *until*; None: it is still so, as far as known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Day | None = None
    until: Day | None = None

    def holds(self, day: str) -> bool:
        """Whether *day* (``2026-11-28``) is in it; a year or month counts whole, an unknown beginning as early."""
        begun = self.since in (None, "unknown") or (self.since or "") <= day
        return begun and self.until != "unknown" and (self.until is None or day[: len(self.until)] <= self.until)


class Office(Span):
    """What a person is: *title* of a *country*, of a *state* that is none of ISO 3166's, or of an *organisation*."""

    title: str
    country: Code | None = None
    state: Slug | None = None
    organisation: Slug | None = None


class Rule(Span):
    """Who holds a contested place in fact: *by* a country's code or the slug of a self-declared state."""

    by: str


class Entity(BaseModel):
    """One place or actor: its *names* by language, and the *demonyms* that stand for a place (Armenian, Armenians).

    *country* is ISO 3166-1: where a place lies, which state an actor acts for. A contested place has *claimants* and no
    country; *administration* says who holds it, *called* how each side calls it in English, *policy* what is done about
    it (a heading of ``policies.md``). *within* is the id of a place around it, or of the organisation that it is an
    organ of. *surnames* count once the person's full name stood in the article. A name in *needs* counts only in an
    article that has one of the words given with it (``prosecutor*``), one in *unless* only where there is none of them;
    both count beside a name of the same entity without such conditions. *wikidata* and *geonames* are ids there, left
    out unless certain.

    In a folder that is laid over another (`pipelines.knowledge.laying`) *without* are names that it has no more, and
    one that is *silent* has none at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    kind: Kind
    type: str = ""
    names: Names = {}
    demonyms: Names = {}
    surnames: Names = {}
    country: Code | None = None
    claimants: tuple[str, ...] = ()
    needs: dict[str, tuple[str, ...]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    administration: tuple[Rule, ...] = ()
    called: dict[str, str] = {}
    policy: Slug | None = None
    within: Slug | None = None
    offices: tuple[Office, ...] = ()
    wikidata: Annotated[str, Field(pattern=r"^Q[1-9]\d*$")] | None = None
    geonames: Annotated[int, Field(gt=0)] | None = None
    note: str = ""
    without: tuple[Annotated[str, AfterValidator(_name)], ...] = ()
    silent: bool = False


SHORT = 3
"""Letters of an acronym that is a word of another language as often."""

NEAR = {"az": ("tr",), "tr": ("az",), "be": ("ru",)}
"""Languages taken for each other in short texts."""


def state_of(entity: Entity, day: str) -> str:
    """The code of the state that *entity* lies in, or acts for on *day* (``2026-11-28``): a person by office.

    Nothing when there is none.
    """
    held = (office.country for office in entity.offices if office.country and office.holds(day))
    return entity.country or next(held, "")


def restored(plain: dict[str, Any]) -> Entity:
    """The entity of which ``model_dump`` gave *plain*, unchecked: it was, before it was kept. Cost: 5 µs."""
    names = {
        field: {language: tuple(own) for language, own in plain[field].items()}
        for field in ("names", "demonyms", "surnames", "needs", "unless")
        if field in plain
    }
    offices = tuple(Office.model_construct(**office) for office in plain.get("offices", ()))
    rules = tuple(Rule.model_construct(**rule) for rule in plain.get("administration", ()))
    claimants = tuple(plain.get("claimants", ()))
    return Entity.model_construct(
        **plain | names | {"offices": offices, "administration": rules, "claimants": claimants}
    )


class Name(NamedTuple):
    """One form of a name, in some *languages*, and whose it is. *curated*: a person wrote it, in a YAML file."""

    text: str
    entity: Entity
    languages: frozenset[str] = frozenset()
    demonym: bool = False
    curated: bool = True

    def admits(self, language: str) -> bool:
        """Whether it counts in a text of *language*: one of its own; English and the names of people's lists anywhere.

        Iceland is Island in German and Nigeria inflected looks like Niger in Kazakh. English peoples count in English
        (Johnny English), and an acronym of three letters not where its bearer is called otherwise (UN is a in Spanish).
        """
        if language == "und" or not self.languages.isdisjoint((language, "mul", *NEAR.get(language, ()))):
            return True
        if self.demonym:
            return False
        if "en" in self.languages:
            return not (self._short and language in self.entity.names)
        return self.curated and not self._short

    @property
    def _short(self) -> bool:
        return len(self.text) <= SHORT and self.text.isupper()


def country_key(code: str) -> str:
    """What stands among the ids of the places inside a state for all that lie there, those without an id too."""
    return f"country:{code}"
