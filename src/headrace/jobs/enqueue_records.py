"""The records of what was enqueued, one for each job."""

from collections.abc import Iterable

from headrace.jobs.job import NewJob
from headrace.telemetry import Telemetry


def tell_enqueued(telemetry: Telemetry, jobs: Iterable[NewJob]) -> None:
    """Jobs were stored: by a commit, or on a caller's connection in a transaction that is still open."""
    for job in jobs:
        telemetry.emit(
            "job.enqueued",
            job=job.id,
            kind=job.kind,
            queue=job.queue,
            priority=job.priority.name.lower(),
            run_at=job.run_at,
            delay=job.delay,
            parent=job.parent_id,
            correlation=job.context.correlation_id or job.id,
            causation=job.context.causation_id,
            traceparent=job.context.traceparent,
        )
