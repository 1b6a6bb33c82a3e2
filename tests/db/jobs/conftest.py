import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from fix_database import at_database


@pytest.fixture
def sync_database(run, server_dsn: str, template: str, worker_id: str) -> Iterator[str]:
    """A fresh migrated database for a test that runs an event loop of its own."""
    name = f"headrace_{run.id}_{worker_id}_sync"

    async def admin(statement: str) -> None:
        session = await asyncpg.connect(server_dsn)
        try:
            await session.execute(statement)
        finally:
            await session.close()

    asyncio.run(admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'))
    yield at_database(server_dsn, name)
    asyncio.run(admin(f'DROP DATABASE "{name}" WITH (FORCE)'))
