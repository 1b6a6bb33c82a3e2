"""A fresh, migrated database for every test that asks for one.

Databases are cloned from one template with FILE_COPY: measured here, 12-28 ms against 82-100 ms with WAL_LOG.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from fix_run import RUN, Run
from headrace.db.embedded import EmbeddedServer
from headrace.db.migrate import ENGINE, MigrationSet, migrate

# Nothing of a test run has to survive a crash; tests that crash a server start a durable one of their own.
_HASTY = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "synchronous_commit": "off",
}
_TEMPLATE_LOCK = 0x6865_6164


def ask(dsn: str, query: str) -> object:
    """The one value a query answers, over a session of its own; for tests without an event loop."""

    async def fetch() -> object:
        session = await asyncpg.connect(dsn)
        try:
            return await session.fetchval(query)
        finally:
            await session.close()

    return asyncio.run(fetch())


def at_database(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def _migration_sets() -> list[MigrationSet]:
    sets = [ENGINE]
    if files("headrace_crm").joinpath("migrations").is_dir():
        sets.append(MigrationSet("headrace_crm", "headrace_crm"))
    return sets


async def _make_template(server_dsn: str, name: str) -> None:
    admin = await asyncpg.connect(server_dsn)
    try:
        await admin.execute("SELECT pg_advisory_lock($1)", _TEMPLATE_LOCK)
        if await admin.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            return
        unfinished = f"{name}_unfinished"
        await admin.execute(f'DROP DATABASE IF EXISTS "{unfinished}"')
        await admin.execute(f'CREATE DATABASE "{unfinished}"')
        session = await asyncpg.connect(at_database(server_dsn, unfinished))
        try:
            await migrate(session, sets=_migration_sets())
        finally:
            await session.close()
        await admin.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
        await admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    finally:
        await admin.close()


async def _drop_databases(server_dsn: str, run_id: str) -> None:
    admin = await asyncpg.connect(server_dsn)
    try:
        ours = await admin.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", f"headrace_{run_id}_"
        )
        for row in ours:
            await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
    finally:
        await admin.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is not None and run.given is not None and not hasattr(config, "workerinput"):
        asyncio.run(_drop_databases(run.given, run.id))


@pytest.fixture(scope="session")
def server_dsn(run: Run) -> Iterator[str]:
    """The server of the run, which all workers share: the one given, or an embedded one."""
    if run.given is not None:
        yield run.given
        return
    with EmbeddedServer(run.server_folder, say=lambda _: None, settings=_HASTY) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def template(run: Run, server_dsn: str) -> str:
    """The name of the migrated database that tests clone; the first worker to come makes it."""
    name = f"headrace_{run.id}_template"
    asyncio.run(_make_template(server_dsn, name))
    return name


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
async def database(
    run: Run, server_dsn: str, template: str, worker_id: str, _numbers: Iterator[int]
) -> AsyncIterator[str]:
    """The address of a fresh migrated database, dropped after the test."""
    name = f"headrace_{run.id}_{worker_id}_{next(_numbers)}"
    admin = await asyncpg.connect(server_dsn)
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        yield at_database(server_dsn, name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A session in the test's database."""
    session = await asyncpg.connect(database)
    try:
        yield session
    finally:
        await session.close()
