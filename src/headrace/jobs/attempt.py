"""One attempt at a job: opened from a claimed row, interrupted from outside."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

import msgspec

from headrace.context import Context
from headrace.db.connection import Row
from headrace.jobs.handle import Job, JobServices
from headrace.jobs.job import Claim, Priority
from headrace.jobs.outcome import Again, Cancel, Ended, Verdict, report_error

_PRIORITIES = tuple(Priority)  # by number: several times as fast as Priority(number)

Interruption = Literal["cancel", "shutdown", "lost"]


@dataclass(slots=True, eq=False)
class Attempt:
    """A running attempt: its job, the task it runs in, and why it was interrupted, if it was."""

    job: Job
    task: asyncio.Task[None]
    interruption: Interruption | None = None

    def interrupt(self, why: Interruption) -> None:
        """Interrupts it, unless that was done before."""
        if self.interruption is None:
            self.interruption = why
            self.task.cancel()


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
        ),
        claim=Claim(job_id, row["attempt"], row["lease"]),
        services=services,
        started=time.perf_counter(),
        metadata=None if row["metadata"] is None else msgspec.json.decode(row["metadata"]),
    )


def follow_interruption(why: Interruption) -> Verdict | None:
    """What becomes of the job of an interrupted attempt; None where it belongs to another one."""
    if why == "cancel":
        return Ended("cancelled", error=report_error(Cancel("cancelled while it ran")))
    if why == "shutdown":
        return Again(None, counts=False)
    return None
