"""A session of one's own, opened when first needed and again after it was lost."""

from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool, close


class Session:
    """Holds one connection beside the pool for a loop that always needs one."""

    def __init__(self, pool: ConnectionPool, purpose: str, **settings: str) -> None:
        self._pool = pool
        self._purpose = purpose
        self._settings = settings
        self._connection: Connection | None = None

    async def get(self) -> Connection:
        """The open connection; raises the driver's errors where the server cannot be reached."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._pool.connect(self._purpose, **self._settings)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)
