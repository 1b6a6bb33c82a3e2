from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.scores import Interaction, score

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def trend_of(days):
    result = score([Interaction(NOW - timedelta(days=day), "sent", "a") for day in days], now=NOW)
    return result.trend, result.trend_value


@pytest.mark.parametrize("every", [2, 7, 14, 30, 91])
def test_an_even_pace_is_steady_however_slow(every):
    word, value = trend_of(range(0, 730, every))
    assert word == "steady"
    assert value == pytest.approx(0.0, abs=0.2)


def test_a_quarterly_exchange_a_little_late_is_still_steady():
    assert trend_of([day for quarter in range(8) for day in (97 + 91 * quarter, 98 + 91 * quarter)])[0] == "steady"


def test_writing_more_than_before_is_growing():
    word, value = trend_of([*range(0, 90, 3), *range(90, 450, 20)])
    assert word == "growing"
    assert value > 0.25


def test_writing_less_than_before_is_fading():
    word, value = trend_of([60, *range(90, 450, 5)])
    assert word == "fading"
    assert value < -0.25


def test_half_a_year_of_silence_is_fading_even_after_few_messages():
    assert trend_of([180, 300, 420])[0] == "fading"
    assert trend_of([179, 300, 420])[0] == "steady"


def test_a_first_message_within_90_days_is_new():
    assert trend_of([89.9, 50, 3])[0] == "new"
    assert trend_of([90, 50, 3])[0] != "new"


def test_a_year_of_silence_is_dormant():
    assert trend_of([365, 366, 800])[0] == "dormant"
    assert trend_of([364.9, 366, 800])[0] != "dormant"


@given(
    st.lists(st.floats(min_value=90, max_value=900), min_size=1, max_size=30),
    st.floats(min_value=0, max_value=89),
)
def test_one_more_recent_message_never_lowers_the_trend(days, recent):
    assert trend_of([*days, recent])[1] > trend_of(days)[1]


@given(
    st.lists(st.floats(min_value=0, max_value=900), min_size=1, max_size=30),
    st.floats(min_value=90, max_value=449),
)
def test_one_more_message_long_before_never_raises_the_trend_of_a_known_person(days, before):
    """Known: the first message is older than the compared span, so that the pace keeps its yardstick."""
    known = [*days, 900]
    assert trend_of([*known, before])[1] <= trend_of(known)[1]
