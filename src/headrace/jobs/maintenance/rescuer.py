"""Brings back the jobs of workers that are gone."""

import logging
from collections.abc import Callable
from datetime import timedelta

from headrace.db.connection import Connection
from headrace.db.leader import Leadership
from headrace.db.pool import ConnectionPool
from headrace.jobs import store
from headrace.jobs.outcome import ErrorReport
from headrace.service import Service
from headrace.telemetry import Telemetry

_BATCH = 1_000
_THOROUGH_TURNS = 10


class Rescuer(Service):
    """Runs in every worker process; one of them leads, the others look every tenth turn.

    A crashed worker is noticed when its heartbeat is older than `grace` and the server has dropped its
    session lock. Its jobs run again without the attempt counting, unless a job has lost
    `poison_after` workers: that one goes to the dead with this reason.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        telemetry: Telemetry,
        on_rescued: Callable[[], None],
        interval: timedelta = timedelta(milliseconds=500),
        grace: timedelta = timedelta(milliseconds=1_200),
        poison_after: int = 10,
    ) -> None:
        super().__init__("rescuer", telemetry=telemetry, idle=interval)
        self._leadership = Leadership(pool, "rescue")
        self._on_rescued = on_rescued
        self._grace = grace
        self._poison_after = poison_after
        self._turn = 0

    async def run_once(self) -> timedelta | None:
        session = await self._leadership.session()
        is_thorough = self._turn % _THOROUGH_TURNS == 0
        self._turn += 1
        if session is not None:
            await self._look(session, is_thorough=is_thorough)
        elif is_thorough:
            # A leader that is stopped, or blocked by a handler, keeps its lock and does nothing.
            async with self._leadership.following() as connection:
                await self._look(connection, is_thorough=True)
        return None

    async def on_stop(self) -> None:
        await self._leadership.resign()

    async def _look(self, connection: Connection, *, is_thorough: bool) -> None:
        lost = await store.find_lost_workers(connection, grace=self._grace)
        if is_thorough:
            lost += await store.find_orphaned_workers(connection)
        for worker_id in lost:
            await self._rescue(connection, worker_id)

    async def _rescue(self, session: Connection, worker_id: int) -> None:
        returned_total = 0
        buried_total = 0
        while True:
            returned, buried = await store.rescue_jobs(
                session,
                worker_id,
                limit=_BATCH,
                poison_after=self._poison_after,
                lost_error=_report("WorkerLost", f"worker {worker_id} ended or was cut off while it held this job"),
                poison_error=_report(
                    "Poison",
                    f"{self._poison_after} workers were lost while they held this job; it is not tried again",
                ),
            )
            returned_total += returned
            buried_total += buried
            if returned + buried < _BATCH:
                break
        await store.remove_worker(session, worker_id)
        self.telemetry.emit(
            "worker.rescued",
            level=logging.WARNING,
            worker=worker_id,
            returned=returned_total,
            buried=buried_total,
        )
        if returned_total or buried_total:
            # Who waited for a buried one may run now.
            self._on_rescued()


def _report(name: str, message: str) -> str:
    return ErrorReport(type=f"headrace.{name}", message=message).encode()
