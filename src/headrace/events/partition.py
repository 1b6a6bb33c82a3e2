"""Keeps the partitions of the log made ahead of need."""

from datetime import timedelta

from headrace.db.connection import Connection, Pool
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import DOMAIN
from headrace.events.event_class import partition_span
from headrace.events.retention import EventRetention
from headrace.service import Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events"

PARTITION_SIZE = 10_000_000
"""Positions a partition; the migration makes the first ones of this size."""


class PartitionKeeper(Service):
    """Makes the partitions of the next position and of today and more ahead; any number of processes may run it.

    Those of class `domain` have `size` positions each; those of the other classes a tenth of the time that
    `retention` keeps them. Classes of an app's own are made where they are missing.

    Where it comes too late, events go to the default partition and are moved when it is back.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        telemetry: Telemetry,
        retention: EventRetention | None = None,
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
        self._retention = retention or EventRetention()

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            await ensure_classes(connection, self._retention)
            made = await connection.fetchval(statement(_PACKAGE, "ensure_partitions"), self._size, self._ahead)
        if made:
            self.telemetry.emit("events.partitions", made_count=made)
        return None


async def ensure_classes(connection: Connection, retention: EventRetention) -> None:
    """Makes the retention classes that are missing, and gives each its width of partitions."""
    for name, period in retention.periods.items():
        if name != DOMAIN:
            await connection.fetchval(statement(_PACKAGE, "ensure_class"), name, partition_span(period))
