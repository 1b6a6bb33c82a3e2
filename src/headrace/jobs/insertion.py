"""Which statement stores new jobs without a unique key, and its parameters."""

from collections.abc import Sequence
from datetime import datetime

from headrace.db.statements import statement
from headrace.jobs.job import NewJob
from headrace.jobs.single import insert_single, is_single

_PACKAGE = "headrace.jobs"


def insert_many(jobs: Sequence[NewJob], *, now: datetime | None) -> tuple[str, *tuple[object, ...]]:
    """The cheapest statement that stores all these jobs, none of them unique, and its parameters, for `execute`."""
    if len(jobs) == 1 and is_single(jobs[0]):
        return insert_single(jobs[0], now=now)
    if _are_alike(jobs):
        return (statement(_PACKAGE, "insert_like_jobs"), *common(jobs), now)
    return (statement(_PACKAGE, "insert_jobs"), *columns(jobs), now)


def _are_alike(jobs: Sequence[NewJob]) -> bool:
    """Whether all but id and args is the same; what one call enqueues shares even the objects."""
    first = jobs[0]
    kind, queue, priority, context = first.kind, first.queue, first.priority, first.context
    return all(
        job.kind is kind
        and job.queue is queue
        and job.priority is priority
        and job.context is context
        and job.max_attempts == first.max_attempts
        and job.run_at == first.run_at
        and job.delay == first.delay
        and job.parent_id == first.parent_id
        and job.metadata == first.metadata
        and job.weight == first.weight
        and job.is_told is first.is_told
        for job in jobs
    )


def common(jobs: Sequence[NewJob]) -> tuple[object, ...]:
    """The parameters of `insert_like_jobs` but the last, the time."""
    first = jobs[0]
    context = first.context
    return (
        [job.id for job in jobs],
        [job.args for job in jobs],
        first.kind,
        first.queue,
        int(first.priority),
        first.max_attempts,
        first.run_at,
        first.delay,
        first.parent_id,
        first.metadata,
        context.correlation_id,
        context.causation_id,
        context.causation_kind,
        context.tenant_id,
        context.user_id,
        context.actor,
        context.traceparent,
        [job.limit_key for job in jobs] if any(job.limit_key is not None for job in jobs) else None,
        first.weight,
        first.path,
        first.is_told,
    )


def columns(jobs: Sequence[NewJob]) -> tuple[list[object], ...]:
    """The parameters of `insert_jobs` but the last, the time: an array a column."""
    return (
        [job.id for job in jobs],
        [job.kind for job in jobs],
        [job.queue for job in jobs],
        [int(job.priority) for job in jobs],
        [job.args for job in jobs],
        [job.max_attempts for job in jobs],
        [job.run_at for job in jobs],
        [job.delay for job in jobs],
        [job.parent_id for job in jobs],
        [job.metadata for job in jobs],
        [job.context.correlation_id or job.id for job in jobs],
        [job.context.causation_id for job in jobs],
        [job.context.causation_kind for job in jobs],
        [job.context.tenant_id for job in jobs],
        [job.context.user_id for job in jobs],
        [job.context.actor for job in jobs],
        [job.context.traceparent for job in jobs],
        [job.limit_key for job in jobs],
        [job.weight for job in jobs],
        [job.path for job in jobs],
        [job.is_told for job in jobs],
    )
