import asyncio
from datetime import timedelta

from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from fix_stage import Unit, drain
from headrace.events.consumer import Consumer
from headrace.events.schema import EventRegistry
from headrace.events.store import append
from headrace.telemetry import Telemetry


async def test_events_are_handed_over_in_order_in_batches_and_once(stage):
    last = await stage.write(*"abcdefg")
    consumer = stage.consumer(batch_size=3)
    await drain(consumer)
    await drain(consumer)

    assert stage.batches == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert await stage.seen() == list("abcdefg")
    [checkpoint] = await stage.checkpoints()
    assert (checkpoint["position"], checkpoint["event_count"]) == (last, 7)


async def test_nothing_beyond_the_head_is_handed_over(stage):
    await stage.write("a")
    async with stage.pool.acquire() as connection, connection.transaction():
        await append(connection, [new(NoteTaken("b"))])
    await drain(stage.consumer())
    assert await stage.seen() == ["a"]


async def test_only_the_types_asked_for_are_handed_over_and_the_checkpoint_passes_the_rest(stage):
    last = await stage.write_all(
        new(ContactCreated("Ada"), stream="1"), new(NoteTaken("a")), new(ContactRenamed("Bo"), stream="1")
    )
    await drain(stage.consumer())
    assert stage.batches == [["a"]]
    assert [row["position"] for row in await stage.checkpoints()] == [last]


async def test_a_lane_without_events_reaches_the_head_without_a_batch(stage):
    last = await stage.write_all(new(ContactCreated("Ada"), stream="1"))
    await drain(stage.consumer())
    assert stage.batches == []
    assert [row["position"] for row in await stage.checkpoints()] == [last]


async def test_lanes_without_events_are_moved_now_and_then_only(stage):
    consumer = stage.consumer(skip_interval=timedelta(hours=1))
    await stage.write_all(new(ContactCreated("Ada"), stream="1"))
    await drain(consumer)
    moved = await stage.checkpoints()
    await stage.write_all(new(ContactRenamed("Bo"), stream="1"))
    rest = await consumer.run_once()
    assert await stage.checkpoints() == moved
    assert timedelta(minutes=59) < rest <= timedelta(hours=1)


async def test_an_idle_turn_writes_nothing(stage):
    consumer = stage.consumer()
    await stage.write("a")
    await drain(consumer)
    async with stage.pool.acquire() as connection:
        versions = "SELECT xmin, ctid FROM headrace.checkpoint"
        before = await connection.fetch(versions)
        assert await consumer.run_once() is None
        assert await connection.fetch(versions) == before


async def test_a_subscription_that_starts_now_sees_only_what_comes_after(stage):
    await stage.write("old")
    consumer = stage.consumer(start="now")
    await consumer.register()
    await stage.write("fresh")
    await drain(consumer)
    assert await stage.seen() == ["fresh"]


async def test_a_failing_handler_leaves_no_trace_and_moves_nothing(stage):
    stage.poison = {"a"}
    await stage.write("a")
    await drain(stage.consumer())
    assert await stage.seen() == []
    [checkpoint] = await stage.checkpoints()
    assert (checkpoint["position"], checkpoint["failure_count"]) == (0, 1)
    rest = (checkpoint["retry_at"] - stage.clock.moment).total_seconds()
    assert 2 <= rest <= 2.2
    assert "cannot stomach a" in checkpoint["last_error"]


async def test_what_comes_before_the_failing_event_is_committed_and_what_follows_waits(stage):
    texts = [f"{number:02}" for number in range(40)]
    stage.poison = {"29"}
    await stage.write(*texts)
    await drain(stage.consumer(batch_size=40))
    assert await stage.seen() == texts[:29]


async def test_a_lane_rests_after_a_failure_and_goes_on_when_its_time_has_come(stage):
    stage.poison = {"b"}
    await stage.write("a", "b", "c")
    consumer = stage.consumer()
    await drain(consumer)
    tried = len(stage.batches)
    assert await consumer.run_once() is None
    assert len(stage.batches) == tried

    stage.clock.moment += timedelta(seconds=3)
    await drain(consumer)
    assert [row["failure_count"] for row in await stage.checkpoints()] == [2]

    stage.poison = set()
    stage.clock.moment += timedelta(minutes=6)
    await drain(consumer)
    assert await stage.seen() == ["a", "b", "c"]
    [checkpoint] = await stage.checkpoints()
    assert (checkpoint["failure_count"], checkpoint["retry_at"], checkpoint["last_error"]) == (0, None, None)


async def test_another_process_also_lets_the_lane_rest(stage):
    stage.poison = {"a"}
    await stage.write("a")
    await drain(stage.consumer())
    await drain(stage.consumer())
    assert stage.batches == [["a"]]


async def test_an_event_nobody_can_decode_holds_its_lane_and_is_never_skipped(stage):
    await stage.write("a")
    await drain(stage.consumer(registry=EventRegistry()))
    [checkpoint] = await stage.checkpoints()
    assert checkpoint["position"] == 0
    assert "UnknownEventError" in checkpoint["last_error"]


async def test_each_stream_stays_in_its_lane_and_in_order(stage):
    async def keep(unit: Unit, batch) -> None:
        stage.batches.append([(event.stream.aggregate_id, event.stream_version) for event in batch])

    names = [str(number % 13) for number in range(130)]
    last = await stage.write_all(*(new(NoteTaken("x"), stream=name) for name in names))
    await drain(stage.consumer(apply=keep, lanes=4, batch_size=7))

    seen = [one for batch in stage.batches for one in batch]
    assert sorted(seen) == sorted((str(name), version) for name in range(13) for version in range(1, 11))
    for name in set(names):
        versions = [version for one, version in seen if one == name]
        assert versions == sorted(versions)
    checkpoints = await stage.checkpoints()
    assert [row["position"] for row in checkpoints] == [last] * 4
    assert sum(row["event_count"] for row in checkpoints) == 130
    assert all(row["event_count"] for row in checkpoints)


async def test_a_lane_taken_by_one_process_is_left_alone_by_another(stage):
    await stage.write("a")
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(unit: Unit, batch) -> None:
        entered.set()
        await leave.wait()
        await stage.apply(unit, batch)

    slow = asyncio.create_task(stage.consumer(apply=linger).run_once())
    await entered.wait()
    assert await stage.consumer().run_once() is None
    assert stage.batches == []
    leave.set()
    await slow
    assert await stage.seen() == ["a"]


async def test_many_processes_share_the_lanes_and_each_event_is_seen_once(stage):
    names = [str(number % 29) for number in range(600)]
    await stage.write_all(*(new(NoteTaken(str(n)), stream=name) for n, name in enumerate(names)))
    consumers = [stage.consumer(lanes=8, batch_size=10) for _ in range(4)]
    while len(await stage.seen()) < 600:
        await asyncio.gather(*(consumer.run_once() for consumer in consumers))
    assert sorted(await stage.seen(), key=int) == [str(n) for n in range(600)]


async def test_a_worker_that_falls_silent_in_its_transaction_loses_the_lane(stage):
    """As a network would cut it off: the server ends its session, another takes over, it cannot commit."""
    await stage.write("a")
    entered, leave = asyncio.Event(), asyncio.Event()

    async def fall_silent(unit: Unit, batch) -> None:
        await stage.apply(unit, batch)
        entered.set()
        await leave.wait()

    silent = Consumer(
        stage.pool,
        stage.registry,
        stage.consumer().subscription,
        begin=stage.begin,
        apply=fall_silent,
        telemetry=Telemetry(),
        silence=timedelta(milliseconds=50),
    )
    cut_off = asyncio.create_task(silent.run_once())
    await entered.wait()
    other = stage.consumer()
    while not await stage.seen():
        await other.run_once()
    leave.set()
    await cut_off
    assert await stage.seen() == ["a"]


async def test_a_handler_that_ends_its_transaction_cannot_move_the_checkpoint_twice(stage):
    await stage.write("a")

    async def meddle(unit: Unit, batch) -> None:
        await unit.connection.execute("ROLLBACK")
        await drain(stage.consumer())
        await unit.connection.execute("BEGIN")
        await stage.apply(unit, batch)

    told = []
    meddler = stage.consumer(apply=meddle)
    meddler.telemetry.subscribe(told.append)
    await drain(meddler)

    assert await stage.seen() == ["a"]
    assert "must not end the transaction" in str(told[0].error)


async def test_registering_at_once_from_many_processes_makes_one_subscription(stage):
    await asyncio.gather(*(stage.consumer(lanes=3).register() for _ in range(8)))
    assert [row["lane"] for row in await stage.checkpoints()] == [0, 1, 2]
