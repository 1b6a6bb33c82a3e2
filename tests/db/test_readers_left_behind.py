"""Subscriptions and builds that nobody serves any more: the doctor names them, and they can be removed."""

import pytest

from fix_apps import eventually, opened_bench
from fix_events import NoteTaken
from fix_projections import POISON, declare, take_notes
from fix_relay import MemoryBroker
from headrace import ConfigurationError, Stream, SubscriptionNotFoundError, SubscriptionServedError
from headrace.doctor.examine import examine
from headrace.doctor.judge import judge
from headrace.events import lanes, operate
from headrace.events.subscription import Subscription
from headrace.events.survey import list_actions
from headrace.relay.relay import Relay


async def found(app) -> list[str]:
    """What the doctor finds of readers of the log, the worst first."""
    async with app.pool.acquire() as connection:
        facts = await examine(connection, migrations=app.migrations, timeouts={})
    told = [one for one in judge(facts) if one.about.startswith(("handler", "projection"))]
    return [f"{one.level}: {one.about}: {one.fact}" for one in told]


async def remove(app, name: str, **options):
    async with app.transaction() as unit:
        return await operate.remove(unit.connection, name, **options)


def handle(app) -> None:
    app.register(NoteTaken)

    @app.on(NoteTaken, name="revenue", mode="ordered")
    async def revenue(events, tx): ...


async def test_a_handler_that_is_gone_is_named_and_removed_but_not_while_a_worker_has_it(bench, app, database):
    handle(app)
    await app.append(NoteTaken("a"))
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.subscription"))
        assert await found(app) == []
        with pytest.raises(SubscriptionServedError, match="deploy a program without it") as caught:
            await remove(app, "revenue")
        assert len(caught.value.workers) == 1
    async with opened_bench(database) as later:
        assert await found(later.app) == [], "where nothing runs, no handler is gone"
        async with later.working():
            (told,) = await found(later.app)
            assert told.startswith("warning: handler revenue: no worker has it, and events after position")
            assert await remove(later.app, "revenue", reason="renamed", actor="ada") in (0, 1)
            assert await found(later.app) == []
        async with later.app.pool.acquire() as connection:
            (action,) = await list_actions(connection, "revenue")
        assert (action.action, action.actor, action.reason) == ("remove", "ada", "renamed")
        assert await later.value("SELECT count(*) FROM headrace.checkpoint") == 0
        with pytest.raises(SubscriptionNotFoundError):
            await remove(later.app, "revenue")


async def test_what_a_program_of_before_serves_is_not_known_and_not_removed(bench, app, connection):
    handle(app)
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.subscription"))
        await connection.execute("UPDATE headrace.worker SET subscriptions = NULL, projections = NULL")
        async with connection.transaction():
            await lanes.register(connection, Subscription("other"))
        assert await found(app) == []
        with pytest.raises(SubscriptionServedError):
            await remove(app, "other")


async def test_builds_that_fail_are_parked_or_were_left_half_way_are_named(bench, app, database):
    declare(app, "keyed", attempts=1)
    await take_notes(app, 10)
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.checkpoint WHERE position > 9"))
        await app.append(NoteTaken(POISON), stream=Stream("note", "3"))
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.parked_stream"))
        parked = "problem: projection note_stats: build 1 (live) has 1 streams parked: their rows stand still"
        assert await found(app) == [parked]
    await app.projections.rebuild("note_stats")
    async with opened_bench(database) as other, other.working():
        position = await bench.value("SELECT min(position) FROM headrace.checkpoint WHERE position > 0")
        unserved, still_parked, left = await found(other.app)
        assert unserved.endswith(f"no worker has its fold: build 1 (live) stands at position {position}")
        assert still_parked == parked
        assert left.startswith("warning: projection note_stats: build 2 (filling) was left at position 0,")
        with pytest.raises(ConfigurationError, match="headrace projections drop note_stats"):
            await remove(other.app, "note_stats__2")


async def test_a_relay_is_no_handler_that_is_gone_and_is_removed_once_it_is_paused(bench, app):
    relay = Relay(app.pool, Subscription("nats:log"), MemoryBroker(), telemetry=app.telemetry)
    await relay.register()
    async with bench.working():
        assert await found(app) == []
    with pytest.raises(ConfigurationError, match="stop the relay"):
        await remove(app, "nats:log")
    async with app.transaction() as unit:
        await operate.pause(unit.connection, "nats:log")
    await remove(app, "nats:log")
    assert await bench.value("SELECT count(*) FROM headrace.subscription") == 0
