"""Handlers meet history again, in a job that can be stopped and taken up anywhere."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken, new
from fix_replays import fill
from headrace import ConfigurationError, Stream
from headrace.errors import ReplayNotFoundError
from headrace.events.filter import EventFilter

INSERT = "INSERT INTO copy VALUES ($1, $2)"


def copying(app, **options):
    """Registers `copy`, which writes down the events it is handed; events from now on only by its subscription."""

    @app.on(NoteTaken, mode="ordered", name="copy", start="now", **options)
    async def copy(events, tx):
        for one in events:
            await tx.execute(INSERT, one.position, one.data.text)


async def ended(app, replay, state="completed"):
    async def is_so():
        found = await app.replays.show(replay.id)
        return found if found.state == state else None

    return await eventually(is_so, 15)


async def test_a_handler_meets_all_of_history_again_in_order(history, bench, copied):
    copying(history, batch_size=3)
    begun = await history.replays.begin("copy", by="ada", reason="a new column")
    assert (begun.state, begun.percent) == ("waiting", 0)
    async with bench.working():
        found = await ended(history, begun)
    assert await copied() == [str(number) for number in range(10)]
    assert (found.event_count, found.percent, found.position) == (10, 100, 10)
    assert (found.actor, found.reason) == ("ada", "a new column")


@pytest.mark.parametrize(
    ("chosen", "bounds", "seen"),
    [
        (EventFilter(stream=Stream("contact", "1")), {}, "13579"),
        (EventFilter(stream=Stream("contact", "1")), {"until": 6}, "135"),
        (EventFilter(aggregate_type="contact"), {"after": 7}, "789"),
        (EventFilter(before=datetime(2999, 1, 1, tzinfo=UTC)), {"after": 2, "until": 4}, "23"),
        (EventFilter(since=datetime(2999, 1, 1, tzinfo=UTC)), {}, ""),
        (EventFilter(tenant_id="acme"), {}, ""),
    ],
)
async def test_only_what_was_chosen_is_met_again(history, bench, copied, *, chosen, bounds, seen):
    copying(history)
    begun = await history.replays.begin("copy", chosen, batch_size=2, **bounds)
    async with bench.working():
        found = await ended(history, begun)
    assert "".join(await copied()) == seen
    assert (found.event_count, found.percent) == (len(seen), 100)


async def test_events_appended_after_it_began_are_left_to_the_subscription(history, bench, copied):
    copying(history)
    begun = await history.replays.begin("copy")
    await fill(history.pool, new(NoteTaken("late")))
    async with bench.working():
        found = await ended(history, begun)
    assert found.event_count == 10
    assert "late" not in (await copied())[:10]


@pytest.mark.parametrize("has_effects", [False, True])
async def test_jobs_and_events_of_the_handler_are_kept_back_unless_asked_for(history, bench, has_effects):
    history.declare("mail")

    @history.on(NoteTaken, mode="ordered", name="mailing", start="now")
    async def mailing(events, tx):
        for one in events:
            await tx.enqueue("mail", {"to": one.data.text})
            await history.enqueue("mail", {"beside": one.data.text})
            await tx.append(ContactCreated(one.data.text))

    begun = await history.replays.begin("mailing", has_effects=has_effects, batch_size=4)
    async with bench.working():
        found = await ended(history, begun)
    stored = await bench.value("SELECT count(*) FROM headrace.job WHERE kind = 'mail'")
    appended = await bench.value("SELECT count(*) FROM headrace.event WHERE type = 'contact.created'")
    assert (stored, appended) == ((20, 10) if has_effects else (0, 0))
    expected = {} if has_effects else {"jobs": {"mail": 20}, "events": {"contact.created": 10}}
    assert found.withheld == expected


async def test_a_sync_handler_meets_events_one_by_one(history, bench, copied):
    @history.on(NoteTaken, mode="sync", name="at-once")
    async def at_once(one, tx):
        await tx.execute(INSERT, one.position, one.data.text)

    begun = await history.replays.begin("at-once")
    async with bench.working():
        await ended(history, begun)
    assert len(await copied()) == 10


async def test_a_job_handler_is_replayed_by_a_job_an_event_and_only_with_effects(history, bench):
    seen = []

    @history.on(NoteTaken, name="outside", start="now")
    async def outside(one, job):
        seen.append(one.data.text)

    with pytest.raises(ConfigurationError, match="has_effects=True"):
        await history.replays.begin("outside")
    begun = await history.replays.begin("outside", has_effects=True)
    async with bench.working():
        await ended(history, begun)
        await eventually(lambda: len(seen) == 10)
    assert sorted(seen) == [str(number) for number in range(10)]


async def test_a_paused_replay_gives_its_worker_free_and_goes_on_where_it_was(history, bench, copied):
    reached, goes_on = asyncio.Event(), asyncio.Event()

    @history.on(NoteTaken, mode="ordered", name="copy", start="now", batch_size=2)
    async def copy(events, tx):
        for one in events:
            await tx.execute(INSERT, one.position, one.data.text)
        reached.set()
        await goes_on.wait()

    begun = await history.replays.begin("copy")
    async with bench.working():
        await asyncio.wait_for(reached.wait(), 10)
        pausing = asyncio.create_task(history.replays.pause(begun.id))
        await eventually(
            lambda: bench.value(
                "SELECT count(*) > 0 FROM pg_stat_activity"
                " WHERE wait_event = 'transactionid' AND datname = current_database()"
            )
        )
        goes_on.set()
        await pausing
        await bench.reaches(begun.job_id, "completed")
        resting = await history.replays.show(begun.id)
        assert (resting.state, resting.event_count, resting.job_id) == ("paused", 2, None)
        assert await copied() == ["0", "1"]
        await history.replays.resume(begun.id)
        await ended(history, begun)
    assert await copied() == [str(number) for number in range(10)]


async def test_a_cancelled_replay_stays_where_it_is(history, bench, copied):
    copying(history)
    begun = await history.replays.begin("copy")
    cancelled = await history.replays.cancel(begun.id)
    assert cancelled.state == "cancelled"
    async with bench.working():
        await bench.reaches(begun.job_id, "completed")
    await history.replays.resume(begun.id)
    assert (await history.replays.show(begun.id)).state == "cancelled"
    assert await copied() == []


async def test_what_fails_is_named_and_can_be_taken_up_when_it_is_mended(history, bench, copied):
    poison = {"6"}

    @history.on(NoteTaken, mode="ordered", name="copy", start="now")
    async def copy(events, tx):
        for one in events:
            if one.data.text in poison:
                raise ValueError(f"no place for {one.data.text}")
            await tx.execute(INSERT, one.position, one.data.text)

    begun = await history.replays.begin("copy")
    await bench.value("UPDATE headrace.job SET max_attempts = 1 RETURNING 1")
    async with bench.working():
        failed = await ended(history, begun, "failed")
        assert failed.last_error["message"] == "no place for 6"
        assert (failed.last_error["position"], failed.event_count) == (7, 6)
        poison.clear()
        await history.replays.resume(begun.id)
        found = await ended(history, begun)
    assert await copied() == [str(number) for number in range(10)]
    assert (found.last_error, found.event_count) == (None, 10)


async def test_a_job_that_is_no_longer_its_own_leaves_a_replay_alone(history, bench, copied):
    copying(history)
    begun = await history.replays.begin("copy")
    await bench.value("UPDATE headrace.replay SET job_id = $1 RETURNING 1", uuid4())
    async with bench.working():
        await bench.reaches(begun.job_id, "completed")
    assert await copied() == []


async def test_a_long_log_without_events_for_it_is_passed_in_windows(history, bench, monkeypatch, copied):
    monkeypatch.setattr("headrace.replay.page.WINDOW", 3)
    copying(history)
    begun = await history.replays.begin("copy", EventFilter(aggregate_type="order"))
    async with bench.working():
        found = await ended(history, begun)
    assert (found.event_count, found.position, await copied()) == (0, 10, [])


async def test_what_cannot_be_is_refused(history):
    copying(history)
    with pytest.raises(ConfigurationError, match=r"does not handle contact\.created"):
        await history.replays.begin("copy", EventFilter(types=("contact.created",)))
    with pytest.raises(ConfigurationError, match="no handler is named 'paste'"):
        await history.replays.begin("paste")
    with pytest.raises(ConfigurationError, match="batch_size must be 1 to"):
        await history.replays.begin("copy", batch_size=0)
    with pytest.raises(ReplayNotFoundError):
        await history.replays.show(uuid4())
    with pytest.raises(ReplayNotFoundError):
        await history.replays.resume(uuid4())
