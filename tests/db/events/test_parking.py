"""A stream whose event fails too often is set aside; everybody else goes on, and nothing of it is lost or reordered."""

from datetime import timedelta

import pytest

from fix_events import NoteTaken, new
from fix_stage import drain
from headrace.context import Context
from headrace.errors import ConfigurationError, ParkedStreamNotFoundError
from headrace.events import operate
from headrace.events.schema import EventRegistry
from headrace.events.subscription import Subscription
from headrace.telemetry import Telemetry


async def write_streams(stage, *places: str) -> int:
    """Events of streams: `a1` is text a1 of stream a, `-1` one outside any stream."""
    return await stage.write_all(
        *(new(NoteTaken(place), stream=None if place[0] == "-" else place[0]) for place in places)
    )


async def test_after_its_attempts_a_stream_is_parked_and_all_others_go_on(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a0", "b0", "a1", "b1", "a2", "b2", "-3")
    consumer = stage.consumer(attempts=3)
    await stage.pass_time(consumer)
    assert await stage.seen() == ["a0", "b0"]
    await stage.pass_time(consumer)
    await write_streams(stage, "a4", "b4")
    await drain(consumer)

    assert await stage.seen() == ["a0", "b0", "b1", "b2", "-3", "b4"]
    [parked] = await stage.parked()
    assert (parked.aggregate_id, parked.position, parked.event_type) == ("a", 3, "note.taken")
    assert (parked.state, parked.failure_count, parked.event_count) == ("parked", 3, 3)
    assert parked.last_error["message"] == "cannot stomach a1"
    [lane] = await stage.checkpoints()
    assert (lane["failure_count"], lane["retry_at"], lane["parked_count"], lane["event_count"]) == (0, None, 1, 6)


async def test_a_resumed_stream_hands_over_what_waited_in_order_and_goes_on_by_its_lane(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a1", *(f"a{number}" for number in range(2, 9)))
    consumer = stage.consumer(attempts=1, batch_size=3)
    await drain(consumer)
    stage.poison = set()
    stage.batches.clear()
    assert await stage.operate(operate.resume_parked, "tests", 1) == 1
    await drain(consumer)
    await write_streams(stage, "a9")
    await drain(consumer)

    assert await stage.seen() == [f"a{number}" for number in range(1, 10)]
    assert [len(batch) for batch in stage.batches] == [3, 3, 2, 1]
    assert await stage.parked() == []
    assert [row["parked_count"] for row in await stage.checkpoints()] == [0]


async def test_a_stream_that_fails_again_is_parked_again_behind_what_went_well(stage):
    stage.poison = {"a1", "a3"}
    await write_streams(stage, "a1", "a2", "a3", "a4")
    consumer = stage.consumer(attempts=1)
    await drain(consumer)
    stage.poison = {"a3"}
    await stage.operate(operate.resume_parked, "tests")
    await drain(consumer)

    assert await stage.seen() == ["a1", "a2"]
    [parked] = await stage.parked()
    assert (parked.position, parked.event_count, parked.failure_count) == (3, 2, 2)
    assert parked.last_error["message"] == "cannot stomach a3"
    with pytest.raises(ParkedStreamNotFoundError, match="no stream parked at event 1"):
        await stage.operate(operate.resume_parked, "tests", 1)
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests", 3)
    await drain(consumer)
    assert await stage.seen() == ["a1", "a2", "a3", "a4"]


async def test_what_comes_while_a_stream_is_being_resumed_waits_behind_it(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a1", "a2", "a3")
    consumer = stage.consumer(attempts=1, batch_size=2)
    await drain(consumer)
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests")
    await write_streams(stage, "a4", "b1")
    await drain(consumer)
    seen = await stage.seen()
    assert [text for text in seen if text[0] == "a"] == ["a1", "a2", "a3", "a4"]
    assert "b1" in seen


async def test_an_event_outside_any_stream_is_parked_alone(stage):
    stage.poison = {"-1"}
    await write_streams(stage, "-0", "-1", "-2")
    consumer = stage.consumer(attempts=1)
    await drain(consumer)
    await write_streams(stage, "-3")
    await drain(consumer)
    assert await stage.seen() == ["-0", "-2", "-3"]
    [parked] = await stage.parked()
    assert (parked.aggregate_type, parked.aggregate_id, parked.position, parked.event_count) == (None, None, 2, 1)
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests", 2)
    await drain(consumer)
    assert await stage.seen() == ["-0", "-2", "-3", "-1"]


async def test_the_same_stream_of_another_tenant_goes_on(stage):
    stage.poison = {"a1"}
    other = Context(tenant_id="other")
    await stage.write_all(
        new(NoteTaken("a1"), stream="a"),
        new(NoteTaken("a2"), stream="a", context=other),
        new(NoteTaken("a3"), stream="a"),
    )
    await drain(stage.consumer(attempts=1))
    assert await stage.seen() == ["a2"]


async def test_a_type_nobody_here_knows_is_parked_and_handed_over_by_who_knows_it(stage):
    await write_streams(stage, "a1", "a2")
    told = []
    stranger = stage.consumer(registry=EventRegistry(), attempts=2)
    stranger.telemetry.subscribe(told.append)
    await stage.pass_time(stranger)
    assert [record.name for record in told if record.error] == ["subscription.failed", "subscription.parked"]
    [parked] = await stage.parked()
    assert (parked.last_error["error"], parked.event_count) == ("UnknownEventError", 2)
    await stage.operate(operate.resume_parked, "tests")
    await drain(stage.consumer(attempts=2))
    assert await stage.seen() == ["a1", "a2"]


async def test_without_a_number_of_attempts_the_lane_waits_for_ever(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a1", "b1")
    await stage.pass_time(stage.consumer(attempts=None), rounds=9)
    assert await stage.seen() == []
    assert await stage.parked() == []
    assert [row["failure_count"] for row in await stage.checkpoints()] == [10]


async def test_a_failure_found_by_a_process_that_lost_the_lane_parks_nothing(stage):
    """Two processes meet the same failure; the second finds the lane moved on."""
    stage.poison = {"a1"}
    await write_streams(stage, "a1", "b1")
    first, second = stage.consumer(attempts=1), stage.consumer(attempts=1)
    real = second._fail

    async def late(batch, error):
        await drain(first)
        return await real(batch, error)

    second._fail = late
    await drain(second)
    assert await stage.seen() == ["b1"]
    assert [one.position for one in await stage.parked()] == [1]


async def test_a_handler_that_ends_its_transaction_cannot_hand_over_parked_events_twice(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a1", "a2")
    await drain(stage.consumer(attempts=1))
    stage.poison = set()
    await stage.operate(operate.resume_parked, "tests")

    async def meddle(unit, batch):
        await unit.connection.execute("ROLLBACK")
        await drain(stage.consumer(attempts=1))
        await unit.connection.execute("BEGIN")
        await stage.apply(unit, batch)

    meddler = stage.consumer(attempts=1, apply=meddle)
    told = []
    meddler.telemetry.subscribe(told.append)
    await drain(meddler)
    assert await stage.seen() == ["a1", "a2"]
    assert "must not end the transaction" in f"{[record.fields for record in told]}"


@pytest.mark.parametrize("attempts", [0, 101, -1])
def test_attempts_out_of_range_are_refused(attempts):
    with pytest.raises(ConfigurationError, match=f"1 to 100, or None to try for ever, got {attempts}"):
        Subscription("s", attempts=attempts)


async def test_what_is_parked_can_be_told_by_its_record(stage):
    stage.poison = {"a1"}
    await write_streams(stage, "a1")
    told = []
    consumer = stage.consumer(attempts=1)
    consumer.telemetry.subscribe(told.append)
    await drain(consumer)
    [record] = [one for one in told if one.name == "subscription.parked"]
    assert (record.fields["stream"], record.fields["position"]) == ("contact/a", 1)
    assert isinstance(record.error, ValueError)


async def test_a_lane_rests_no_longer_than_its_attempts_take(stage):
    """Five attempts rest 2, 4, 8 and 16 seconds, up to a tenth more; then the stream is parked."""
    stage.poison = {"a1"}
    await write_streams(stage, "a1", "b1")
    consumer = stage.consumer()
    began = stage.clock.moment
    while not await stage.parked():
        await drain(consumer)
        [lane] = await stage.checkpoints()
        stage.clock.moment = lane["retry_at"] or stage.clock.moment
    assert timedelta(seconds=30) <= stage.clock.moment - began <= timedelta(seconds=33)
    assert isinstance(consumer.telemetry, Telemetry)
