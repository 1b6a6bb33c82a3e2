"""A database of an owner's that is no superuser, and a role an application runs as, on each supported version."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from fix_database import at_database
from headrace import MigrationSet, migrate, uuid7
from headrace.db.app_role import grant_app
from headrace.db.migrate import ENGINE


@dataclass(frozen=True)
class Roles:
    """The names of two roles, and the address of their database as each reaches it."""

    owner: str
    app: str
    owner_dsn: str
    app_dsn: str
    admin_dsn: str


def as_role(dsn: str, role: str) -> str:
    """The address of a database for somebody else."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def two_roles(server: str, *, sets: Sequence[MigrationSet] = (ENGINE,)) -> AsyncIterator[Roles]:
    """Both roles and a database of the owner's on a server, migrated by the owner, nothing granted to the other."""
    suffix = uuid7().hex
    owner, role, name = f"owner_{suffix}", f"app_{suffix}", f"roles_{suffix}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE ROLE {owner} LOGIN")
        await admin.execute(f"CREATE ROLE {role} LOGIN")
        await admin.execute(f"CREATE DATABASE {name} OWNER {owner}")
        dsn = at_database(server, name)
        session = await asyncpg.connect(as_role(dsn, owner))
        await migrate(session, sets=sets)
        await session.close()
        yield Roles(owner, role, as_role(dsn, owner), as_role(dsn, role), dsn)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"DROP ROLE IF EXISTS {owner}")
        await admin.execute(f"DROP ROLE IF EXISTS {role}")
        await admin.close()


@pytest.fixture
async def roles(version_database: str) -> AsyncIterator[Roles]:
    """Both roles and a database with the engine's schema."""
    async with two_roles(version_database) as made:
        yield made


@pytest.fixture
async def owning(roles: Roles) -> AsyncIterator[asyncpg.Connection]:
    """A session of the owner."""
    session = await asyncpg.connect(roles.owner_dsn)
    yield session
    await session.close()


@pytest.fixture
async def acting(roles: Roles, owning: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A session of the application's role, which may do what it needs."""
    await grant_app(owning, roles.app, schemas=["public"])
    session = await asyncpg.connect(roles.app_dsn)
    yield session
    await session.close()
