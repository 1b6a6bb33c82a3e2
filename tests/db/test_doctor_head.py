"""The doctor names who holds the safe head back, on every supported version."""

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.db.migrate import ENGINE
from headrace.doctor.examine import examine
from headrace.doctor.finding import Finding
from headrace.doctor.judge import judge
from headrace.events.store import append


@pytest.fixture
async def writer(version_database):
    """A session of an application with an insert into the log that it has not committed."""
    session = await asyncpg.connect(version_database, server_settings={"application_name": "slow importer"})
    await session.execute("BEGIN")
    await append(session, [new(NoteTaken("open"))])
    yield session
    await session.close()


async def found(connection: asyncpg.Connection) -> list[Finding]:
    """What the doctor says of events once another has been written and the head has stood for an hour."""
    async with connection.transaction():
        await append(connection, [new(NoteTaken("later"))])
    await connection.execute("UPDATE headrace.head SET settled_at = now() - interval '1 hour'")
    facts = await examine(connection, migrations=(ENGINE,), timeouts={})
    return [one for one in judge(facts) if one.about == "events"]


async def test_a_session_with_an_open_insert_is_named_with_its_query(version_connection, writer):
    await writer.fetchval("SELECT 'and then it thought'")
    pid = writer.get_server_pid()
    [finding] = await found(version_connection)
    assert f"process {pid} of slow importer" in finding.fact
    assert "SELECT 'and then it thought'" in finding.fact
    assert f"pg_terminate_backend({pid})" in finding.next_step
    await writer.execute("ROLLBACK")
    [finding] = await found(version_connection)
    assert "process" not in finding.fact


async def test_a_prepared_transaction_is_named_so_that_it_can_be_ended(version_connection, writer):
    await writer.execute("PREPARE TRANSACTION 'order 4711 of the doctor'")
    try:
        [finding] = await found(version_connection)
        assert "prepared transaction order 4711 of the doctor of postgres" in finding.fact
        assert "ROLLBACK PREPARED 'order 4711 of the doctor'" in finding.next_step
    finally:
        await writer.execute("ROLLBACK PREPARED 'order 4711 of the doctor'")


async def test_another_session_that_only_reads_the_log_is_not_named(version_connection, version_database):
    reader = await asyncpg.connect(version_database)
    try:
        await reader.execute("BEGIN")
        await reader.fetchval("SELECT count(*) FROM headrace.event")
        [finding] = await found(version_connection)
        assert "nobody has a transaction open" in finding.next_step
    finally:
        await reader.close()
