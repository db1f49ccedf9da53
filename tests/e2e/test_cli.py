"""The command line, command by command, on a small configuration and a log with a few records."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alerts import HOSTILE, alert
from commands import Answer, Wirewatch
from factories import NOW, article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.buses import Bus, Entry, Position, Topic, every, local
from connectors.buses.memory import MemoryBus
from connectors.errors import RejectedError, TransientError
from connectors.forward import prepare
from connectors.records import Alert, Article, DeadLetter, SourceHealth, dead_letter, decode, encode
from pipelines.cli import main
from pipelines.cli.letters import again
from pipelines.cli.output import ago, escaped

CONFIG = """\
sources:
  - {name: wire, type: rss, url: "https://wire.example/feed"}
sinks:
  - {name: file, type: jsonl, path: alerts.jsonl}
metrics: {port: 0}
"""
GAZETTEER = """\
- {id: harbour-union, kind: actor, names: {en: [Harbour Union]}}
- {id: vale, kind: place, names: {en: [Vale of Oaks]}}
"""
WATCHLIST = """\
id: strikes
title: Strikes
match:
  all:
    - any: [{actor: harbour-union}, dock workers]
    - any: [strike*, walk-out, stoppage, go-slow, lock-out, picket*, sit-in, blockade*]
  none: [bowling]
examples:
  alert: [The Harbour Union called a strike.]
  quiet: [A strike at the bowling hall of the dock workers.]
"""


@pytest.fixture
def files() -> dict[str, str]:
    return {
        "wirewatch.yaml": CONFIG,
        "gazetteer/names.yaml": GAZETTEER,
        "watchlists/strikes.yaml": WATCHLIST,
    }


@pytest.fixture
def bus(home: Path) -> Bus:
    made = local.build(local.Options(path=home / "data"))
    for name in ("articles", "tagged", "dead-letters", "alerts.strikes"):
        made.create(Topic(name, unique=True))
    made.create(Topic("source-health", compact=True))
    return made


def flow(bus: Bus, *articles: Article) -> None:
    """What the flow leaves of *articles* when all went well."""
    bus.append([Entry("articles", a.key, encode(a)) for a in articles])
    bus.append([Entry("tagged", a.key, encode(tagged(a))) for a in articles])
    bus.append((), [Position("flow", "articles", 0, bus.end("articles", 0))])


def told(bus: Bus, *alerts: Alert) -> None:
    bus.append([Entry("alerts.strikes", a.id, encode(a)) for a in alerts])


def letter(bus: Bus, stage: Any, raw: bytes, **place: Any) -> DeadLetter:
    made = dead_letter(stage, RejectedError("tag_failed", "why \x1b[2J"), raw, at=NOW, **place)
    bus.append([Entry("dead-letters", made.id, encode(made))])
    return made


# check


def test_check_says_what_it_found_right(wirewatch: Wirewatch) -> None:
    code, out, err = wirewatch("check")
    assert (code, err) == (0, "")
    assert out == "wirewatch.yaml: no mistakes (sources: 1, watchlists: 1, examples: 2, sinks: 1)\n"


def test_check_names_every_mistake_of_every_file_at_once(wirewatch: Wirewatch, home: Path) -> None:
    (home / "wirewatch.yaml").write_text(CONFIG.replace("type: rss", "type: rsss").replace("path:", "pth:"))
    (home / "watchlists" / "strikes.yaml").write_text(WATCHLIST.replace("harbour-union", "harbor-union"))
    (home / "watchlists" / "other.yaml").write_text("id: other\ntitel: Other\nmatch: strike\n")
    code, out, _ = wirewatch("check")
    assert code == 2
    places = [line.split(": ")[0] for line in out.splitlines()]
    assert "wirewatch.yaml:2:24" in places
    assert "watchlists/other.yaml:2:1" in places
    assert "watchlists/strikes.yaml:5:21" in places
    assert out.count("did you mean") >= 3
    code, out, _ = wirewatch("check", "--json")
    assert code == 2
    assert {(p["path"], p["line"], p["column"]) for p in json.loads(out)} >= {("wirewatch.yaml", 2, 24)}


def test_check_tries_the_examples(wirewatch: Wirewatch, home: Path) -> None:
    (home / "watchlists" / "strikes.yaml").write_text(WATCHLIST.replace("bowling]", "golf]"))
    code, out, _ = wirewatch("check")
    assert code == 2
    assert out.startswith("watchlists/strikes.yaml:10:11: this example must stay quiet and alerts")


def test_check_takes_watchlists_and_leaves_the_rest_alone(wirewatch: Wirewatch, home: Path) -> None:
    (home / "watchlists" / "broken.yaml").write_text("id: [")
    (home / "new.yaml").write_text(
        "id: new\ntitle: New\nmatch: {list: strikes}\nexamples: {alert: [A strike of dock workers.]}\n"
    )
    assert wirewatch("check", "new.yaml", "watchlists/strikes.yaml") == (
        *(0, "no mistakes (watchlists: 2, examples: 3)\n", ""),
    )
    (home / "new.yaml").write_text("id: new\ntitle: New\nmatch: {list: strike}\n")
    assert wirewatch("check", "new.yaml") == (
        *(2, "new.yaml:3:15: no watchlist 'strike'; did you mean 'strikes'?\n", "1 mistake\n"),
    )
    assert wirewatch("check", "new.yaml", "wirewatch.yaml").code == 2


def test_check_warns_of_a_list_that_matches_much_of_the_log(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    flow(
        bus,
        *(
            article(f"Dock workers strike, day {n}" if n % 50 == 0 else f"Weather {n}", entry=str(n))
            for n in range(300)
        ),
    )
    code, out, _ = wirewatch("check")
    assert code == 0
    assert out.startswith("watchlists/strikes.yaml:4:3: warning: matches 2.0% of the newest 300 articles, more than 1%")
    _, out, _ = wirewatch("check", "--json")
    assert [(p["severity"], p["line"]) for p in json.loads(out)] == [("warning", 4)]


# backfill


def test_an_edited_list_alerts_on_old_articles_when_it_is_asked_to_and_once(wirewatch: Wirewatch, bus: Bus) -> None:
    flow(bus, article("Dock workers on strike"), article("Harbour quiet"))
    bus.create(Topic("watchlists", compact=True))
    bus.append([Entry("watchlists", "strikes", WATCHLIST.encode())])
    code, out, err = wirewatch("backfill", "strikes")
    assert (code, err) == (0, "1 alert raised\n")
    assert "strikes: Dock workers on strike" in out
    assert [decode(Alert, r.value).title for r in every(bus, "alerts.strikes")] == ["Dock workers on strike"]
    assert wirewatch("backfill", "strikes") == (0, "", "0 alerts raised\n")
    bus.append(
        [
            Entry(
                "watchlists",
                "strikes",
                WATCHLIST.replace("dock workers", "harbour").replace("strike*", "quiet").encode(),
            )
        ]
    )
    assert json.loads(wirewatch("backfill", "strikes", "--json").out)["title"] == "Harbour quiet"
    assert wirewatch("backfill", "strikes", "--since", "1h") == (0, "", "0 alerts raised\n")
    code, _, err = wirewatch("backfill", "strike")
    assert code == 2
    assert "no watchlist 'strike' is in force; did you mean 'strikes'?" in err


# stories


def test_stories_are_listed_and_told(wirewatch: Wirewatch, bus: Bus) -> None:
    flow(bus, article("Dock workers on strike at the northern port", source="a"))
    bus.create(Topic("watchlists", compact=True))
    bus.append([Entry("watchlists", "strikes", WATCHLIST.encode())])
    assert wirewatch("stories").code == 2
    assert wirewatch("backfill", "strikes").code == 0
    flow(bus, article("Dock workers at the northern port on strike again", source="b"))
    copy = article("Taken over", source="c")
    first = decode(Alert, next(iter(every(bus, "alerts.strikes"))).value)
    bus.append([Entry("tagged", copy.key, encode(tagged(copy, duplicate_of=first.story)))])
    assert wirewatch("backfill", "strikes") == (0, "", "0 alerts raised\n")
    code, out, _ = wirewatch("stories")
    assert code == 0
    assert out.splitlines()[-1].split()[:2] == [first.id[:12], "strikes"]
    assert out.splitlines()[-1].split()[-11:-7] == ["2", "1", "2", "Dock"]
    (listed,) = (json.loads(line) for line in wirewatch("stories", "--watchlist", "strikes", "--json").out.splitlines())
    assert (listed["alert"], listed["origins"]) == (first.id, ["a", "b"])
    assert wirewatch("stories", "--watchlist", "csto").out == "Stories: 0\n"
    for name in (first.id, first.id[:12], first.story, copy.url):
        code, out, _ = wirewatch("story", name)
        assert code == 0
        assert [line.split()[3] for line in out.splitlines()[-3:]] == ["opened", "joined", "copy"]
    assert "like 'Dock workers on strike at the northern port': text" in out
    code, _, err = wirewatch("story", "nothing")
    assert (code, err) == (1, "no story 'nothing': 'wirewatch stories' lists them\n")


def test_check_shows_a_watchlist_in_both_forms(wirewatch: Wirewatch) -> None:
    code, out, _ = wirewatch("check", "--print", "strikes")
    assert code == 0
    match, _, query = out.partition("query: >-")
    assert match.startswith("match:\n")
    assert "actor:harbour-union" in query
    code, _, err = wirewatch("check", "--print", "strike")
    assert code == 2
    assert "no watchlist 'strike'; did you mean 'strikes'?" in err


def test_a_broken_configuration_stops_every_command_with_its_mistakes(wirewatch: Wirewatch, home: Path) -> None:
    (home / "wirewatch.yaml").write_text("sorces: []\n")
    for command in (["run"], ["status"], ["tag", "-"], ["dead-letters", "list"]):
        code, out, err = wirewatch(*command)
        assert (code, out) == (2, "")
        assert "wirewatch.yaml:1:1: unknown key 'sorces'; did you mean 'sources'?" in err.splitlines()


# tag and explain

TEXTS = {
    "text": "Ships wait\nThe Harbour Union of the Vale of Oaks called a strike.",
    "fields": '{"title": "Ships wait", "body": "The Harbour Union of the Vale of Oaks called a strike."}',
    "recording": '{"title": "Ships wait", "text": "The Harbour Union of the Vale of Oaks called a strike."}',
    "record": encode(article("Ships wait", "The Harbour Union of the Vale of Oaks called a strike.")).decode(),
    "tagged": encode(tagged(article("Ships wait", "The Harbour Union of the Vale of Oaks called a strike."))).decode(),
}


@pytest.mark.parametrize("form", TEXTS)
def test_tag_reads_an_article_in_any_form(wirewatch: Wirewatch, home: Path, form: str) -> None:
    (home / "article").write_text(TEXTS[form])
    code, out, _ = wirewatch("tag", "article", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["article"]["title"] == "Ships wait"
    assert [(t["id"], t["zone"], t["start"], t["end"]) for t in found["tags"]] == [
        ("harbour-union", "body", 4, 17),
        ("vale", "body", 25, 37),
    ]


def test_tag_reads_standard_input(wirewatch: Wirewatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXTS["text"].encode())))
    _, out, _ = wirewatch("tag", "-")
    assert out.splitlines()[1] == "# Tags: 2, language: en"
    assert [line.split()[:2] for line in out.splitlines()[3:5]] == [["actor", "harbour-union"], ["place", "vale"]]


@pytest.mark.parametrize("raw", [b"", b"   \n", b"{}", b'{"title": 3}', b"{", b'{"title": ""}', b"{" * 100_000])
def test_what_is_no_article_is_said_so(wirewatch: Wirewatch, home: Path, raw: bytes) -> None:
    (home / "article").write_bytes(raw)
    code, out, err = wirewatch("tag", "article")
    assert (code, out) == (2, "")
    assert err.startswith("article: is no article: ")
    assert wirewatch("tag", "nothing-there").err == "nothing-there: cannot be read: No such file or directory\n"


def test_explain_says_why_a_watchlist_fires(wirewatch: Wirewatch, home: Path) -> None:
    (home / "article").write_text(TEXTS["text"])
    code, out, _ = wirewatch("explain", "article", "--watchlist", "strikes")
    assert code == 0
    assert out.startswith("strikes fires on Ships wait\n")
    assert "✔ actor: harbour-union" in out
    assert "✔ strike*" in out
    assert "body 4-17  The Harbour Union of the Vale of Oaks called a strike." in out
    assert "not in the article: walk-out, stoppage, go-slow, lock-out, picket*, sit-in, 1 more" in out
    assert "✘ blockade*" in wirewatch("explain", "article", "-w", "strikes", "--all").out


def test_explain_says_why_a_watchlist_does_not_fire(wirewatch: Wirewatch, home: Path) -> None:
    (home / "article").write_text("Dock workers won\nAt bowling, with a strike.")
    code, out, _ = wirewatch("explain", "article", "-w", "strikes")
    assert code == 1
    assert out.startswith("strikes does not fire on Dock workers won\n")
    assert "✘ none" in out
    assert "✔ bowling" in out
    code, out, _ = wirewatch("explain", "article", "-w", "strikes", "--json")
    assert code == 1
    assert json.loads(out)["held"] is False


def test_explain_finds_an_article_on_the_log_by_its_id(wirewatch: Wirewatch, bus: Bus) -> None:
    first = article("Ships wait", "The Harbour Union called a strike.")
    flow(bus, first, article("Other"))
    for name in (first.id, first.key):
        assert wirewatch("explain", name, "-w", "strikes").code == 0
    code, _, err = wirewatch("explain", first.id[:-1], "-w", "strikes")
    assert code == 2
    assert "neither a file nor the id of an article" in err


def test_explain_says_that_a_copy_raises_no_alert(wirewatch: Wirewatch, bus: Bus) -> None:
    copy = article("Ships wait", "The Harbour Union called a strike.")
    bus.append([Entry("tagged", copy.key, encode(tagged(copy, duplicate_of="the-first")))])
    assert "It is a copy of article the-first" in wirewatch("explain", copy.id, "-w", "strikes").out


def test_an_unknown_watchlist_is_answered_with_the_nearest(wirewatch: Wirewatch) -> None:
    code, _, err = wirewatch("explain", "-", "-w", "strike")
    assert (code, err) == (2, "watchlists: no watchlist 'strike'; did you mean 'strikes'?\n")


# tail


def test_tail_shows_the_last_alerts(wirewatch: Wirewatch, bus: Bus) -> None:
    told(bus, *(alert(n) for n in range(20)))
    out = wirewatch("tail", "strikes", "--no-follow").out
    assert [n for n in range(20) if f"part {n} " in out] == list(range(10, 20))
    out = wirewatch("tail", "alerts.strikes", "--no-follow", "--last", "1").out
    assert "part 19 " in out
    assert "part 18 " not in out
    out = wirewatch("tail", "strikes", "--no-follow", "--from-beginning").out
    assert all(f"part {n} " in out for n in range(20))


@pytest.mark.parametrize("name", HOSTILE)
def test_tail_as_json_gives_the_records_and_nothing_a_terminal_obeys(wirewatch: Wirewatch, bus: Bus, name: str) -> None:
    made = alert(**HOSTILE[name])
    told(bus, made)
    out = wirewatch("tail", "strikes", "--no-follow", "--json").out
    assert decode(Alert, out.encode()) == made
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(out)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_a_feed_is_obeyed(
    wirewatch: Wirewatch, bus: Bus, name: str, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    told(bus, alert(**HOSTILE[name]))
    bus.append([Entry("articles", "x", encode(article("\x1b[2J\u202e", "\x9b2J")))])
    for command in (["tail", "strikes", "--no-follow"], ["tail", "articles", "--no-follow"]):
        code, out, _ = wirewatch(*command)
        assert code == 0
        assert not {"\x9b", "\u202e", "\x07", "\x00"} & set(out)
        assert "\x1b[2J" not in out
        assert "\x1b]" not in out


def test_tail_shows_records_of_other_topics_as_json(wirewatch: Wirewatch, bus: Bus) -> None:
    first = article("Ships wait")
    flow(bus, first)
    assert decode(Article, wirewatch("tail", "articles", "--no-follow", "--json").out.encode()) == first


def test_an_unknown_topic_is_answered_with_the_nearest(wirewatch: Wirewatch, bus: Bus) -> None:
    code, _, err = wirewatch("tail", "alerts.strike", "--no-follow")
    assert code == 2
    assert "did you mean 'alerts.strikes'?" in err


def test_without_a_log_it_is_said_what_makes_one(wirewatch: Wirewatch, home: Path) -> None:
    code, _, err = wirewatch("status")
    assert code == 2
    assert err.endswith("data: no log here yet: 'wirewatch run' makes it\n")
    assert not (home / "data").exists()


# status


def health(bus: Bus, **changes: Any) -> None:
    values = {"source": "wire", "state": "ok", "at": NOW}
    bus.append([Entry("source-health", "wire", encode(SourceHealth(**(values | changes))))])


def test_status_is_healthy_and_counts(wirewatch: Wirewatch, bus: Bus) -> None:
    flow(bus, article("One"), article("Two"))
    health(bus, new=2)
    code, out, _ = wirewatch("status")
    assert code == 0
    assert out.startswith("2 articles accepted = 2 processed + 0 dead-lettered + 0 in flight\n")
    assert out.endswith("Healthy\n")
    code, out, _ = wirewatch("status", "--json")
    found = json.loads(out)
    assert (code, found["healthy"], found["accepted"], found["processed"], found["in_flight"]) == (0, True, 2, 2, 0)


def test_status_is_degraded_when_a_source_fails(wirewatch: Wirewatch, bus: Bus) -> None:
    health(bus, state="html", failures=7, reason="a page \x1b[2J[bold]")
    code, out, _ = wirewatch("status")
    assert code == 1
    assert "- wire is html, 7 failures in a row: a page ␛[2J[bold]" in out
    code, out, _ = wirewatch("status", "--json")
    assert (code, json.loads(out)["healthy"]) == (1, False)


def test_status_tells_of_the_spool_when_the_broker_is_away(
    wirewatch: Wirewatch, bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(MemoryBus):
        def topics(self) -> dict[str, Topic]:
            raise TransientError("no broker at 127.0.0.1:9092")

    spool = MemoryBus()
    prepare(spool)
    spool.append([Entry("articles", "a", b"{}")])
    monkeypatch.setattr("pipelines.cli.look.open_log", lambda settings: Away())
    monkeypatch.setattr("pipelines.spool.open_spool", lambda settings, make: spool)
    code, out, _ = wirewatch("status")
    assert code == 1
    assert out.startswith("1 records wait on the spool, the oldest was accepted ")
    assert "- the bus cannot be read: no broker at 127.0.0.1:9092" in out


def test_status_shows_sources_that_are_configured_and_no_others(wirewatch: Wirewatch, bus: Bus) -> None:
    old = SourceHealth(source="taken-out", state="gone", at=NOW, failures=9)
    bus.append([Entry("source-health", "taken-out", encode(old))])
    code, out, _ = wirewatch("status")
    assert code == 0
    assert "taken-out" not in out
    assert "wire" in out
    assert "not yet" in out


# dead letters


def test_dead_letters_are_listed_and_shown_with_every_byte(wirewatch: Wirewatch, bus: Bus) -> None:
    made = letter(bus, "parse", "<item>\nЕреван\x1b[2J\u202e".encode() + b"\xff\x00", source="wire")
    out = wirewatch("dead-letters", "list").out
    assert out.splitlines()[3].split()[:5] == [made.id[:12], "2026-11-24", "12:00:00", "parse", "tag_failed"]
    assert decode(DeadLetter, wirewatch("dead-letters", "list", "--json").out.encode()) == made
    out = wirewatch("dead-letters", "show", made.id[:8]).out
    assert out.endswith("<item>\nЕреван\\x1b[2J\\u202e\\xff\\x00\n")
    assert "detail  why ␛[2J" in out
    code, _, err = wirewatch("dead-letters", "show", "zzz")
    assert code == 2
    assert "no dead letter begins with 'zzz'" in err


def test_the_bytes_of_a_dead_letter_can_be_had_as_they_are(
    bus: Bus, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    made = letter(bus, "parse", b"\xff\x00\n<", source="wire")
    with pytest.raises(SystemExit):
        main(["dead-letters", "show", made.id, "--raw"])
    assert capsysbinary.readouterr().out == b"\xff\x00\n<"


def test_replaying_an_article_twice_is_once_in_effect(wirewatch: Wirewatch, bus: Bus) -> None:
    poison = article("Poison")
    bus.append([Entry("articles", poison.key, encode(poison))])
    made = letter(bus, "flow", encode(poison), topic="articles", key=poison.key)
    assert wirewatch("dead-letters", "replay", made.id).out == f"{made.id[:12]}  replayed to articles\n"
    assert wirewatch("dead-letters", "replay", "--all").out == f"{made.id[:12]}  was replayed before\n"
    first, second = (decode(Article, r.value) for r in every(bus, "articles"))
    assert (second.id, second.key, second.title) == (first.id, first.key, first.title)
    assert second.extra == {"replay": made.id}


def test_an_article_that_fails_again_can_be_replayed_again(bus: Bus) -> None:
    poison = article("Poison")
    made = letter(bus, "flow", encode(poison), topic="articles", key=poison.key)
    entry = again(bus, made)
    assert entry.value is not None
    other = letter(bus, "flow", entry.value, topic="articles", key=poison.key)
    assert other.id != made.id
    assert again(bus, other).key != entry.key


def test_what_was_never_decoded_is_replayed_byte_for_byte(bus: Bus) -> None:
    made = letter(bus, "decode", b'{"schema": 9}', topic="articles", offset=3, key="k")
    assert again(bus, made) == Entry("articles", f"replay.{made.id}", b'{"schema": 9}')


def test_an_alert_is_replayed_to_its_topic(wirewatch: Wirewatch, bus: Bus) -> None:
    told(bus, alert())
    made = letter(bus, "deliver", encode(alert()), source="desk", topic="alerts.strikes", offset=0, key=alert().id)
    assert wirewatch("dead-letters", "replay", made.id).code == 0
    assert [decode(Alert, r.value) for r in every(bus, "alerts.strikes")] == [alert(), alert()]


@pytest.mark.parametrize("offset", [0, -1])
def test_a_long_record_is_replayed_from_its_topic(bus: Bus, offset: int) -> None:
    long = article("Long", "word " * 20_000)
    bus.append([Entry("articles", long.key, encode(long))])
    made = letter(bus, "flow", encode(long), topic="articles", offset=offset, key=long.key)
    assert made.truncated
    value = again(bus, made).value
    assert decode(Article, value).body == long.body


def test_what_cannot_be_replayed_says_why(wirewatch: Wirewatch, bus: Bus) -> None:
    feed = letter(bus, "parse", b"<rss", source="wire")
    code, _, err = wirewatch("dead-letters", "replay", feed.id)
    assert code == 1
    assert "polled again anyway" in err
    gone = letter(bus, "flow", b"x" * 100_000, topic="articles", key="gone")
    assert "only its first 64 KiB were kept" in wirewatch("dead-letters", "replay", gone.id).err
    code, out, err = wirewatch("dead-letters", "replay", "--all")
    assert (code, out, err.count("not replayed")) == (0, "", 2)


def test_replay_wants_an_id_or_all(wirewatch: Wirewatch, bus: Bus) -> None:
    assert wirewatch("dead-letters", "replay").code == 2
    assert wirewatch("dead-letters", "replay", "x", "--all").code == 2


# parse


@pytest.mark.slow
def test_parse_shows_what_a_feed_gives(wirewatch: Wirewatch, home: Path) -> None:
    item = "<item><title>{0}</title><link>https://wire.example/{0}</link><description>Text {0}.</description></item>"
    feed = "".join(("<rss version='2.0'><channel><title>Wire</title>", *map(item.format, "ab"), "</channel></rss>"))
    (home / "feed.xml").write_text(feed)
    code, out, _ = wirewatch("parse", "feed.xml")
    assert code == 0
    assert out.startswith("\n# Articles: 2\n")
    assert "https://wire.example/a" in out
    lines = wirewatch("parse", "feed.xml", "--json").out.splitlines()
    assert sorted(decode(Article, line.encode()).title for line in lines) == ["a", "b"]


@pytest.mark.slow
def test_parse_says_why_there_is_no_feed(wirewatch: Wirewatch, home: Path) -> None:
    (home / "page.html").write_text("<!doctype html><html><body>Sorry</body></html>")
    code, _, err = wirewatch("parse", "page.html")
    assert code == 1
    assert "html" in err
    code, _, err = wirewatch("parse", "missing.xml")
    assert (code, err) == (2, "missing.xml: cannot be read: No such file or directory\n")


# replay and Ctrl-C


def test_replay_of_an_unknown_watchlist_is_refused(wirewatch: Wirewatch, home: Path) -> None:
    (home / "recording.jsonl").write_text(TEXTS["record"] + "\n")
    code, out, err = wirewatch("replay", "recording.jsonl", "-w", "strike")
    assert (code, out) == (2, "")
    assert "did you mean 'strikes'?" in err


@pytest.mark.slow
def test_replay_shows_what_would_alert_and_writes_nothing(home: Path) -> None:
    (home / "recording.jsonl").write_text(f"{TEXTS['record']}\nno article\n{encode(article('Quiet')).decode()}\n")
    before = sorted(home.rglob("*"))
    command = [sys.executable, "-m", "pipelines.cli", "replay", "recording.jsonl", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home)
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["Ships wait"]
    assert sorted(home.rglob("*")) == before


@pytest.mark.slow
def test_ctrl_c_ends_a_subscription_quietly(home: Path, bus: Bus) -> None:
    told(bus, alert())
    command = [sys.executable, "-m", "pipelines.cli", "tail", "strikes"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home)
    assert process.stdout
    assert "HIGH csto" in process.stdout.readline()
    told(bus, alert(2))
    while "part 2" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 130


# the rest


def test_init_writes_a_configuration_that_is_right_and_overwrites_nothing(wirewatch: Wirewatch, home: Path) -> None:
    code, out, _ = wirewatch("init", "new/desk")
    assert code == 0
    assert "wirewatch check" in out
    assert {p.name for p in (home / "new/desk").iterdir()} == {"wirewatch.yaml", "feeds", "watchlists"}
    assert wirewatch("check", "new/desk/wirewatch.yaml").code == 0
    (home / "new/desk/wirewatch.yaml").write_text("mine")
    (home / "new/desk/watchlists/csto.yaml").unlink()
    code, _, err = wirewatch("init", "new/desk")
    assert code == 2
    assert "new/desk/wirewatch.yaml: is there already, and nothing was written" in err.splitlines()
    assert (home / "new/desk/wirewatch.yaml").read_text() == "mine"
    assert not (home / "new/desk/watchlists/csto.yaml").exists()


def test_init_into_what_is_no_folder_is_refused(wirewatch: Wirewatch, home: Path) -> None:
    (home / "file").write_text("")
    code, _, err = wirewatch("init", "file")
    assert code == 2
    assert "file" in err


def test_schema_prints_the_schema_of_a_record(wirewatch: Wirewatch) -> None:
    names = wirewatch("schema").out.split()
    assert {"article", "alert", "watchlist"} <= set(names)
    assert json.loads(wirewatch("schema", "alert").out)["title"] == "Alert"
    assert "did you mean 'alert'" in wirewatch("schema", "alrt").err


def test_an_unknown_sink_is_answered_with_the_nearest(wirewatch: Wirewatch) -> None:
    code, _, err = wirewatch("deliver", "--sink", "fil")
    assert code == 2
    assert "no sink 'fil'; did you mean 'file'?" in err


def test_what_may_work_later_ends_with_75(wirewatch: Wirewatch, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
from pydantic import BaseModel
from connectors.errors import TransientError
class Options(BaseModel): pass
def build(options): raise TransientError("the broker is away")
"""
    (home / "elsewhere").mkdir()
    (home / "elsewhere" / "broker.py").write_text(module)
    monkeypatch.syspath_prepend(home)
    (home / "wirewatch.yaml").write_text(CONFIG + "bus: {type: elsewhere.broker}\n")
    assert wirewatch("status") == (75, "", "not now: the broker is away\n")


def test_without_a_configuration_the_shipped_one_leaves_its_data_here(
    wirewatch: Wirewatch, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.cli.settings import configuration

    (home / "empty").mkdir()
    monkeypatch.chdir(home / "empty")
    config = configuration(None)
    assert config.bus.options.path.resolve() == home / "empty" / "data"
    folders = [s.options.folder for s in config.sinks if s.type == "atom"]
    assert [folder.resolve() for folder in folders] == [home / "empty" / "alerts"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s ago"), (59.9, "59s ago"), (60, "1m ago"), (86400 * 9, "9d ago"), (-40, "in 40s"), (-7200, "in 2h")],
)
def test_a_time_is_told_by_how_far_it_is(seconds: float, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@given(st.binary())
def test_no_byte_of_a_dead_letter_is_hidden_and_none_obeyed(raw: bytes) -> None:
    shown = "\n".join(escaped(raw))
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert len(shown) >= len(raw.decode("utf-8", "ignore"))


# topics


def lines(answer: Answer) -> dict[str, str]:
    """What is said of each topic."""
    return dict(line.split("  ", 1) for line in answer.out.splitlines())


def test_topics_are_made_and_then_as_configured(wirewatch: Wirewatch, home: Path) -> None:
    with (home / "wirewatch.yaml").open("a") as file:
        file.write("partitions: {articles: 2}\nretain: {time: 2h, size: 10MB}\n")
    told = lines(wirewatch("topics", "create"))
    assert told["articles"] == "made: 2 partitions, unique, 7200 s and 10,000,000 bytes kept"
    assert told["cursors"] == "made: 1 partition, compacted, the newest of a key kept"
    assert told["alerts.strikes"].startswith("made: 1 partition")
    again = wirewatch("topics", "create")
    assert {words.split(":")[0] for words in lines(again).values()} == {"unchanged"}
    checked = wirewatch("topics", "check")
    assert checked.code == 0
    assert {words.split(":")[0] for words in lines(checked).values()} == {"right"}


def test_topics_that_are_missing_or_differ_are_named(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    with (home / "wirewatch.yaml").open("a") as file:
        file.write("partitions: {articles: 3}\n")
    bus.create(Topic("tagged", unique=True, retain_seconds=60))
    answer = wirewatch("topics", "check")
    assert answer.code == 1
    told = lines(answer)
    assert told["articles"] == "DIFFERS: 1 partition, unique, all kept; wanted: 3 partitions, unique, all kept"
    assert told["tagged"].startswith("DIFFERS: 1 partition, unique, 60 s kept")
    assert told["cursors"].startswith("MISSING")
    assert told["alerts.strikes"].startswith("right")
    found = {each["wanted"]["name"]: each["found"] for each in json.loads(wirewatch("topics", "check", "--json").out)}
    assert found["cursors"] is None
    assert found["tagged"]["retain_seconds"] == 60


def test_a_topic_that_cannot_become_as_configured_keeps_no_other_from_it(
    wirewatch: Wirewatch, home: Path, bus: Bus
) -> None:
    with (home / "wirewatch.yaml").open("a") as file:
        file.write("partitions: {articles: 3}\n")
    bus.create(Topic("tagged", unique=True, retain_seconds=60))
    answer = wirewatch("topics", "create")
    assert answer.code == 2
    assert "'articles' exists with 1 partitions" in answer.err
    assert lines(answer)["tagged"].startswith("retention changed")
    assert bus.topics()["source-health"].compact
    assert bus.topics().keys() >= {"cursors", "watchlists"}
