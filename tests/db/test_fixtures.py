import asyncpg
import pytest

from headrace.db.migrate import migration_status


async def test_a_tests_database_is_migrated(connection: asyncpg.Connection):
    assert all(status.is_current for status in await migration_status(connection))


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_a_tests_database_is_fresh(connection: asyncpg.Connection, turn: str):
    await connection.execute("CREATE TABLE left_behind (n int)")


async def test_the_database_goes_though_a_test_left_sessions_open(database: str, server_dsn: str):
    session = await asyncpg.connect(database)
    assert await session.fetchval("SELECT current_database()") != "headrace"
    session.terminate()
