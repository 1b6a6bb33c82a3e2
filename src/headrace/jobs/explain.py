"""Says why a job does not run: facts from one look at the database, and a pure decision about them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import JobNotFoundError
from headrace.jobs.dependencies import list_dependencies
from headrace.jobs.job import State
from headrace.jobs.reason import (
    AboutToRun,
    AllBusy,
    Awaited,
    HasEnded,
    IsRunning,
    LimitFull,
    LostWorker,
    NotDue,
    NoWorker,
    QueuePaused,
    Reason,
    WaitsForJobs,
)

_PACKAGE = "headrace.jobs"
MOST_AHEAD = 10_000
"""More jobs ahead than this are not counted."""
_MOST_SHOWN = 20
_HEARTBEAT_GRACE = timedelta(milliseconds=1_200)

ExplainLimits = Callable[[Connection, UUID], Awaitable[Sequence[LimitFull]]]
"""Tells which limits hold a waiting job back; whoever keeps limits gives one to `explain`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one job at `seen_at`, as `explain_job.sql` finds it."""

    kind: str
    max_attempts: int
    queue: str
    ended_as: State | None
    ended_at: datetime | None
    error_type: str | None
    error_message: str | None
    run_state: str | None
    attempt: int
    run_at: datetime | None
    claimed_at: datetime | None
    waits_for: int | None
    cancel_requested_by: str | None
    rescue_count: int | None
    worker_id: int | None
    seen_at: datetime
    failed_attempt: int | None
    failed_at: datetime | None
    failed_type: str | None
    failed_message: str | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    worker_app: str | None
    worker_host: str | None
    worker_pid: int | None
    worker_stopping_at: datetime | None
    is_worker_alive: bool
    queue_count: int
    kind_count: int
    both_count: int
    place_count: int
    held_count: int
    ahead_count: int
    awaited: tuple[Awaited, ...] = ()
    limits: tuple[LimitFull, ...] = ()


async def explain(
    connection: Connection, job_id: UUID, *, limits: ExplainLimits | None = None, now: datetime | None = None
) -> list[Reason]:
    """Why a job does not run, the weightiest reason first; never empty. Raises JobNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "explain_job"), job_id, MOST_AHEAD, now, _HEARTBEAT_GRACE)
    if row is None or (row["run_state"] is None and row["ended_as"] is None):
        raise JobNotFoundError(job_id)
    more: dict[str, Any] = {}
    if row["run_state"] == "held":
        found = await list_dependencies(connection, job_id, limit=None, has_results=False)
        open_ones = [one for one in found if one.is_open][:_MOST_SHOWN]
        more["awaited"] = tuple(Awaited(one.id, one.name, one.kind, one.state, one.policy) for one in open_ones)
    if limits is not None and row["run_state"] not in {None, "processing"}:
        more["limits"] = tuple(await limits(connection, job_id))
    return reasons(Facts(**dict(row.items()), **more))


def reasons(facts: Facts) -> list[Reason]:
    """What the facts of a job come to; a reason that ends the question stands alone."""
    if facts.ended_as is not None:
        assert facts.ended_at is not None  # noqa: S101 - both come from the outcome
        return [HasEnded(facts.ended_as, facts.ended_at, facts.attempt, _error(facts.error_type, facts.error_message))]
    if facts.run_state == "processing":
        return [_held_by_worker(facts)]
    return _why_it_waits(facts)


def _held_by_worker(facts: Facts) -> Reason:
    if not facts.is_worker_alive:
        return LostWorker(facts.worker_id, facts.claimed_at, facts.rescue_count or 0)
    return IsRunning(
        worker_id=facts.worker_id or 0,
        app=facts.worker_app or "",
        host=facts.worker_host or "",
        pid=facts.worker_pid or 0,
        since=facts.claimed_at or facts.seen_at,
        attempt=facts.attempt,
        is_worker_stopping=facts.worker_stopping_at is not None,
        cancel_requested_by=facts.cancel_requested_by,
    )


def _why_it_waits(facts: Facts) -> list[Reason]:
    found: list[Reason] = []
    if facts.waits_for:
        found.append(WaitsForJobs(facts.waits_for, facts.awaited))
    if facts.run_at is not None and facts.run_at > facts.seen_at:
        is_retry = facts.attempt > 0 and facts.failed_attempt == facts.attempt
        error = _error(facts.failed_type, facts.failed_message) if is_retry else None
        found.append(NotDue(facts.run_at, facts.attempt, facts.max_attempts, error))
    if facts.paused_at is not None:
        found.append(QueuePaused(facts.queue, facts.paused_by, facts.paused_at, facts.pause_reason))
    found += facts.limits
    if not facts.both_count:
        missing = "queue" if not facts.queue_count else "kind" if not facts.kind_count else "both"
        found.append(NoWorker(missing, facts.queue, facts.kind))
    if found:
        return found
    if facts.held_count >= facts.place_count:
        return [
            AllBusy(
                worker_count=facts.both_count,
                place_count=facts.place_count,
                held_count=facts.held_count,
                ahead_count=facts.ahead_count,
                is_counted=facts.ahead_count < MOST_AHEAD,
            )
        ]
    return [AboutToRun(facts.both_count, facts.ahead_count)]


def _error(kind: str | None, message: str | None) -> str | None:
    return None if kind is None else f"{kind}: {message}"
