"""Jobs cancelled by hand: what waits ends, what runs is asked to. Takes a connection, never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class CancelledJobs:
    """What became of jobs to cancel, and how many others were cancelled because they depended on them."""

    cancelled: set[UUID]
    requested: set[UUID]
    follower_count: int


async def cancel_job(connection: Connection, job_id: UUID, *, by: str, error: str) -> str | None:
    """Cancels a waiting job ("cancelled"), asks for it of a running one ("requested"); None otherwise."""
    done = await cancel_jobs(connection, [job_id], by=by, error=error)
    return "cancelled" if done.cancelled else "requested" if done.requested else None


async def cancel_jobs(connection: Connection, job_ids: Sequence[UUID], *, by: str, error: str) -> CancelledJobs:
    """Cancels those that wait, asks for it of those that run.

    Outside a transaction it holds no job while it waits for another, so that it cannot be part of a
    deadlock with those who end jobs, in whatever order they do.
    """
    rows: list[Row] = []
    rest = list(job_ids)
    while rest:
        rows += await connection.fetch(statement(_PACKAGE, "cancel_jobs"), rest, error, by)
        met = {row["job_id"] for row in rows}
        rest = [job_id for job_id in rest if job_id not in met]
        if rest:
            # Ended, or locked by somebody who claims it, gives it back or ends it.
            rest = [row["job_id"] for row in await connection.fetch(statement(_PACKAGE, "find_living"), rest)]
        if rest:
            await connection.execute(statement(_PACKAGE, "await_run"), rest[0])
    return CancelledJobs(
        cancelled={row["job_id"] for row in rows if not row["is_requested"]},
        requested={row["job_id"] for row in rows if row["is_requested"]},
        follower_count=max((row["follower_count"] for row in rows), default=0),
    )
