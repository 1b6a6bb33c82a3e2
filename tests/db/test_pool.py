import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import eventually
from headrace import ConfigurationError, Headrace, Job, RetryPolicy
from headrace.db.connecting import CONNECTION_ERRORS, close, connect
from headrace.db.pool import ConnectionPool


async def test_sessions_tell_what_they_are_for(database, connection):
    pool = ConnectionPool(database, application_name="shop")
    await pool.open()
    own = await pool.connect("listener")
    names = await connection.fetch("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
    assert {"shop", "shop listener"} <= {row[0] for row in names}
    await close(own)
    await pool.close()


@pytest.mark.parametrize("dsn", ["not a dsn", "mysql://host/db", "postgresql://host:port/db"])
async def test_an_address_that_cannot_be_read_is_refused_with_how_to_write_it(dsn):
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host:5432/database"):
        await connect(dsn, application_name="tests")
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host:5432/database"):
        await ConnectionPool(dsn).open()


async def test_a_pool_of_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        ConnectionPool("postgresql://host/db", size=0)


async def test_a_closed_pool_lends_nothing(database):
    pool = ConnectionPool(database)
    with pytest.raises(ConfigurationError, match="pool is closed"):
        async with pool.acquire():
            pass


async def test_a_lost_session_is_replaced(pool, connection):
    async with pool.acquire() as session:
        pid = session.get_server_pid()
    await connection.execute("SELECT pg_terminate_backend($1)", pid)

    async def works() -> bool:
        try:
            async with pool.acquire() as session:
                return await session.fetchval("SELECT 1") == 1
        except CONNECTION_ERRORS:
            return False

    await eventually(works, 2)


async def test_closing_cuts_sessions_that_are_still_lent(database):
    pool = ConnectionPool(database)
    await pool.open()
    lent = asyncio.Event()

    async def keep() -> None:
        async with pool.acquire() as session:
            lent.set()
            await session.execute("SELECT pg_sleep(60)")

    keeper = asyncio.create_task(keep())
    await lent.wait()
    async with asyncio.timeout(5):
        await pool.close(timeout=timedelta(milliseconds=50))
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await keeper


async def test_a_session_that_does_not_become_free_is_not_waited_for_for_ever(database):
    pool = ConnectionPool(database, size=1, patience=timedelta(milliseconds=50))
    await pool.open()
    try:
        async with pool.acquire():
            with pytest.raises(TimeoutError, match=r"none of 1 sessions became free within 0:00:00\.050000"):
                async with pool.acquire():
                    pass
        async with pool.acquire() as session:
            assert await session.fetchval("SELECT 1") == 1
    finally:
        await pool.close()


async def test_a_timeout_inside_the_block_is_the_blocks_own(database):
    pool = ConnectionPool(database, size=1, patience=timedelta(milliseconds=50))
    await pool.open()
    try:
        with pytest.raises(TimeoutError, match="mine"):
            async with pool.acquire():
                raise TimeoutError("mine")
    finally:
        await pool.close()


async def test_handlers_that_hold_every_session_and_ask_for_another_do_not_hang_for_ever(database, connection):
    async with Headrace(database, pool_size=2, say=lambda _: None) as app:
        app.pool._patience = timedelta(milliseconds=200)
        app.declare("child", queue="elsewhere")
        both = asyncio.Barrier(2)
        attempts: list[int] = []

        @app.job("greedy", retry=RetryPolicy(unit=timedelta(0), jitter=timedelta(0)), max_attempts=2)
        async def greedy(job: Job) -> None:
            attempts.append(1)
            async with app.transaction():
                if len(attempts) <= 2:
                    await both.wait()
                    await job.enqueue("child")

        await app.enqueue_many("greedy", [None] * 2)
        async with app.process():
            await eventually(lambda: _completed(connection, 2))
    assert len(attempts) in {3, 4}


async def _completed(connection: asyncpg.Connection, count: int) -> bool:
    return await connection.fetchval("SELECT count(*) = $1 FROM headrace.outcome WHERE state = 'completed'", count)
