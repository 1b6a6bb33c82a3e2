"""Removes the keys of limits that nobody uses any more."""

from datetime import timedelta

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.jobs.limit_rules import forget_keys
from headrace.service import Service
from headrace.telemetry import Telemetry

_SLICE = 2_000
_PAUSE = timedelta(milliseconds=100)
_UNUSED = timedelta(days=1)


class LimitKeeper(Service):
    """Goes through the keys hourly, slice by slice. A key without its row holds nothing, and its bucket is full."""

    def __init__(self, pool: ConnectionPool, *, clock: Clock, telemetry: Telemetry) -> None:
        super().__init__("limit keeper", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool
        self._clock = clock
        self._after = ""

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            last, seen, count = await forget_keys(
                connection, after=self._after, limit=_SLICE, unused=_UNUSED, now=self._clock.override()
            )
        if count:
            self.telemetry.emit("limit_keys.forgotten", count=count)
        if last is None or seen < _SLICE:
            self._after = ""
            return None
        self._after = last
        return _PAUSE
