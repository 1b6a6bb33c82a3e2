"""A single job or event stored by itself: what becomes of its session and its wake-up when something comes between."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

import msgspec
import pytest

from fix_apps import eventually
from headrace import Headrace, Stream, event
from headrace.db.listener import EVENTS_CHANNEL, JOBS_CHANNEL, LATER_CHANNEL
from headrace.db.pool import CONNECTION_ERRORS

_WAITING = (
    "FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@event("shop.opened")
class Opened(msgspec.Struct, frozen=True):
    door: int = 1


@pytest.fixture
async def app(database):
    app = Headrace(database, name="shop", pool_size=3, say=lambda _: None)
    app.declare("any")
    app.register(Opened)
    async with app:
        yield app


@pytest.fixture
async def heard(connection):
    told: list[tuple[str, str]] = []
    for channel in (JOBS_CHANNEL, LATER_CHANNEL, EVENTS_CHANNEL):
        await connection.add_listener(channel, lambda _c, _p, channel, payload: told.append((channel, payload)))
    return told


class Way(NamedTuple):
    """One way to store something by itself: into which table, and who is woken."""

    call: Callable[[Headrace], Awaitable[object]]
    table: str
    hint: tuple[str, str]


WAYS = pytest.mark.parametrize(
    "way",
    [
        Way(lambda app: app.enqueue("any"), "job", (JOBS_CHANNEL, "default")),
        Way(lambda app: app.enqueue("any", delay=timedelta(seconds=1)), "job", (LATER_CHANNEL, "default")),
        Way(lambda app: app.append(Opened(), stream=Stream("door", "1")), "event", (EVENTS_CHANNEL, "")),
        Way(lambda app: app.append(Opened()), "event", (EVENTS_CHANNEL, "")),
    ],
    ids=["job", "later-job", "event", "event-outside-streams"],
)


async def _count(connection, table: str) -> int:
    return await connection.fetchval(f"SELECT count(*) FROM headrace.{table} WHERE tenant_id = ''")


@WAYS
async def test_nobody_is_woken_before_it_is_committed_and_then_somebody_is(app, connection, heard, way):
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE headrace.{way.table}")
        running = asyncio.create_task(way.call(app))
        await eventually(lambda: connection.fetchval(f"SELECT count(*) > 0 {_WAITING}"))
        assert not app._notifier._pending
    await running
    await eventually(lambda: heard == [way.hint])


@WAYS
async def test_calls_that_are_cancelled_leave_their_places_and_wake_nobody(app, connection, heard, way):
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE headrace.{way.table}")
        running = [asyncio.create_task(way.call(app)) for _ in range(2)]
        # Both, for one that is cancelled before its statement is there is cut off in ten seconds.
        await eventually(lambda: connection.fetchval(f"SELECT count(*) = 2 {_WAITING}"))
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        assert all(task.cancelled() for task in running)
        assert (app._enqueues._under_way, app._appends._under_way) == (0, 0)
    await eventually(lambda: app.pool.usage == (0, 3))
    before = await _count(connection, way.table)
    assert not heard
    await way.call(app)
    assert await _count(connection, way.table) == before + 1
    await eventually(lambda: heard == [way.hint])


@WAYS
async def test_a_call_whose_server_process_is_gone_says_so_and_the_next_one_goes(app, connection, heard, way):
    await way.call(app)  # so that a statement is prepared, and its session kept
    await eventually(lambda: heard == [way.hint])
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE headrace.{way.table}")
        running = asyncio.create_task(way.call(app))
        await eventually(lambda: connection.fetchval(f"SELECT count(*) > 0 {_WAITING}"))
        await connection.execute(f"SELECT pg_terminate_backend(pid) {_WAITING}")
        with pytest.raises(CONNECTION_ERRORS):
            await running
    assert await _count(connection, way.table) == 1
    assert heard == [way.hint]
    await way.call(app)
    assert await _count(connection, way.table) == 2


@WAYS
async def test_sessions_lost_while_they_were_kept_cost_no_call(app, connection, way):
    await asyncio.gather(*(app.pool.execute("SELECT pg_sleep(0.05)") for _ in range(3)))
    await way.call(app)
    kept = list(app.pool._lending._at_hand)
    assert len(kept) == 3
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'shop' AND datname = current_database()"
    )
    await eventually(lambda: not any(held.is_open for held in kept))
    await way.call(app)
    assert await _count(connection, way.table) == 2
    await asyncio.gather(*(way.call(app) for _ in range(9)))
    assert await _count(connection, way.table) == 11
    await eventually(lambda: app.pool.usage == (0, 3))


async def test_what_the_server_refuses_is_raised_and_wakes_nobody(app, connection, heard):
    await connection.execute("ALTER TABLE headrace.job ADD CHECK (kind <> 'any')")
    with pytest.raises(Exception, match="violates check constraint"):
        await app.enqueue("any")
    assert not app._notifier._pending
    await connection.execute("ALTER TABLE headrace.job DROP CONSTRAINT job_kind_check")
    await app.enqueue("any")
    assert await _count(connection, "job") == 1
    await eventually(lambda: heard == [(JOBS_CHANNEL, "default")])
