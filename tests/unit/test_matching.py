from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Act, Article, Evidence, Tag, TaggedArticle
from pipelines.watchlists.conditions import Actor, Condition, Deed, Group, Of, PerZone, Place, Row, Weights, Within
from pipelines.watchlists.facts import Asked, Facts
from pipelines.watchlists.finding import HITS
from pipelines.watchlists.matching import EVIDENCE_LIMIT, Matcher, explain, naive, snippet
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.regexes import Regex
from pipelines.watchlists.trials import mistakes
from pipelines.watchlists.walking import anchors
from pipelines.watchlists.watchlist import Watchlist, parse

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def article(*, language: str = "en", source: str = "wire", tags: Sequence[Tag] = (), **zones: str) -> TaggedArticle:
    plain = Article(id="1", source=source, fetched=NOON, **({"title": "", "url": "https://a.example/1"} | zones))  # type: ignore[arg-type]
    return TaggedArticle(article=plain, language=language, tags=tuple(tags))


def watchlist(match: str, extra: str = "", name: str = "a") -> Watchlist:
    return parse(f"id: {name}\ntitle: A\nmatch: {match}\n{extra}", "w.yaml")


def tag(name: str, *, kind: str = "place", zone: str = "body", start: int = 0, how: str = "exact") -> Tag:
    return Tag(id=name, kind=kind, surface=name.title(), zone=zone, start=start, end=start + len(name), how=how)  # type: ignore[arg-type]


def fires(match: str, tagged: TaggedArticle, extra: str = "") -> bool:
    return bool(Matcher([watchlist(match, extra)]).match(tagged))


@pytest.mark.parametrize(
    ("match", "fires_on"),
    [
        ("war", {"war", "war peace", "war peace film"}),
        ("{any: [war, peace]}", {"war", "peace", "war peace", "war peace film"}),
        ("{all: [war, peace]}", {"war peace", "war peace film"}),
        ("{any: [war, peace], none: [film]}", {"war", "peace", "war peace"}),
        ("{all: [war, {none: [peace, film]}]}", {"war"}),
        ("{all: [{any: [war, peace]}, {any: [film, peace]}]}", {"peace", "war peace", "war peace film"}),
    ],
)
def test_groups_hold_as_they_say(match: str, fires_on: set[str]) -> None:
    texts = ["nothing", "war", "peace", "film", "war peace", "war peace film"]
    assert {text for text in texts if fires(match, article(body=text))} == fires_on


def test_places_and_actors_are_met_by_kind_and_id() -> None:
    assert fires("{place: lachin}", article(tags=[tag("lachin")]))
    assert not fires("{actor: lachin}", article(tags=[tag("lachin")]))
    assert not fires("{place: lachin}", article(body="Lachin"))


def test_evidence_says_what_where_and_how() -> None:
    tagged = article(
        title="Truce holds",
        body="Karbakh truce",
        captions="Karbakh",
        tags=[tag("karbakh", how="slip"), tag("karbakh", zone="captions")],
    )
    (match,) = Matcher([watchlist("{any: [{place: karbakh}, truce, war]}")]).match(tagged)
    assert match.evidence == (
        Evidence(rule="truce", zone="title", start=0, end=5, surface="Truce"),
        Evidence(
            rule="place: karbakh",
            zone="body",
            start=0,
            end=7,
            surface="Karbakh",
            entity="karbakh",
            how="slip",
        ),
        Evidence(rule="truce", zone="body", start=8, end=13, surface="truce"),
        Evidence(rule="place: karbakh", zone="captions", start=0, end=7, surface="Karbakh", entity="karbakh"),
    )


def test_what_none_looks_for_is_no_evidence_and_neither_is_a_branch_that_did_not_hold() -> None:
    match = "{any: [war, {all: [peace, treaty]}], none: [film]}"
    (found,) = Matcher([watchlist(match)]).match(article(body="war and peace"))
    assert [e.surface for e in found.evidence] == ["war"]


def test_a_phrase_named_none_is_a_phrase() -> None:
    (found,) = Matcher([watchlist("'none'")]).match(article(body="none"))
    assert [e.surface for e in found.evidence] == ["none"]


def test_one_span_is_one_piece_of_evidence_and_the_entity_is_kept() -> None:
    tagged = article(body="Lachin", tags=[tag("lachin")])
    (found,) = Matcher([watchlist("{any: [lachin, {place: lachin}]}")]).match(tagged)
    assert [e.rule for e in found.evidence] == ["place: lachin"]


def test_evidence_is_bounded_and_a_slip_is_never_crowded_out_by_repetitions() -> None:
    tags = [tag("csto", kind="actor", start=10 * i) for i in range(50)]
    tags.append(Tag(id="csto", kind="actor", surface="CTSO", zone="body", start=500, end=504, how="acronym"))
    text = "".join(f"{word:10}" for word in ["CSTO"] * 50 + ["CTSO"])
    (found,) = Matcher([watchlist("{actor: csto}")]).match(article(body=text, tags=tags))
    assert len(found.evidence) == EVIDENCE_LIMIT
    assert [(e.surface, e.how) for e in found.evidence if e.how != "exact"] == [("CTSO", "acronym")]
    assert [e.start for e in found.evidence] == sorted(e.start for e in found.evidence)


def test_the_first_hits_of_an_article_of_nothing_else_are_enough() -> None:
    made = watchlist("{near: [{of: war, count: 1000}, peace], distance: 1}")
    for text, holds in (("war " * 3 * HITS + "peace", False), ("peace " + "war " * 3 * HITS, True)):
        one = article(body=text)
        assert bool(Matcher([made]).match(one)) is bool(naive(made, one)) is holds


def test_distinct_slips_come_before_distinct_exact_names() -> None:
    tags = [
        Tag(id="a", kind="place", surface=f"S{i}", zone="body", start=10 * i, end=10 * i + 1 + len(str(i)), how=how)  # type: ignore[arg-type]
        for i, how in enumerate(["exact"] * 30 + ["slip"])
    ]
    text = "".join(f"{f'S{i}':10}" for i in range(31))
    (found,) = Matcher([watchlist("{place: a}")]).match(article(tags=tags, body=text))
    assert "S30" in [e.surface for e in found.evidence]


def test_language_and_source_are_asked_first() -> None:
    assert not fires("war", article(body="war", language="ru"), "languages: [en]\n")
    assert fires("war", article(body="war", language="ru"), "languages: [en, ru]\n")
    assert not fires("war", article(body="war", source="spam"), "sources: {not: [spam]}\n")
    assert fires("war", article(body="war", source="wire"), "sources: [wire]\n")


def test_matches_come_in_order_of_id() -> None:
    lists = [watchlist("war", name=name) for name in ("c", "a", "b")]
    assert [m.watchlist.id for m in Matcher(lists).match(article(body="war"))] == ["a", "b", "c"]


def test_no_lists_match_nothing() -> None:
    assert Matcher([]).match(article(body="war")) == []


def test_explain_says_of_every_condition_whether_it_held() -> None:
    tree = explain(watchlist("{all: [war, {any: [peace, truce]}], none: [film]}"), article(body="war film"))
    assert not tree.held
    door, condition = tree.parts
    assert door.held
    assert (condition.rule, condition.held) == ("all", False)
    everything, nothing = condition.parts
    assert [(p.rule, p.held) for p in everything.parts] == [("war", True), ("any", False)]
    assert [e.surface for e in everything.parts[0].evidence] == ["war"]
    assert (nothing.rule, nothing.held, nothing.parts[0].held) == ("none", False, True)


def test_explain_says_when_the_language_shuts_the_door() -> None:
    tree = explain(watchlist("war", "languages: [ru]\n"), article(body="war"))
    assert (tree.held, [part.held for part in tree.parts]) == (False, [False, True])


def test_examples_that_do_not_do_as_they_say_are_mistakes_at_their_place() -> None:
    examples = "examples:\n  alert: [a war, {title: truce}]\n  quiet: [peace, War film]\n"
    examples = "languages: [ru]\nsources: [tass]\n" + examples
    problems = mistakes(watchlist("war", examples), lambda articles: articles)
    assert [str(p) for p in problems] == [
        "w.yaml:7:18: this example must alert and does not, for want of war",
        "w.yaml:8:18: this example must stay quiet and alerts, for 'War' (war)",
    ]


def test_examples_are_tagged() -> None:
    def tagger(articles: Sequence[TaggedArticle]) -> list[TaggedArticle]:
        tags = [(tag("lachin"),) if "Lachin" in tagged.article.body else () for tagged in articles]
        return [msgspec.structs.replace(tagged, tags=own) for tagged, own in zip(articles, tags, strict=True)]

    assert mistakes(watchlist("{place: lachin}", "examples: {alert: [Lachin]}"), tagger) == []


def test_a_snippet_is_cut_between_words_and_stands_on_one_line() -> None:
    text = "alpha " * 40 + "WAR\n\n" + "omega " * 40
    found = snippet(text, 240, 243)
    assert found.startswith("… alpha")
    assert found.endswith("omega …")
    assert "alpha WAR omega" in found
    assert snippet("a war b", 2, 5) == "a war b"


@given(st.text("ab \n界", max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_a_snippet_always_holds_the_evidence(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    assert " ".join(text[start:end].split()) in snippet(text, start, end)


WORDS = ["war", "peace", "truce", "old truce", "truce*", "WAR", "мир", "Баку*", "*arm", "tru*e", "Stepanakert"]
leaf = st.one_of(
    st.sampled_from(["wa?r(m)?", "[a-z]{5}", "(?i)мир"]).map(lambda regex: Regex(regex=regex)),
    st.sampled_from("xyz").map(lambda name: Within(within=name)),
    st.sampled_from("xyz").map(lambda name: Place(place=name, about=True)),
    st.sampled_from(WORDS).map(lambda word: Phrase(phrase=word)),
    st.sampled_from("xyz").map(lambda name: Place(place=name)),
    st.sampled_from("xyz").map(lambda name: Actor(actor=name)),
    st.builds(
        Deed,
        act=st.sampled_from(["accuse", "meet", "any"]),
        source=st.sampled_from("xyz"),
        target=st.sampled_from([None, "x"]),
    ),
)


def groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    keys = st.dictionaries(st.sampled_from(["any", "all", "none"]), parts, min_size=1)
    return st.one_of(
        keys.map(lambda given: Group(**given)),
        st.just(Facts(article=Asked(longer=3))),
        st.builds(
            lambda parts, n, threshold: Weights(
                weights=tuple(Row(of=part, once=PerZone(title=n), each=PerZone(lead=1, title=-0.5)) for part in parts),
                threshold=threshold,
                about=4,
            ),
            st.lists(inner.filter(wordy), min_size=1, max_size=3).map(tuple),
            st.sampled_from([-1, 1, 2]),
            st.sampled_from([1, 2, 3.5]),
        ),
        inner.filter(wordy).map(lambda part: Of(of=part, in_=("url",))),
    )


def wordy(condition: Condition) -> bool:
    return not isinstance(condition, Facts) and not (
        isinstance(condition, Group) and not (condition.any or condition.all)
    )


conditions: st.SearchStrategy[Condition] = st.recursive(leaf, groups, max_leaves=8)
lists = st.lists(
    st.builds(
        lambda match, languages: (match, languages),
        conditions.filter(lambda match: anchors(match) is not None),
        st.none() | st.just(("en",)),
    ),
    max_size=6,
).map(
    lambda drawn: [
        Watchlist(id=f"w{i}", title="W", match=match, languages=languages) for i, (match, languages) in enumerate(drawn)
    ]
)
texts = st.lists(
    st.sampled_from(
        [
            "war",
            "WAR",
            "old",
            "truce",
            "truces",
            "Peace",
            "МИР",
            "баку",
            "warm",
            ".",
            "Stepanakart",
            "stepanakert",
            "миром",
        ]
    ),
    max_size=8,
).map(" ".join)
tags = st.lists(
    st.builds(
        lambda name, kind, start: tag(name, kind=kind, start=start),
        st.sampled_from("xyz"),
        st.sampled_from(["place", "actor"]),
        st.integers(0, 9),
    ),
    max_size=4,
)


acts = st.lists(
    st.builds(
        lambda verb, source, target, start: Act(
            verb=verb, code="1", source=source, target=target, zone="body", start=start, end=start + 1
        ),
        st.sampled_from(["accuse", "meet"]),
        st.sampled_from("xyz"),
        st.sampled_from("xyz"),
        st.integers(0, 9),
    ),
    max_size=3,
    unique_by=lambda act: act.start,
).map(lambda drawn: tuple(sorted(drawn, key=lambda act: act.start)))


@pytest.mark.slow
@settings(max_examples=300)
@given(lists, texts, texts, tags, acts, st.sampled_from(["en", "ru"]))
def test_the_matcher_agrees_with_the_naive_one(
    watchlists: list[Watchlist], title: str, body: str, found: list[Tag], done: tuple[Act, ...], language: str
) -> None:
    tagged = msgspec.structs.replace(article(title=title, body=body, tags=found, language=language), acts=done)
    inside = {"x": {"y"}}
    expected = [match for w in watchlists if (match := naive(w, tagged, inside))]
    assert Matcher(watchlists, inside).match(tagged) == expected


@given(conditions)
def test_a_list_without_anchors_and_only_such_a_list_may_hold_for_nothing(match: Condition) -> None:
    held = explain(Watchlist(id="w", title="W", match=match), article(body="", url="", source="-")).held
    if anchors(match) is not None:
        assert not held
