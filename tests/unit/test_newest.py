"""The newest values of a topic, and the watchlists compiled from them."""

from __future__ import annotations

import uuid

import pytest
from factories import article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.buses import Bus, Entry, Topic
from connectors.errors import TransientError
from pipelines import rules as module
from pipelines.address import Address
from pipelines.newest import Newest
from pipelines.rules import Rules, RulesAt
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import parse


def a_bus(partitions: int = 1) -> tuple[Address, Bus]:
    address = Address("memory", f'{{"name": "{uuid.uuid4()}"}}')
    bus = address.open()
    bus.create(Topic("watchlists", partitions=partitions, compact=True))
    return address, bus


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.sampled_from([b"1", b"2"]), st.booleans()), max_size=12)
)
def test_it_knows_what_the_topic_says_and_what_changed_since_the_last_look(
    steps: list[tuple[str, bytes | None, bool]],
) -> None:
    _, bus = a_bus(partitions=3)
    newest, truth, seen = Newest("watchlists"), dict[str, bytes](), dict[str, bytes]()
    for key, value, look in steps:
        bus.append([Entry("watchlists", key, value)])
        if value is None:
            truth.pop(key, None)
        else:
            truth[key] = value
        if look:
            changed = newest.update(bus)
            assert newest.values == truth
            assert changed >= {k for k in truth.keys() | seen.keys() if truth.get(k) != seen.get(k)}
            seen = dict(truth)


def text(name: str, match: str) -> bytes:
    return f"id: {name}\ntitle: x\nmatch: {match}\n".encode()


def fired(rules: Rules, title: str) -> list[str]:
    return [m.watchlist.id for m in rules.matcher.match(tagged(article(title)))]


def test_an_edit_is_in_force_at_the_next_look_and_leaves_the_others_compiled() -> None:
    address, bus = a_bus()
    bus.append([Entry("watchlists", "a", text("a", "war")), Entry("watchlists", "b", text("b", "{list: a}"))])
    at = RulesAt(address)
    before = at()
    assert fired(before, "war") == ["a", "b"]
    assert at() is before
    bus.append([Entry("watchlists", "a", text("a", "peace")), Entry("watchlists", "c", text("c", "war"))])
    after = at()
    assert (fired(after, "war"), fired(after, "peace")) == (["c"], ["a", "b"])
    assert after.topics == {"a": "alerts.a", "b": "alerts.b", "c": "alerts.c"}
    assert after.matcher._base is before.matcher._base
    bus.append([Entry("watchlists", "a", None)])
    assert fired(at(), "peace") == []  # b names a list that is gone
    assert at().topics == {"c": "alerts.c"}


def test_an_edit_that_the_bus_kept_from_being_taken_up_is_taken_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    address, bus = a_bus()
    bus.append([Entry("watchlists", "a", text("a", "war"))])
    at = RulesAt(address)
    before = at()
    bus.append([Entry("watchlists", "b", text("b", "war"))])

    def away(*_: object) -> None:
        raise TransientError("no broker")

    monkeypatch.setattr(bus, "create", away)  # the topic of its alerts cannot be made
    assert at() is before
    monkeypatch.undo()
    assert fired(at(), "war") == ["a", "b"]


def test_when_many_changed_all_are_compiled_anew_beside_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE", 3)
    address, bus = a_bus()
    at = RulesAt(address)
    bus.append([Entry("watchlists", f"l{n}", text(f"l{n}", "war")) for n in range(20)])
    first = at()
    bus.append([Entry("watchlists", f"l{n}", text(f"l{n}", "peace")) for n in range(5)])
    assert len(fired(at(), "peace")) == 5
    rebuilding = module._kept[at].rebuilding
    assert rebuilding
    bus.append([Entry("watchlists", "l9", text("l9", "peace"))])  # one more while it works
    at()
    rebuilding.join(20)
    fresh = at()
    assert fresh.matcher._base is not first.matcher._base
    assert fresh.matcher.late <= 2
    assert (len(fired(fresh, "peace")), len(fired(fresh, "war"))) == (6, 14)


def test_a_topic_made_anew_is_read_from_its_beginning() -> None:
    _, bus = a_bus()
    newest = Newest("watchlists")
    bus.append([Entry("watchlists", key, b"1") for key in "abc"])
    assert newest.update(bus) == {"a", "b", "c"}
    _, other = a_bus()
    other.append([Entry("watchlists", "a", b"1"), Entry("watchlists", "d", b"1")])
    assert newest.update(other) == {"b", "c", "d"}
    assert newest.values == {"a": b"1", "d": b"1"}


edits = st.lists(
    st.tuples(st.integers(0, 4), st.none() | st.sampled_from(["war", "peace", "{any: [war, peace]}"])), max_size=8
)


@given(edits)
def test_a_matcher_brought_up_to_date_is_one_made_anew(steps: list[tuple[int, str | None]]) -> None:
    lists = {f"l{n}": parse(text(f"l{n}", "war"), "x") for n in range(3)}
    matcher = Matcher(lists.values())
    for number, match in steps:
        name = f"l{number}"
        if match is None:
            lists.pop(name, None)
            matcher = matcher.updated((), [name])
        else:
            lists[name] = parse(text(name, match), "x")
            matcher = matcher.updated([lists[name]])
    for title in ("war", "peace"):
        assert matcher.match(tagged(article(title))) == Matcher(lists.values()).match(tagged(article(title)))
    assert [w.id for w in matcher.watchlists] == sorted(lists)
