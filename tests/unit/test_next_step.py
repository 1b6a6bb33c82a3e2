"""What a read model needs after an erasure, given its builds."""

from datetime import UTC, datetime

import pytest

from headrace.projections.build import Build
from headrace.subjects.next_step import next_step


def build(number: int, state, fill_to: int, *, swaps_itself: bool = True, is_wanted: bool = False) -> Build:
    return Build(
        projection="directory",
        build=number,
        version=1,
        state=state,
        view_schema="public",
        tables=["directory"],
        swaps_itself=swaps_itself,
        is_wanted=is_wanted,
        fill_to=fill_to,
        work_seconds=0.0,
        pace=None,
        verdict=None,
        last_error=None,
        began_at=datetime(2031, 5, 1, tzinfo=UTC),
        filled_at=None,
        verified_at=None,
        shown_at=None,
        dropped_at=None,
    )


LIVE = build(1, "live", 0)


@pytest.mark.parametrize(
    ("others", "action", "about", "stale"),
    [
        ([], "begin", None, []),
        ([build(2, "filling", 99)], "wait", 2, []),
        ([build(2, "ready", 99)], "wait", 2, []),
        ([build(2, "ready", 99, swaps_itself=False)], "begin", None, [2]),
        ([build(2, "unfit", 99)], "begin", None, [2]),
        ([build(2, "filling", 100)], "wait", 2, []),
        ([build(2, "ready", 100, swaps_itself=False)], "ask", 2, []),
        ([build(2, "ready", 100, swaps_itself=False, is_wanted=True)], "wait", 2, []),
        ([build(2, "unfit", 100)], "fail", 2, []),
        ([build(2, "dropped", 100)], "begin", None, []),
    ],
)
def test_what_serves_since_before_an_erasure_is_replaced_by_a_build_begun_after_it(others, action, about, stale):
    step = next_step([LIVE, *others], 100)
    assert (step.action, step.build and step.build.build) == (action, about)
    assert [one.build for one in step.stale] == stale


def test_once_a_build_begun_after_it_serves_all_before_are_dropped():
    builds = [build(1, "dropped", 0), build(2, "kept", 40), build(3, "live", 100), build(4, "filling", 120)]
    step = next_step(builds, 100)
    assert (step.action, step.build, step.stale) == ("clear", builds[2], (builds[1],))


def test_a_projection_that_is_gone_needs_nothing():
    assert next_step([build(1, "dropped", 0)], 100).action == "clear"
