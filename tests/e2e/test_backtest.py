"""``backtest`` and ``test`` on a small configuration, and ``explain`` of an address, as a person types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from commands import Wirewatch
from factories import NOW, article, tagged

from connectors.buses import Bus, Entry, Topic, local
from connectors.records import encode
from pipelines.backtests.chunks import SIZE

CONFIG = """\
sources:
  - {name: wire, type: rss, url: "https://wire.example/feed"}
metrics: {port: 0}
"""
GAZETTEER = "- {id: vale, kind: place, names: {en: [Vale of Oaks]}}\n"
WATCHLIST = """\
id: strikes
title: Strikes
match: {all: [strike*], none: [bowling]}
examples:
  alert: [The dockers strike.]
  quiet: [A strike at the bowling hall.]
"""
WIDER = WATCHLIST.replace("{all: [strike*]", "{any: [strike*, walkout*]")


@pytest.fixture
def files() -> dict[str, str]:
    return {
        "wirewatch.yaml": CONFIG,
        "gazetteer/names.yaml": GAZETTEER,
        "watchlists/strikes.yaml": WIDER,
    }


@pytest.fixture
def bus(home: Path) -> Bus:
    """A log on which `WATCHLIST` runs, with five articles."""
    made = local.build(local.Options(path=home / "data"))
    for name in ("articles", "tagged", "dead-letters", "alerts.strikes"):
        made.create(Topic(name, unique=True))
    for name in ("watchlists", "source-health"):
        made.create(Topic(name, compact=True))
    made.append([Entry("watchlists", "strikes", WATCHLIST.encode())])
    titles = ("Dockers strike", "A walkout", "A strike and a walkout", "A strike at bowling", "Weather")
    news = [article(title, fetched=NOW + timedelta(days=n)) for n, title in enumerate(titles)]
    made.append([Entry("tagged", a.key, encode(tagged(a))) for a in news])
    return made


def ends(bus: Bus) -> dict[str, int]:
    return {name: bus.end(name, 0) for name in bus.topics()}


@pytest.mark.slow
def test_a_changed_list_is_compared_with_the_running_one_and_nothing_is_written(
    wirewatch: Wirewatch, home: Path, bus: Bus
) -> None:
    before = ends(bus), bus.positions()
    code, out, err = wirewatch("backtest", "--html", "report.html")
    assert (code, err) == (0, "")
    assert "1 list on 5 articles, 24 Nov 2026 to 28 Nov 2026" in out
    assert "alerts a day: 0.5 → 0.75   (1 added, 0 lost, 1 changed, 1 the same)" in out
    assert (ends(bus), bus.positions()) == before
    report = (home / "report.html").read_text("utf-8")
    assert "A walkout" in report
    assert "Weather" not in report
    assert wirewatch("backtest", "--html", "no/report.html").err.startswith("no/report.html: cannot be written: ")
    code, out, _ = wirewatch("backtest", "watchlists/strikes.yaml", "--json", "--processes", "1")
    (only,) = json.loads(out)["lists"]
    assert (code, only["added"], only["changed"], only["days"][0]) == (
        0,
        1,
        1,
        {"date": "2026-11-24", "before": 1, "after": 1},
    )
    assert only["differences"]["added"][0]["after"]["title"] == "A walkout"


@pytest.mark.slow
def test_a_second_run_goes_on_with_what_is_kept_until_told_to_begin_anew(
    wirewatch: Wirewatch, home: Path, bus: Bus
) -> None:
    assert wirewatch("backtest").code == 0
    (file,) = (home / "data" / "backtests").glob("*/*.json")
    file.write_text('{"articles": 77}')
    assert "1 list on 77 articles" in wirewatch("backtest").out
    assert "1 list on 5 articles" in wirewatch("backtest", "--fresh").out
    assert "1 list on 5 articles" in wirewatch("backtest").out


@pytest.mark.slow
def test_only_what_came_in_since_is_read(wirewatch: Wirewatch, bus: Bus) -> None:
    assert "on 5 articles" in wirewatch("backtest", "--since", "1d").out
    time.sleep(0.02)
    assert "on 0 articles" in wirewatch("backtest", "--since", "0.01s").out
    code, _, err = wirewatch("backtest", "--since", "90")
    assert (code, "must be a time with its unit" in err) == (2, True)


@pytest.mark.slow
def test_a_list_that_does_not_run_is_all_new(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    (home / "new.yaml").write_text("{id: walkouts, title: Walkouts, match: {all: [{list: strikes}, walkout*]}}")
    code, out, _ = wirewatch("backtest", "new.yaml")
    assert (code, "alerts a day: 0.5   (no version of it runs)" in out) == (0, True)
    assert "2 added" in out


@pytest.mark.slow
def test_without_a_changed_list_there_is_nothing_to_do(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    (home / "watchlists" / "strikes.yaml").write_text(WATCHLIST)
    code, out, err = wirewatch("backtest")
    assert (code, out) == (0, "")
    assert "no watchlist differs" in err
    assert "0 added, 0 lost, 0 changed, 2 the same" in wirewatch("backtest", "watchlists/strikes.yaml").out


@pytest.mark.parametrize("command", ["backtest", "test"])
def test_a_broken_file_is_refused_with_every_mistake(wirewatch: Wirewatch, home: Path, bus: Bus, command: str) -> None:
    (home / "one.yaml").write_text("id: one\ntitle: One\nmatch: {place: valle}\n")
    (home / "two.yaml").write_text("id: Two\ntitle: Two\nmatch: {any: []}\nseverity: grave\n")
    code, out, err = wirewatch(command, "one.yaml", "two.yaml", "three.yaml")
    assert (code, out) == (2, "")
    assert "one.yaml:3:16: no place 'valle' in the gazetteer; did you mean 'vale'?" in err
    assert "two.yaml:1:5: " in err
    assert "two.yaml:4:11: " in err
    assert "three.yaml: cannot be read" in err


def test_a_list_whose_examples_fail_is_not_tried_on_the_log(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    (home / "one.yaml").write_text(WATCHLIST.replace("none: [bowling]", "none: [dockers]"))
    code, _, err = wirewatch("backtest", "one.yaml")
    assert code == 2
    assert "one.yaml:5:11: this example must alert and does not" in err


@pytest.mark.slow
def test_a_bus_that_is_away_is_asked_later(wirewatch: Wirewatch, home: Path) -> None:
    (home / "wirewatch.yaml").write_text(CONFIG + 'bus: {type: kafka, bootstrap: "127.0.0.1:1"}\n')
    assert wirewatch("backtest").code == 75


def test_without_a_log_it_says_so(wirewatch: Wirewatch) -> None:
    code, _, err = wirewatch("backtest")
    assert (code, "no log here yet" in err) == (2, True)


# stopped


def fill(bus: Bus, chunks: int) -> None:
    raw = encode(tagged(article("A strike and a walkout", "Nothing more of it. " * 5, id="f" * 32)))
    for start in range(0, chunks * SIZE, SIZE):
        ids = (f"{number:032x}" for number in range(start, start + SIZE))
        bus.append([Entry("tagged", f"{id_}.1", raw.replace(b"f" * 32, id_.encode())) for id_ in ids])


def start(home: Path) -> subprocess.Popen[bytes]:
    """A backtest that has kept its first chunk."""
    command = [sys.executable, "-m", "pipelines.cli", "backtest", "--processes", "2"]
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        command, cwd=home, env=os.environ | {"PYTHONPATH": root}, stderr=subprocess.PIPE, start_new_session=True
    )
    while not [*(home / "data").glob("backtests/*/*.json")]:
        assert process.poll() is None
        time.sleep(0.01)
    return process


def gone(group: int) -> None:
    """Wait until no process of *group* is left, but for those that only wait to be reaped; the test's limit is ours."""
    while any(int(of) == group and state != "Z" for state, of in map(_state, Path("/proc").glob("[0-9]*/stat"))):
        time.sleep(0.05)


def _state(stat: Path) -> tuple[str, str]:
    try:
        state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return "Z", "0"
    return state, of


@pytest.mark.slow
def test_ctrl_c_stops_it_and_the_same_command_goes_on(wirewatch: Wirewatch, home: Path, bus: Bus) -> None:
    fill(bus, 8)
    process = start(home)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: every process of the group
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.decode() == "stopped; what is done is kept, and the same command goes on from there\n"
    gone(process.pid)
    assert [*(home / "data").glob("backtests/*/*.json")]
    gone_on = json.loads(wirewatch("backtest", "--json").out)
    assert gone_on["articles"] == 8 * SIZE + 5
    assert gone_on["lists"][0]["changed"] == 8 * SIZE + 1
    assert gone_on == json.loads(wirewatch("backtest", "--json", "--fresh").out)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_command(home: Path, bus: Bus, number: signal.Signals) -> None:
    fill(bus, 8)
    process = start(home)
    process.send_signal(number)
    process.wait(timeout=30)
    gone(process.pid)
    assert process.stderr
    process.stderr.close()


# test


def test_examples_are_tried_one_by_one(wirewatch: Wirewatch) -> None:
    code, out, err = wirewatch("test")
    assert (code, err) == (0, "")
    assert "✔ ok     alert  The dockers strike.\n           alerts for 'strike' (strike*)" in out
    assert "✔ ok     quiet  A strike at the bowling hall.\n           quiet: it wants " in out
    assert out.endswith("\n1 list, 2 examples: all do as they say\n")


def test_an_example_that_fails_is_told_with_its_line_and_its_conditions(wirewatch: Wirewatch, home: Path) -> None:
    (home / "one.yaml").write_text(WATCHLIST.replace("none: [bowling]", "none: [dockers]"))
    code, out, _ = wirewatch("test", "one.yaml")
    assert code == 1
    assert "✘ fails  alert  The dockers strike.\n           one.yaml:5:11: quiet: it wants " in out
    assert "✔ dockers" in out, "what held and must not"
    assert (
        "✘ fails  quiet  A strike at the bowling hall.\n           one.yaml:6:11: alerts for 'strike' (strike*)" in out
    )
    assert out.endswith("\n1 list, 2 examples: 2 fail\n")
    code, out, _ = wirewatch("test", "one.yaml", "--json")
    first, second = map(json.loads, out.splitlines())
    assert (code, first["right"], first["alerts"], first["line"]) == (1, False, False, 5)
    assert (second["expected"], second["evidence"][0]["surface"]) == ("quiet", "strike")
    assert second["text"] == {"body": "A strike at the bowling hall."}


# explain


def test_an_address_is_explained_with_its_whereabouts(wirewatch: Wirewatch, bus: Bus) -> None:
    made = article("The dockers strike", url="https://wire.example/1?utm_source=rss")
    bus.append([Entry("articles", made.key, encode(made)), Entry("tagged", made.key, encode(tagged(made)))])
    code, out, _ = wirewatch("explain", "http://wire.example/1", "-w", "strikes")
    assert code == 0
    assert "fetched    24 Nov 2026 12:00:00 UTC" in out
    assert "strikes fires on The dockers strike" in out
    told = json.loads(wirewatch("explain", made.id, "-w", "strikes", "--json").out)
    assert (told["held"], told["whereabouts"]["revisions"][0]["processed"]) == (True, True)
    code, out, _ = wirewatch("explain", "https://wire.example/2", "-w", "strikes")
    assert (code, "never fetched" in out, "wire: not polled yet" in out) == (1, True, True)
    code, out, _ = wirewatch("explain", "https://wire.example/2", "-w", "strikes", "--json")
    assert (code, json.loads(out)["whereabouts"]["polled"][0]["source"]) == (1, "wire")
