"""The pool of connections, and single sessions for the loops that need one of their own."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import asyncpg

from headrace.db.connecting import (
    CONNECT_SECONDS,
    CONNECTION_ERRORS,
    bad_address,
    connect,
    is_behind_pooler,
    options,
)
from headrace.db.connection import Connection
from headrace.db.liveness import probe_peer
from headrace.errors import ConfigurationError

_RELEASE_SECONDS = 10


class ConnectionPool:
    """A pool of sessions to one database.

    `size` bounds the sessions open at a time, `patience` how long `acquire` waits for a free one,
    `statement_limit` how long a statement of the engine's own loops, on their sessions beside the pool,
    may take. A session that is lost is replaced at the next `acquire`; nothing is retried by itself.

    `direct_dsn` reaches the same database past a pooler, for what needs a session of its own: to
    listen, and to hold locks. None: the same as `dsn`, unless a pooler is found there.
    """

    def __init__(
        self,
        dsn: str,
        *,
        direct_dsn: str | None = None,
        size: int = 10,
        application_name: str = "headrace",
        patience: timedelta = timedelta(seconds=30),
        statement_limit: timedelta = timedelta(seconds=30),
    ) -> None:
        if size < 1:
            raise ConfigurationError(f"pool size must be at least 1, got {size}")
        self._dsn = dsn
        self._direct_dsn = direct_dsn
        self._is_pooled = False
        self._size = size
        self._application_name = application_name
        self._patience = patience
        self._statement_limit = statement_limit
        self._pool: Any = None

    @property
    def dsn(self) -> str:
        return self._dsn

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler was found at the address: no session may be expected to last longer than a transaction."""
        return self._is_pooled

    @property
    def has_direct(self) -> bool:
        """Whether a session can be had that is nobody else's as long as it is open."""
        return self._direct_dsn is not None or not self._is_pooled

    async def open(self) -> None:
        """Opens the pool with one session, so that a wrong address fails here and not later."""
        if self._pool is not None:
            return
        self._is_pooled = await is_behind_pooler(self._dsn, application_name=self._application_name)
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=self._size,
                timeout=CONNECT_SECONDS,
                init=_prepare,
                **options(
                    self._application_name,
                    is_pooled=self._is_pooled,
                ),
            )
        except (ValueError, asyncpg.InterfaceError) as error:
            raise bad_address(error) from error

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
            # One that cannot be cleared is cut and replaced; what the block did with it stands.
            with suppress(*CONNECTION_ERRORS):
                await pool.release(session, timeout=_RELEASE_SECONDS)

    async def connect(
        self,
        purpose: str,
        *,
        is_direct: bool = False,
        patience: timedelta | None = None,
        name: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Connection:
        """Opens a session beside the pool, for a loop; `is_direct` for one that listens or holds a lock.

        A statement of it may take `patience`, None the pool's `statement_limit`. `name` comes before the
        purpose in its application_name; None is the pool's. Raises ConfigurationError where a direct one cannot be had.
        """
        if is_direct and not self.has_direct:
            raise ConfigurationError(
                f"{purpose} needs a session of its own, and a pooler answers at the database's address; "
                "set HEADRACE_DIRECT_DATABASE_URL to an address that reaches PostgreSQL itself"
            )
        return await connect(
            (self._direct_dsn or self._dsn) if is_direct else self._dsn,
            application_name=f"{name or self._application_name} {purpose}",
            patience=patience or self._statement_limit,
            is_pooled=self._is_pooled and not is_direct,
            settings=settings,
        )


async def _prepare(session: Any) -> None:
    probe_peer(session)
