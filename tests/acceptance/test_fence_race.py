"""Nothing committed is skipped, repeated or reversed, whatever the writers do; and the race can be lost."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.events import head as head_module
from headrace.events.fence import Settlement

sys.path.insert(0, str(Path(__file__).parent))

from fence_race import Race, RaceReport, Reader, judge, run_race


def assert_exact(report: RaceReport) -> None:
    fence = report.fence
    assert (fence.skipped, fence.duplicated, fence.invented, fence.reordered) == (0, 0, 0, 0), report
    assert fence.delivered == report.committed
    assert report.drawn > report.committed, "no number was lost: the race was too easy"


@pytest.mark.timeout(60)
async def test_readers_up_to_the_head_lose_nothing_where_naive_ones_do(database):
    report = await run_race(database, Race(writers=16, duration=timedelta(seconds=3)))
    assert_exact(report)
    assert report.naive.skipped > 0, "the naive reader lost nothing: the race was too easy"


@pytest.mark.timeout(60)
async def test_nothing_is_lost_while_the_leader_is_killed_again_and_again(database):
    race = Race(writers=16, duration=timedelta(seconds=4), leaders=2, kills_leader=True, seed=2)
    report = await run_race(database, race)
    assert_exact(report)
    assert report.leader_kills > 2


@pytest.mark.timeout(60)
async def test_nothing_is_lost_while_the_leader_hangs_and_all_others_stand_in_for_it(database):
    report = await run_race(
        database, Race(writers=16, duration=timedelta(seconds=4), leaders=3, hangs_leader=True, seed=4)
    )
    assert_exact(report)
    assert report.fence.lag_p50 < 2.5


@pytest.mark.timeout(60)
async def test_a_head_that_does_not_wait_for_writers_loses_events(database, monkeypatch):
    """The harness can see a broken fence, not only a naive reader."""
    monkeypatch.setattr(head_module, "settle", lambda _epochs, *, newest, holders: Settlement(newest, ()))
    report = await run_race(database, Race(writers=16, duration=timedelta(seconds=2), seed=3))
    assert report.fence.skipped > 0


def test_the_judge_counts_what_was_lost_repeated_invented_and_reversed():
    reader = Reader("any", [(1, "a", 1), (3, "a", 3), (3, "a", 3), (2, "a", 2), (9, "b", 1)], [0.1] * 5)
    report = judge(reader, {1, 2, 3, 4})
    assert (report.skipped, report.duplicated, report.invented, report.reordered) == (1, 1, 1, 1)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("writers", [16, 48])
async def test_a_minute_of_racing_loses_nothing(database, writers):
    report = await run_race(database, Race(writers=writers, duration=timedelta(seconds=60), seed=writers))
    print(report)  # noqa: T201 - the numbers are worth keeping
    assert_exact(report)
    assert report.naive.skipped > 0
    assert report.prepared > 0


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_minute_of_racing_with_dying_leaders_loses_nothing(database):
    race = Race(writers=48, duration=timedelta(seconds=60), leaders=3, kills_leader=True, seed=5)
    report = await run_race(database, race)
    print(report)  # noqa: T201 - the numbers are worth keeping
    assert_exact(report)
