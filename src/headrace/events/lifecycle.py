"""The records of jobs: events that the database writes in the statement that changes a job."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from headrace.events.event import event
from headrace.events.event_class import LIFECYCLE


class JobError(msgspec.Struct, frozen=True):
    """The error of an attempt, without its traceback, which `headrace.failure` has."""

    type: str | None = None
    message: str | None = None


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What every record says of its job."""

    job_id: UUID
    kind: str
    queue: str


@event("job.enqueued", retention=LIFECYCLE)
class JobEnqueued(JobRecord, frozen=True, kw_only=True):
    """A job was stored, due at `run_at`; `priority` is 0 (critical) to 3 (low)."""

    priority: int
    max_attempts: int
    run_at: datetime
    parent_id: UUID | None = None


@event("job.retrying", retention=LIFECYCLE)
class JobRetrying(JobRecord, frozen=True, kw_only=True):
    """An attempt raised or lost its worker, and the job waits for another until `next_run_at`."""

    attempt: int
    next_run_at: datetime
    error: JobError | None = None


class JobEnd(JobRecord, frozen=True, kw_only=True):
    """How long the last attempt took, in milliseconds; None for a job that was not running."""

    attempt: int
    duration_ms: float | None = None


@event("job.completed", retention=LIFECYCLE)
class JobCompleted(JobEnd, frozen=True, kw_only=True):
    """The handler returned `result`; one of more than 8 kB is left out, and `headrace.outcome` has it."""

    result: Any = None
    is_result_omitted: bool = False


@event("job.failed", retention=LIFECYCLE)
class JobFailed(JobEnd, frozen=True, kw_only=True):
    """The job ended by an error that is not tried again."""

    error: JobError | None = None


@event("job.dead", retention=LIFECYCLE)
class JobDead(JobEnd, frozen=True, kw_only=True):
    """The job used up its attempts, or killed too many workers."""

    error: JobError | None = None


@event("job.cancelled", retention=LIFECYCLE)
class JobCancelled(JobEnd, frozen=True, kw_only=True):
    """The job was cancelled, by somebody or because of one it depends on."""

    error: JobError | None = None


JOB_RECORDS = (JobEnqueued, JobRetrying, JobCompleted, JobFailed, JobDead, JobCancelled)
