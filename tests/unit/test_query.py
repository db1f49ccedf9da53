"""Conditions as one line: the same tree, both ways, and mistakes at their character."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from oracle import CONDITIONS, ZONES, Zones, oracle, spots

from connectors.errors import ConfigError
from pipelines.watchlists.conditions import (
    Actor,
    Condition,
    Deed,
    Group,
    Listed,
    Near,
    Of,
    PerZone,
    Place,
    Row,
    Sentence,
    Weights,
    Within,
)
from pipelines.watchlists.facts import Facts
from pipelines.watchlists.phrases import Phrase
from pipelines.watchlists.query import DEEPEST, QueryError, parse
from pipelines.watchlists.regexes import Regex
from pipelines.watchlists.walking import plain
from pipelines.watchlists.watchlist import Watchlist
from pipelines.watchlists.watchlist import parse as parse_list
from pipelines.watchlists.writing import written


def p(phrase: str, **given: object) -> Phrase:
    return Phrase.model_validate({"phrase": phrase, **given})


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("war", p("war")),
        ('"line of contact"', p("line of contact")),
        ("armenia*", p("armenia*")),
        ("=US", p("US", case=True)),
        ("bakı@az,tr", p("bakı", languages=("az", "tr"))),
        ("a!", p("a", broad=True)),
        ("place:lachin", Place(place="lachin")),
        ("actor:csto", Actor(actor="csto")),
        ("act:russia>accuse>armenia", Deed(act="accuse", source="russia", target="armenia")),
        ("act:*>any>csto", Deed(act="any", target="csto")),
        ("war OR peace", Group(any=(p("war"), p("peace")))),
        ("war AND peace", Group(all=(p("war"), p("peace")))),
        ("war NOT film", Group(all=(p("war"),), none=(p("film"),))),
        ("war AND NOT film", Group(all=(p("war"),), none=(p("film"),))),
        ("war OR peace AND treaty", Group(any=(p("war"), Group(all=(p("peace"), p("treaty")))))),
        ("war NEAR/5 peace NEAR/5 talks", Near(near=(p("war"), p("peace"), p("talks")), distance=5)),
        ("war ONEAR/5 peace", Near(near=(p("war"), p("peace")), distance=5, ordered=True)),
        ("war SENTENCE peace", Sentence(sentence=(p("war"), p("peace")))),
        ("war UNLESS/6 film", Of(of=p("war"), unless_near=(p("film"),), distance=6)),
        ("war UNLESS/6 (film OR game)", Of(of=p("war"), unless_near=(p("film"), p("game")), distance=6)),
        ("^war", Of(of=p("war"), in_=("title",))),
        ("title,lead:war", Of(of=p("war"), in_=("title", "lead"))),
        ("ATLEAST/3 ^(war UNLESS/2 film)", None),
        ("ATLEAST/3 war", Of(of=p("war"), count=3)),
        ("*stan", p("*stan")),
        ("Shusha~exact~no-accents", p("Shusha", exact=True, accents=False)),
        ("Shusha@en~no-inflect~no-fuzzy!", p("Shusha", languages=("en",), inflect=False, fuzzy=False, broad=True)),
        ("/colou?r/", Regex(regex="colou?r")),
        (r"=/km\/h [A-Z]{3}/!", Regex(regex="km/h [A-Z]{3}", case=True, broad=True)),
        (
            "about:place:lachin OR about:actor:csto",
            Group(any=(Place(place="lachin", about=True), Actor(actor="csto", about=True))),
        ),
        ("within:south-caucasus", Within(within="south-caucasus")),
        ("list:csto NOT list:sport", Group(all=(Listed(list="csto"),), none=(Listed(list="sport"),))),
        ("url,author,source:war", Of(of=p("war"), in_=("url", "author", "source"))),
        (
            'war AND article:longer=60 AND article:agencies="TASS,RIA Novosti" AND article:newer=2d',
            Group(
                all=(
                    p("war"),
                    Facts(article={"longer": 60}),
                    Facts(article={"agencies": ("TASS", "RIA Novosti")}),
                    Facts(article={"newer": "2d"}),
                )
            ),
        ),
        (
            "SCORE/0.5/0.8 {war [title=1 lead=.35 lead+.25 body+0.25 most=3 cap=2]; film OR game [-0.5]}",
            Weights(
                weights=(
                    Row(
                        of=p("war"), once=PerZone(title=1, lead=0.35), each=PerZone(lead=0.25, body=0.25), most=3, cap=2
                    ),
                    Row(of=Group(any=(p("film"), p("game"))), once=-0.5),
                ),
                threshold=0.5,
                about=0.8,
            ),
        ),
        ("ORBAN AND notes", Group(all=(p("ORBAN"), p("notes")))),  # words that only begin like operators
    ],
)
def test_a_query_says_the_same_as_yaml(query: str, condition: Condition | None) -> None:
    found = parse(query)
    assert condition is None or found == condition
    assert parse(written(found)) == found


@given(CONDITIONS, ZONES)
@settings(max_examples=300)
def test_a_condition_written_as_a_query_has_the_same_hits(condition: Condition, zones: Zones) -> None:
    again = parse(written(condition))
    assert oracle(again, spots(zones)) == oracle(condition, spots(zones))
    assert parse(written(again)) == again


@given(CONDITIONS)
def test_a_condition_is_written_as_yaml_and_read_back(condition: Condition) -> None:
    assert Watchlist(id="w", title="w", match=plain(condition)).condition == condition


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("war peace", "AND, OR, NOT or quotes around the phrase must stand here: …war ▸peace…, character 5"),
        ("war NAER/5 peace", "…war ▸NAER/5 peace…, character 5"),
        ("(war", "a closing ) is missing: …(war▸…, character 5"),
        ("war)", "this ) closes nothing: …war▸)…, character 4"),
        ("war OR", "a word, a phrase in quotes or ( must stand here: …war OR▸…, character 7"),
        ("war AND AND peace", "a word, a phrase in quotes or ( must stand here: …war AND ▸AND peace…, character 9"),
        ("", "a word, a phrase in quotes or ( must stand here"),
        ("place:Ähm", "must be 1 to 64 of a-z, 0-9 and -: …▸place:Ähm…, character 1"),
        ("war OR a", "'a' would match almost every article"),
        ("war NEAR/5 ceasefire NEAR/3 talks", "another distance than before"),
        ("war NEAR/500 talks", "distance"),
        ("SCORE/1 {war [title:1]}", "'title:1' is not points: title=1, body+0.25, -1, most=4 or cap=0.6"),
        ("SCORE/5 {war [1]}", "the weights never come to 5: …▸SCORE/5"),
        ("SCORE/1 {war}", "points such as [title=1 body+0.25] must stand here: …SCORE/1 {war▸}"),
        ("/(a/", "missing ): (a"),
        (r"/\bwar/", r"\b knows English letters only"),
        ("article:longre=3", "longre"),
        ("article:longer=soon", "longer"),
        ('"unclosed', "put a phrase with signs in it in quotes: …▸"),
        ("war NEAR/3 (NOT talks)", "'none' alone has no words in the article"),
        ("(" * (DEEPEST + 1), f"more than {DEEPEST} parentheses within each other"),
    ],
)
def test_a_mistake_is_told_at_its_character(query: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert message in str(caught.value)


def test_a_group_is_named_once_and_used_in_several_places() -> None:
    head = "id: w\ntitle: w\ngroups:\n  side: [armenia*, {place: yerevan}]\n  both: [{group: side}, azerbaijan*]\n"
    side = (p("armenia*"), Place(place="yerevan"))
    for key in ("match: {near: [{group: both}, war], distance: 5}", "query: group:both NEAR/5 war"):
        armenian = Group(any=side).model_copy(update={"label": "group: side"})
        both = Group(any=(armenian, p("azerbaijan*"))).model_copy(update={"label": "group: both"})
        assert parse_list(f"{head}{key}\n", "w.yaml").condition == Near(near=(both, p("war")), distance=5)
        assert str(both) == "group: both"
    with pytest.raises(ConfigError, match=r"w\.yaml:3:8: 'match' must be a phrase"):
        parse_list("id: w\ntitle: w\nmatch: {any: [war], label: x}\n", "w.yaml")
    with pytest.raises(ConfigError, match="no group 'bth' stands before; did you mean 'both'"):
        parse_list(f"{head}match: {{group: bth}}\n", "w.yaml")
    with pytest.raises(ConfigError, match="no group 'b' stands before"):
        parse_list("id: w\ntitle: w\ngroups: {a: [{group: b}], b: [war]}\nmatch: {group: a}\n", "w.yaml")


def test_groups_that_double_each_other_are_refused_at_once() -> None:
    doubling = "".join(f"  g{n}: [{{group: g{n - 1}}}, {{group: g{n - 1}}}]\n" for n in range(1, 60))
    text = f"id: w\ntitle: w\ngroups:\n  g0: [war]\n{doubling}"
    for key in ("match: {group: g59}", "query: group:g59", "match: war"):
        with pytest.raises(ConfigError, match="more than 100,000 conditions"):
            parse_list(f"{text}{key}\n", "w.yaml")


def test_a_list_has_match_or_query_and_not_both() -> None:
    head = "id: w\ntitle: w\n"
    assert parse_list(f"{head}query: war NEAR/3 peace\n", "w.yaml").condition == parse("war NEAR/3 peace")
    for text in (head, f"{head}match: war\nquery: war\n"):
        with pytest.raises(ConfigError, match="either match or query"):
            parse_list(text, "w.yaml")
    with pytest.raises(ConfigError, match=r"w\.yaml:3:8: 'query' AND, OR, NOT or quotes.*▸peace"):
        parse_list(f"{head}query: war peace\n", "w.yaml")
    with pytest.raises(ConfigError, match=r"w\.yaml:3:8: can never hold: 'war' is needed beside this"):
        parse_list(f"{head}query: war AND peace NOT war\n", "w.yaml")
    with pytest.raises(ConfigError, match=r"w\.yaml:3:1: would hold for articles that say nothing of it"):
        parse_list(f"{head}query: NOT war\n", "w.yaml")
