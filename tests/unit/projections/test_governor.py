"""The governor grows batches to what half a second takes, and gives way to live work."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from headrace.projections.governor import Pace, next_pace

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=5))
NOT = timedelta(0)
MUCH = timedelta(seconds=5)


def run(pace: Pace, count: int, *, seconds_an_event: float, behind: timedelta = NOT, most: int = 50_000) -> Pace:
    for _ in range(count):
        pace = next_pace(pace, took=timedelta(seconds=pace.size * seconds_an_event), behind=behind, most=most)
    return pace


def test_batches_grow_to_those_that_take_half_a_second():
    pace = run(Pace(1000), 20, seconds_an_event=0.0001)
    assert 4900 <= pace.size <= 5100
    assert pace.rest == NOT


def test_fast_batches_grow_to_the_most_allowed():
    assert run(Pace(1000), 20, seconds_an_event=0.000001) == Pace(50_000)


def test_live_work_that_is_behind_is_given_way_to_and_the_rests_go_when_it_has_caught_up():
    slow = run(Pace(50_000), 12, seconds_an_event=0.00001, behind=MUCH)
    assert slow == Pace(100, timedelta(seconds=10))
    again = run(slow, 30, seconds_an_event=0.00001)
    assert again == Pace(50_000)


@given(size=st.integers(1, 10**6), rest=SPANS, took=SPANS, behind=SPANS, most=st.integers(1, 10**6))
def test_a_pace_is_never_none_nor_more_than_allowed(size, rest, took, behind, most):
    pace = next_pace(Pace(min(size, most), min(rest, timedelta(seconds=10))), took=took, behind=behind, most=most)
    assert 1 <= pace.size <= most
    assert NOT <= pace.rest <= timedelta(seconds=10)
