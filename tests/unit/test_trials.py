"""The examples of a watchlist, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from connectors.errors import ConfigError
from connectors.records import TaggedArticle
from pipelines.watchlists.examples import beside
from pipelines.watchlists.trials import mistakes, trials
from pipelines.watchlists.watchlist import parse

TEXT = """\
id: strikes
title: Strikes
languages: [en]
match: {all: [strike*], none: [bowling]}
examples:
  alert:
    - The dockers strike.
    - The dockers met.
  quiet:
    - A strike at bowling.
    - {title: Another strike, body: It began on Monday.}
"""
STRIKES = parse(TEXT, "strikes.yaml")


def untagged(articles: Sequence[TaggedArticle]) -> Sequence[TaggedArticle]:
    return articles


def test_each_example_is_told_in_order_with_its_line_and_whether_it_is_right() -> None:
    found = [(t.line, t.expected, t.alerts, t.right) for t in trials(STRIKES, untagged)]
    assert found == [
        (7, "alert", True, True),
        (8, "alert", False, False),
        (10, "quiet", False, True),
        (11, "quiet", True, False),
    ]


def test_one_that_alerts_has_its_words_and_one_that_does_not_what_it_lacks() -> None:
    first, second, third, fourth = trials(STRIKES, untagged)
    assert [(e.zone, e.surface) for e in first.evidence] == [("body", "strike")]
    assert [(e.zone, e.surface) for e in fourth.evidence] == [("title", "strike")]
    assert second.missing == ("strike*",)
    assert "bowling" in third.missing[0]
    assert (first.missing, fourth.missing) == ((), ())
    assert first.explanation is fourth.explanation is None
    assert second.explanation
    assert not second.explanation.held


def test_an_example_may_be_a_file_beside_the_list(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    (tmp_path / "long/report.txt").write_text("The harbour\nThe dockers of the harbour went on strike on Monday.\n")
    (tmp_path / "record.json").write_text('{"title": "Strike at bowling", "language": "en"}')
    text = "id: w\ntitle: w\nmatch: {all: [strike*], none: [bowling]}\nexamples:\n  alert: [{file: long/report.txt}]\n"
    home = tmp_path / "w.yaml"

    def problems(rest: str) -> list[str]:
        watchlist = parse(text + rest, str(home))
        return [str(p) for p in mistakes(watchlist, untagged, read=partial(beside, watchlist))]

    assert problems("  quiet: [{file: record.json}]\n") == []
    assert problems("  quiet: [{file: long/report.txt}]\n") == [
        f"{home}:6:11: this example must stay quiet and alerts, for 'strike' (strike*)"
    ]
    assert "cannot be read" in problems("  quiet: [{file: other.txt}]\n")[0]
    for elsewhere in ("../w.txt", "/etc/hostname"):
        assert "must be a file in" in problems(f"  quiet: [{{file: {elsewhere}}}]\n")[0]


def test_an_example_has_a_text_or_a_file(tmp_path: Path) -> None:
    for example in ("{file: a.txt, body: text}", "{language: en}"):
        with pytest.raises(ConfigError, match="must have a text: title, lead, body or captions, or a file"):
            parse(f"id: w\ntitle: w\nmatch: war\nexamples: {{alert: [{example}]}}\n", "w.yaml")
