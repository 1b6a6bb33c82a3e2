"""Keeps the day partitions of the job tables made ahead."""

from datetime import timedelta

from headrace.db.pool import ConnectionPool
from headrace.jobs import store
from headrace.service import Service
from headrace.telemetry import Telemetry


class DayKeeper(Service):
    """Makes the partitions of today and the next days. Rows of a day without one wait in the default partition."""

    def __init__(self, pool: ConnectionPool, *, telemetry: Telemetry, days_ahead: int = 3) -> None:
        super().__init__("job partitioner", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool
        self._days_ahead = days_ahead

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            made = await store.ensure_days(connection, ahead=self._days_ahead)
        if made:
            self.telemetry.emit("jobs.partitions_made", count=made)
        return None
