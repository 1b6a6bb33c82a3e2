"""Keeps the partitions of the log made ahead of need."""

from datetime import timedelta

from headrace.db.connection import Pool
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.service import Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events"

PARTITION_SIZE = 10_000_000
"""Positions a partition; the migration makes the first ones of this size."""


class PartitionKeeper(Service):
    """Makes the partition of the next position and `ahead` more; any number of processes may run it.

    Where it comes too late, events go to the default partition and are moved when it is back.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        telemetry: Telemetry,
        size: int = PARTITION_SIZE,
        ahead: int = 1,
        idle: timedelta = timedelta(minutes=1),
    ) -> None:
        super().__init__("event-partitions", telemetry=telemetry, idle=idle)
        if size < 1 or ahead < 0:
            raise ConfigurationError(f"size must be at least 1 and ahead at least 0, got {size} and {ahead}")
        self._pool = pool
        self._size = size
        self._ahead = ahead

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            made = await connection.fetchval(statement(_PACKAGE, "ensure_partitions"), self._size, self._ahead)
        if made:
            self.telemetry.emit("events.partitions", made_count=made)
        return None
