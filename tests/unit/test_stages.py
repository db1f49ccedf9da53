"""What each step does to a micro-batch; above all that one bad article is set aside alone."""

from collections.abc import Sequence

import msgspec
import pytest
from factories import NOW, article, record, tagged

from connectors.buses import Record
from connectors.records import Act, Article, DeadLetter, Tag, TaggedArticle, Zone, alert_id, decode, encode
from pipelines import stages
from pipelines.taggers import Reading
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.watchlist import parse

CEASEFIRE = "id: ceasefire\ntitle: Ceasefires\nseverity: low\nmatch: {any: [ceasefire]}\n"


class Plain:
    """A reader that reads sentences by full stops and finds no names."""

    def __init__(self, acts: tuple[Act, ...] | None = None) -> None:
        self.acts = acts

    def read(self, tagged: TaggedArticle) -> Reading:
        found: dict[Zone, list[tuple[int, int]]] = {}
        for zone, text in tagged.article.zones():
            ends = [i + 1 for i, c in enumerate(text) if c == "."] or [len(text)]
            found[zone] = list(zip([0, *ends], ends, strict=False))
        return Reading((), found, self.acts)


class Brittle:
    """A tagger that some title breaks."""

    def tag(self, articles: Sequence[TaggedArticle]) -> list[tuple[Tag, ...]]:
        titles = [tagged.article.title for tagged in articles]
        if any("break" in title for title in titles):
            raise ZeroDivisionError("a bug")
        return [(Tag(id="x", kind="place", surface=t[:1], zone="title", start=0, end=1),) for t in titles]


@pytest.fixture
def matcher() -> Matcher:
    return Matcher([parse(CEASEFIRE, "ceasefire.yaml")])


def test_a_poison_record_is_set_aside_with_its_place_and_bytes_and_its_siblings_go_on() -> None:
    poison = Record("articles", 0, 7, "k", b'{"half":', NOW.timestamp())
    articles, dead = stages.arrive([record(article("a"), 6), poison, record(article("b"), 8)])
    assert [t.article.title for t in articles] == ["a", "b"]
    assert [(d.stage, d.reason, d.topic, d.offset, d.key, d.raw) for d in dead] == [
        ("decode", "not_json", "articles", 7, "k", b'{"half":')
    ]


def test_an_article_that_breaks_a_library_on_arrival_is_set_aside_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def brittle(of: Article) -> str:
        if "break" in of.title:
            raise ZeroDivisionError("a bug")
        return "en"

    monkeypatch.setattr(stages, "language_of", brittle)
    articles, dead = stages.arrive([record(article(t), n) for n, t in enumerate(("fine", "break it", "good"))])
    assert [t.article.title for t in articles] == ["fine", "good"]
    assert [(d.stage, d.reason, d.topic, d.offset) for d in dead] == [("flow", "arrive_failed", "articles", 1)]


def test_an_article_arrives_with_its_language_and_fingerprints() -> None:
    made = article("Переговоры о границе возобновились в столице после долгого перерыва", language="en-US")
    (arrived,), _ = stages.arrive([record(made)])
    assert arrived.language == "ru"
    assert arrived.fingerprints


def test_an_article_that_breaks_the_tagger_is_set_aside_alone() -> None:
    done, dead = stages.tag(Brittle(), [tagged(article(t)) for t in ("fine", "break it", "good")])
    assert [(t.article.title, len(t.tags)) for t in done] == [("fine", 1), ("good", 1)]
    assert [(d.stage, d.reason, d.topic) for d in dead] == [("flow", "tag_failed", "articles")]
    assert decode(Article, dead[0].raw).title == "break it"
    assert "ZeroDivisionError" in dead[0].detail


def test_copies_are_neither_tagged_nor_flagged_but_kept(matcher: Matcher) -> None:
    copy = tagged(article("Ceasefire holds"), duplicate_of="first")
    done, _ = stages.tag(Brittle(), [copy])
    assert done == [copy]
    assert stages.flag(matcher, Plain(), done) == ([(copy, [])], [])


def test_an_alert_says_where_and_shows_the_sentence(matcher: Matcher) -> None:
    made = article("Talks", "Rain fell. A ceasefire was agreed at noon. Then all went home.")
    ((_, (alert,)),), dead = stages.flag(matcher, Plain(), [tagged(made)])
    assert not dead
    evidence = alert.evidence[0]
    assert made.body[evidence.start : evidence.end] == evidence.surface == "ceasefire"
    assert evidence.snippet == "A ceasefire was agreed at noon."
    assert (alert.id, alert.story, alert.article) == (alert_id("ceasefire", made.id), made.id, made.key)
    assert alert.watchlist_version == matcher.watchlists[0].version != ""


def test_the_same_article_gives_the_same_bytes(matcher: Matcher) -> None:
    made = [tagged(article("Ceasefire", "One ceasefire."))]
    runs = [stages.flag(matcher, Plain(), made)[0] for _ in range(2)]
    assert [encode(a) for _, alerts in runs[0] for a in alerts] == [encode(a) for _, alerts in runs[1] for a in alerts]


def test_every_article_becomes_one_entry_on_tagged_and_one_candidate_per_alert(matcher: Matcher) -> None:
    flagged, _ = stages.flag(matcher, Plain(), [tagged(article("Ceasefire now")), tagged(article("Rain"))])
    made = stages.entries(flagged)
    assert [e.topic for e in made] == ["tagged", "tagged"]
    assert decode(TaggedArticle, made[0].value).article.title == "Ceasefire now"
    ((watchlist, (candidate,)),) = stages.candidates(flagged, lambda w: f"alerts.{w}", (), {}).items()
    assert (watchlist, candidate.topic, candidate.alert.title) == ("ceasefire", "alerts.ceasefire", "Ceasefire now")


def test_dead_letters_are_keyed_by_their_id() -> None:
    _, dead = stages.arrive([Record("articles", 0, 1, "k", b"", NOW.timestamp())])
    (entry,) = stages.dead_entries(dead)
    assert (entry.topic, entry.key) == ("dead-letters", decode(DeadLetter, entry.value).id)


def test_a_record_on_tagged_that_cannot_be_read_is_passed_over_when_remembering() -> None:
    good = Record("tagged", 0, 1, "k", encode(tagged(article("a"))), NOW.timestamp())
    assert len(stages.recall([Record("tagged", 0, 0, "k", b"{", 0.0), good])) == 1


ACCUSED = "id: accused\ntitle: Accused\nseverity: low\nmatch: {act: accuse, source: russia, target: armenia}\n"


@pytest.mark.parametrize("parsed", [(), None])
def test_an_act_that_the_close_reading_denies_raises_no_alert(parsed: tuple[Act, ...] | None) -> None:
    act = Act(verb="accuse", code="112", source="russia", target="armenia", zone="title", start=7, end=12)
    read = msgspec.structs.replace(tagged(article("Russia blames Armenia", "x.")), acts=(act,))
    matcher = Matcher([parse(ACCUSED, "accused.yaml")])
    flagged, dead = stages.flag(matcher, Plain(parsed), [read])
    assert not dead
    ((kept, alerts),) = flagged
    assert (kept.acts, len(alerts)) == (((act,), 1) if parsed is None else ((), 0))
