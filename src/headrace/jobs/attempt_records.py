"""The records of one attempt: started, raised, stopped; a tracer maps each to its part of a span."""

import logging
from datetime import timedelta

from headrace.jobs.attempt import Attempt
from headrace.jobs.handle import Job
from headrace.jobs.outcome import Again, Verdict, name_verdict
from headrace.telemetry import Telemetry


def tell_started(telemetry: Telemetry, job: Job) -> None:
    """An attempt begins, in the context its handler will run in."""
    telemetry.emit(
        "attempt.started",
        job=job.id,
        kind=job.kind,
        queue=job.queue,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        run_at=job.run_at,
        parent=job.parent_id,
        correlation=job.context.correlation_id,
        traceparent=job.context.traceparent,
    )


def tell_raised(telemetry: Telemetry, job: Job, error: BaseException, verdict: Verdict, duration: timedelta) -> None:
    """The handler raised; `verdict` is what follows from it."""
    telemetry.emit(
        "job.raised",
        level=logging.INFO if isinstance(verdict, Again) else logging.WARNING,
        error=error,
        job=job.id,
        kind=job.kind,
        queue=job.queue,
        attempt=job.attempt,
        outcome=name_verdict(verdict),
        duration=duration,
        correlation=job.context.correlation_id,
        traceparent=job.context.traceparent,
    )


def tell_stopped(telemetry: Telemetry, job: Job, verdict: Verdict | None, duration: timedelta) -> None:
    """An attempt is over, however it ended; it is about to be recorded, or `is_recorded` already."""
    telemetry.emit(
        "attempt.stopped",
        job=job.id,
        kind=job.kind,
        queue=job.queue,
        attempt=job.attempt,
        outcome="completed" if job.is_settled else name_verdict(verdict),
        is_recorded=job.is_settled or verdict is None,
        duration=duration,
        correlation=job.context.correlation_id,
        traceparent=job.context.traceparent,
    )


def tell_abandoned(telemetry: Telemetry, attempt: Attempt) -> None:
    """A worker stops without waiting any longer for a handler that was interrupted and has not ended."""
    telemetry.emit(
        "attempt.abandoned",
        level=logging.WARNING,
        job=attempt.job.id,
        kind=attempt.job.kind,
        queue=attempt.job.queue,
        attempt=attempt.job.attempt,
        why=attempt.interruption,
    )
