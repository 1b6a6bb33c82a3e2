"""What is written about a lane counts only if the lane still is where it was when that was found out."""

from datetime import timedelta

import asyncpg
import pytest

from headrace.events import checkpoint, lanes
from headrace.events.checkpoint import HeldLane, LaneBehind
from headrace.events.subscription import Subscription

STATS = Subscription("stats", lanes=2)


@pytest.fixture
async def stats(connection) -> asyncpg.Connection:
    """A subscription of two lanes, both at position 10."""
    async with connection.transaction():
        await lanes.register(connection, STATS)
    await connection.execute("UPDATE headrace.checkpoint SET position = 10")
    return connection


def behind(lane: int, position: int, *, generation: int = 1) -> LaneBehind:
    """A lane that holds nothing up to position 20."""
    return LaneBehind(lane, position, 20, has_events=False, has_resuming=False, generation=generation)


async def positions(connection) -> list[int]:
    return [row[0] for row in await connection.fetch("SELECT position FROM headrace.checkpoint ORDER BY lane")]


@pytest.mark.parametrize(("found_at", "failure_count"), [(10, 1), (9, 0)])
async def test_a_failure_is_noted_only_where_it_happened(stats, found_at, failure_count):
    held = HeldLane(0, found_at, 20, 0, 2, 1)
    await checkpoint.record_failure(stats, STATS, held, retry_in=timedelta(seconds=2), error={}, now=None)
    counts = await stats.fetch("SELECT failure_count FROM headrace.checkpoint ORDER BY lane")
    assert [row[0] for row in counts] == [failure_count, 0]


async def test_a_lane_that_has_moved_since_is_not_skipped_ahead(stats):
    await stats.execute(*checkpoint.skip_ahead([(STATS, behind(0, 9)), (STATS, behind(1, 10))]))
    assert await positions(stats) == [10, 20]


async def test_a_lane_at_work_elsewhere_is_not_skipped_and_not_waited_for(stats, database):
    other = await asyncpg.connect(database)
    async with other.transaction():
        assert await checkpoint.lock_lane(other, STATS, 0, window=10, silence=timedelta(seconds=60), now=None)
        await stats.execute(*checkpoint.skip_ahead([(STATS, behind(0, 10)), (STATS, behind(1, 10))]))
        assert await positions(stats) == [10, 20]
    await other.close()


async def test_the_position_passed_is_that_of_the_slowest_lane(stats):
    await stats.execute("UPDATE headrace.checkpoint SET position = 12 WHERE lane = 1")
    assert await checkpoint.caught_up_to(stats, "stats") == 10
    assert await checkpoint.caught_up_to(stats, "unheard of") is None
