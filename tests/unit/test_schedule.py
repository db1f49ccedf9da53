"""The next interval and the next wait, over everything that can go in."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.schedule import JITTER, QUIET, Pace, next_interval, wait, weight

SECONDS = st.floats(0.5, 1e6)
PACES = st.builds(Pace, interval=SECONDS, minimum=SECONDS, maximum=SECONDS)
ENTRIES = st.integers(0, 500).flatmap(lambda entries: st.tuples(st.integers(0, entries), st.just(entries)))
PACE = Pace()


def test_by_default_polls_begin_five_minutes_apart_and_go_from_one_minute_to_a_day() -> None:
    assert (PACE.interval, PACE.minimum, PACE.maximum) == (300, 60, 86400)


def test_an_interval_that_is_given_is_also_the_minimum() -> None:
    assert Pace(interval=900).minimum == 900
    assert Pace(interval=1.5).minimum == 1.5
    assert Pace(interval=900, minimum=30).minimum == 30


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"minimum": -1}, {"interval": "often"}, {"intervall": 60}])
def test_a_pace_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Pace.model_validate(wrong)


def test_a_feed_full_of_new_entries_is_polled_twice_as_often_down_to_the_minimum() -> None:
    assert next_interval(300, 20, 20, PACE) == 150
    assert next_interval(100, 20, 20, PACE) == 60


def test_a_feed_without_news_is_polled_later_and_later_up_to_an_hour() -> None:
    interval, seen = 300.0, []
    for _ in range(8):
        interval = next_interval(interval, 0, 20, PACE)
        seen.append(interval)
    assert seen[:2] == [450, 675]
    assert seen[-2:] == [QUIET * 300] * 2 == [3600, 3600]


def test_one_new_entry_after_a_long_silence_brings_the_first_interval_back() -> None:
    assert next_interval(3600, 1, 20, PACE) == 300


def test_a_few_new_entries_leave_the_interval_as_it_is() -> None:
    assert next_interval(150, 3, 20, PACE) == 150


@given(interval=SECONDS, found=ENTRIES, pace=PACES)
def test_an_interval_stays_within_its_pace(interval: float, found: tuple[int, int], pace: Pace) -> None:
    after = next_interval(interval, *found, pace)
    assert min(pace.minimum, pace.interval) <= after <= max(pace.maximum, pace.interval)


@given(found=ENTRIES, pace=PACES, data=st.data())
def test_more_news_never_means_a_longer_interval(found: tuple[int, int], pace: Pace, data: st.DataObject) -> None:
    interval = pace.bounded(data.draw(SECONDS))
    new, entries = found
    fewer = data.draw(st.integers(0, new))
    assert next_interval(interval, new, entries, pace) <= next_interval(interval, fewer, entries, pace)


@given(st.floats(0, 1e6), st.floats(0, 1e4), st.none() | st.floats(0, 1e6), PACES, st.integers())
def test_a_wait_is_within_the_pace_and_no_shorter_than_the_server_wishes(
    interval: float, failures: float, asked: float | None, pace: Pace, seed: int
) -> None:
    seconds = wait(interval, failures, asked, pace, Random(seed))
    most = max(pace.maximum, pace.interval)
    assert min(pace.minimum, pace.interval) <= seconds <= most
    assert seconds >= min(asked or 0, most)


@given(st.integers())
def test_jitter_is_a_tenth_at_most(seed: int) -> None:
    assert 1000 * (1 - JITTER) <= wait(1000, 0, None, PACE, Random(seed)) <= 1000 * (1 + JITTER)


def test_jitter_spreads_feeds_that_came_due_together() -> None:
    rng = Random(7)
    waits = [wait(600, 0, None, PACE, rng) for _ in range(200)]
    assert max(waits) - min(waits) > 100


def test_failures_lengthen_the_wait_in_a_straight_line_up_to_the_maximum() -> None:
    waits = [wait(300, n * weight("gone", ""), None, PACE, Random(1)) for n in range(4)]
    assert waits == pytest.approx([waits[0] * k for k in (1, 2, 3, 4)])
    assert wait(300, 10_000, None, PACE, Random(1)) == 86400


def test_a_fault_that_passes_weighs_less_than_a_broken_feed_and_that_less_than_a_refusal() -> None:
    assert weight("broken", "network: reset") < weight("broken", "decode: not gzip") < weight("blocked", "HTTP 403")
    assert weight("a state of the future", "") > 0
