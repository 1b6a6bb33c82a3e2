"""Nothing committed is skipped, repeated or reversed, whatever the writers do; and the race can be lost."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.events import head as head_module
from headrace.events.fence import Settlement

sys.path.insert(0, str(Path(__file__).parent))

from fence_race import Race, RaceReport, Reader, judge, run_race

from fix_versions import DEFAULT, OLDER

MINUTES = float(os.environ.get("HEADRACE_RACE_MINUTES", "1"))
"""How long the long race on the default version is; the others run for a minute."""

EACH_VERSION = pytest.mark.parametrize(
    "version_database",
    [DEFAULT, *(pytest.param(version, marks=pytest.mark.slow) for version in OLDER)],
    indirect=True,
    ids=lambda version: f"postgresql-{version}",
)


def assert_exact(report: RaceReport) -> None:
    for reader in (report.fence, report.killed):
        if reader is not None:
            assert (reader.skipped, reader.duplicated, reader.invented, reader.reordered) == (0, 0, 0, 0), report
            assert reader.delivered == report.committed
    assert report.drawn > report.committed, "no number was lost: the race was too easy"
    assert report.prepared > 0, "nothing was prepared: the race was too easy"
    assert report.rolls > 0, "no partition was rolled: the race was too easy"


@EACH_VERSION
@pytest.mark.timeout(60)
async def test_readers_up_to_the_head_lose_nothing_where_naive_ones_do(version_database):
    report = await run_race(version_database, Race(writers=16, duration=timedelta(seconds=3)))
    assert_exact(report)
    assert report.naive.skipped > 0, "the naive reader lost nothing: the race was too easy"


@EACH_VERSION
@pytest.mark.timeout(60)
async def test_nothing_is_lost_while_leaders_and_readers_are_killed_again_and_again(version_database):
    race = Race(writers=16, duration=timedelta(seconds=4), leaders=2, kills_leader=True, kills_reader=True, seed=2)
    report = await run_race(version_database, race)
    assert_exact(report)
    assert report.leader_kills > 2
    assert report.reader_kills > 0


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
    reader = Reader("any")
    for taken in [(1, "a", 1), (3, "a", 3), (3, "a", 3), (2, "a", 2), (9, "b", 1)]:
        reader.take(*taken)
    report = judge(reader, {1, 2, 3, 4})
    assert (report.skipped, report.duplicated, report.invented, report.reordered) == (1, 1, 1, 1)


@pytest.mark.slow
@pytest.mark.timeout(120 * max(MINUTES, 1) + 180)
@pytest.mark.parametrize("version_database", [DEFAULT, *OLDER], indirect=True, ids=lambda name: f"postgresql-{name}")
async def test_a_long_race_with_dying_leaders_and_readers_loses_nothing(version_database, request):
    minutes = MINUTES if request.node.callspec.params["version_database"] == DEFAULT else min(MINUTES, 1)
    race = Race(
        writers=32,
        duration=timedelta(minutes=minutes),
        leaders=3,
        kills_leader=True,
        kills_reader=True,
        partition_size=5_000,
        seed=5,
    )
    report = await run_race(version_database, race)
    print(report)  # noqa: T201 - the numbers are worth keeping
    assert_exact(report)
    assert report.naive.skipped > 0
