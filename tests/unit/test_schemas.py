"""The published schemas are those of the code, and the code writes what they say."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from alerts import HOSTILE, alert
from factories import NOW, article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RejectedError
from connectors.records import Alert, Cursor, Link, SourceHealth, StoryMember, Tag, Topical, dead_letter, encode
from pipelines.cli.schemas import files, schemas
from pipelines.config import shipped
from pipelines.located import read_file

ARTICLE = article(
    "A title", "A body", lead="A lead", captions="A caption", authors=("A. Author",), published=NOW, updated=NOW
)
TAG = Tag(id="csto", kind="actor", surface="title", zone="title", start=2, end=7, how="slip")
SAMPLES: dict[str, Topical] = {
    "article": ARTICLE,
    "tagged-article": tagged(ARTICLE, tags=(TAG,), fingerprints=("i:1",)),
    "alert": alert(),
    "story-member": StoryMember(
        id="1",
        watchlist="csto",
        story="2",
        alert="3",
        how="joined",
        article="4.1",
        source="wire",
        url="https://wire.example/4",
        title="A title",
        language="en",
        at=NOW,
        fetched=NOW,
        memory=b"\x90",
        link=Link(article="2", score=0.5, text=0.4, title=0.6, opening=0.5),
    ),
    "dead-letter": dead_letter("parse", RejectedError("html", "a page"), b"\x00\xff", at=NOW, source="wire"),
    "source-health": SourceHealth(source="wire", state="ok", at=NOW, next_poll=NOW),
    "cursor": Cursor(source="wire", value="{}", next_poll=NOW),
}


def valid(name: str, instance: Any) -> None:
    schema = schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(instance)


def test_the_published_files_are_current() -> None:
    folder = shipped() / "schemas"
    published = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    assert published == files(), "write them again: python -m pipelines.cli.schemas"


def test_every_schema_has_a_sample() -> None:
    assert schemas().keys() == SAMPLES.keys() | {"watchlist"}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_encoded_is_valid(name: str) -> None:
    valid(name, json.loads(encode(SAMPLES[name])))


@pytest.mark.parametrize("name", SAMPLES)
def test_fields_of_later_versions_are_valid_and_lacking_ones_are_not(name: str) -> None:
    given = json.loads(encode(SAMPLES[name]))
    valid(name, given | {"from_the_future": [1]})
    for required in schemas()[name]["$defs"][schemas()[name]["title"]]["required"]:
        with pytest.raises(jsonschema.ValidationError):
            valid(name, {key: value for key, value in given.items() if key != required})


@pytest.mark.slow
@given(st.text(), st.text(), st.datetimes(timezones=st.timezones()) | st.none(), st.integers(1))
def test_any_article_is_valid(title: str, body: str, published: Any, revision: int) -> None:
    try:
        made = article(title, body, published=published, revision=revision)
    except OverflowError:  # the first and last hours of the calendar have no UTC
        return
    try:
        raw = encode(made)
    except (UnicodeEncodeError, OverflowError):
        return
    valid("article", json.loads(raw))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_alert_is_valid(name: str) -> None:
    made: Alert = alert(**HOSTILE[name])
    valid("alert", json.loads(encode(made)))


def test_the_shipped_watchlists_are_valid() -> None:
    paths = sorted((shipped() / "watchlists").glob("*.yaml"))
    assert paths
    for path in paths:
        valid("watchlist", read_file(path).data)
