"""Removes the windows of unique keys once they are over."""

from datetime import timedelta

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.jobs.unique import forget_holds
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 5_000


class HoldKeeper(Service):
    """Deletes them in batches; a window that is over holds nothing, with its row or without."""

    def __init__(self, pool: ConnectionPool, *, clock: Clock, telemetry: Telemetry) -> None:
        super().__init__("hold keeper", telemetry=telemetry, idle=timedelta(minutes=10))
        self._pool = pool
        self._clock = clock

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            count = await forget_holds(connection, limit=_BATCH, now=self._clock.override())
        if count:
            self.telemetry.emit("windows.forgotten", count=count)
        return AGAIN if count == _BATCH else None
