"""Records how attempts ended, in batches, on a connection of its own."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.jobs import store
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.store import ProgressReport, Settlement
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 1_000
_ROOM = 4_000
_LINGER = 0.003
_PROGRESS_INTERVAL = timedelta(milliseconds=250)


class Completer(Service):
    """Flushes settlements by size or after a few milliseconds, and progress reports a few times a second.

    Nothing is dropped while the database is away: settlements stay in memory and are flushed when it
    is back, fenced like all others. Runners wait in `room()` when too many are unflushed.
    """

    def __init__(
        self, pool: ConnectionPool, *, clock: Clock, telemetry: Telemetry, on_released: Callable[[], None]
    ) -> None:
        super().__init__("completer", telemetry=telemetry, idle=_PROGRESS_INTERVAL)
        self._session = Session(pool, "completer", jit="off")
        self._clock = clock
        self._on_released = on_released
        self._settled: list[Settlement] = []
        self._reports: dict[int, ProgressReport] = {}
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_repeat = False
        self.stale_count = 0

    def settle(self, settlement: Settlement) -> None:
        """Takes a settlement; it is recorded within a few milliseconds."""
        self._settled.append(settlement)
        count = len(self._settled)
        if count in {1, _BATCH}:
            self.wake()
        if count >= _ROOM:
            self._has_room.clear()

    def report(self, key: int, report: ProgressReport) -> None:
        """Takes a progress report; a later one under the same key replaces it until it is written."""
        self._reports[key] = report

    def forget(self, key: int) -> None:
        """Drops an unwritten report."""
        self._reports.pop(key, None)

    @property
    def has_room(self) -> bool:
        return self._has_room.is_set()

    async def room(self) -> None:
        """Waits until the backlog of settlements is small enough for more work."""
        await self._has_room.wait()

    async def run_once(self) -> timedelta | None:
        if self._settled and len(self._settled) < _BATCH and not self.is_stopping:
            await asyncio.sleep(_LINGER)
        await self.flush()
        return AGAIN if self._settled else None

    async def flush(self) -> None:
        """Records everything taken so far; raises the driver's errors, keeping what was not recorded."""
        reports, self._reports = self._reports, {}
        try:
            if reports:
                await store.save_progress(await self._session.get(), list(reports.values()))
            while self._settled:
                batch = self._settled[:_BATCH]
                await self._record(batch)
                del self._settled[: len(batch)]
                if len(self._settled) < _ROOM:
                    self._has_room.set()
        except BaseException:
            self._reports = {**reports, **self._reports}
            self._is_repeat = True
            raise
        self._is_repeat = False

    async def on_stop(self) -> None:
        await self._session.close()

    async def _record(self, batch: list[Settlement]) -> None:
        connection = await self._session.get()
        ended = [one for one in batch if isinstance(one.verdict, Ended)]
        again = [one for one in batch if isinstance(one.verdict, Again)]
        recorded: set[UUID] = set()
        if ended:
            recorded |= await store.finish_jobs(connection, ended, now=self._clock.override())
        if again:
            recorded |= await store.release_jobs(connection, again, now=self._clock.override())
            self._on_released()
        for one in batch:
            if one.claim.job_id not in recorded:
                self._note_stale(one)
        self.telemetry.emit("jobs.settled", count=len(batch), stale=len(batch) - len(recorded))

    def _note_stale(self, settlement: Settlement) -> None:
        # After a lost connection the first try may have committed: then this is no news.
        if self._is_repeat:
            return
        self.stale_count += 1
        self.telemetry.emit(
            "job.stale",
            level=logging.WARNING,
            job=settlement.claim.job_id,
            attempt=settlement.claim.attempt,
            lease=settlement.claim.lease,
            verdict=settlement.verdict,
        )
