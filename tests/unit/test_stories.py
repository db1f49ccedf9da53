"""Stories: what joins what, what an alert is raised for, and how a story is told."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from alerts import alert
from factories import NOW, article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Alert, Evidence, Likeness, StoryMember, Tag, TaggedArticle, alert_id, decode
from pipelines.config import shipped
from pipelines.stories import linking
from pipelines.stories.candidate import Candidate, time_of, told
from pipelines.stories.linking import Member, link, member
from pipelines.stories.memory import Stories
from pipelines.stories.rarity import Rarity, load
from pipelines.stories.telling import Telling
from pipelines.stories.terms import hashed, terms, without
from pipelines.stories.timeline import timelines

DAY = 86_400.0

MINERS = tagged(
    article(
        "Fire kills six miners in Kapan copper mine",
        "A fire in the ventilation shaft of a copper mine near Kapan killed six miners on Tuesday night, the rescue service "
        "said. Twelve others were brought up with burns and smoke in their lungs. The shaft, 300 metres deep, had been "
        "inspected in the spring. The prosecutor opened a case against the director of the mine.",
        source="a",
    )
)
MINERS_AGAIN = tagged(
    article(
        "Six dead after blaze in copper mine at Kapan, director detained",
        "The director of the copper mine near Kapan where a fire killed six miners was detained on Wednesday. Rescuers said "
        "that the blaze in the ventilation shaft broke out late on Tuesday; twelve miners are in hospital with burns.",
        source="b",
    )
)
CINEMA = tagged(
    article(
        "Kapan reopens its cinema after thirty years",
        "The cinema on the main square of Kapan, closed since the nineties, opened its doors on Tuesday with a comedy. The "
        "town paid for the seats and the screen. Tickets cost as much as a loaf of bread for the first week.",
        source="c",
    )
)
RUSSIAN = [
    tagged(article(title, body, source=source), language="ru")
    for source, title, body in (
        ("a", "Под Гюмри столкнулись два автобуса, погибли трое",
         "Два пассажирских автобуса столкнулись в понедельник утром на трассе под Гюмри. Трое пассажиров погибли, ещё "
         "девятнадцать доставлены в больницу, сообщили спасатели. Водитель одного из автобусов уснул за рулём."),
        ("b", "Трое погибших в столкновении автобусов под Гюмри",
         "Число пострадавших при столкновении двух автобусов на трассе под Гюмри достигло девятнадцати, трое погибли. По "
         "словам спасателей, водитель уснул за рулём. Движение на трассе восстановлено."),
        ("c", "В Гюмри открыли музей железной дороги",
         "В здании старого вокзала Гюмри открылся музей железной дороги. В экспозиции три паровоза и мастерская, где дети "
         "могут собрать вагон. Вход бесплатный до конца месяца."),
    )
]  # fmt: skip


def rarity() -> Rarity:
    return Rarity(load(shipped() / "languages"))


def stories(quiet: float = 3 * DAY) -> Stories:
    return Stories(rarity(), quiet)


def candidate(of: TaggedArticle, at: float | None = None, **fields: object) -> Candidate:
    one = of.article
    made = alert(
        watchlist="mines", id=alert_id("mines", one.id), story=one.id, article=one.key, source=one.source, title=one.title,
        url=one.url, fetched=one.fetched, **fields,
    )  # fmt: skip
    return Candidate(made, "alerts.mines", terms(of), time_of(one) if at is None else at, one.revision, of.changed)


def joined(memory: Stories, *candidates: Candidate) -> list[tuple[str, str]]:
    """How each candidate fared, and the title of the article that opened its story."""
    entries, _ = told(memory, candidates)
    records = [decode(StoryMember, entry.value) for entry in entries if entry.topic == "stories"]
    titles = {record.article.rpartition(".")[0]: record.title for record in records}
    return [(record.how, titles.get(record.story, "")) for record in records]


@pytest.mark.parametrize(
    ("first", "second", "other"), [(MINERS, MINERS_AGAIN, CINEMA), tuple(RUSSIAN)], ids=["english", "russian"]
)
def test_what_tells_of_one_event_is_one_story(
    first: TaggedArticle, second: TaggedArticle, other: TaggedArticle
) -> None:
    fared = joined(stories(), *map(candidate, (first, other, second)))
    assert fared == [("opened", first.article.title), ("opened", other.article.title), ("joined", first.article.title)]


def test_an_alert_is_raised_when_a_story_opens_and_not_again() -> None:
    entries, added = told(stories(), [candidate(MINERS), candidate(MINERS_AGAIN)])
    alerts = [decode(Alert, entry.value) for entry in entries if entry.topic == "alerts.mines"]
    (raised,) = (alert for alert in alerts if not alert.updates)
    members = [decode(StoryMember, entry.value) for entry in entries if entry.topic == "stories"]
    assert {one.alert for one in members} == {raised.id}
    assert members[0].link is None
    assert members[1].link is not None
    assert members[1].link.article == MINERS.article.id
    assert [msgspec.msgpack.decode(one.memory, type=Member) for one in members] == added


def test_what_is_new_in_a_story_updates_its_alert_where_the_list_wants_it() -> None:
    tags = (place("kapan", "Kapan"), place("goris", "Goris"))
    first = msgspec.structs.replace(MINERS, tags=tags[:1])
    again = msgspec.structs.replace(
        MINERS_AGAIN, tags=tags, article=msgspec.structs.replace(MINERS_AGAIN.article, origin="Reuters")
    )
    quiet, loud = candidate(again), msgspec.structs.replace(candidate(again), telling=Telling(updates=True))
    for one, sinks in ((quiet, ()), (loud, None)):
        entries, _ = told(stories(), [candidate(first), one])
        opened, update = (decode(Alert, entry.value) for entry in entries if entry.topic == "alerts.mines")
        assert (update.updates, update.event, update.story) == (opened.id, "developed", opened.story)
        assert set(update.new) == {"Goris", "Reuters"}, "who told of it is new, too"
        assert update.sinks == sinks
        assert update.id != opened.id
    entries, _ = told(stories(), [candidate(again), candidate(first)])
    (record,) = (r for e in entries if e.topic == "stories" and (r := decode(StoryMember, e.value)).how == "joined")
    assert "300" in record.new
    same = msgspec.structs.replace(again, article=msgspec.structs.replace(again.article, id="other"))
    entries, _ = told(stories(), [candidate(again), candidate(same)])
    assert [entry.topic for entry in entries] == ["stories", "alerts.mines", "stories"], "nothing new, no update"


def fared(memory: Stories, telling: Telling, *candidates: Candidate) -> list[tuple[str, str]]:
    """The titles and stories of the alerts that are raised."""
    entries, _ = told(memory, [msgspec.structs.replace(one, telling=telling) for one in candidates])
    alerts = [decode(Alert, entry.value) for entry in entries if entry.topic == "alerts.mines"]
    return [(one.title, one.story) for one in alerts if not one.updates]


def test_a_story_that_others_must_confirm_is_told_when_they_do_and_once() -> None:
    third = msgspec.structs.replace(
        MINERS_AGAIN, article=msgspec.structs.replace(MINERS_AGAIN.article, id="third", source="c")
    )
    same = msgspec.structs.replace(third, article=msgspec.structs.replace(third.article, id="same", source="b"))
    alone, confirmed = [*map(candidate, (MINERS, CINEMA))], [*map(candidate, (MINERS, MINERS_AGAIN, third))]
    assert fared(stories(), Telling(origins=2), *alone) == []
    assert fared(stories(), Telling(origins=2), *confirmed) == [(MINERS_AGAIN.article.title, MINERS.article.id)]
    assert fared(stories(), Telling(origins=3), candidate(MINERS), candidate(MINERS_AGAIN), candidate(same)) == []
    assert len(fared(stories(), Telling(origins=3), *confirmed)) == 1


def test_a_story_that_must_grow_is_told_when_it_has_within_the_hour() -> None:
    now = NOW.timestamp()
    fast, slow = ([candidate(MINERS, now), candidate(MINERS_AGAIN, now + wait)] for wait in (1_800, 2 * 3_600))
    assert len(fared(stories(), Telling(growth=2), *fast)) == 1
    assert fared(stories(), Telling(growth=2), *slow) == []


def test_what_is_found_late_is_not_breaking() -> None:
    fresh, late = (candidate(MINERS, NOW.timestamp() - age) for age in (3_600, 9 * 3_600))
    assert len(fared(stories(), Telling(max_age=6 * 3_600.0), fresh)) == 1
    assert fared(stories(), Telling(max_age=6 * 3_600.0), late) == []


def test_a_memory_rebuilt_knows_what_was_told() -> None:
    gate = Telling(origins=2)
    waiting = [msgspec.structs.replace(one, telling=gate) for one in map(candidate, (MINERS, MINERS_AGAIN))]
    memory = stories()
    _, segment = told(memory, waiting)
    third = msgspec.structs.replace(
        MINERS_AGAIN, article=msgspec.structs.replace(MINERS_AGAIN.article, id="third", source="c")
    )
    assert fared(Stories(rarity(), 3 * DAY, segment), gate, candidate(third)) == []
    assert fared(Stories(rarity(), 3 * DAY, segment[:1]), gate, candidate(third)) != []


def test_a_revision_keeps_its_story_and_raises_nothing() -> None:
    memory = stories()
    told(memory, [candidate(MINERS)])
    revised = tagged(msgspec.structs.replace(MINERS.article, revision=2, body="Seven miners died, not six."))
    entries, added = told(memory, [candidate(revised)])
    (record,) = (decode(StoryMember, entry.value) for entry in entries)
    assert (record.how, record.story, added) == ("revised", MINERS.article.id, [])


def test_a_revision_that_changes_something_corrects_its_alert_and_shows_what() -> None:
    body = MINERS.article.body.replace("killed six miners", "killed seven miners")
    revised = tagged(msgspec.structs.replace(MINERS.article, revision=2, body=body), changed=0.05)
    entries, _ = told(stories(), [candidate(MINERS), candidate(revised)])
    opened, corrected = (decode(Alert, entry.value) for entry in entries if entry.topic == "alerts.mines")
    assert (corrected.event, corrected.updates, corrected.details[-1]) == ("corrected", opened.id, "corrected")
    members = [decode(StoryMember, entry.value) for entry in entries if entry.topic == "stories"]
    (story,) = timelines(members, [MINERS, revised])
    (edit,) = story.edits
    assert [sentence.split(" on ")[0][-17:] for sentence in edit.removed] == ["killed six miners"]
    assert len(edit.added) == 1
    assert "killed seven miners" in edit.added[0]


def test_what_is_told_again_is_the_same_to_the_byte() -> None:
    memory = stories()
    first, _ = told(memory, [candidate(MINERS)])
    again, added = told(memory, [candidate(MINERS)])
    assert again == [entry for entry in first if entry.topic == "alerts.mines"]
    assert added == []


def test_a_story_is_over_after_its_quiet_time_whichever_way_the_articles_come() -> None:
    now = NOW.timestamp()
    early, late = candidate(MINERS, now), candidate(MINERS_AGAIN, now + 4 * DAY)
    assert [how for how, _ in joined(stories(), early, late)] == ["opened", "opened"]
    assert [how for how, _ in joined(stories(), late, early)] == ["opened", "opened"]
    assert [how for how, _ in joined(stories(5 * DAY), late, early)] == ["opened", "joined"]


def test_an_article_about_the_matter_is_not_lost_in_a_story_of_mentions() -> None:
    mention = candidate(MINERS, level="alert")
    assert [how for how, _ in joined(stories(), mention, candidate(MINERS_AGAIN))] == ["opened", "opened"]
    about = candidate(MINERS)
    assert [how for how, _ in joined(stories(), about, candidate(MINERS_AGAIN, level="alert"))] == ["opened", "joined"]


def place(id_: str, surface: str) -> Tag:
    return Tag(id=id_, kind="place", surface=surface, zone="title", start=0, end=len(surface))


def test_the_same_in_two_places_is_two_events() -> None:
    here, there = (
        msgspec.structs.replace(one, tags=(place(id_, "Kapan"), place("armenia", "Armenia")))
        for one, id_ in ((MINERS, "kapan"), (MINERS_AGAIN, "goris"))
    )
    known = rarity()

    def score(one: TaggedArticle, other: TaggedArticle) -> float:
        kept = [member(terms(t, {"armenia"}), known, t.article.id, 0.0) for t in (one, other)]
        return link(kept[0], kept[1], known).score

    same = msgspec.structs.replace(there, tags=here.tags)
    assert score(here, there) < linking.ELSEWHERE * score(here, same)


def test_what_made_the_list_match_tells_no_two_events_apart() -> None:
    read = msgspec.structs.replace(MINERS, tags=(place("kapan", "Kapan"),))
    words = (Evidence(rule="mine*", zone="title", start=34, end=38, surface="mine", entity="kapan"),)
    left = without(terms(read), read, words)
    assert hashed("mine") in terms(read).weights
    assert hashed("mine") not in {*left.weights, *left.title, *left.opening}
    assert left.places == ()


@given(st.lists(st.sampled_from([MINERS, MINERS_AGAIN, CINEMA]), max_size=6), st.integers(0, 6))
def test_a_memory_rebuilt_from_its_segments_tells_alike(articles: list[TaggedArticle], cut: int) -> None:
    kept = stories()
    _, segment = told(kept, [*map(candidate, articles[:cut])])
    rebuilt = Stories(rarity(), 3 * DAY, segment)
    assert told(rebuilt, [*map(candidate, articles[cut:])]) == told(kept, [*map(candidate, articles[cut:])])


@pytest.mark.parametrize(
    ("published", "counts"),
    [
        (None, "fetched"),
        (NOW - timedelta(hours=5), "published"),
        (NOW + timedelta(minutes=1), "fetched"),
        (datetime(1970, 1, 1, tzinfo=UTC), "fetched"),
        (datetime(2004, 1, 1, tzinfo=UTC), "published"),
    ],
)
def test_a_date_that_cannot_be_true_is_that_of_the_fetch(published: datetime | None, counts: str) -> None:
    one = article("A title", published=published)
    assert time_of(one) == (published.timestamp() if published and counts == "published" else NOW.timestamp())


def test_a_recording_without_times_of_fetching_has_its_sources_dates() -> None:
    published = datetime(2023, 9, 19, tzinfo=UTC)
    assert (
        time_of(article("A title", published=published, fetched=datetime.fromtimestamp(0, UTC)))
        == published.timestamp()
    )


def test_a_timeline_has_members_copies_and_origins() -> None:
    memory = stories()
    entries, _ = told(memory, [candidate(MINERS, origin="Reuters"), candidate(CINEMA), candidate(MINERS_AGAIN)])
    members = [decode(StoryMember, entry.value) for entry in entries if entry.topic == "stories"]
    alike = Likeness(shared=1.0, lead=1.0, title=0.2)
    copy = tagged(article("Taken over", source="d"), duplicate_of=MINERS_AGAIN.article.id, likeness=alike)
    fire, other = sorted(timelines(members, [MINERS, copy]), key=lambda story: -len(story.members))
    assert [one.source for one in fire.members] == ["a", "b"]
    assert [(one.source, one.likeness) for one in fire.copies] == [("d", alike)]
    assert fire.origins == ("reuters", "b")
    assert (other.title, other.copies) == (CINEMA.article.title, ())
