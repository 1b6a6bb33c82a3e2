"""Jobs over HTTP: lists, one job with its history, what it logged, and why it does not run."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from headrace.app import Headrace
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.need import needs
from headrace.console.api.page import Cursor, Limit, Listed, Page, cursor_id
from headrace.jobs.browse import JobDetail, JobSummary, list_jobs, show_job
from headrace.jobs.dead import DeadGroup, list_dead
from headrace.jobs.explain import explain
from headrace.jobs.job import State
from headrace.jobs.limit_standing import full_limits
from headrace.jobs.logs import START, LogLine, read_log
from headrace.jobs.search import JobLine, search_jobs
from headrace.jobs.selection import JobFilter


@dataclass(frozen=True, slots=True)
class Explanation:
    """One reason why a job does not run, or that it does: its name, a sentence, and its facts."""

    reason: str
    text: str
    facts: dict[str, Any]


def job_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes that look at jobs."""

    @router.get("/jobs", **needs("viewer", "jobs"))
    async def list_(  # noqa: PLR0917 - FastAPI calls it by name
        kind: Annotated[str | None, Query(max_length=200)] = None,
        queue: Annotated[str | None, Query(max_length=200)] = None,
        state: Annotated[list[State] | None, Query(max_length=7)] = None,
        parent: UUID | None = None,
        correlation: UUID | None = None,
        caused_by: UUID | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[JobSummary]:
        """Jobs, newest first.

        Those of one correlation or parent are looked up. For others jobs are walked for a bounded time: a page may have
        few of them or none, and still a `next` that goes on.
        """
        before = cursor_id(cursor)
        async with app.pool.acquire() as connection:
            if parent is None and correlation is None:
                chosen = JobFilter(
                    states=tuple(state or ()), queues=(queue,) if queue else (), kinds=(kind,) if kind else ()
                )
                page = await search_jobs(connection, chosen, causation_id=caused_by, after=before, limit=limit)
                return Page([_summary(one) for one in page.jobs], page.following and str(page.following))
            found = await list_jobs(
                connection,
                kind=kind,
                queue=queue,
                states=state,
                parent_id=parent,
                correlation_id=correlation,
                causation_id=caused_by,
                before=before,
                limit=limit,
            )
        return Page(found, str(found[-1].id) if len(found) == limit else None)

    @router.get("/jobs/dead", **needs("viewer", "jobs"))
    async def dead(
        kind: Annotated[str | None, Query(max_length=200)] = None,
        queue: Annotated[str | None, Query(max_length=200)] = None,
        limit: Limit = 100,
    ) -> Listed[DeadGroup]:
        """Dead jobs by kind and type of error, the largest group first."""
        async with app.pool.acquire() as connection:
            return Listed(await list_dead(connection, kind=kind, queue=queue, limit=limit))

    @router.get("/jobs/{job_id}", **needs("viewer", "jobs"))
    async def show(job_id: UUID) -> JobDetail:
        """One job with its history: args, result, attempts, progress, dependencies, steps, the last lines it logged."""
        async with app.pool.acquire() as connection:
            return await show_job(connection, job_id)

    @router.get("/jobs/{job_id}/logs", **needs("viewer", "jobs"))
    async def logs(
        job_id: UUID,
        attempt: Annotated[int | None, Query(ge=1, le=32_767)] = None,
        cursor: Cursor = None,
        limit: Limit = 1_000,
    ) -> Page[LogLine]:
        """What a job logged, in order."""
        async with app.pool.acquire() as connection:
            lines = await read_log(connection, job_id, attempt=attempt, after=_place(cursor), limit=limit)
        return Page(lines, f"{lines[-1].lease}.{lines[-1].line}" if len(lines) == limit else None)

    @router.get("/jobs/{job_id}/explain", name="explain", **needs("viewer", "jobs"))
    async def why(job_id: UUID) -> Listed[Explanation]:
        """Why a job does not run, the weightiest reason first; or how it stands."""
        async with app.pool.acquire() as connection:
            found = await explain(connection, job_id, limits=full_limits, now=app.clock.override())
        facts = [msgspec.to_builtins(one) for one in found]
        return Listed([Explanation(each.pop("reason"), one.text, each) for one, each in zip(found, facts, strict=True)])


def _summary(found: JobLine) -> JobSummary:
    return JobSummary(
        id=found.id,
        kind=found.kind,
        queue=found.queue,
        priority=found.priority,
        state=found.state,
        attempt=found.attempt,
        max_attempts=found.max_attempts,
        run_at=found.run_at,
        created_at=found.created_at,
        parent_id=found.parent_id,
        error=found.error_message,
    )


def _place(cursor: str | None) -> tuple[int, int]:
    """The line a page of a log begins after."""
    if cursor is None:
        return START
    lease, dot, line = cursor.partition(".")
    if not (dot and lease.isascii() and lease.isdigit() and line.isascii() and line.isdigit()):
        raise ProblemError(Problem(422, f"cursor {cursor!r} is not the `next` of a page"))
    return min(int(lease[:20]), 2**63 - 1), min(int(line[:20]), 2**31 - 1)
