"""Keeps the table of kinds true for those who enqueue in plain SQL."""

from collections.abc import Sequence
from datetime import timedelta

from headrace.db.pool import ConnectionPool
from headrace.jobs import store
from headrace.jobs.registry import Kind
from headrace.service import Service
from headrace.telemetry import Telemetry


class KindKeeper(Service):
    """Writes the kinds a worker handles and their defaults when it starts, and that they still are handled hourly."""

    def __init__(self, pool: ConnectionPool, kinds: Sequence[Kind], *, app_name: str, telemetry: Telemetry) -> None:
        super().__init__("kind keeper", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool
        self._kinds = kinds
        self._app_name = app_name

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            await store.register_kinds(connection, self._kinds, app_name=self._app_name)
        return None
