"""Operators pause, resume, skip and replay; each action leaves who and why."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fix_events import NoteTaken, new
from fix_stage import drain
from headrace.errors import (
    ConfigurationError,
    ParkedStreamNotFoundError,
    SubscriptionNotFoundError,
    TransactionClosedError,
)
from headrace.events import operate
from headrace.events.subscription import Subscription
from headrace.events.survey import list_actions, list_subscriptions


async def actions(stage) -> list[tuple]:
    async with stage.pool.acquire() as connection:
        return [(one.action, one.actor, one.reason) for one in await list_actions(connection, "tests")]


async def test_a_paused_subscription_rests_until_it_is_resumed(stage):
    consumer = stage.consumer()
    await consumer.register()
    assert await stage.operate(operate.pause, "tests", reason="too hot", actor="ada")
    assert not await stage.operate(operate.pause, "tests", actor="bo")
    await stage.write("a", "b")
    await drain(consumer)
    assert await stage.seen() == []
    async with stage.pool.acquire() as connection:
        [told] = await list_subscriptions(connection)
    assert (told.paused_by, told.pause_reason, told.behind_count) == ("ada", "too hot", 2)

    assert await stage.operate(operate.resume, "tests", actor="bo")
    assert not await stage.operate(operate.resume, "tests")
    await drain(consumer)
    assert await stage.seen() == ["a", "b"]
    assert await actions(stage) == [("resume", "bo", None), ("pause", "ada", "too hot")]


async def test_resuming_ends_the_rest_of_a_lane(stage):
    stage.poison = {"a"}
    await stage.write("a")
    consumer = stage.consumer()
    await drain(consumer)
    stage.poison = set()
    await drain(consumer)
    assert await stage.seen() == []
    assert await stage.operate(operate.resume, "tests")
    await drain(consumer)
    assert await stage.seen() == ["a"]


async def test_a_skipped_event_is_recorded_whole_and_its_stream_goes_on(stage):
    stage.poison = {"a1"}
    await stage.write("a1", "a2", "a3", stream="a")
    consumer = stage.consumer(attempts=1)
    await drain(consumer)
    await stage.operate(operate.skip, "tests", 1, reason="no such contact", actor="ada")
    await drain(consumer)

    assert await stage.seen() == ["a2", "a3"]
    assert await stage.parked() == []
    async with stage.pool.acquire() as connection:
        [record] = await list_actions(connection)
        event_id = await connection.fetchval("SELECT id FROM headrace.event WHERE position = 1")
    assert (record.action, record.actor, record.reason) == ("skip", "ada", "no such contact")
    assert record.detail["error"]["message"] == "cannot stomach a1"
    assert {name: record.detail[name] for name in ("position", "event_id", "event_type", "stream", "tenant_id")} == {
        "position": 1,
        "event_id": str(event_id),
        "event_type": "note.taken",
        "stream": "contact/a",
        "tenant_id": "",
    }


async def test_skipping_the_only_event_of_a_stream_ends_its_parking(stage):
    stage.poison = {"-"}
    await stage.write("-", "b")
    consumer = stage.consumer(attempts=1)
    await drain(consumer)
    await stage.operate(operate.skip, "tests", 1, reason="broken")
    await drain(consumer)
    assert await stage.seen() == ["b"]
    assert await stage.parked() == []
    assert [row["parked_count"] for row in await stage.checkpoints()] == [0]


async def test_an_event_that_is_being_resumed_is_not_skipped_under_way(stage):
    """The operator waits for the batch, and then finds that the event went well after all."""
    stage.poison = {"a1"}
    await stage.write("a1", "a2", stream="a")
    await drain(stage.consumer(attempts=1))
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests")
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(unit, batch):
        entered.set()
        await leave.wait()
        await stage.apply(unit, batch)

    working = asyncio.create_task(stage.consumer(attempts=1, apply=linger).run_once())
    await entered.wait()
    skipping = asyncio.create_task(stage.operate(operate.skip, "tests", 1, reason="hurry"))
    await asyncio.wait({skipping}, timeout=0.05)
    assert not skipping.done()
    leave.set()
    await working
    with pytest.raises(ParkedStreamNotFoundError):
        await skipping
    assert await stage.seen() == ["a1", "a2"]


async def test_a_replay_meets_everything_after_a_position_again(stage):
    await stage.write("a", "b", "c")
    consumer = stage.consumer(lanes=3)
    await drain(consumer)
    assert await stage.operate(operate.replay, "tests", after=1, reason="new column", actor="ada") == 3
    assert await actions(stage) == [("replay", "ada", "new column")]
    await drain(consumer)
    assert await stage.seen() == ["a", "b", "c", "b", "c"]


async def test_a_replay_takes_parked_events_and_floors_with_it(stage):
    stage.poison = {"3", "8"}
    await stage.write_all(*(new(NoteTaken(str(number)), stream=str(number % 5)) for number in range(20)))
    consumer = stage.consumer(lanes=4, attempts=1, batch_size=2)
    await drain(consumer)
    await stage.write_all(*(new(NoteTaken(str(number)), stream=str(number % 5)) for number in range(20, 40)))
    for lane in range(4):
        for _ in range(lane):
            await consumer._advance(lane)
    renewed = stage.consumer(lanes=3, attempts=1, batch_size=2)
    await renewed.register()
    assert [one.position for one in await stage.parked()] == [4]

    before = await stage.seen()
    await stage.operate(operate.replay, "tests", after=10)
    [parked] = await stage.parked()
    assert (parked.position, parked.event_count) == (4, 2)
    assert sum(row["parked_count"] for row in await stage.checkpoints()) == 1
    await drain(renewed)
    again = (await stage.seen())[len(before) :]
    assert sorted(again, key=int) == [str(number) for number in range(10, 40) if number % 5 != 3]

    stage.poison = set()
    await stage.operate(operate.replay, "tests", after=0)
    assert await stage.parked() == []
    before = await stage.seen()
    await drain(renewed)
    assert sorted((await stage.seen())[len(before) :], key=int) == [str(number) for number in range(40)]


async def test_a_subscription_can_start_from_a_time(stage, connection):
    await stage.write("old", "older")
    moment = await connection.fetchval("SELECT clock_timestamp()")
    await stage.write("fresh", "fresher")
    for name, start, texts in (
        ("then", moment, ["fresh", "fresher"]),
        ("ever", datetime(2001, 1, 1, tzinfo=UTC), ["old", "older", "fresh", "fresher"]),
        ("later", moment + timedelta(days=1), []),
    ):
        consumer = stage.consumer(start=start)
        consumer.subscription = Subscription(name, types=frozenset({"note.taken"}), start=start)
        await consumer.register()
        assert await connection.fetchval(
            "SELECT count(*) FROM headrace.event WHERE position > (SELECT position FROM headrace.checkpoint"
            " WHERE subscription = $1)",
            name,
        ) == len(texts)


async def test_the_position_of_a_moment_is_found_across_gaps(stage, connection):
    moments = []
    for number in range(9):
        await stage.write(str(number))
        moments.append(await connection.fetchval("SELECT clock_timestamp()"))
        await connection.execute("SELECT nextval('headrace.event_position_seq')")
    rows = await connection.fetch("SELECT position, recorded_at FROM headrace.event ORDER BY position")
    await connection.execute("UPDATE headrace.head SET position = 100")
    for moment in [*moments, datetime(2001, 1, 1, tzinfo=UTC)]:
        wanted = max((row[0] for row in rows if row[1] < moment), default=0)
        assert await operate.position_at(connection, moment) == wanted


async def test_what_is_behind_is_told_in_events_and_seconds(stage, connection):
    consumer = stage.consumer(lanes=2)
    await stage.write("a", "b", "c")
    await consumer.register()
    [told] = await list_subscriptions(connection)
    assert (told.name, told.mode, told.types, told.lane_count) == ("tests", "ordered", ["note.taken"], 2)
    assert (told.behind_count, told.position, told.head) == (3, 0, 3)
    assert 0 <= told.behind_seconds < 60
    assert (await list_subscriptions(connection, count_limit=2))[0].behind_count == 2
    await drain(consumer)
    [told] = await list_subscriptions(connection)
    assert (told.behind_count, told.behind_since, told.behind_seconds, told.position) == (0, None, 0, 3)


async def test_what_is_not_there_is_told_by_name(stage, connection):
    for act in (operate.pause, operate.resume, operate.resume_parked):
        with pytest.raises(SubscriptionNotFoundError, match="no subscription 'ghost'"):
            await stage.operate(act, "ghost")
    with pytest.raises(SubscriptionNotFoundError):
        await stage.operate(operate.replay, "ghost", after=0)
    with pytest.raises(SubscriptionNotFoundError):
        await list_subscriptions(connection, "ghost")
    await stage.consumer().register()
    with pytest.raises(ParkedStreamNotFoundError, match="no stream parked at event 7"):
        await stage.operate(operate.skip, "tests", 7, reason="x")
    with pytest.raises(ConfigurationError, match="needs a reason"):
        await stage.operate(operate.skip, "tests", 7, reason=" ")
    with pytest.raises(ConfigurationError, match="after must be a position"):
        await stage.operate(operate.replay, "tests", after=-1)
    with pytest.raises(TransactionClosedError, match="not in a transaction"):
        await operate.pause(connection, "tests")
