"""Which sessions go back to the pool as they are, who gets them, and what becomes of those nobody needs."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import SOMEBODY_WAITS, eventually
from headrace import Headrace
from headrace.db import lending
from headrace.db.pool import CONNECTION_ERRORS, ConnectionPool

_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def app(database):
    async with Headrace(database, name="shop", pool_size=1, say=lambda _: None) as app:
        app.declare("any")
        yield app


async def last_statement(connection) -> str:
    """What the app's only session ran last."""
    return await connection.fetchval(
        "SELECT query FROM pg_stat_activity WHERE application_name = 'shop' AND datname = current_database()"
    )


async def test_a_single_enqueue_is_one_statement_and_nothing_after_it(app, connection):
    await app.enqueue("any")
    assert (await last_statement(connection)).startswith("-- Stores one job that is due now")
    assert await connection.fetchval("SELECT count(*) FROM headrace.run JOIN headrace.job ON id = job_id") == 1


async def test_a_transaction_nobody_else_wrote_in_ends_with_its_commit(app, connection):
    async with app.transaction() as tx:
        await tx.enqueue("any")
        await tx.enqueue("any")
    assert await last_statement(connection) == "COMMIT;"


async def test_what_a_caller_set_on_the_session_is_not_there_for_the_next_one(app):
    await app.enqueue("any")
    async with app.transaction() as tx:
        await tx.execute("SET search_path TO headrace")
        await tx.execute("SELECT pg_advisory_lock(7)")
    async with app.transaction() as tx:
        assert await tx.fetchval("SHOW search_path") == '"$user", public'
        locks = (
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE datname = current_database() AND locktype = 'advisory' AND objid = 7"
        )
        assert await tx.fetchval(locks) == 0


async def test_what_a_failed_block_left_behind_is_reset(app):
    with pytest.raises(RuntimeError, match="mine"):
        async with app.transaction() as tx:
            await tx.execute("SET SESSION work_mem TO '1MB'")
            raise RuntimeError("mine")
    async with app.pool.acquire() as session:
        await session.execute("SET work_mem TO '2MB'")
    async with app.pool.acquire() as session:
        assert await session.fetchval("SHOW work_mem") == "4MB"


async def test_a_statement_that_failed_does_not_spoil_the_next_one(app, connection):
    with pytest.raises(Exception, match="division by zero"):
        await app.pool.execute("SELECT 1 / $1::integer", 0)
    await app.enqueue("any")
    assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 1


async def test_more_callers_than_sessions_are_all_served(database, connection):
    async with Headrace(database, pool_size=3, say=lambda _: None) as app:
        app.declare("any")
        await asyncio.gather(*(app.enqueue("any") for _ in range(50)), *(_touch(app) for _ in range(20)))
    assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 70


async def _touch(app: Headrace) -> None:
    async with app.transaction() as tx:
        await tx.execute("SELECT")
        await tx.enqueue("any")


async def test_callers_who_give_up_waiting_leave_their_place_to_others(database):
    pool = ConnectionPool(database, size=1)
    await pool.open()
    try:
        async with pool.acquire():
            waiting = [asyncio.create_task(pool.execute("SELECT")) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            waiting[1].cancel()
        await waiting[2]
        await pool.execute("SELECT")
    finally:
        await pool.close()


async def test_a_session_handed_to_somebody_who_just_gave_up_goes_to_the_next(database):
    pool = ConnectionPool(database, size=1)
    await pool.open()
    try:
        async with pool.loan() as loan:
            loan.is_clean = True
            waiting = [asyncio.create_task(pool.execute("SELECT")) for _ in range(2)]
            await asyncio.sleep(0)
        # The first one holds the session now, and has not run yet.
        waiting[0].cancel()
        await asyncio.wait(waiting)
        assert waiting[0].cancelled()
        assert waiting[1].exception() is None
    finally:
        await pool.close()


async def test_a_session_that_was_lost_while_it_was_kept_is_replaced(app, connection):
    await app.enqueue("any")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'shop' AND datname = current_database()"
    )

    async def works() -> bool:
        try:
            await app.enqueue("any")
        except CONNECTION_ERRORS:
            return False
        return True

    await eventually(works, 2)
    await app.enqueue("any")


async def test_a_pool_closes_at_once_though_it_keeps_sessions(database):
    pool = ConnectionPool(database, size=4)
    await pool.open()
    await asyncio.gather(*(pool.execute("SELECT") for _ in range(8)))
    async with asyncio.timeout(2):
        await pool.close(timeout=_MINUTE)


async def test_a_session_given_back_after_the_pool_was_closed_does_not_hold_it_open(database, connection):
    pool = ConnectionPool(database, size=2)
    await pool.open()
    await connection.execute("SELECT pg_advisory_lock(7)")
    running = asyncio.create_task(pool.execute("SELECT pg_advisory_xact_lock(7)"))
    await eventually(lambda: connection.fetchval(SOMEBODY_WAITS))
    closing = asyncio.create_task(pool.close(timeout=_MINUTE))
    await connection.execute("SELECT pg_advisory_unlock(7)")
    async with asyncio.timeout(5):
        await closing
    await running


async def test_sessions_nobody_needs_go_back_to_be_closed(database, monkeypatch):
    monkeypatch.setattr(lending, "_COOLING_SECONDS", 0.05)
    pool = ConnectionPool(database, size=4)
    await pool.open()
    try:
        await asyncio.gather(*(pool.execute("SELECT pg_sleep(0.05)") for _ in range(4)))
        await eventually(lambda: pool._pool.get_idle_size() == 4)
        await pool.execute("SELECT")
    finally:
        await pool.close()


async def test_who_promises_to_leave_sessions_clean_is_asked_for_no_reset(database, connection):
    async with Headrace(database, name="shop", pool_size=1, resets_sessions=False, say=lambda _: None) as app:
        async with app.transaction() as tx:
            await tx.execute("CREATE TABLE mine (id integer)")
        assert await last_statement(connection) == "COMMIT;"
        async with app.pool.acquire() as session:
            await session.execute("SELECT 1 AS mine")
        assert await last_statement(connection) == "SELECT 1 AS mine"


async def test_after_an_error_a_session_is_reset_whatever_was_promised(database):
    async with Headrace(database, name="shop", pool_size=1, resets_sessions=False, say=lambda _: None) as app:
        with pytest.raises(RuntimeError, match="mine"):
            async with app.pool.acquire() as session:
                await session.execute("SET work_mem TO '1MB'")
                raise RuntimeError("mine")
        async with app.pool.acquire() as session:
            assert await session.fetchval("SHOW work_mem") == "4MB"
