"""Sends wake-ups: each at most once every few milliseconds, never in a caller's transaction."""

import asyncio
import logging
from datetime import timedelta

from headrace.db.connecting import CONNECTION_ERRORS, close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry


class Notifier(Service):
    """Coalesces the wake-ups a process wants sent.

    A commit with a pending NOTIFY takes a lock that serialises all such commits in the cluster, so
    hints go out after the commit, on a session of their own. The first one leaves at once; those
    that come within `interval` of it share the next, and while they keep coming the interval grows,
    up to `longest`: who is told a hundred times a second is awake.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        telemetry: Telemetry,
        interval: timedelta = timedelta(milliseconds=3),
        longest: timedelta = timedelta(milliseconds=10),
    ) -> None:
        super().__init__("notifier", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool
        self._interval = interval
        self._longest = max(interval, longest)
        self._rest_now = interval
        self._pending: set[tuple[str, str]] = set()
        self._session: Connection | None = None

    def notify(self, channel: str, about: str = "") -> None:
        """Asks for a wake-up on a channel, of those alone whom it concerns where `about` says it; returns at once."""
        hint = (channel, about)
        if hint not in self._pending:
            self._pending.add(hint)
            self.wake()

    async def run_once(self) -> timedelta | None:
        if not self._pending:
            return None
        hints, self._pending = self._pending, set()
        try:
            if self._session is None or self._session.is_closed():
                self._session = await self._pool.connect("notifier")
            await self._session.execute(statement("headrace.db", "notify"), *zip(*sorted(hints), strict=True))
        except CONNECTION_ERRORS:
            self._pending |= hints
            raise
        self.telemetry.emit("wakeup.sent", count=len(hints))
        if not self.is_stopping:
            # Slept here and not in the loop's rest, which the next wake-up would end at once.
            await asyncio.sleep(self._rest_now.total_seconds())
        self._rest_now = min(self._rest_now * 1.5, self._longest) if self._pending else self._interval
        return AGAIN if self._pending else None

    async def on_stop(self) -> None:
        try:
            await self.run_once()
        except CONNECTION_ERRORS as error:
            self.telemetry.emit("notifier.unsent", level=logging.INFO, reason=repr(error))
        if self._session is not None:
            session, self._session = self._session, None
            await close(session)
