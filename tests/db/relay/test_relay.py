import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken, new
from fix_relay import drain
from fix_tampering import tamper
from headrace.errors import ConfigurationError
from headrace.events import operate
from headrace.events.survey import list_subscriptions
from headrace.relay.broker import ForeignStreamError
from headrace.service import AGAIN


async def fails(relay) -> dict:
    """Runs a turn that fails; what is stored of its error."""
    assert timedelta(0) < await relay.run_once()
    async with relay._pool.acquire() as connection:
        [one] = await list_subscriptions(connection, "relay")
    return one.last_error


async def retry(relay) -> None:
    """Runs turns until the rest after a failure is over and all is published."""
    await eventually(lambda: _moves(relay))
    await drain(relay)


async def _moves(relay) -> bool:
    return await relay.run_once() == AGAIN


async def test_events_are_published_in_order_in_batches_and_once(relaying):
    last = await relaying.stage.write(*"abcdefg")
    relay = relaying.relay(batch_size=3)
    await drain(relay)
    await drain(relay)
    assert relaying.broker.batches == [[1, 2, 3], [4, 5, 6], [7]]
    row = await relaying.checkpoint()
    assert (row["position"], row["event_count"]) == (last, 7)
    assert relaying.broker.connections == 1
    published = relaying.records.named("relay.published")
    assert [one.fields["event_count"] for one in published] == [3, 3, 1]


async def test_only_types_asked_for_are_published_and_the_checkpoint_passes_the_rest(relaying):
    await relaying.stage.write_all(new(ContactCreated("Ada"), stream="1"), new(NoteTaken("a")))
    last = await relaying.stage.write_all(new(ContactCreated("Bo"), stream="2"))
    await drain(relaying.relay(types=frozenset({"note.taken"})))
    assert relaying.broker.positions == [2]
    assert (await relaying.checkpoint())["position"] == last


async def test_types_that_no_class_is_registered_for_and_records_of_jobs_are_published_too(relaying, connection):
    for name, retention in (("strange", "domain"), ("job.completed", "lifecycle")):
        await connection.execute(
            "INSERT INTO headrace.event"
            " (id, type, schema_version, data, source, correlation_id, occurred_at, retention)"
            " VALUES (gen_random_uuid(), $1, 7, '{\"x\": 1}', 'elsewhere', gen_random_uuid(), now(), $2)",
            name,
            retention,
        )
    await relaying.stage.head.run_once()
    await drain(relaying.relay())
    assert relaying.broker.positions == [1, 2]


async def test_a_relay_that_begins_now_publishes_only_what_comes_after(relaying):
    await relaying.stage.write("old")
    relay = relaying.relay(start="now")
    await relay.register()
    fresh = await relaying.stage.write("fresh")
    await drain(relay)
    assert relaying.broker.positions == [fresh]


async def test_what_the_broker_took_before_an_error_is_not_published_again(relaying):
    await relaying.stage.write(*"abcdefg")
    relay, broker = relaying.relay(), relaying.broker
    broker.accepts = 3
    error = await fails(relay)
    assert (error["error"], error["message"], error["position"]) == ("RefusedError", "full", 1)
    assert (await relaying.checkpoint())["position"] == 0
    broker.accepts = None
    await retry(relay)
    assert broker.positions == list(range(1, 8))
    assert (await relaying.checkpoint())["failure_count"] == 0
    [failed] = relaying.records.named("relay.failed")
    assert failed.fields["position"] == 1


async def test_a_broker_that_is_away_is_waited_for_with_longer_and_longer_rests(relaying):
    await relaying.stage.write("a")
    relay, broker = relaying.relay(longest_rest=timedelta(seconds=1)), relaying.broker
    broker.is_away = True
    rests = []
    for _ in range(4):
        rest = await relay.run_once()
        rests.append(rest.total_seconds())
        async with relaying.pool.acquire() as connection:
            await connection.execute("UPDATE headrace.checkpoint SET retry_at = now()")
    for rest, least in zip(rests, (0.25, 0.5, 1.0, 1.0), strict=True):
        assert least <= rest <= 1.1 * least
    broker.is_away = False
    await retry(relay)
    assert broker.positions == [1]


async def test_a_broker_that_confirms_nothing_is_given_up_in_time(relaying):
    await relaying.stage.write("a")
    relay, broker = relaying.relay(patience=timedelta(milliseconds=50)), relaying.broker
    broker.hangs = True
    error = await fails(relay)
    assert error["error"] == "RelayError"
    assert "memory did not confirm 1 events within 0:00:00.05" in error["message"]
    broker.hangs = False
    await retry(relay)
    assert broker.positions == [1]


async def test_a_second_relay_rests_while_the_first_publishes_and_goes_on_where_it_was(relaying):
    first, second = relaying.relay(batch_size=2), relaying.relay(batch_size=2)
    await relaying.stage.write(*"abc")
    await first.run_once()
    await second.run_once()
    assert relaying.broker.connections == 2
    await relaying.stage.write(*"de")
    await drain(first)
    await relaying.stage.write(*"fg")
    await drain(second)
    await drain(first)
    assert relaying.broker.positions == list(range(1, 8))

    relaying.broker.hangs = True
    await relaying.stage.write("h")
    publishing = asyncio.create_task(first.run_once())
    await eventually(lambda: _is_locked(relaying))
    assert await second.run_once() is None
    publishing.cancel()
    await asyncio.wait({publishing})


async def _is_locked(relaying) -> bool:
    async with relaying.pool.acquire() as connection:
        return not await connection.fetch("SELECT FROM headrace.checkpoint FOR UPDATE SKIP LOCKED")


async def test_what_the_broker_has_lost_is_published_again_from_where_its_stream_ends(relaying):
    await relaying.stage.write(*"abcdefghi")
    await drain(relaying.relay(batch_size=2))
    del relaying.broker.entries[3:]
    await relaying.stage.write("j")
    again = relaying.relay(batch_size=2)
    await drain(again)
    assert relaying.broker.positions == list(range(1, 11))


async def test_a_stream_that_was_emptied_is_gone_on_with(relaying):
    await relaying.stage.write(*"abc")
    await drain(relaying.relay())
    relaying.broker.entries.clear()
    fresh = await relaying.stage.write("d")
    await drain(relaying.relay())
    assert relaying.broker.positions == [fresh]


@pytest.mark.parametrize("position", [1, 3, 4, 10**12])
async def test_nothing_is_published_to_a_stream_of_another_log(relaying, position):
    await relaying.stage.write(*"abc")
    foreign = new(NoteTaken("x")).id
    relaying.broker.entries = [(position, foreign)]
    error = await fails(relaying.relay())
    assert error["error"] == "ForeignStreamError"
    assert f"event {foreign} of position {position}" in error["message"]
    assert relaying.broker.positions == [position]
    assert (await relaying.checkpoint())["position"] == 0


async def test_an_entry_whose_event_has_left_the_log_since_is_no_stranger(relaying, connection):
    await relaying.stage.write(*"abc")
    await drain(relaying.relay())
    await tamper(connection, "DELETE FROM headrace.event")
    fresh = await relaying.stage.write("d")
    await drain(relaying.relay())
    assert relaying.broker.positions == [1, 2, 3, fresh]


async def test_a_replay_publishes_nothing_that_the_stream_has(relaying):
    await relaying.stage.write(*"abc")
    relay = relaying.relay()
    await drain(relay)
    await relaying.stage.operate(operate.replay, "relay", after=1)
    await drain(relay)
    assert relaying.broker.positions == [1, 2, 3]
    assert (await relaying.checkpoint())["position"] == 3
    assert relaying.records.named("relay.published")[-1].fields["known_count"] == 2


async def test_a_relay_does_not_take_over_the_checkpoints_of_a_handler(relaying):
    await relaying.stage.consumer(lanes=3).register()
    await relaying.stage.write("a")
    relay = relaying.relay()
    relay.subscription = replace(relay.subscription, name="tests")
    with pytest.raises(ConfigurationError, match="'tests' has 3 lanes"):
        await relay.run_once()
    assert [row["lane_count"] for row in await relaying.stage.checkpoints()] == [3, 3, 3]
    assert relaying.broker.positions == []


async def test_a_paused_relay_rests(relaying):
    relay = relaying.relay()
    await relay.register()
    await relaying.stage.operate(operate.pause, "relay")
    await relaying.stage.write("a")
    assert await relay.run_once() is None
    await relaying.stage.operate(operate.resume, "relay")
    await drain(relay)
    assert relaying.broker.positions == [1]


async def test_large_events_are_published_some_megabytes_at_a_time(relaying):
    for _ in range(6):
        await relaying.stage.write("x" * 1_000_000)
    await drain(relaying.relay())
    assert relaying.broker.batches == [[1, 2, 3, 4], [5, 6]]


async def test_how_far_a_relay_is_and_why_it_rests_is_seen_with_the_other_subscriptions(relaying, connection):
    await relaying.stage.write(*"abc")
    relay = relaying.relay()
    relaying.broker.is_away = True
    await fails(relay)
    [one] = await list_subscriptions(connection, "relay")
    assert (one.mode, one.lane_count, one.position, one.behind_count, one.resting_count) == ("ordered", 1, 0, 3, 1)
    assert json.loads(json.dumps(one.last_error))["message"] == "away"


async def test_a_relay_has_one_lane():
    from headrace.events.subscription import Subscription
    from headrace.relay.relay import Relay
    from headrace.telemetry import Telemetry

    with pytest.raises(ConfigurationError, match="has one lane, got 2"):
        Relay(None, Subscription("relay", lanes=2), None, telemetry=Telemetry())


def test_a_foreign_stream_is_told_with_its_last_entry():
    from headrace.relay.broker import Place

    assert "event (unknown) of position 7" in str(ForeignStreamError("s", Place(7, None)))
