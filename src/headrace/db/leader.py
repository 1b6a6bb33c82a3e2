"""Leader election: whoever holds a session lock leads, and loses it the moment its session ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from headrace.db.connecting import CONNECTION_ERRORS, close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement


class Leadership:
    """One process's claim to lead in one matter, on a session of its own.

    The leader does its work on the session that holds the lock, so that work and leadership end
    together. Leading is an economy, not a guard: whatever a leader writes must also be right when two
    lead for a moment. A leader may also hang, and keep the lock; behind a pooler, without a direct
    connection, nobody can lead at all. So whoever follows looks whether work is overdue, and does it.
    """

    def __init__(self, pool: ConnectionPool, matter: str) -> None:
        self._pool = pool
        self._matter = matter
        self._session: Connection | None = None
        self._leads = False
        self.term = 0
        """Counts the sessions led in; what was remembered in an older term is void."""

    @property
    def is_possible(self) -> bool:
        """Whether anybody can lead from here."""
        return self._pool.has_direct

    async def session(self) -> Connection | None:
        """The session to lead on, or None while another process leads or nobody can.

        Raises the driver's errors where the server cannot be reached; leadership is then lost.
        """
        if not self.is_possible:
            return None
        if self._session is None or self._session.is_closed():
            self._leads = False
            self._session = await self._pool.connect(f"leader {self._matter}", is_direct=True)
        if not self._leads:
            try:
                self._leads = bool(
                    await self._session.fetchval(statement("headrace.db", "try_lead"), f"headrace {self._matter}")
                )
            except CONNECTION_ERRORS:
                await self.resign()
                raise
            self.term += self._leads
        return self._session if self._leads else None

    @asynccontextmanager
    async def following(self) -> AsyncGenerator[Connection]:
        """A session for who does not lead: its own, or one of the pool where it can have none."""
        if self._session is not None and not self._session.is_closed():
            yield self._session
            return
        async with self._pool.acquire() as session:
            yield session

    async def resign(self) -> None:
        """Gives up leadership by closing the session."""
        self._leads = False
        if self._session is not None:
            session, self._session = self._session, None
            await close(session)
