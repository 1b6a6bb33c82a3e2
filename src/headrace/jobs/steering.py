"""One job cancelled or brought back by somebody, recorded with who did it."""

from typing import Literal
from uuid import UUID

from headrace.db.listener import JOBS_CHANNEL, RESULTS_CHANNEL
from headrace.jobs.browse import JobDetail, show_job
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.operation import record_operation
from headrace.jobs.outcome import Cancel, report_error
from headrace.jobs.redriving import redrive_job
from headrace.jobs.tree import Application

Cancelled = Literal["cancelled", "requested"]


async def cancel_one(app: Application, job_id: UUID, *, by: str) -> tuple[JobDetail, Cancelled | None]:
    """Cancels a job: at once where it waits ("cancelled"), by asking its worker ("requested"); None where it has ended.

    The job is told as it was before. Raises JobNotFoundError.
    """
    async with app.pool.acquire() as connection, connection.transaction():
        job = await show_job(connection, job_id)
        done = await cancel_job(connection, job_id, by=by, error=report_error(Cancel(f"cancelled by {by}")))
        if done is not None:
            subject = {"job": str(job_id), "did": done}
            await record_operation(connection, "job.cancelled", actor=by, subject=subject, now=app.clock.override())
    app.notify(JOBS_CHANNEL)  # who waited for it may run now
    app.notify(RESULTS_CHANNEL)
    return job, "cancelled" if done == "cancelled" else "requested" if done is not None else None


async def retry_one(app: Application, job_id: UUID, *, by: str) -> tuple[JobDetail, bool]:
    """Makes an ended job run again, or one that waits for later due now; whether it was one of these.

    The job is told as it was before. Raises JobNotFoundError, and UniqueKeyHeldError where another job
    holds its unique key.
    """
    now = app.clock.override()
    async with app.pool.acquire() as connection, connection.transaction():
        job = await show_job(connection, job_id)
        is_redriven = await redrive_job(connection, job_id, now=now)
        if is_redriven:
            await record_operation(connection, "job.retried", actor=by, subject={"job": str(job_id)}, now=now)
    if is_redriven:
        app.notify(JOBS_CHANNEL)
    return job, is_redriven
