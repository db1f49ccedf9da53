from __future__ import annotations

import asyncio
import io
import re

import pytest
from alerts import HOSTILE, alert, evidence
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from connectors.errors import RejectedError
from connectors.records import Alert, decode
from connectors.sinks import stdout
from connectors.sinks.stdout import Stdout, fold, plain, render, visible

SGR = re.compile(r"\x1b\[[0-9;]*m")  # what rich itself writes: colours
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def shown(a: Alert, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(render(a))
    return captured.get()


def written(form: str, *alerts: Alert) -> str:
    stream = io.StringIO()
    asyncio.run(Stdout(form, stream).deliver(alerts))  # type: ignore[arg-type]
    return stream.getvalue()


def test_a_block_shows_who_wants_it_what_it_is_and_why() -> None:
    a = alert(evidence=(evidence(how="slip"), evidence("Дрезна", zone="title", rule="place: drezna")), origin="TASS")
    text = shown(a)
    for words in ("HIGH", "Collective Security", "csto", "01 Mar 2026 12:00:01 UTC", a.title, a.url):
        assert words in text
    for words in (
        "hill-courier · en · TASS",
        "… ministers of the CTSO met on Tuesday …",
        "slip  actor: csto",
    ):
        assert words in text
    for words in ("title", "Дрезна", "place: drezna"):
        assert words in text


def test_an_update_says_that_it_is_one_and_what_is_new() -> None:
    update = alert(updates=alert().id, event="developed", new=("Goris", "19"))
    assert " HIGH update csto: " in plain(update)
    assert "new: Goris, 19" in plain(update)
    assert "HIGH update" in shown(update)
    assert "update" not in plain(alert())


def test_the_words_that_matched_are_highlighted_in_their_snippet_as_words() -> None:
    a = alert(severity="low", evidence=(evidence("UN", snippet="the UN under the UNESCO roof"),))
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(render(a))
    assert re.findall(r"\x1b\[1;36m(.*?)\x1b", captured.get()) == ["UN"]


@pytest.mark.parametrize("width", [20, 40, 200])
def test_a_block_keeps_its_bar_at_every_width(width: int) -> None:
    lines = shown(alert(title="Ten ministers meet in the old town " * 5), width).splitlines()
    assert len(lines) > 4
    assert all(line.startswith("▌ ") and len(line) <= width for line in lines)


def test_much_evidence_is_folded_to_the_distinct_and_a_count() -> None:
    pieces = [evidence("CTSO"), evidence("ctso"), *(evidence(f"name {n}") for n in range(8))]
    some, more = fold(pieces)
    assert [e.surface for e in some] == ["CTSO", "name 0", "name 1", "name 2", "name 3"]
    assert more == 5
    assert "+ 5 more" in shown(alert(evidence=tuple(pieces)))
    assert "+ 5 more" in plain(alert(evidence=tuple(pieces)))


def test_plain_is_one_line_to_grep_and_the_evidence_below() -> None:
    first, *rest = plain(alert()).splitlines()
    assert first == (
        "2026-03-01T12:00:01Z HIGH csto: Ministers meet, part 1 [hill-courier, en] https://courier.example/news/1"
    )
    assert rest == ["    body: CTSO (actor: csto) … ministers of the CTSO met on Tuesday …"]


@pytest.mark.parametrize("harm", HOSTILE)
@pytest.mark.parametrize("form", ["plain", "rich", "json"])
def test_nothing_that_a_terminal_obeys_comes_out(form: str, harm: str) -> None:
    text = written(form, alert(**HOSTILE[harm]))
    if form == "json":
        assert decode(Alert, text.encode()) == alert(**HOSTILE[harm])
    else:
        assert len(text) < 20_000
    assert not OBEYED.search(SGR.sub("", text) if form == "rich" else text)


@given(st.text(st.characters(exclude_categories=[])))
def test_visible_text_is_one_line_of_printable_characters(text: str) -> None:
    assert not OBEYED.search(visible(text))
    assert "\n" not in visible(text)
    assert visible(text).encode("utf-8") is not None  # no lone surrogate is left to fail here


def test_controls_and_overrides_are_seen_and_words_stay_as_they_are() -> None:
    assert visible("a\x1b[31m \u202egnp\x9b") == "a␛[31m ⟨U+202E⟩gnp⟨U+009B⟩"
    assert visible("Լեռնային  Ղարաբաղ\n می\u200cروم 🇦🇲") == "Լեռնային Ղարաբաղ می\u200cروم 🇦🇲"
    assert visible("x" * 1000, 10) == "x" * 9 + "…"


def test_json_is_the_record_one_a_line() -> None:
    lines = written("json", alert(1), alert(2)).splitlines()
    assert [decode(Alert, line.encode()) for line in lines] == [alert(1), alert(2)]


def test_auto_is_plain_when_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    sink = stdout.build("terminal", stdout.Options())
    asyncio.run(sink.deliver([alert()]))
    assert capsys.readouterr().out == plain(alert()) + "\n"


def test_a_reader_that_left_disables_the_sink() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    for form in ("plain", "rich"):
        with pytest.raises(RejectedError) as caught:
            asyncio.run(Stdout(form, Closed()).deliver([alert()]))  # type: ignore[arg-type]
        assert caught.value.reason == "gone"
