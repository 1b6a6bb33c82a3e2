import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.db.pool import CONNECTION_ERRORS
from headrace.db.statements import statement
from headrace.events.head import Head
from headrace.events.read import head_position
from headrace.events.store import append
from headrace.telemetry import Telemetry

NOTE = NoteTaken("hi")
_LEAD = "SELECT pg_advisory_lock(hashtextextended('headrace head', 0))"


@pytest.fixture
async def head(pool):
    head = Head(pool, telemetry=Telemetry(), pace=timedelta(0))
    yield head
    await head.stop()


@asynccontextmanager
async def writing(database: str):
    """A session in a transaction of its own that has appended one event."""
    session = await asyncpg.connect(database)
    transaction = session.transaction()
    await transaction.start()
    position = (await append(session, [new(NOTE)]))[0].position
    try:
        yield session, transaction, position
    finally:
        await session.close()


async def write(pool) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return (await append(connection, [new(NOTE)]))[0].position


async def turns(head: Head, count: int = 2) -> None:
    for _ in range(count):
        await head.run_once()


async def test_the_head_follows_committed_events_at_once(pool, head):
    last = [await write(pool) for _ in range(3)][-1]
    await head.run_once()
    assert await head_position(pool) == last


async def test_the_head_waits_for_an_open_transaction_with_a_lower_position(database, pool, head):
    async with writing(database) as (_, transaction, position):
        last = await write(pool)
        await turns(head, 5)
        assert await head_position(pool) == position - 1
        await transaction.commit()
    await turns(head)
    assert await head_position(pool) == last


async def test_a_position_that_was_rolled_back_is_passed(database, pool, head):
    async with writing(database) as (_, transaction, _):
        last = await write(pool)
        await turns(head)
        await transaction.rollback()
    await turns(head)
    assert await head_position(pool) == last


async def test_a_position_of_a_savepoint_rolled_back_is_passed_while_its_transaction_goes_on(database, pool, head):
    session = await asyncpg.connect(database)
    async with session.transaction():
        savepoint = session.transaction()
        await savepoint.start()
        await append(session, [new(NOTE)])
        last = await write(pool)
        await turns(head)
        assert await head_position(pool) < last
        await savepoint.rollback()
        await turns(head)
        assert await head_position(pool) == last
    await session.close()


async def test_a_position_of_a_killed_session_is_passed(database, pool, connection, head):
    async with writing(database) as (session, _, _):
        last = await write(pool)
        await turns(head)
        await connection.execute("SELECT pg_terminate_backend($1, 5000)", session.get_server_pid())
    await turns(head)
    assert await head_position(pool) == last


async def test_writers_that_come_later_hold_nothing_back(database, pool, head):
    async with writing(database) as (_, first, _):
        seen = await write(pool)
        await turns(head)
        async with writing(database):
            await write(pool)
            await first.rollback()
            await turns(head)
            assert await head_position(pool) == seen


async def test_a_run_without_gaps_is_published_before_what_is_behind_an_open_transaction(database, pool, head):
    runs = [await write(pool) for _ in range(3)]
    async with writing(database):
        await write(pool)
        await head.run_once()
        assert await head_position(pool) == runs[-1]


async def test_transactions_that_write_elsewhere_hold_nothing_back(database, connection, pool, head):
    await connection.execute("CREATE TABLE elsewhere (n integer)")
    async with connection.transaction():
        await connection.execute("INSERT INTO elsewhere VALUES (1)")
        await connection.fetch("SELECT * FROM headrace.event")
        async with writing(database) as (_, transaction, _):
            await transaction.rollback()
        last = await write(pool)
        await turns(head)
        assert await head_position(pool) == last


async def test_a_prepared_transaction_holds_the_head_until_it_is_decided(database, connection, pool, head):
    if not int(await connection.fetchval("SHOW max_prepared_transactions")):
        pytest.skip("the server allows no prepared transactions (max_prepared_transactions is 0)")
    session = await asyncpg.connect(database)
    await session.execute("BEGIN")
    position = (await append(session, [new(NOTE)]))[0].position
    last = await write(pool)
    await turns(head)
    name = f"prepared {database[-20:]}"
    await session.execute(f"PREPARE TRANSACTION '{name}'")
    await session.close()
    await turns(head, 5)
    assert await head_position(pool) == position - 1

    await connection.execute(f"COMMIT PREPARED '{name}'")
    await turns(head)
    assert await head_position(pool) == last


async def test_an_unprivileged_role_can_lead(database, pool, connection):
    role = f"plain_{connection.get_server_pid()}"
    await connection.execute(f"CREATE ROLE {role}")
    try:
        await connection.execute(
            f"GRANT USAGE ON SCHEMA headrace TO {role}; GRANT SELECT ON headrace.event TO {role};"
            f"GRANT SELECT, UPDATE ON headrace.head TO {role}"
        )
        async with writing(database) as (_, transaction, _):
            last = await write(pool)
            await connection.execute(f"SET ROLE {role}")

            head = Head(pool, telemetry=Telemetry(), pace=timedelta(0))
            await head._begin_term(connection)
            await head._advance(connection)
            assert await head_position(pool) < last
            await transaction.rollback()
            await head._advance(connection)
            assert await head_position(pool) == last
    finally:
        await connection.execute("RESET ROLE")
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_the_head_never_goes_back(pool, head, connection):
    last = await write(pool)
    await head.run_once()
    await connection.execute(statement("headrace.events", "publish_head"), last - 1)
    assert await head_position(pool) == last


async def test_readers_are_told_when_the_head_has_moved_and_only_then(pool):
    told = []
    head = Head(pool, telemetry=Telemetry(), announce=lambda: told.append(1), pace=timedelta(0))
    await write(pool)
    await turns(head, 3)
    await head.stop()
    assert told == [1]


async def test_one_of_two_leads_and_the_other_takes_over(pool):
    first = Head(pool, telemetry=Telemetry(), pace=timedelta(0), idle=timedelta(milliseconds=1))
    second = Head(pool, telemetry=Telemetry(), pace=timedelta(0), idle=timedelta(milliseconds=1))
    await first.run_once()
    await second.run_once()
    assert (first.is_leading, second.is_leading) == (True, False)

    await first.stop()
    last = await write(pool)
    while not second.is_leading:
        await second.run_once()
        await asyncio.sleep(0)
    assert await head_position(pool) == last
    await second.stop()


@pytest.fixture
async def hanging(connection):
    """Another session has the lead, and does nothing with it."""
    await connection.execute(_LEAD)
    return connection


@pytest.fixture
async def followers(pool):
    both = [Head(pool, telemetry=Telemetry(), pace=timedelta(0), idle=timedelta(milliseconds=1)) for _ in range(2)]
    yield both
    for one in both:
        await one.stop()


async def test_who_follows_moves_a_head_that_stands_still(pool, hanging, followers):
    told: list[int] = []
    head = Head(pool, telemetry=Telemetry(), announce=lambda: told.append(1), idle=timedelta(milliseconds=1))
    last = await write(pool)
    await head.run_once()
    assert await head_position(pool) < last, "it may be about to be moved by who leads"
    await reaches(pool, [head], last)
    assert told == [1]
    await head.stop()


async def test_who_follows_waits_for_writers_as_who_leads_does(database, pool, hanging, followers):
    async with writing(database) as (_, transaction, position):
        last = await write(pool)
        await looks(followers, 3)
        assert await head_position(pool) == position - 1
        await transaction.rollback()
        await reaches(pool, followers, last)


async def test_who_stood_in_does_not_wait_before_the_next_time(pool, hanging, followers):
    await reaches(pool, followers[:1], await write(pool))
    last = await write(pool)
    await looks(followers[:1], 1)
    assert await head_position(pool) == last


async def test_who_stood_in_leaves_it_to_who_leads_once_that_moves_again(pool, hanging, followers):
    await reaches(pool, followers[:1], await write(pool))
    await write(pool)
    leader = Head(pool, telemetry=Telemetry(), pace=timedelta(0))
    await leader.step(hanging)
    last = await write(pool)
    await looks(followers[:1], 1)
    assert await head_position(pool) < last
    await reaches(pool, followers[:1], last)


async def looks(heads: list[Head], count: int) -> None:
    """Lets each of these heads look so often, past the rests between."""
    for head in heads * count:
        head._look_again_at = 0
        await head.run_once()


async def reaches(pool, heads: list[Head], position: int) -> None:
    for _ in range(3):
        await looks(heads, 1)
    assert await head_position(pool) == position


async def test_epochs_of_a_lost_session_are_forgotten(database, pool, connection, head):
    async with writing(database) as (_, transaction, _):
        last = await write(pool)
        await turns(head)
        assert head._epochs
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name LIKE '%leader head' AND datname = current_database()"
        )
        with suppress(*CONNECTION_ERRORS):  # unless the driver has noticed before
            await turns(head)
        await transaction.rollback()
    await turns(head, 3)
    assert head._leadership.term == 2
    assert await head_position(pool) == last
