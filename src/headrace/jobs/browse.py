"""Looking at jobs: lists, one job with its history, counts. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import JobNotFoundError
from headrace.jobs.dependencies import list_dependencies
from headrace.jobs.job import Policy, Priority, State
from headrace.jobs.logs import LogLine, last_lines
from headrace.jobs.steps import StepDetail, list_steps

_PACKAGE = "headrace.jobs"
_MOST_DEPENDENCIES = 100
_LOG_LINES = 50
_MADE = frozenset(
    {"priority", "args", "result", "error", "metadata", "progress", "dependencies", "steps", "failures", "logs"}
)


@dataclass(frozen=True, slots=True)
class JobSummary:
    """One line of a list of jobs; `error` is the last attempt's message, if it raised."""

    id: UUID
    kind: str
    queue: str
    priority: str
    state: State
    attempt: int
    max_attempts: int
    run_at: datetime
    created_at: datetime
    parent_id: UUID | None
    error: str | None


@dataclass(frozen=True, slots=True)
class FailureDetail:
    """One attempt that raised or lost its worker; `error` has type, message and traceback."""

    attempt: int
    worker_id: int | None
    failed_at: datetime
    duration: timedelta | None
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProgressDetail:
    """How far a job is: its own steps, and its children's."""

    done: int
    total: int | None
    message: str | None
    child_count: int
    ended_count: int
    failed_count: int
    children_done: int


@dataclass(frozen=True, slots=True)
class DependencyDetail:
    """One job that another depends on; `is_open` where it still holds the other one."""

    id: UUID
    name: str | None
    kind: str
    state: State
    policy: Policy
    is_open: bool


@dataclass(frozen=True, slots=True)
class JobDetail:
    """Everything stored of one job; of many dependencies the first hundred, of its logs the last fifty lines."""

    id: UUID
    kind: str
    queue: str
    priority: str
    state: State
    attempt: int
    max_attempts: int
    args: Any
    result: Any
    error: dict[str, Any] | None
    created_at: datetime
    run_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    duration: timedelta | None
    worker_id: int | None
    cancel_requested_by: str | None
    parent_id: UUID | None
    correlation_id: UUID
    causation_id: UUID | None
    causation_kind: str | None
    tenant_id: str
    user_id: str | None
    actor: str | None
    metadata: dict[str, Any] | None
    unique_key: str | None
    waits_for: int | None
    progress: ProgressDetail | None
    dependencies: tuple[DependencyDetail, ...]
    steps: tuple[StepDetail, ...]
    failures: tuple[FailureDetail, ...]
    logs: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class WorkerSummary:
    """One registered worker process, and how many jobs it has claimed and not ended."""

    id: int
    app: str
    host: str
    pid: int
    queues: list[str]
    concurrency: int
    started_at: datetime
    heartbeat_at: datetime
    stopping_at: datetime | None
    held_count: int


async def list_jobs(
    connection: Connection,
    *,
    kind: str | None = None,
    queue: str | None = None,
    states: Collection[State] | None = None,
    parent_id: UUID | None = None,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[JobSummary]:
    """The newest jobs that fit, newest first; `before` continues after the last id of a page."""
    rows = await connection.fetch(
        statement(_PACKAGE, "list_jobs"),
        kind,
        queue,
        None if states is None else sorted(states),
        parent_id,
        correlation_id,
        causation_id,
        before,
        limit,
    )
    return [
        JobSummary(
            id=row["id"],
            kind=row["kind"],
            queue=row["queue"],
            priority=Priority(row["priority"]).name.lower(),
            state=row["state"],
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            run_at=row["run_at"],
            created_at=row["created_at"],
            parent_id=row["parent_id"],
            error=row["error"],
        )
        for row in rows
    ]


async def show_job(connection: Connection, job_id: UUID) -> JobDetail:
    """One job with its history. Raises JobNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "show_job"), job_id)
    if row is None:
        raise JobNotFoundError(job_id)
    failures = await connection.fetch(statement(_PACKAGE, "list_failures"), job_id)
    plain = {name: row[name] for name in JobDetail.__slots__ if name not in _MADE}
    return JobDetail(
        **plain,
        priority=Priority(row["priority"]).name.lower(),
        args=_decoded(row["args"]),
        result=_decoded(row["result"]),
        error=_decoded(row["error"]),
        metadata=_decoded(row["metadata"]),
        progress=_progress(row),
        dependencies=tuple(
            DependencyDetail(one.id, one.name, one.kind, one.state, one.policy, one.is_open)
            for one in await list_dependencies(connection, job_id, limit=_MOST_DEPENDENCIES, has_results=False)
        ),
        steps=tuple(await list_steps(connection, job_id)),
        logs=tuple(await last_lines(connection, job_id, limit=_LOG_LINES)),
        failures=tuple(
            FailureDetail(
                failure["attempt"],
                failure["worker_id"],
                failure["failed_at"],
                failure["duration"],
                _decoded(failure["error"]),
            )
            for failure in failures
        ),
    )


async def count_jobs(connection: Connection) -> dict[State, int]:
    """How many jobs are in each state; states without a job are left out. Counts whole tables."""
    return {row["state"]: row["count"] for row in await connection.fetch(statement(_PACKAGE, "count_jobs"))}


async def count_failures(connection: Connection) -> dict[str, int]:
    """How many attempts raised or lost their worker, by type of error. Counts whole tables."""
    return {row["type"]: row["count"] for row in await connection.fetch(statement(_PACKAGE, "count_failures"))}


async def list_workers(connection: Connection) -> list[WorkerSummary]:
    """The registered workers, oldest first."""
    return [WorkerSummary(**dict(row.items())) for row in await connection.fetch(statement(_PACKAGE, "list_workers"))]


def _decoded(raw: str | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)


def _progress(row: Row) -> ProgressDetail | None:
    if row["done"] is None:
        return None
    return ProgressDetail(**{name: row[name] for name in ProgressDetail.__slots__})
