"""Records: canonical, total, and kind to fields of other versions."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from factories import NOW, article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RejectedError
from connectors.records import RECORDS, Article, DeadLetter, Tag, TaggedArticle, alert_id, dead_letter, decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ARTICLES = st.builds(
    Article,
    id=TEXT,
    source=TEXT,
    url=TEXT,
    title=TEXT,
    body=TEXT,
    authors=st.lists(TEXT, max_size=3).map(tuple),
    fetched=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    published=st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    revision=st.integers(1, 9),
)


@given(ARTICLES)
def test_an_article_survives_the_round_trip(made: Article) -> None:
    assert decode(Article, encode(made)) == made


@given(ARTICLES)
def test_the_json_is_canonical(made: Article) -> None:
    data = encode(made)
    assert encode(decode(Article, data)) == data
    again = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(again) == json.loads(data)
    assert list(json.loads(data)) == sorted(json.loads(data))


def test_times_are_written_in_utc_with_a_z() -> None:
    there = datetime(2026, 11, 24, 16, 0, tzinfo=timezone(timedelta(hours=4)))
    assert b'"fetched":"2026-11-24T12:00:00Z"' in encode(article(fetched=there))


def test_a_time_without_a_zone_is_refused() -> None:
    raw = json.loads(encode(article())) | {"fetched": "2026-11-24T12:00:00"}
    with pytest.raises(RejectedError, match="not_a_record"):
        decode(Article, json.dumps(raw).encode())


@given(st.binary(max_size=200))
@pytest.mark.parametrize("kind", RECORDS)
def test_decoding_any_bytes_gives_a_record_or_a_reasoned_rejection(kind: Any, data: bytes) -> None:
    try:
        decode(kind, data)
    except RejectedError as error:
        assert error.reason in ("empty", "not_json", "not_a_record", "newer_schema")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "source", "url", "title", "fetched", "schema", "extra", "x"]), JSON))
def test_decoding_any_object_gives_a_record_or_a_reasoned_rejection(raw: dict[str, Any]) -> None:
    try:
        decode(Article, json.dumps(raw).encode())
    except RejectedError as error:
        assert error.reason in ("not_json", "not_a_record", "newer_schema")


@pytest.mark.parametrize(
    "data", [b"", None, b"{", b"[]", b"null", b"1", b"[" * 100_000, b"\xff\xfe", b'{"schema": 99}']
)
def test_bytes_that_are_no_record_are_rejected_with_a_reason(data: bytes | None) -> None:
    with pytest.raises(RejectedError):
        decode(Article, data)


@given(st.dictionaries(st.sampled_from(["new", "extra", "zz"]), JSON, min_size=1))
def test_fields_of_a_later_version_survive_at_every_level(later: dict[str, Any]) -> None:
    tag = Tag(id="csto", kind="actor", surface="A", zone="title", start=0, end=1)
    raw = json.loads(encode(tagged(tags=(tag,))))
    raw |= later
    raw["article"] |= later
    raw["tags"][0] |= later
    again = json.loads(encode(decode(TaggedArticle, json.dumps(raw).encode())))
    assert again == raw


def test_a_record_of_a_newer_schema_says_upgrade() -> None:
    raw = json.loads(encode(article())) | {"schema": 2}
    with pytest.raises(RejectedError, match="upgrade"):
        decode(Article, json.dumps(raw).encode())


def test_a_dead_letter_keeps_the_bytes_up_to_a_limit_and_says_so() -> None:
    letter = dead_letter("decode", RejectedError("not_json", "x"), b"\x00\xff" * 40_000, at=NOW, topic="articles")
    assert len(letter.raw) == 65536
    assert letter.truncated
    assert decode(DeadLetter, encode(letter)) == letter


def test_setting_the_same_record_aside_twice_gives_one_id() -> None:
    letters = [
        dead_letter("decode", RejectedError("not_json"), b"{", at=t, offset=4) for t in (NOW, NOW + timedelta(1))
    ]
    other = dead_letter("decode", RejectedError("not_json"), b"{", at=NOW, offset=5)
    assert letters[0].id == letters[1].id != other.id


def test_an_alert_id_depends_on_watchlist_and_story_and_cannot_be_run_together() -> None:
    assert alert_id("csto", "a1") == alert_id("csto", "a1")
    assert len({alert_id("csto", "a1"), alert_id("cst", "oa1"), alert_id("csto", "a2")}) == 3
