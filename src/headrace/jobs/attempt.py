"""One attempt at a job: opened from a claimed row, bounded in time, interrupted from outside."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

import msgspec

from headrace.context import Context
from headrace.db.connection import Row
from headrace.jobs.handle import Job, JobServices
from headrace.jobs.interruption import Interruption
from headrace.jobs.job import Claim, Priority
from headrace.telemetry import Telemetry

_PRIORITIES = tuple(Priority)  # by number: several times as fast as Priority(number)


class Attempt(msgspec.Struct, eq=False):
    """A running attempt: its job, the task it runs in, and why it was interrupted, if it was.

    It is interrupted by cancelling its task, or by `stop` where its handler runs elsewhere. One that
    has not ended `patience` later is told of, once. `is_abandoned` where nobody waits for its end. The last
    three are its own.
    """

    job: Job
    task: asyncio.Task[None]
    telemetry: Telemetry
    patience: timedelta
    interruption: Interruption | None = None
    is_abandoned: bool = False
    stop: Callable[[Interruption], None] | None = None
    is_cancelled: bool = False
    timer: asyncio.TimerHandle | None = None
    watch: asyncio.TimerHandle | None = None

    def interrupt(self, why: Interruption) -> None:
        """Interrupts it, unless that was done before."""
        if self.interruption is not None:
            return
        self.interruption = why
        self.watch = asyncio.get_running_loop().call_later(self.patience.total_seconds(), self._tell_unheeded)
        if self.stop is not None:
            self.stop(why)
        else:
            self.is_cancelled = True
            self.task.cancel()

    def limit(self, timeout: timedelta) -> None:
        """Interrupts it once `timeout` has passed from now."""
        self.timer = asyncio.get_running_loop().call_later(timeout.total_seconds(), self.interrupt, "timeout")

    def end(self) -> None:
        """Nothing interrupts it any more."""
        if self.timer is not None:
            self.timer.cancel()
        if self.watch is not None:
            self.watch.cancel()
        if self.is_cancelled:
            self.task.uncancel()

    def _tell_unheeded(self) -> None:
        self.telemetry.emit(
            "attempt.unheeded",
            level=logging.WARNING,
            job=self.job.id,
            kind=self.job.kind,
            queue=self.job.queue,
            attempt=self.job.attempt,
            why=self.interruption,
            duration=timedelta(seconds=time.perf_counter() - self.job.started),
        )


def open_job(row: Row, *, services: JobServices) -> Job:
    """The job of a claimed row, as its handler sees it."""
    job_id = row["job_id"]
    return Job(
        id=job_id,
        kind=row["kind"],
        queue=row["queue"],
        priority=_PRIORITIES[int(row["priority"])],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        run_at=row["run_at"],
        parent_id=row["parent_id"],
        context=Context(
            row["correlation_id"],
            job_id,
            "job",
            row["tenant_id"],
            row["user_id"],
            row["actor"],
            row["traceparent"],
            row["path"],
        ),
        claim=Claim(job_id, row["attempt"], row["lease"]),
        services=services,
        started=time.perf_counter(),
        metadata=None if row["metadata"] is None else msgspec.json.decode(row["metadata"]),
    )
