"""The number of lanes changes while a subscription runs, and nothing is lost, repeated or reordered by it."""

import asyncio

import asyncpg
import pytest

from fix_events import NoteTaken, new
from fix_stage import drain
from headrace.events import checkpoint, lanes, operate
from headrace.events.checkpoint import LaneBehind
from headrace.events.subscription import Subscription
from headrace.events.survey import list_actions, list_subscriptions


async def write_many(stage, count: int, *, streams: int = 13, first: int = 0) -> None:
    await stage.write_all(
        *(new(NoteTaken(str(number)), stream=str(number % streams)) for number in range(first, first + count))
    )


async def advance_unevenly(stage, consumer) -> None:
    """Lets lane n do n batches, so that no two are at the same place."""
    for lane in range(consumer.subscription.lanes):
        for _ in range(lane):
            await consumer._advance(lane)
    assert len({row["position"] for row in await stage.checkpoints()}) > 2


@pytest.mark.parametrize("path", [(4, 7), (4, 1), (5, 3, 8), (4, 9, 4), (3, 2, 3, 2)])
async def test_whatever_the_lanes_become_each_event_is_handled_once_and_in_order(stage, path):
    await write_many(stage, 200)
    for count in path:
        consumer = stage.consumer(lanes=count, batch_size=5)
        await consumer.register()
        assert [row["lane"] for row in await stage.checkpoints()] == list(range(count))
        for lane in range(count):
            for _ in range(lane % 3):
                await consumer._advance(lane)
    await write_many(stage, 50, first=200)
    await drain(consumer)

    seen = await stage.seen()
    assert sorted(seen, key=int) == [str(number) for number in range(250)]
    for stream in range(13):
        assert [text for text in seen if int(text) % 13 == stream] == await stage.texts_of(str(stream))
    assert sum(row["event_count"] for row in await stage.checkpoints()) == 250


async def test_a_process_told_another_number_works_with_the_lanes_there_are(stage):
    """As in a deployment: the old program goes on while the new one has changed the lanes."""
    await write_many(stage, 120)
    old = stage.consumer(lanes=4, batch_size=5)
    await old.register()
    await advance_unevenly(stage, old)
    renewed = stage.consumer(lanes=6, batch_size=5)
    await renewed.register()
    while len(await stage.seen()) < 120:
        await asyncio.gather(old.run_once(), renewed.run_once())
    assert sorted(await stage.seen(), key=int) == [str(number) for number in range(120)]


async def test_a_batch_at_work_is_waited_for_and_counts(stage, connection):
    await write_many(stage, 40)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(unit, batch):
        entered.set()
        await leave.wait()
        await stage.apply(unit, batch)

    slow = stage.consumer(lanes=2, batch_size=10, apply=linger)
    working = asyncio.create_task(slow.run_once())
    await entered.wait()
    changing = asyncio.create_task(stage.consumer(lanes=3).register())
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while not await connection.fetchval(waits):  # noqa: ASYNC110 - the server decides
        await asyncio.sleep(0)
    assert not changing.done()
    leave.set()
    await asyncio.gather(working, changing)
    await drain(stage.consumer(lanes=3))
    assert sorted(await stage.seen(), key=int) == [str(number) for number in range(40)]


async def test_who_waited_for_a_lane_while_it_was_replaced_gets_none(stage, database):
    """The row it saw is gone, not changed: it cannot read the new lane with the old number."""
    await write_many(stage, 10)
    await stage.consumer(lanes=2).register()
    other = await asyncpg.connect(database)
    try:
        changing = other.transaction()
        await changing.start()
        await lanes.register(other, Subscription("tests", lanes=3))
        async with stage.pool.acquire() as session, session.transaction():
            # Locked by the change: skipped. Nothing waits for it, and nothing is read with a number that is over.
            assert await lock(session, Subscription("tests", lanes=2), 1) is None
        await changing.commit()
        async with stage.pool.acquire() as session, session.transaction():
            held = await lock(session, Subscription("tests", lanes=2), 1)
        assert (held.lane_count, held.generation) == (3, 2)
    finally:
        await other.close()


async def lock(session, subscription, lane):
    from datetime import timedelta

    return await checkpoint.lock_lane(session, subscription, lane, window=10, silence=timedelta(seconds=60), now=None)


async def test_what_was_found_of_an_earlier_generation_moves_and_parks_nothing(stage):
    await write_many(stage, 10)
    await stage.consumer(lanes=2).register()
    await stage.consumer(lanes=3).register()
    async with stage.pool.acquire() as session, session.transaction():
        stale = LaneBehind(0, 0, 10, has_events=False, has_resuming=False, generation=1)
        await session.execute(*checkpoint.skip_ahead([(Subscription("tests"), stale)]))
    assert [row["position"] for row in await stage.checkpoints()] == [0, 0, 0]


async def test_parked_streams_stay_parked_and_go_on_in_their_new_lane(stage):
    stage.poison = {"1"}
    await write_many(stage, 40, streams=5)
    consumer = stage.consumer(lanes=4, attempts=1, batch_size=3)
    await drain(consumer)
    renewed = stage.consumer(lanes=7, attempts=1, batch_size=3)
    await renewed.register()
    assert sum(row["parked_count"] for row in await stage.checkpoints()) == 1
    await write_many(stage, 10, streams=5, first=40)
    await drain(renewed)
    assert "41" not in await stage.seen()
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests")
    await drain(renewed)
    seen = await stage.seen()
    assert sorted(seen, key=int) == [str(number) for number in range(50)]
    assert [text for text in seen if int(text) % 5 == 1] == [str(number) for number in range(1, 50, 5)]


async def test_floors_are_forgotten_once_all_lanes_have_passed_them_and_the_change_is_on_record(stage):
    await write_many(stage, 60)
    consumer = stage.consumer(lanes=4, batch_size=5)
    await consumer.register()
    await advance_unevenly(stage, consumer)
    renewed = stage.consumer(lanes=2, batch_size=5)
    await renewed.register()
    async with stage.pool.acquire() as session:
        assert (await list_subscriptions(session))[0].behind_count == 60 - len(await stage.seen())
        await drain(renewed)
        assert await session.fetchval("SELECT count(*) FROM headrace.lane_floor") > 0
        await stage.consumer(lanes=3).register()
        assert await session.fetchval("SELECT count(*) FROM headrace.lane_floor") == 0
        actions = await list_actions(session)
    assert [(one.action, one.detail["before"], one.detail["after"]) for one in actions] == [
        ("lanes", 2, 3),
        ("lanes", 4, 2),
    ]


async def test_many_processes_that_start_with_one_new_number_change_it_once(stage):
    await stage.consumer(lanes=4).register()
    await asyncio.gather(*(stage.consumer(lanes=6).register() for _ in range(8)))
    async with stage.pool.acquire() as session:
        assert len(await list_actions(session)) == 1
    assert {row["generation"] for row in await stage.checkpoints()} == {2}
