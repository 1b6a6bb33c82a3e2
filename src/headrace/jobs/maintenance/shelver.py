"""Keeps jobs of kinds that nobody handles out of the way of claims, and ends them at last."""

import logging
import time
from collections.abc import Callable, Collection
from datetime import timedelta

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.jobs.shelving import fail_unhandled, find_unhandled, shelve, unshelve
from headrace.service import Service
from headrace.telemetry import Telemetry

_BATCH = 5_000
_SHARE = 9
"""The rest after a turn, as a multiple of it: so that a long backlog takes a tenth of the time at most."""
_ENDING_BATCH = 1_000
_TURNS_BETWEEN_ENDINGS = 30


class Shelver(Service):
    """Runs in every worker process; any number may.

    A claim walks over due jobs of kinds its worker does not handle. Where no living worker handles a
    kind for `patience`, such as a restart takes, its due jobs are shelved: they wait outside the index
    of claims. A worker that handles a kind puts its shelved jobs back, now and at every turn. What has
    been shelved for `grace` ends as failed.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        handled: Collection[str],
        grace: timedelta,
        clock: Clock,
        telemetry: Telemetry,
        on_unshelved: Callable[[], None],
        patience: timedelta = timedelta(seconds=5),
    ) -> None:
        super().__init__("shelver", telemetry=telemetry, idle=timedelta(seconds=2))
        self._pool = pool
        self._handled = sorted(handled)
        self._grace = grace
        self._clock = clock
        self._on_unshelved = on_unshelved
        self._patience = patience.total_seconds()
        self._unhandled_since: dict[str, float] = {}
        self._turn = 0

    async def run_once(self) -> timedelta | None:
        began = time.monotonic()
        is_behind = await self._unshelve()
        is_behind |= await self._shelve(began)
        if self._turn % _TURNS_BETWEEN_ENDINGS == 0:
            is_behind |= await self._end()
        self._turn += not is_behind
        return timedelta(seconds=(time.monotonic() - began) * _SHARE) if is_behind else None

    async def _unshelve(self) -> bool:
        async with self._pool.acquire() as connection:
            count = await unshelve(connection, self._handled, limit=_BATCH)
        if count:
            self.telemetry.emit("jobs.unshelved", level=logging.INFO, count=count)
            self._on_unshelved()
        return count == _BATCH

    async def _shelve(self, now: float) -> bool:
        async with self._pool.acquire() as connection:
            kinds = await find_unhandled(connection, handled=self._handled, limit=_BATCH, now=self._clock.override())
            self._unhandled_since = {kind: self._unhandled_since.get(kind, now) for kind in kinds}
            lasting = [kind for kind, since in self._unhandled_since.items() if now - since >= self._patience]
            count = await shelve(connection, lasting, limit=_BATCH, now=self._clock.override()) if lasting else 0
        if count:
            self.telemetry.emit("jobs.shelved", level=logging.WARNING, count=count, kinds=", ".join(sorted(lasting)))
        return count > 0

    async def _end(self) -> bool:
        async with self._pool.acquire() as connection:
            ended = await fail_unhandled(connection, grace=self._grace, limit=_ENDING_BATCH, now=self._clock.override())
        if ended:
            self.telemetry.emit(
                "jobs.unhandled", level=logging.ERROR, count=ended.total(), kinds=", ".join(sorted(ended))
            )
            # Who waited for one of them may run now.
            self._on_unshelved()
        return ended.total() == _ENDING_BATCH
