"""Records how attempts ended, in batches, on a connection of its own."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from headrace.clock import Clock
from headrace.db.connecting import CONNECTION_ERRORS
from headrace.db.errors import UNSTORABLE
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.jobs import store
from headrace.jobs.job import Claim
from headrace.jobs.log_backlog import LogBacklog
from headrace.jobs.logs import insert_lines
from headrace.jobs.outcome import Again, Ended, report_error
from headrace.jobs.store import ProgressReport, Settlement
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 1_000
_ROOM = 4_000
_LINGER = 0.003
_PROGRESS_INTERVAL = timedelta(milliseconds=250)


class Completer(Service):
    """Flushes settlements by size or after a few milliseconds, and progress reports a few times a second.

    Of the kinds in `told` it is told that they completed; `on_told` is called where records of jobs may have been
    written. Nothing is dropped while the database is away: settlements stay in memory and are flushed when it
    is back, fenced like all others. Runners wait in `room()` when too many are unflushed.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        clock: Clock,
        telemetry: Telemetry,
        on_released: Callable[[], None],
        on_freed: Callable[[], None] | None = None,
        on_awaited: Callable[[], None] | None = None,
        on_recorded: Callable[[], None] | None = None,
        told: Sequence[str] = (),
        on_told: Callable[[], None] | None = None,
    ) -> None:
        super().__init__("completer", telemetry=telemetry, idle=_PROGRESS_INTERVAL)
        self._session = Session(pool, "completer", **store.BATCH_SESSION)
        self._clock = clock
        self._on_released = on_released
        self._on_freed = on_freed
        self._on_awaited = on_awaited
        self._on_recorded = on_recorded
        self._told = told
        self._on_told = on_told
        self._settled: list[Settlement] = []
        self._reports: dict[UUID, ProgressReport] = {}
        self._reporting = threading.Lock()
        self._due_at = 0.0
        self._are_logs_due = False
        self.logs = LogBacklog()
        self._flushing = asyncio.Lock()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_repeat = False
        self.stale_count = 0

    def settle(self, settlement: Settlement) -> None:
        """Takes a settlement; it is recorded within a few milliseconds."""
        self._settled.append(settlement)
        count = len(self._settled)
        if count in (1, _BATCH):
            self.wake()
        if count >= _ROOM:
            self._has_room.clear()

    def report(self, report: ProgressReport) -> None:
        """Takes a progress report, from any thread; a later one of the same job replaces it until it is written."""
        with self._reporting:
            self._reports[report.claim.job_id] = report

    def forget(self, job_id: UUID) -> None:
        """Drops an unwritten report of a job whose end is recorded, by itself or by another."""
        with self._reporting:
            self._reports.pop(job_id, None)
        if self._on_recorded is not None:
            self._on_recorded()

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
        async with self._flushing:
            try:
                while True:
                    batch = self._settled[:_BATCH]
                    is_due = self._is_due()
                    # Before the outcomes: with its run a job loses the lease its reports are fenced by, and who sees
                    # that it has ended sees all that it logged.
                    await self._save_reports(batch, is_due=is_due)
                    if self.logs and (is_due or self._are_logs_due or self.is_stopping):
                        await self._save_logs()
                    if not batch:
                        break
                    await self._record([one for one in batch if isinstance(one.verdict, Ended)])
                    await self._record([one for one in batch if isinstance(one.verdict, Again)])
                    del self._settled[: len(batch)]
                    if len(self._settled) < _ROOM:
                        self._has_room.set()
                    if not self._settled:
                        break
            except BaseException:
                self._is_repeat = True
                raise
            self._is_repeat = False

    async def on_stop(self) -> None:
        await self._session.close()

    def note_stale(self, claim: Claim, verdict: object) -> None:
        """Counts and tells that an attempt was refused because it no longer holds its job."""
        self.stale_count += 1
        self.telemetry.emit(
            "job.stale",
            level=logging.WARNING,
            job=claim.job_id,
            attempt=claim.attempt,
            lease=claim.lease,
            verdict=verdict,
        )

    def hurry_logs(self) -> None:
        """An attempt that has logged has ended: its lines are to be written before its outcome."""
        self._are_logs_due = True

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + _PROGRESS_INTERVAL.total_seconds()
        return True

    async def _save_logs(self) -> None:
        self._are_logs_due = False
        while lines := self.logs.take(_BATCH):
            try:
                async with self._session.use() as connection:
                    await insert_lines(connection, lines)
            except Exception as error:
                if isinstance(error, CONNECTION_ERRORS):
                    self.logs.put_back(lines)
                    self._are_logs_due = True
                    raise
                # A log that cannot be written must not keep outcomes from being recorded.
                self.telemetry.emit("logs.lost", level=logging.ERROR, error=error, count=len(lines))
            except BaseException:
                self.logs.put_back(lines)
                raise

    async def _save_reports(self, batch: list[Settlement], *, is_due: bool) -> None:
        if is_due:
            with self._reporting:
                taken, self._reports = self._reports, {}
        elif self._reports:
            with self._reporting:
                chosen = [one.claim.job_id for one in batch if one.claim.job_id in self._reports]
                taken = {job_id: self._reports.pop(job_id) for job_id in chosen}
        else:
            return
        if not taken:
            return
        try:
            async with self._session.use() as connection:
                await store.save_progress(connection, list(taken.values()))
        except BaseException:
            with self._reporting:
                self._reports = {**taken, **self._reports}
            raise

    async def _record(self, batch: list[Settlement]) -> None:
        if not batch:
            return
        try:
            recorded = await self._write(batch)
        except UNSTORABLE as error:
            if len(batch) > 1:
                # One value that cannot be stored must not hold up the others.
                for one in batch:
                    await self._record([one])
                return
            failed = Ended("failed", error=report_error(error))
            recorded = await self._write([replace(batch[0], verdict=failed, done=None)])
        refused = [one for one in batch if one.claim.job_id not in recorded]
        if refused and self._is_repeat:
            refused = await self._without_recorded_before(refused)
        for one in refused:
            self.note_stale(one.claim, one.verdict)
        self.telemetry.emit("jobs.settled", count=len(batch), stale=len(batch) - len(recorded), jobs=recorded)
        if self._on_recorded is not None:
            self._on_recorded()

    async def _without_recorded_before(self, refused: list[Settlement]) -> list[Settlement]:
        """After a lost connection the first try may have committed: then a refusal is no news."""
        ended = [
            one for one in refused if isinstance(one.verdict, Ended)
        ]  # who waits again has left no trace to know it by
        async with self._session.use() as connection:
            before = await store.find_recorded(connection, [one.claim for one in ended])
        return [one for one in ended if one.claim.job_id not in before]

    async def _write(self, batch: list[Settlement]) -> set[UUID]:
        async with self._session.use() as connection:
            if isinstance(batch[0].verdict, Ended):
                recorded = await store.finish_jobs(
                    connection,
                    batch,
                    now=self._clock.override(),
                    told=self._told,
                    on_freed=self._on_freed,
                    on_awaited=self._on_awaited,
                )
            else:
                recorded = await store.release_jobs(connection, batch, now=self._clock.override())
                self._on_released()
        if self._on_told is not None and (self._told or any(one.verdict.error is not None for one in batch)):
            self._on_told()
        return recorded
