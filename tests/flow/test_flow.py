"""The whole flow on the local runner: duplicates, restarts, poison, edits of watchlists."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from factories import article, tagged

from connectors.buses import Entry
from connectors.records import Alert, Article, DeadLetter, StoryMember, TaggedArticle, decode, encode
from pipelines import flow, transforms
from pipelines.address import Address
from pipelines.config import shipped
from pipelines.dedup import fingerprints
from pipelines.elements import Microbatch
from pipelines.layout import TOPICS
from pipelines.rules import RulesAt
from pipelines.stories.timeline import timelines
from pipelines.taggers import gazetteer

pytestmark = pytest.mark.slow

CEASEFIRE = b"id: ceasefire\ntitle: Ceasefires\nseverity: low\nmatch: {any: [ceasefire]}\n"
LONG = "Negotiators from both capitals met for six hours and agreed to a ceasefire that begins at noon. "


@pytest.fixture
def address() -> Address:
    made = Address("memory", f'{{"name": "{uuid.uuid4()}"}}')
    for topic in TOPICS:
        made.open().create(topic)
    made.open().append([Entry("watchlists", "ceasefire", CEASEFIRE)])
    return made


@contextmanager
def running(address: Address, horizon: float = 3600) -> Iterator[None]:
    tagger = partial(gazetteer.build, gazetteer.Options(folders=(shipped() / "gazetteer",)))
    plan = flow.Plan(address, tagger, RulesAt(address), horizon, quiet=horizon)
    stop = threading.Event()
    thread = threading.Thread(target=flow.run, args=(plan, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the flow did not drain"


def restarted(address: Address) -> None:
    """Forget what a process would forget."""
    transforms._memories.clear()


def put(address: Address, *articles: Article) -> None:
    address.open().append([Entry("articles", a.key, encode(a)) for a in articles])


def found(address: Address, topic: str, kind: Any) -> list[Any]:
    bus = address.open()
    return [decode(kind, r.value) for r in bus.read(topic, 0, 0, 10_000)] if topic in bus.topics() else []


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen in {seconds} s"
        time.sleep(0.02)


def done(address: Address) -> bool:
    bus = address.open()
    return (bus.committed("flow", "articles", 0) or 0) == bus.end("articles", 0)


def test_an_article_alerts_and_its_copy_does_not(address: Address) -> None:
    first = article("Talks end", LONG, source="a", url="https://a.example/1")
    copy = article("Talks end", LONG, source="b", url="https://b.example/1")
    with running(address):
        put(address, first, copy)
        until(lambda: done(address))
    assert [a.story for a in found(address, "alerts.ceasefire", Alert)] == [first.id]
    tagged = {t.article.id: t.duplicate_of for t in found(address, "tagged", TaggedArticle)}
    assert tagged == {first.id: "", copy.id: first.id}


def test_a_copy_after_a_restart_is_still_a_copy(address: Address) -> None:
    first = article("Talks end", LONG, source="a", url="https://a.example/1")
    with running(address):
        put(address, first)
        until(lambda: done(address))
    restarted(address)
    with running(address):
        put(address, article("Talks end", LONG, source="b", url="https://b.example/1"))
        until(lambda: done(address))
    assert len(found(address, "alerts.ceasefire", Alert)) == 1


def test_what_tells_of_one_event_alerts_once_also_after_a_restart(address: Address) -> None:
    first = article("Ministers agree on a ceasefire in the Geneva talks", LONG, source="a")
    again = article(
        "Ceasefire agreed at talks in Geneva, ministers say",
        "The two capitals agreed to a ceasefire, ministers said after six hours of talks in Geneva. The ceasefire begins at "
        "noon; the negotiators will meet again within the month.",
        source="b",
    )
    other = article(
        "Fishermen ask for a ceasefire with the seals",
        "Fishermen on the northern coast say that seals eat half of their catch, and ask the zoo for help.",
        source="c",
    )
    with running(address):
        put(address, first)
        until(lambda: done(address))
    restarted(address)
    with running(address):
        put(address, again, other)
        until(lambda: done(address))
    alerts = found(address, "alerts.ceasefire", Alert)
    assert [(a.story, a.updates) for a in alerts if a.sinks is None] == [(first.id, ""), (other.id, "")]
    assert all(a.updates == alerts[0].id for a in alerts if a.sinks is not None), "for nobody but the topic's readers"
    assert [(m.how, m.story) for m in found(address, "stories", StoryMember)] == [
        ("opened", first.id), ("joined", first.id), ("opened", other.id)
    ]  # fmt: skip


def test_one_agency_text_in_two_hundred_outlets_is_one_alert_of_one_origin(address: Address) -> None:
    """Cut, edited and under other headlines, over six hours; one in ten comes again as a revision."""
    rng = random.Random(11)
    words = ["".join(rng.choice("bdgklmnprst") + rng.choice("aeiou") for _ in range(4)) for _ in range(260)]
    text = f"{LONG} {' '.join(words)}"
    wire = article("Ceasefire agreed in Geneva", text, source="wire", origin="Reuters", language="en")
    storm = [wire]
    for n in range(200):
        cut = text.split()[: rng.randint(50, 270)]
        body = " ".join(word if rng.random() > 0.02 else rng.choice(words) for word in cut)
        title = wire.title if n % 2 else f"{rng.choice(words)} {rng.choice(words)} {rng.choice(words)}"
        at = wire.fetched + timedelta(seconds=rng.randint(1, 6 * 3600))
        storm.append(
            article(
                title,
                body,
                source=f"outlet-{n}",
                url=f"https://outlet-{n}.example/1",
                fetched=at,
                published=at,
                language="en",
            )
        )
        if n % 10 == 0:
            storm.append(msgspec.structs.replace(storm[-1], revision=2, body=body + " Corrected."))
    with running(address):
        put(address, *storm)
        until(lambda: done(address), 60)
    (alert,) = found(address, "alerts.ceasefire", Alert)
    (story,) = timelines(found(address, "stories", StoryMember), found(address, "tagged", TaggedArticle))
    assert (alert.story, story.alert, story.origins) == (wire.id, alert.id, ("reuters",))
    assert len({copy.url for copy in story.copies}) == 200


def test_what_was_read_and_not_committed_has_its_effect_once(address: Address) -> None:
    """As after a kill between the effects and the commit: the same records are read again."""
    first = article("Talks end", LONG)
    with running(address):
        put(address, first)
        until(lambda: done(address))
    restarted(address)
    address.open()._commits.clear()  # type: ignore[attr-defined]
    with running(address):
        until(lambda: done(address))
    assert len(found(address, "tagged", TaggedArticle)) == 1
    assert len(found(address, "alerts.ceasefire", Alert)) == 1


def test_a_copy_long_after_the_horizon_is_news_again(address: Address) -> None:
    """Forgotten between one and two horizons, by the event-time timer."""
    with running(address, horizon=1.0):
        put(address, article("Talks end", LONG, source="a", url="https://a.example/1"))
        until(lambda: done(address))
        time.sleep(5.5)
        put(address, article("Talks end", LONG, source="b", url="https://b.example/1"))
        until(lambda: done(address))
    assert len(found(address, "alerts.ceasefire", Alert)) == 2


def test_poison_is_set_aside_and_the_count_adds_up(address: Address) -> None:
    bus = address.open()
    with running(address):
        put(address, *[article(f"Report {n}", f"{LONG}{n}", entry=str(n)) for n in range(5)])
        bus.append([Entry("articles", "poison", b'{"id": 1}'), Entry("articles", "worse", b"\xff\x00")])
        put(address, *[article(f"Report {n}", f"{LONG}{n}", entry=str(n)) for n in range(5, 9)])
        until(lambda: done(address))
    dead = found(address, "dead-letters", DeadLetter)
    assert sorted(d.key for d in dead) == ["poison", "worse"]
    assert bus.end("articles", 0) == len(found(address, "tagged", TaggedArticle)) + len(dead) == 11


def test_an_edited_watchlist_is_in_force_for_the_next_article(address: Address) -> None:
    with running(address):
        put(address, article("One", "A truce holds in the valley, the monitors wrote in their report."))
        until(lambda: done(address))
        edited = CEASEFIRE.replace(b"[ceasefire]", b"[ceasefire, truce]")
        address.open().append([Entry("watchlists", "ceasefire", edited)])
        put(address, article("Two", "A truce holds on the river as well, the monitors wrote."))
        until(lambda: done(address))
    assert [a.title for a in found(address, "alerts.ceasefire", Alert)] == ["Two"]


def test_a_watchlist_that_cannot_be_read_does_not_stop_the_others(address: Address) -> None:
    address.open().append([Entry("watchlists", "broken", b"id: [")])
    with running(address):
        put(address, article("Talks end", LONG))
        until(lambda: done(address))
    assert len(found(address, "alerts.ceasefire", Alert)) == 1


def test_a_revision_of_an_alerted_article_is_kept_and_alerts_no_second_time(address: Address) -> None:
    first = article("Talks end", LONG)
    second = article("Talks end late", LONG + "More.", entry="Talks end", id=first.id, revision=2)
    with running(address):
        put(address, first, second)
        until(lambda: done(address))
    assert len(found(address, "tagged", TaggedArticle)) == 2
    opened, corrected = found(address, "alerts.ceasefire", Alert)
    assert (corrected.event, corrected.updates, corrected.sinks) == ("corrected", opened.id, ())


class Cell(list[Any]):
    """State of a key: `add`, `write` and `read` as Beam has them."""

    add = list.append

    def write(self, value: Any) -> None:
        self[:] = [value]

    def read(self) -> Any:
        return list(self)


class Value(Cell):
    def read(self) -> Any:
        return self[0] if self else None


class Timer:
    def set(self, at: float) -> None:
        pass


def test_what_a_later_step_fails_on_is_not_remembered_without_its_state() -> None:
    """The step after runs inside ``yield``: when it raises, the bundle goes back to the state it began with."""
    dedup = transforms.DeduplicateFn(str(uuid.uuid4()), 60.0)
    state = {"older": Cell(), "newer": Cell(), "token": Value(), "turn": Timer()}

    def signed(source: str, title: str = "Talks end") -> Microbatch:
        of = article(title, LONG, source=source, url=f"https://{source}.example/1")
        return Microbatch((tagged(of, fingerprints=fingerprints(of)),))

    def judged(batch: Microbatch) -> Any:
        return dedup.process(("en", batch), timestamp=0.0, **state)

    def stories(batch: Microbatch) -> list[str]:
        return [t.duplicate_of for out in judged(batch) for t in out.articles]

    assert stories(signed("z", "Talks begin")) == [""]
    failed = judged(signed("a"))
    next(failed)
    failed.close()
    assert stories(signed("b")) == [""], "the first copy is unknown: its bundle failed"
    assert stories(signed("a")) == [signed("b").articles[0].article.id]
    transforms._memories.clear()
    assert stories(signed("c")) == [signed("b").articles[0].article.id], "as the state has it"
