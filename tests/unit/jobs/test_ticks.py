"""What is fired, dropped and waited for when a schedule is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.jobs.cron import Cron, Every, Rhythm
from headrace.jobs.ticks import decide, newest_ticks

HOURLY = Cron("0 * * * *")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_a_punctual_tick_is_fired_by_every_policy():
    for policy in ("none", "last", "all"):
        due = decide(HOURLY, policy, 100, due_at=NOON, now=NOON + timedelta(milliseconds=5))
        assert (due.ticks, due.has_dropped, due.next_at) == ((NOON,), False, NOON + HOUR)


@pytest.mark.parametrize(
    ("policy", "limit", "ticks", "has_dropped"),
    [
        ("none", 100, (), True),
        ("last", 100, (NOON + 3 * HOUR,), True),
        ("all", 100, tuple(NOON + n * HOUR for n in range(4)), False),
        ("all", 4, tuple(NOON + n * HOUR for n in range(4)), False),
        ("all", 2, (NOON + 2 * HOUR, NOON + 3 * HOUR), True),
    ],
)
def test_after_an_outage_the_policy_says_which_ticks_are_fired(policy, limit, ticks, has_dropped):
    due = decide(HOURLY, policy, limit, due_at=NOON, now=NOON + 3.5 * HOUR)
    assert (due.ticks, due.has_dropped, due.next_at) == (ticks, has_dropped, NOON + 4 * HOUR)


def test_none_fires_the_newest_tick_where_that_one_is_on_time():
    due = decide(HOURLY, "none", 100, due_at=NOON, now=NOON + 3 * HOUR + MINUTE)
    assert (due.ticks, due.has_dropped) == ((NOON + 3 * HOUR,), True)


def test_a_tick_that_is_a_minute_late_is_on_time_and_then_missed():
    assert decide(HOURLY, "none", 1, due_at=NOON, now=NOON + MINUTE).ticks == (NOON,)
    assert decide(HOURLY, "none", 1, due_at=NOON, now=NOON + 1.001 * MINUTE).ticks == ()


class Counting:
    """A rhythm that counts how often it is asked."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self.asked = 0

    def next_after(self, moment: datetime) -> datetime | None:
        self.asked += 1
        return self.rhythm.next_after(moment)


def test_a_year_of_seconds_is_not_walked_to_find_the_newest():
    rhythm = Counting(Every(timedelta(seconds=1), NOON))
    until = NOON + timedelta(days=365)
    assert newest_ticks(rhythm, since=NOON, until=until, count=1) == (until,)
    assert len(newest_ticks(rhythm, since=NOON, until=until, count=100)) == 100
    assert rhythm.asked < 1_000


@settings(deadline=None, max_examples=50)
@given(
    st.one_of(
        st.sampled_from(["* * * * *", "*/7 2-4 * * *", "0 3 * * MON", "30 2 * * *"]).map(
            lambda text: Cron(text, "Europe/Berlin")
        ),
        st.integers(1, 100_000).map(lambda seconds: Every(timedelta(seconds=seconds), NOON)),
    ),
    st.integers(0, 20 * 3600),
    st.integers(1, 20),
)
def test_the_newest_ticks_are_the_end_of_all_ticks(rhythm: Rhythm, seconds: int, count: int):
    first = rhythm.next_after(NOON)
    until = first + timedelta(seconds=seconds)
    walked = []
    tick = first
    while tick <= until:
        walked.append(tick)
        tick = rhythm.next_after(tick)
    assert newest_ticks(rhythm, since=first, until=until, count=count) == tuple(walked[-count:])
