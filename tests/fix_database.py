"""The test's database, under the names our tests have for it; the kit's plugin makes it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from headrace.db.database import at_database
from headrace.db.migrate import ENGINE, MigrationSet

__all__ = ["ask", "at_database"]


def ask(dsn: str, query: str) -> object:
    """The one value a query answers, over a session of its own; for tests without an event loop."""

    async def fetch() -> object:
        session = await asyncpg.connect(dsn)
        try:
            return await session.fetchval(query)
        finally:
            await session.close()

    return asyncio.run(fetch())


@pytest.fixture(scope="session")
def headrace_migrations() -> list[MigrationSet]:
    """Ours and the CRM's: one template for the tests of both."""
    return [ENGINE, MigrationSet("headrace_crm", "headrace_crm")]


@pytest.fixture(scope="session")
def server_dsn(headrace_server: str) -> str:
    """The server of the run, which all workers share: the one given, or an embedded one."""
    return headrace_server


@pytest.fixture
def database(headrace_database: str) -> str:
    """The address of a fresh migrated database, dropped after the test."""
    return headrace_database


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A session in the test's database."""
    session = await asyncpg.connect(database)
    try:
        yield session
    finally:
        await session.close()
