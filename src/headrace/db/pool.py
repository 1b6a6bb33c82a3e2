"""The pool of connections, and single sessions for the loops that need one of their own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import asyncpg

from headrace.db.connection import Connection
from headrace.errors import ConfigurationError

CONNECTION_ERRORS: tuple[type[BaseException], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a session cut in the middle of something may raise
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""What a lost, refused or restarting server raises; work is kept and tried again."""

_CONNECT_SECONDS = 10


async def connect(dsn: str, *, application_name: str, **settings: str) -> Connection:
    """Opens one session, named so that `pg_stat_activity` tells what it is for.

    Raises ConfigurationError where the DSN cannot be read, and the driver's own errors where the
    server refuses.
    """
    try:
        session = await asyncpg.connect(
            dsn,
            timeout=_CONNECT_SECONDS,
            server_settings={"application_name": application_name, **settings},
        )
    except (ValueError, asyncpg.InterfaceError) as error:
        raise _bad_dsn(error) from error
    return cast("Connection", session)


async def close(connection: Connection) -> None:
    """Closes a session in good order; a broken one is simply dropped."""
    session = cast("asyncpg.Connection[Any]", connection)
    try:
        await session.close(timeout=1)
    except CONNECTION_ERRORS:
        session.terminate()


class ConnectionPool:
    """A pool of sessions to one database.

    `size` bounds the sessions open at a time, `patience` how long `acquire` waits for a free one. A
    session that is lost is replaced at the next `acquire`; nothing is retried by itself.
    """

    def __init__(
        self,
        dsn: str,
        *,
        size: int = 10,
        application_name: str = "headrace",
        patience: timedelta = timedelta(seconds=30),
    ) -> None:
        if size < 1:
            raise ConfigurationError(f"pool size must be at least 1, got {size}")
        self._dsn = dsn
        self._size = size
        self._application_name = application_name
        self._patience = patience
        self._pool: Any = None

    @property
    def dsn(self) -> str:
        return self._dsn

    async def open(self) -> None:
        """Opens the pool with one session, so that a wrong address fails here and not later."""
        if self._pool is not None:
            return
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=self._size,
                timeout=_CONNECT_SECONDS,
                server_settings={"application_name": self._application_name},
            )
        except (ValueError, asyncpg.InterfaceError) as error:
            raise _bad_dsn(error) from error

    async def close(self, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Closes every session; those still lent after `timeout` are cut."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                await pool.close()
        except (TimeoutError, *CONNECTION_ERRORS):
            pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        """Lends a session for a block.

        Raises ConfigurationError before `open` and after `close`, and TimeoutError where none becomes
        free in time: blocks that hold a session and ask for another could otherwise wait for each other
        for ever.
        """
        if self._pool is None:
            raise ConfigurationError("the pool is closed; use the app inside `async with app:`")
        pool = self._pool
        try:
            session = await pool.acquire(timeout=self._patience.total_seconds())
        except TimeoutError as error:
            raise TimeoutError(
                f"none of {self._size} sessions became free within {self._patience}; raise the pool's size, "
                "and ask for no second session in a block that holds one"
            ) from error
        try:
            yield session
        finally:
            await pool.release(session)

    async def connect(self, purpose: str, **settings: str) -> Connection:
        """Opens a session of its own beside the pool, for a loop that listens or holds a lock."""
        return await connect(self._dsn, application_name=f"{self._application_name} {purpose}", **settings)


def _bad_dsn(error: BaseException) -> ConfigurationError:
    return ConfigurationError(
        f"the database address cannot be used: {error}; write it as postgresql://user:password@host:5432/database"
    )
