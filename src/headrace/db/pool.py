"""The pool of connections, and single sessions for the loops that need one of their own."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
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
from headrace.db.connection import Connection, Row
from headrace.db.lending import Held, Lending, Loan
from headrace.db.liveness import probe_peer
from headrace.errors import ConfigurationError


class ConnectionPool:
    """A pool of sessions to one database.

    `size` bounds the sessions open at a time, `patience` how long `acquire` waits for a free one,
    `statement_limit` how long a statement of the engine's own loops, on their sessions beside the pool,
    may take. A session that is lost is replaced at the next `acquire`; nothing is retried by itself.

    `direct_dsn` reaches the same database past a pooler, for what needs a session of its own: to
    listen, and to hold locks. None: the same as `dsn`, unless a pooler is found there.

    `resets` False promises that who borrows a session leaves nothing behind in it: then it is reset only
    after an error or a cancellation.
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
        resets: bool = True,
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
        self._resets = resets
        self._pool: Any = None
        self._lending: Lending | None = None

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

    @property
    def usage(self) -> tuple[int, int]:
        """How many sessions are lent now, and how many more may be; none of either while it is closed."""
        return (0, 0) if self._lending is None else self._lending.usage

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
        self._lending = Lending(self._pool, size=self._size)

    async def close(self, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Closes every session; those still lent after `timeout` are cut."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        lending, self._lending = self._lending, None
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                if lending is not None:
                    await lending.close()
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
        async with self.loan() as loan:
            yield loan.session

    @asynccontextmanager
    async def loan(self) -> AsyncGenerator[Loan]:
        """As `acquire`, for the engine's own writing: with `is_clean` set the session goes back without a reset."""
        lending = self._open_lending()
        held = await self._take(lending)
        loan = Loan(held.session)
        is_unharmed = False
        try:
            yield loan
            is_unharmed = True
        finally:
            await lending.give_back(held, is_clean=is_unharmed and (loan.is_clean or not self._resets))

    async def execute(self, query: str, *args: Any) -> list[Row]:
        """Runs one statement of the engine's own, committed by itself, in one round trip; its rows.

        It must leave the session as it was (no SET, LISTEN, PREPARE or session lock), since nothing resets
        it. Raises as `acquire` does, and what the statement raises.
        """
        if self._is_pooled:
            # Nothing may be prepared there for longer than a transaction.
            async with self.acquire() as connection, connection.transaction():
                return await connection.fetch(query, *args)
        lending = self._lending or self._open_lending()
        held = lending.take_at_hand() or await self._take(lending)
        is_sent = False
        try:
            prepared = held.statements.get(query) or await held.prepare(query)
            # The driver looks here whether the session is open, so that nobody else needs to at each call.
            running = prepared.fetch(*args)
            is_sent = True
            rows: list[Row] = await running
        except BaseException as error:
            was_lost = not is_sent and isinstance(error, asyncpg.InterfaceError) and not held.is_open
            await lending.give_back(held, is_clean=False)
            if not was_lost:
                raise
        else:
            lending.keep(held)
            return rows
        # The session was lost while it was kept, and nothing was sent on it: the next one does it.
        return await self.execute(query, *args)

    def _open_lending(self) -> Lending:
        if self._lending is None:
            raise ConfigurationError("the pool is closed; use the app inside `async with app:`")
        return self._lending

    async def _take(self, lending: Lending) -> Held:
        try:
            return await lending.take(self._patience)
        except TimeoutError as error:
            raise TimeoutError(
                f"none of {self._size} sessions became free within {self._patience}; raise the pool's size, "
                "and ask for no second session in a block that holds one"
            ) from error

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
