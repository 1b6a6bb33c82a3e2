"""Removes what is kept of flows and steps once their jobs are gone."""

from datetime import timedelta

from headrace.db.pool import ConnectionPool
from headrace.jobs.steps import forget_flows
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 5_000


class FlowKeeper(Service):
    """Follows the retention of jobs: what belongs to jobs older than the oldest one stored is deleted in batches."""

    def __init__(self, pool: ConnectionPool, *, telemetry: Telemetry) -> None:
        super().__init__("flow keeper", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            count = await forget_flows(connection, limit=_BATCH)
        if count:
            self.telemetry.emit("flows.forgotten", count=count)
        return AGAIN if count == _BATCH else None
