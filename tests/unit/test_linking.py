"""Watchlists that name others."""

from __future__ import annotations

import pytest
from factories import article, tagged

from pipelines.watchlists.linking import dependents, linked
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import Watchlist, parse


def a_list(name: str, rest: str) -> Watchlist:
    return parse(f"id: {name}\ntitle: x\n{rest}\n", f"{name}.yaml")


def by_id(*lists: Watchlist) -> dict[str, Watchlist]:
    return {watchlist.id: watchlist for watchlist in lists}


def fires(*lists: Watchlist, title: str, language: str = "en", **fields: str) -> list[str]:
    whole, problems = linked(by_id(*lists))
    assert not problems
    return [m.watchlist.id for m in Matcher(whole).match(tagged(article(title, **fields), language=language))]


def test_a_list_adds_another_and_takes_one_away() -> None:
    both = a_list("both", "match: {any: [{list: war}, truce], none: [{list: sport}]}")
    lists = [both, a_list("war", "match: war"), a_list("sport", "query: football OR chess")]
    assert fires(*lists, title="war") == ["both", "war"]
    assert fires(*lists, title="truce") == ["both"]
    assert fires(*lists, title="war chess") == ["sport", "war"]


def test_a_named_list_looks_only_where_it_looks_itself() -> None:
    lists = [a_list("a", "match: {list: b}"), a_list("b", "languages: [en]\nsources: {not: [blog]}\nmatch: war")]
    assert fires(*lists, title="war") == ["a", "b"]
    assert fires(*lists, title="war", language="ru") == []
    assert fires(*lists, title="war", source="blog") == []


def test_lists_name_lists_that_name_lists_and_groups_may_too() -> None:
    lists = [
        a_list("a", "groups: {g: [{list: b}, peace]}\nmatch: {group: g}"),
        a_list("b", "query: list:c"),
        a_list("c", "match: war"),
    ]
    assert fires(*lists, title="war") == ["a", "b", "c"]
    assert dependents(lists, {"c"}) == {"a", "b"}
    assert dependents(lists, {"a"}) == set()


def test_the_version_of_a_list_changes_with_those_it_names_and_with_no_other() -> None:
    def versions(text: str) -> list[str]:
        whole, _ = linked(
            by_id(a_list("a", "match: {list: b}"), a_list("b", f"match: {text}"), a_list("c", "match: x-ray"))
        )
        return [watchlist.version for watchlist in whole]

    before, after = versions("war"), versions("peace")
    assert [x == y for x, y in zip(before, after, strict=True)] == [False, False, True]


@pytest.mark.parametrize(
    ("lists", "problems"),
    [
        (["match: {list: wr}", "match: war"], ["a.yaml:3:15: no watchlist 'wr'"]),
        (["match: {any: [war, {list: a}]}"], ["a.yaml:3:27: the lists name each other in a ring: a → a"]),
        (
            ["match: {list: b}", "match: {list: c}", "query: war OR list:a"],
            [
                "c.yaml:3:8: the lists name each other in a ring: a → b → c → a",
                "b.yaml:3:15: the watchlist 'c' has mistakes",
                "a.yaml:3:15: the watchlist 'b' has mistakes",
            ],
        ),
        (["match: {any: [{list: b}]}", "match: {all: [{list: c}]}", "match: war"], []),
    ],
)
def test_a_list_that_is_not_there_and_a_ring_are_mistakes_at_their_place(lists: list[str], problems: list[str]) -> None:
    _, found = linked(by_id(*(a_list(name, text) for name, text in zip("abc", lists, strict=False))))
    assert [str(problem) for problem in found] == problems


def test_lists_that_double_each_other_are_refused() -> None:
    lists = [a_list("l0", "match: war")]
    lists += [a_list(f"l{n}", f"match: {{any: [{{list: l{n - 1}}}, {{list: l{n - 1}}}]}}") for n in range(1, 30)]
    whole, problems = linked(by_id(*lists))
    assert len(whole) < 20
    assert "comes to more than 100,000 conditions" in str(problems[0])
