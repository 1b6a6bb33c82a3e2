"""A session of one's own, opened when first needed and again after it was lost."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from headrace.db.connecting import close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement


class Session:
    """Holds one connection beside the pool for a loop that always needs one, with settings of its own."""

    def __init__(self, pool: ConnectionPool, purpose: str, **settings: str) -> None:
        self._pool = pool
        self._purpose = purpose
        self._settings = settings
        self._connection: Connection | None = None

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[Connection]:
        """The open connection for a block of statements that belong together.

        Behind a pooler the block is a transaction, since the settings hold no longer than one there;
        otherwise each statement commits by itself. Raises the driver's errors where the server cannot be
        reached.
        """
        connection = await self.get()
        if not self._pool.is_pooled or not self._settings:
            yield connection
            return
        async with connection.transaction():
            names, values = list(self._settings), list(self._settings.values())
            await connection.execute(statement("headrace.db", "set_for_transaction"), names, values)
            yield connection

    async def get(self) -> Connection:
        """The open connection, with the settings unless a pooler is between."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._pool.connect(self._purpose, settings=self._settings)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)
