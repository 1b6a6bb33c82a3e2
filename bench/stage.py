"""Where the measuring happens: a durable server, and a fresh migrated database for every workload."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from headrace.db.address import ENVIRONMENT
from headrace.db.embedded import EmbeddedServer
from headrace.db.migrate import ENGINE, migrate
from headrace.db.statements import statement

_TABLES = ("create_plain_job", "index_plain_job", "create_plain_event", "index_plain_event")
_SKETCH = ("create_sketch_job", "index_sketch_job")


@dataclass(frozen=True, slots=True)
class Stage:
    """The server. `is_quick` asks workloads for a smoke instead of a measurement."""

    dsn: str
    is_quick: bool

    def pick(self, full: int, quick: int) -> int:
        """The size for this run."""
        return quick if self.is_quick else full

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The address of a new database with the engine's schema and the baselines' tables; dropped after."""
        name = f"bench_{uuid4().hex[:12]}"
        admin = await asyncpg.connect(self.dsn)
        try:
            await admin.execute(f'CREATE DATABASE "{name}"')
            dsn = urlunsplit(urlsplit(self.dsn)._replace(path=f"/{name}"))
            try:
                await _furnish(dsn)
                yield dsn
            finally:
                await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await admin.close()

    async def server_version(self) -> str:
        session = await asyncpg.connect(self.dsn)
        try:
            return str(await session.fetchval("SHOW server_version"))
        finally:
            await session.close()


@asynccontextmanager
async def stage(*, is_quick: bool) -> AsyncIterator[Stage]:
    """The server of HEADRACE_DATABASE_URL; where unset, an embedded one with its durable defaults."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        yield Stage(given, is_quick)
        return
    folder = _server_folder()
    server = EmbeddedServer(folder, say=lambda _: None)
    try:
        yield Stage(await asyncio.to_thread(server.start), is_quick)
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(folder, ignore_errors=True)


def _server_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hr-bench-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user when this one is root
    return folder


@asynccontextmanager
async def session_on(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of one's own, closed after."""
    session = await asyncpg.connect(dsn)
    try:
        yield session
    finally:
        await session.close()


async def _furnish(dsn: str) -> None:
    session = await asyncpg.connect(dsn)
    try:
        await migrate(session, sets=(ENGINE,))
        for name in (*_TABLES, *_SKETCH):
            await session.execute(statement("bench", name))
    finally:
        await session.close()
