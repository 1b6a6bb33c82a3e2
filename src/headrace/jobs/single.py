"""One job stored by one statement without arrays: what most calls of `enqueue` need."""

from datetime import datetime

from headrace.context import EMPTY
from headrace.db.statements import statement
from headrace.jobs.job import NewJob


def is_single(job: NewJob) -> bool:
    """Whether one statement that touches nobody else's rows stores the job, and its id is the answer."""
    return job.unique is None and job.parent_id is None and not job.dependencies


def insert_single(job: NewJob, *, now: datetime | None) -> tuple[str, *tuple[object, ...]]:
    """The statement that stores the job and its parameters, for `execute`."""
    is_due = now is None and job.run_at is None and not job.delay
    is_ordinary = job.metadata is None and job.limit_key is None and job.weight == 1 and job.is_told is None
    if is_due and is_ordinary and job.context is EMPTY:
        return (
            statement("headrace.jobs", "insert_plain_job"),
            job.id,
            job.kind,
            job.queue,
            int(job.priority),
            job.args,
            job.max_attempts,
        )
    return insert_whole(job, now=now)


def insert_whole(job: NewJob, *, now: datetime | None) -> tuple[str, *tuple[object, ...]]:
    """The same with everything a job may have.

    What is as it mostly is goes as NULL, and the statement fills it in; even so ten more values cost a call
    from many connections a tenth of its time.
    """
    context = job.context
    return (
        statement("headrace.jobs", "insert_job"),
        job.id,
        job.kind,
        job.queue,
        int(job.priority),
        job.args,
        job.max_attempts,
        job.run_at,
        job.delay or None,
        job.metadata,
        context.correlation_id,
        context.causation_id,
        context.causation_kind,
        context.tenant_id or None,
        context.user_id,
        context.actor,
        context.traceparent,
        now,
        job.limit_key,
        None if job.weight == 1 else job.weight,
        job.path,
        job.is_told,
    )
