"""Ten thousand pairs of list and article, drawn from every form that a list can have: the matcher finds what the slow way
finds, with either engine."""

from __future__ import annotations

import random

import pytest
from factories import NOW, article, tagged

from connectors.records import Tag, TaggedArticle
from pipelines.watchlists.conditions import (
    Actor,
    Condition,
    Group,
    Near,
    Of,
    PerZone,
    Place,
    Row,
    Sentence,
    Weights,
    Within,
)
from pipelines.watchlists.facts import Asked, Facts
from pipelines.watchlists.matching import Matcher, naive
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.regexes import Regex
from pipelines.watchlists.walking import anchors
from pipelines.watchlists.watchlist import Delivery, Watchlist

LISTS, ARTICLES = 100, 100

PHRASES = (
    *(
        "border",
        "armenia*",
        "*stan",
        "kara*bakh",
        "CSTO",
        "cease-fire",
        "honour guard",
        "line of contact",
        "Stepanakert",
    ),
    *("граница", "Нагорный Карабах", "карабах*", "ОДКБ", "Ղարաբաղ", "սահման", "sərhəd", "Dağlıq Qarabağ", "საზღვარი"),
    *("قره باغ", "القوات", "卡拉巴赫", "кордон", "sınır"),
)
WORDS = (
    *PHRASES[0:1], "Armenian", "Kazakhstan", "karadabakh", "karabakh", "CSTO", "ceasefire", "cease-fire", "honor guard",
    "line of contact", "Stepanakart", "stepanakert", "Stepanakert's", "границы", "границах", "Нагорного Карабаха", "карабахский", "ОДКБ-ның",
    "Ղարաբաղում", "սահմանին", "sərhəddə", "Dağlıq Qarabağda", "საზღვარზე", "وقره باغ", "القوات", "在卡拉巴赫", "кордони", "sınırda",
    "borders", "S-300", "and", "the", "of", ".", "!", "\n",
)  # fmt: skip
IDS = ("x", "y", "z")
INSIDE = {"x": {"y"}, "z": {"x", "y"}}


def leaf(rng: random.Random) -> Condition:
    kind = rng.random()
    if kind < 0.7:
        switches = {name: rng.random() < 0.8 for name in ("inflect", "fuzzy", "accents")}
        languages = rng.choice([None, None, None, ("en", "ru")])
        return Phrase(phrase=rng.choice(PHRASES), languages=languages, **switches, exact=rng.random() < 0.1)
    if kind < 0.8:
        return Regex(regex=rng.choice([r"S-\d+", "bord(er)?s?", r"[\p{Cyrillic}]+ский"]))
    of = rng.choice([Place, Actor, Within])
    return of.model_validate({of.__name__.lower(): rng.choice(IDS)})


def worded(rng: random.Random, depth: int) -> Condition:
    while isinstance(made := condition(rng, depth), Facts) or (isinstance(made, Group) and not (made.any or made.all)):
        pass
    return made


def condition(rng: random.Random, depth: int) -> Condition:
    def some(least: int) -> tuple[Condition, ...]:
        return tuple(worded(rng, depth - 1) for _ in range(rng.randint(least, 3)))

    if depth == 0 or rng.random() < 0.3:
        return leaf(rng)
    match rng.randrange(8):
        case 0:
            return Group(any=some(1))
        case 1:
            return Group(all=some(1), **({"none": some(1)} if rng.random() < 0.5 else {}))
        case 2:
            return Near(near=some(2), distance=rng.randint(1, 10), ordered=rng.random() < 0.3)
        case 3:
            return Sentence(sentence=some(2))
        case 4:
            return Of(of=worded(rng, depth - 1), in_=(rng.choice(["title", "lead", "body", "url"]),))
        case 5:
            return Of(
                of=worded(rng, depth - 1), unless_near=some(1), distance=rng.randint(1, 5), count=rng.randint(1, 2)
            )
        case 6:
            rows = [Row(of=part, once=PerZone(title=1, lead=0.5), each=PerZone(body=0.5)) for part in some(1)]
            return Weights(
                weights=(*rows, Row(of=worded(rng, 0), once=-0.5)), threshold=rng.choice([0.5, 1]), about=1.5
            )
        case _:
            asked = rng.choice(
                [Asked(longer=10), Asked(languages=("ru",)), Asked(countries=("AM",)), Asked(newer="2d")]
            )
            return Group(all=(worded(rng, depth - 1), Facts(article=asked)))


def a_list(rng: random.Random, number: int) -> Watchlist:
    while anchors(match := condition(rng, 3)) is None:
        pass
    return Watchlist(id=f"w{number}", title="W", match=match, delivery=Delivery(level="about"))


def an_article(rng: random.Random) -> TaggedArticle:
    def text(most: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(most)))

    body = text(60)
    made = article(
        text(6), body, lead=text(10) if rng.random() < 0.5 else "", url=f"https://a.example/{rng.choice(['border', 'x'])}",
        country=rng.choice(["", "AM"]), published=rng.choice([None, NOW]),
    )  # fmt: skip
    spans = [(rng.choice(IDS), rng.choice(["place", "actor"]), rng.randrange(len(body) + 1)) for _ in range(3)]
    tags = tuple(Tag(id=i, kind=k, surface=body[s : s + 3], zone="body", start=s, end=s + 3) for i, k, s in spans)  # type: ignore[arg-type]
    return tagged(made, language=rng.choice(["en", "ru", "hy"]), tags=tags if len(body) > 3 else ())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ahocorasick", "hyperscan"])
def test_the_matcher_finds_what_the_slow_way_finds(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREWATCH_AUTOMATON", engine)
    rng = random.Random(2026)
    lists = [a_list(rng, number) for number in range(LISTS)]
    matcher = Matcher(lists, INSIDE)
    held = 0
    for _ in range(ARTICLES):
        text = an_article(rng)
        expected = [found for w in lists if (found := naive(w, text, INSIDE))]
        assert matcher.match(text) == sorted(expected, key=lambda found: found.watchlist.id)
        held += len(expected)
    assert LISTS * ARTICLES / 20 < held < LISTS * ARTICLES / 2  # enough of both
