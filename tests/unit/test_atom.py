from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from alerts import HOSTILE, NOON, alert, evidence
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TransientError
from connectors.sinks import atom
from connectors.sinks.atom import Atom, Options, entry_of, feed_of, urn

A = "{http://www.w3.org/2005/Atom}"


def read(folder: Path, watchlist: str = "csto") -> Any:
    data = (folder / f"{watchlist}.atom").read_bytes()
    valid(data)
    return feedparser.parse(data)


def valid(data: bytes) -> None:
    """What RFC 4287 §4.1 asks of a feed and its entries."""
    feed = ET.fromstring(data)
    assert feed.tag == f"{A}feed"
    for element in [feed, *feed.findall(f"{A}entry")]:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{A}{name}")) == 1, name
        assert ":" in element.findtext(f"{A}id")
    assert feed.findtext(f"{A}author/{A}name")
    ids = [e.findtext(f"{A}id") for e in feed.findall(f"{A}entry")]
    assert len(ids) == len(set(ids))
    for entry in feed.findall(f"{A}entry"):
        (link,) = entry.findall(f"{A}link")
        assert link.get("href").split(":")[0] in ("http", "https", "urn")


async def test_a_feed_reader_sees_title_link_severity_time_and_why(tmp_path: Path) -> None:
    await atom.build("subscribe", Options(folder=tmp_path / "alerts")).deliver([alert(published=NOON)])
    feed = read(tmp_path / "alerts")
    assert not feed.bozo
    assert feed.feed.title == "Collective Security Treaty Organization"
    assert feed.feed.author == "wirewatch"
    (entry,) = feed.entries
    assert (entry.title, entry.link) == ("Ministers meet, part 1", "https://courier.example/news/1")
    assert entry.tags[0].term == "high"
    assert (entry.updated, entry.published) == ("2026-03-01T12:00:01.000Z", "2026-03-01T12:00:00.000Z")
    assert "hill-courier · en" in entry.summary
    assert "ministers of the <b>CTSO</b> met" in entry.summary
    assert "actor: csto" in entry.summary
    assert entry.id == f"urn:uuid:{urn(alert().id)[9:]}"
    assert entry.id.replace("-", "").endswith(alert().id)


async def test_an_update_takes_the_place_of_the_alert_and_says_what_is_new(tmp_path: Path) -> None:
    sink = Atom(tmp_path, 10)
    first, other = alert(1), alert(2)
    update = alert(3, updates=first.id, event="developed", new=("Goris", "19"), title="Ministers meet again")
    later = alert(4, updates=first.id, event="developed", new=("Kapan",))
    for batch in ([first, other], [update], [update], [first], [later, other]):
        await sink.deliver(batch)
    feed = read(tmp_path)
    assert [entry.title for entry in feed.entries] == ["Ministers meet, part 4", "Ministers meet, part 2"]
    assert feed.entries[0].id.endswith(urn(first.id)[-12:])
    assert "new: Kapan" in feed.entries[0].summary


async def test_every_watchlist_has_its_feed(tmp_path: Path) -> None:
    await Atom(tmp_path, 100).deliver([alert(1), alert(2, watchlist="drezna"), alert(3)])
    assert [e.title[-1] for e in read(tmp_path).entries] == ["3", "1"]
    assert [e.title[-1] for e in read(tmp_path, "drezna").entries] == ["2"]
    assert read(tmp_path).feed.id != read(tmp_path, "drezna").feed.id
    assert sorted(p.name for p in tmp_path.iterdir()) == ["csto.atom", "drezna.atom"]


async def test_a_redelivery_changes_nothing_whatever_was_dropped_since(tmp_path: Path) -> None:
    alerts = [alert(n) for n in range(8)]
    await Atom(tmp_path, 5).deliver(alerts)
    before = (tmp_path / "csto.atom").read_bytes()
    await Atom(tmp_path, 5).deliver(alerts)
    await Atom(tmp_path, 5).deliver(alerts[:2])
    assert (tmp_path / "csto.atom").read_bytes() == before
    assert [e.title[-1] for e in read(tmp_path).entries] == ["7", "6", "5", "4", "3"]


async def test_the_feed_grows_over_restarts_and_keeps_its_id(tmp_path: Path) -> None:
    await Atom(tmp_path, 100).deliver([alert(1)])
    first = read(tmp_path)
    await Atom(tmp_path, 100).deliver([alert(2)])
    second = read(tmp_path)
    assert second.feed.id == first.feed.id
    assert second.entries[1].id == first.entries[0].id
    assert second.feed.updated == second.entries[0].updated > first.feed.updated


async def test_of_one_alert_given_twice_the_first_is_kept(tmp_path: Path) -> None:
    await Atom(tmp_path, 100).deliver([alert(1), alert(1, title="later words")])
    await Atom(tmp_path, 100).deliver([alert(1, title="even later")])
    assert [e.title for e in read(tmp_path).entries] == ["Ministers meet, part 1"]


async def test_the_feed_names_its_own_address_when_it_has_one(tmp_path: Path) -> None:
    options = Options(folder=tmp_path, base_url="https://desk.example/alerts/")
    await atom.build("subscribe", options).deliver([alert()])
    links = {link.rel: link.href for link in read(tmp_path).feed.links}
    assert links == {"self": "https://desk.example/alerts/csto.atom"}


@pytest.mark.parametrize("harm", HOSTILE)
async def test_the_feed_stays_well_formed_whatever_the_text(tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "in" / "alerts"
    hostile = alert(**HOSTILE[harm])
    await Atom(folder, 100).deliver([alert(2, watchlist=hostile.watchlist), hostile])
    (path,) = folder.iterdir()
    assert path.suffix == ".atom"
    assert len(path.read_bytes()) < 100_000
    valid(path.read_bytes())
    feed = feedparser.parse(path.read_bytes())
    assert not feed.bozo
    assert len(feed.entries) == 2
    assert b"<script" not in path.read_bytes()
    assert "<script" not in feed.entries[1].summary


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_gives_a_feed_that_parses(text: str) -> None:
    a = alert(title=text, url="https://x.example/" + text, source=text, watchlist_title=text,
              evidence=(evidence(text, rule=text, snippet=text),))  # fmt: skip
    valid(feed_of(a, [entry_of(a)]))


async def test_a_file_that_is_no_feed_is_set_aside_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "csto.atom").write_text("<feed><entry>")
    await Atom(tmp_path, 100).deliver([alert()])
    assert len(read(tmp_path).entries) == 1
    assert (tmp_path / "csto.atom.broken").read_text() == "<feed><entry>"


async def test_a_reader_never_sees_half_a_feed_and_a_full_disk_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Atom(tmp_path, 100).deliver([alert(1)])
    before = (tmp_path / "csto.atom").read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(atom.os, "fsync", full)
        with pytest.raises(TransientError, match="No space left"):
            await Atom(tmp_path, 100).deliver([alert(2)])
    assert (tmp_path / "csto.atom").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["csto.atom"]
    await Atom(tmp_path, 100).deliver([alert(2)])
    assert len(read(tmp_path).entries) == 2


def test_times_of_one_second_are_ordered_by_their_fraction() -> None:
    early, late = alert(1, fetched=NOON), alert(2, fetched=NOON + timedelta(milliseconds=5))
    assert entry_of(early).findtext(f"{A}updated") < entry_of(late).findtext(f"{A}updated")
