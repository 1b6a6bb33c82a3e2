from datetime import UTC, datetime, timedelta

import pytest

from headrace.console import chart
from headrace.console.live.history import KEPT, History
from headrace.console.live.look import Totals, latency
from headrace.console.words import NOTHING, ago, brief, coded, count, plural, rate, span


@pytest.mark.parametrize(
    ("value", "most", "told"),
    [
        (0, None, "0"),
        (9_800, None, "9,800"),
        (10_000, 10_000, "10,000+"),
        (12_345_678, None, "12.3M"),
        (None, None, NOTHING),
    ],
)
def test_counts_are_told_as_people_read_them(value, most, told):
    assert count(value, most) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0"), (0.04, "<0.1"), (0.34, "0.3"), (9.0, "9"), (1234.6, "1,235")])
def test_rates_are_told_with_a_digit_where_they_are_small(value, told):
    assert rate(value) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 ms"),
        (0.00001, "<0.1 ms"),
        (0.0004, "0.4 ms"),
        (0.25, "250 ms"),
        (2.0, "2 s"),
        (61.0, "1 min 1 s"),
        (3_600, "1 h"),
        (90_000, "1 d 1 h"),
        (-5.0, "-5 s"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds, told):
    assert span(float(seconds)) == span(timedelta(seconds=seconds)) == told


def test_moments_are_told_by_how_far_they_are():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert [ago(now - timedelta(seconds=s), now) for s in (0, 5, 7_300, -61)] == [
        "just now",
        "5 s ago",
        "2 h ago",
        "in 1 min",
    ]


def test_long_values_are_cut_and_nouns_agree():
    assert brief({"a": "x" * 200}, 20) == '{"a":"xxxxxxxxxxxxx…'
    assert (plural(1, "job"), plural(2, "job")) == ("1 job", "2 jobs")


def test_what_stands_between_backticks_is_code_and_nothing_of_it_is_markup():
    assert coded("run `headrace <x>` & wait") == "run <code>headrace &lt;x&gt;</code> &amp; wait"
    assert coded("`a` and `b`") == "<code>a</code> and <code>b</code>"
    assert coded("one ` alone <b>") == "one ` alone &lt;b&gt;"


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.1, 2), (4, 5), (51, 100), (100, 100), (1_001, 2_000)])
def test_an_axis_ends_with_a_round_number_that_holds_the_highest_value(value, top):
    assert chart.ceiling(value) == top


def test_a_line_stays_inside_its_frame_and_keeps_its_peak_when_it_is_thinned():
    frame = chart.Frame(600, 100)
    assert chart.line([(0.5, 0.5)], frame) == ""
    assert chart.line([(0, 0), (1, 1)], frame) == "M0.0 99.0L600.0 1.0"
    many = [(n / 2_000, 1.5 if n == 777 else 0.1) for n in range(2_000)]
    path = chart.line(many, frame)
    assert path.count("L") < 300
    assert " 1.0L" in path
    assert path.endswith(f"{1_999 / 2_000 * 600:.1f} 89.2")


def test_percentiles_are_values_of_the_sample():
    assert latency([]) is None
    found = latency([float(n) for n in range(1, 201)])
    assert (found.p50, found.p95, found.p99) == (100, 190, 198)
    assert latency([7.0]) == latency([7.0, 7.0])


def totals(ends: int) -> Totals:
    return Totals(jobs=0, ends=ends, failures=0, events=0, job_rows=0, event_rows=0)


def test_rates_are_of_some_seconds_and_never_negative_and_old_ones_go():
    began, history = datetime(2026, 3, 1, tzinfo=UTC), History()
    for second in range(20):
        history.add(began + timedelta(seconds=second), totals(10 * second))
    assert {point.ended for point in history.points} == {10.0}
    history.add(began + timedelta(seconds=20), totals(0))  # a partition was dropped
    assert history.last is not None
    assert history.last.ended == 0
    history.add(began + KEPT + timedelta(seconds=21), totals(0))
    assert len(history.points) <= 2
