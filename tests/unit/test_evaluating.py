"""What stands together: against an oracle that tries every choice of words."""

from __future__ import annotations

import pytest
from factories import article as an_article
from factories import tagged
from hypothesis import given, settings
from oracle import CONDITIONS, ZONES, Zones, an, oracle, spots

from connectors.errors import ConfigError
from connectors.records import TaggedArticle
from pipelines.watchlists.conditions import Condition
from pipelines.watchlists.explaining import missing
from pipelines.watchlists.matching import Matcher, explain, naive
from pipelines.watchlists.walking import anchors
from pipelines.watchlists.watchlist import Watchlist, parse


def words_of(text: TaggedArticle, condition: Condition) -> set[tuple[str, str]] | None:
    """Zone and word of the evidence, as the matcher and the naive way agree on it."""
    watchlist = Watchlist(id="w", title="w", match=condition)
    slow = naive(watchlist, text)
    if anchors(condition) is not None:
        fast = Matcher([watchlist]).match(text)
        assert [m.evidence for m in fast] == ([slow.evidence] if slow else [])
    assert explain(watchlist, text).held == (slow is not None)
    return None if slow is None else {(e.zone, e.surface) for e in slow.evidence}


@given(CONDITIONS, ZONES)
@settings(max_examples=400)
def test_a_condition_holds_by_the_words_that_the_oracle_says(condition: Condition, zones: Zones) -> None:
    wanted = oracle(condition, spots(zones))
    found = words_of(an(zones), condition)
    assert found == (None if wanted is None else {(zone, word) for zone, _, _, word in wanted})


def fires(match: str, text: TaggedArticle) -> bool:
    return bool(Matcher([parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")]).match(text))


@pytest.mark.parametrize(
    ("body", "distance"),
    [
        ("Armenia Azerbaijan", 1),
        ("Azerbaijan and Armenia", 2),
        ("Armenia, so Baku's Azerbaijan", 4),  # an apostrophe parts words
        ("Armenia-Azerbaijan", 1),  # a hyphen too
    ],
)
def test_distance_counts_words_and_neighbours_are_one_apart(body: str, distance: int) -> None:
    text = tagged(an_article(body=body))
    assert fires(f"{{near: [armenia, azerbaijan], distance: {distance}}}", text)
    if distance > 1:
        assert not fires(f"{{near: [armenia, azerbaijan], distance: {distance - 1}}}", text)


def test_nothing_stands_near_across_zones() -> None:
    text = tagged(an_article("Armenia", "Azerbaijan"))
    assert not fires("{near: [armenia, azerbaijan], distance: 100}", text)
    assert fires("{all: [armenia, azerbaijan]}", text)


@pytest.mark.parametrize(
    ("body", "one"),
    [
        ("Armenia spoke. Azerbaijan did not.", False),
        ("Armenia spoke to approx. two men of Azerbaijan.", True),  # small letters follow
        ("Armenia spoke; Azerbaijan answered!", True),
        ("Armenia spoke\nAzerbaijan did not", False),
        ("“Armenia!” Azerbaijan said.", False),
        ("亚美尼亚发言。Armenia与Azerbaijan", True),
        ("Armenia发言。Azerbaijan", False),
        ("Armenia ..." + "." * 5000 + " Azerbaijan", False),
    ],
)
def test_a_sentence_ends_at_its_mark_or_its_line(body: str, one: bool) -> None:
    assert fires("{sentence: [armenia, azerbaijan]}", tagged(an_article(body=body))) is one


def test_a_guard_voids_a_hit_and_not_the_article() -> None:
    guard = "{of: qarabağ*, unless_near: [futbol*, UEFA], distance: 6}"
    club = "Qarabağ FK won its UEFA qualifier. "
    assert not fires(guard, tagged(an_article(body=club)))
    far = " ".join(["word"] * 10)
    assert fires(guard, tagged(an_article(body=f"{club}{far} Shelling in Qarabağ was heard.")))


def test_words_that_a_guard_or_a_zone_keeps_out_are_told_as_such() -> None:
    text = tagged(an_article("Shusha cup"))
    for match, told in (
        ("{of: shusha, unless_near: [cup], distance: 3}", "unless within 3 words of cup; it stands that near only"),
        ("{of: shusha, in: [body]}", "in body; it stands elsewhere only"),
    ):
        found = explain(parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml"), text)
        assert found.parts[1].rule == told
        assert missing(found) == (told,)


def test_the_least_that_is_missing_is_of_the_nearest_branch() -> None:
    text = tagged(an_article("War in the hills"))
    for match, told in (
        ("{all: [war, peace, talks]}", ("peace", "talks")),
        ("{any: [{all: [peace, talks]}, {all: [war, treaty]}]}", ("treaty",)),
        ("{any: [{all: [peace, hills]}, {all: [war, hills, treaty, truce]}]}", ("peace",)),
        ("{all: [war, {any: [aaa, bbb, ccc, ddd, eee, fff, ggg]}]}", ("one of aaa, bbb, ccc, ddd, eee and 2 more",)),
        ("{all: [war], none: [hills]}", ("no hills",)),
        ("{near: [war, hills], distance: 1}", ("within 1 words; the nearest are 3 words apart",)),
        ("war", ()),
    ):
        assert missing(explain(parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml"), text)) == told


@pytest.mark.parametrize(
    ("match", "body", "told"),
    [
        ("{near: [war, peace], distance: 2}", "War and no peace.", "within 2 words; the nearest are 3 words apart"),
        ("{near: [peace, war], distance: 2, ordered: true}", "War, peace.", "100 or more words apart"),
        ("{near: [war, peace], distance: 2}", "War.", "within 2 words"),
        ("{of: war, count: 3}", "War, war.", "at least 3 times; it is 2"),
    ],
)
def test_a_near_miss_says_by_how_much(match: str, body: str, told: str) -> None:
    explanation = explain(parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml"), tagged(an_article(body=body)))
    assert not explanation.held
    assert explanation.parts[1].rule.endswith(told)


def test_case_and_language_narrow_a_phrase() -> None:
    assert fires("{phrase: US, case: true}", tagged(an_article(body="The US said")))
    assert not fires("{phrase: US, case: true}", tagged(an_article(body="The us of it")))
    assert fires("{phrase: Iron*, case: true}", tagged(an_article(body="Irons and iron")))
    assert not fires("{phrase: Iron*, case: true}", tagged(an_article(body="irons and iron")))
    assert fires("{phrase: bakı, languages: [az]}", tagged(an_article(body="Bakı", language="az"), language="az"))
    assert not fires("{phrase: bakı, languages: [az]}", tagged(an_article(body="Baki", language="ha"), language="ha"))


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("{near: [war], distance: 3}", "w.yaml:3:15: 'near' must have at least 2 items"),
        ("{near: [war, peace]}", "w.yaml:3:15: missing key 'distance'"),
        ("{near: [war, {none: [peace]}], distance: 3}", "'none' alone has no words in the article"),
        ("{of: war}", "'of' needs one of the keys in, unless_near, count"),
        ("{of: war, unless_near: [film]}", "unless_near and distance go together"),
        ("{of: war, in: [titel]}", "must be one of title, lead, body, captions"),
        ("{sentence: [war, peace], distanc: 3}", "unknown key 'distanc'"),
    ],
)
def test_a_mistake_is_told_at_its_place(match: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"id: w\ntitle: w\nmatch: {match}\n", "w.yaml")
    assert message in str(caught.value)
