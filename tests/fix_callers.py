"""Callers with connections of their own: one form for every driver, to write on in a transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from fix_django import django_connection
from headrace import uuid7

Use = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """`connect` opens what the caller hands over; `begin` is its transaction; `execute` runs a statement of its own."""

    name: str
    connect: Callable[[str], AbstractAsyncContextManager[Any]]
    begin: Callable[[Any], AbstractAsyncContextManager[Any]]
    execute: Callable[[Any, str], Awaitable[Any]]
    is_blocking: bool = False
    tells_commit: bool = False

    async def call(self, app: Any, method: str, *args: Any, **options: Any) -> Any:
        """Calls `app.method`, or `app.sync.method` where the caller's driver blocks."""
        if self.is_blocking:
            return getattr(app.sync, method)(*args, **options)
        return await getattr(app, method)(*args, **options)


def sqlalchemy_address(dsn: str, driver: str) -> sqlalchemy.URL:
    return sqlalchemy.make_url(dsn).set(drivername=f"postgresql+{driver}")


def _blocking_block(block: Callable[[Any], Any]) -> Callable[[Any], AbstractAsyncContextManager[Any]]:
    @asynccontextmanager
    async def begin(connection: Any) -> AsyncIterator[None]:
        with block(connection):
            yield

    return begin


@asynccontextmanager
async def _asyncpg(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _psycopg_async(dsn: str) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        yield connection


@asynccontextmanager
async def _psycopg(dsn: str) -> AsyncIterator[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def _sqlalchemy_async(driver: str, *, session: bool) -> Callable[[str], AbstractAsyncContextManager[Any]]:
    @asynccontextmanager
    async def connect(dsn: str) -> AsyncIterator[Any]:
        engine = create_async_engine(sqlalchemy_address(dsn, driver))
        try:
            async with AsyncSession(engine) if session else engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    return connect


def _sqlalchemy(*, session: bool) -> Callable[[str], AbstractAsyncContextManager[Any]]:
    @asynccontextmanager
    async def connect(dsn: str) -> AsyncIterator[Any]:
        engine = sqlalchemy.create_engine(sqlalchemy_address(dsn, "psycopg"))
        try:
            with Session(engine) if session else engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    return connect


@asynccontextmanager
async def _django(dsn: str) -> AsyncIterator[Any]:
    with django_connection(dsn) as connection:
        yield connection


def _atomic(connection: Any) -> Any:
    from django.db import transaction

    return transaction.atomic(using=connection.alias)


async def _execute(connection: Any, query: str) -> None:
    await connection.execute(query)


async def _execute_now(connection: Any, query: str) -> None:
    connection.execute(query)


async def _execute_text(connection: Any, query: str) -> None:
    await connection.execute(sqlalchemy.text(query))


async def _execute_text_now(connection: Any, query: str) -> None:
    connection.execute(sqlalchemy.text(query))


async def _execute_cursor(connection: Any, query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)


CALLERS = (
    Caller("asyncpg", _asyncpg, lambda one: one.transaction(), _execute),
    Caller("psycopg-async", _psycopg_async, lambda one: one.transaction(), _execute),
    Caller("psycopg", _psycopg, _blocking_block(lambda one: one.transaction()), _execute_now, is_blocking=True),
    *(
        Caller(
            f"sqlalchemy-async-{kind}-{driver}",
            _sqlalchemy_async(driver, session=kind == "session"),
            lambda one: one.begin(),
            _execute_text,
        )
        for driver in ("asyncpg", "psycopg")
        for kind in ("connection", "session")
    ),
    Caller(
        "sqlalchemy-connection",
        _sqlalchemy(session=False),
        _blocking_block(lambda one: one.begin()),
        _execute_text_now,
        is_blocking=True,
    ),
    Caller(
        "sqlalchemy-session",
        _sqlalchemy(session=True),
        _blocking_block(lambda one: one.begin()),
        _execute_text_now,
        is_blocking=True,
        tells_commit=True,
    ),
    Caller("django", _django, _blocking_block(_atomic), _execute_cursor, is_blocking=True, tells_commit=True),
)


@pytest.fixture(params=CALLERS, ids=lambda caller: caller.name)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each kind of caller in turn."""
    return request.param


@asynccontextmanager
async def acting_as_producer(connection: asyncpg.Connection, *grants: str) -> AsyncIterator[None]:
    """A block in which the session is a role that has these grants only."""
    role = f"producer_{uuid7().hex}"
    await connection.execute(f"CREATE ROLE {role}")
    try:
        for grant in grants:
            await connection.execute(f"{grant} TO {role}")
        await connection.execute(f"SET ROLE {role}")
        yield
    finally:
        await connection.execute("RESET ROLE")
        await connection.execute(f"DROP OWNED BY {role}")
        await connection.execute(f"DROP ROLE {role}")
