"""How long this machine keeps those waiting who want to do little and often."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

_BEAT_SECONDS = 0.02
_QUERY_SECONDS = 0.001


class Lateness:
    """What one who rests for 20 ms and then asks the database something small has waited beyond that, in all."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._seconds = 0.0

    @property
    def total(self) -> timedelta:
        return timedelta(seconds=self._seconds)

    async def beat(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)
            await self._connection.fetchval("SELECT 1")
            self._seconds += max(0.0, time.monotonic() - began - _BEAT_SECONDS - _QUERY_SECONDS)


@asynccontextmanager
async def measured_lateness(dsn: str) -> AsyncIterator[Lateness]:
    """Measures it for a block."""
    connection = await asyncpg.connect(dsn)
    lateness = Lateness(connection)
    beating = asyncio.create_task(lateness.beat())
    try:
        yield lateness
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        connection.terminate()
