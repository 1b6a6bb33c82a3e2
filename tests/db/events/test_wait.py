import asyncio
from datetime import timedelta

import pytest

from headrace.events.wait import NotCaughtUpError, wait_for


async def subscribe(connection, *positions: int) -> None:
    await connection.execute(
        "INSERT INTO headrace.subscription (name, mode, lane_count) VALUES ('stats', 'ordered', $1)",
        len(positions),
    )
    for lane, position in enumerate(positions):
        await connection.execute(
            "INSERT INTO headrace.checkpoint (subscription, lane, lane_count, position) VALUES ('stats', $1, $3, $2)",
            lane,
            position,
            len(positions),
        )


async def test_waiting_for_what_is_passed_returns_at_once(pool, connection):
    await subscribe(connection, 5, 9)
    await wait_for(pool, "stats", 5, timeout=timedelta(0))


async def test_the_slowest_lane_decides(pool, connection):
    await subscribe(connection, 5, 9)
    with pytest.raises(NotCaughtUpError, match=r"did not pass position 6 within .* it is at 5") as caught:
        await wait_for(pool, "stats", 6, timeout=timedelta(milliseconds=30))
    assert caught.value.reached == 5
    assert isinstance(caught.value, TimeoutError)


async def test_waiting_ends_when_the_lanes_have_moved(pool, connection):
    await subscribe(connection, 5)
    woken = asyncio.Event()
    waiting = asyncio.create_task(wait_for(pool, "stats", 6, woken=woken))
    await connection.execute("UPDATE headrace.checkpoint SET position = 6")
    woken.set()
    await waiting


async def test_a_subscription_that_does_not_exist_is_told_apart(pool):
    with pytest.raises(NotCaughtUpError, match="does not exist"):
        await wait_for(pool, "stats", 1, timeout=timedelta(0))
