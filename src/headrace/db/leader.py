"""Leader election: whoever holds a session lock leads, and loses it the moment its session ends."""

from headrace.db.connection import Connection
from headrace.db.pool import CONNECTION_ERRORS, ConnectionPool, close
from headrace.db.statements import statement


class Leadership:
    """One process's claim to lead in one matter, on a session of its own.

    The leader does its work on the session that holds the lock, so that work and leadership end
    together. Leading is an economy, not a guard: whatever a leader writes must also be right when two
    lead for a moment.
    """

    def __init__(self, pool: ConnectionPool, matter: str) -> None:
        self._pool = pool
        self._matter = matter
        self._session: Connection | None = None
        self._leads = False
        self.term = 0
        """Counts the sessions led in; what was remembered in an older term is void."""

    async def session(self) -> Connection | None:
        """The session to lead on, or None while another process leads.

        Raises the driver's errors where the server cannot be reached; leadership is then lost.
        """
        if self._session is None or self._session.is_closed():
            self._leads = False
            self._session = await self._pool.connect(f"leader {self._matter}")
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

    async def resign(self) -> None:
        """Gives up leadership by closing the session."""
        self._leads = False
        if self._session is not None:
            session, self._session = self._session, None
            await close(session)
