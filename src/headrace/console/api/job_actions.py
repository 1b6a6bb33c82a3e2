"""What is done to jobs over HTTP: enqueue, cancel, retry, change, delete, one or many."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from headrace.app import Headrace
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.job_bodies import Bulk, Change, NewJob, Tree
from headrace.console.api.need import needs
from headrace.console.api.operations import BEGUN, lead_to
from headrace.console.api.route import principal_of
from headrace.context import bind
from headrace.jobs.browse import show_job
from headrace.jobs.bulk import Deed
from headrace.jobs.job import Priority
from headrace.jobs.operation import Operation
from headrace.jobs.selection import JobFilter, Preview
from headrace.jobs.steering import cancel_one, retry_one
from headrace.jobs.tree import TreeCancelled, TreeRetried, cancel_tree, retry_tree

_PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class EnqueuedJob:
    """The job, and whether it is new or the holder of the unique key."""

    id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of it: cancelled, or its worker was asked to. With a tree, of how many."""

    id: UUID
    outcome: Literal["cancelled", "requested"]
    tree: TreeCancelled | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    """The job runs again. With a tree, of how many."""

    id: UUID
    tree: TreeRetried | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What was done to many jobs, or with `dry_run` what would be.

    Without `wait` the operation as it begins, and the `address` that tells how far it is.
    """

    preview: Preview | None = None
    operation: Operation | None = None
    address: str | None = None


def job_action_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes that do something to jobs."""
    _many(app, router)
    _one(app, router)


def _many(app: Headrace, router: APIRouter) -> None:
    @router.post("/jobs", status_code=201, **needs("operator", "jobs"))
    async def enqueue(job: NewJob) -> EnqueuedJob:
        """Enqueues a job of a kind that this app registers or declares."""
        with bind(tenant_id=job.tenant_id, user_id=job.user_id):
            done = await app.enqueue(
                job.kind,
                job.args,
                queue=job.queue,
                priority=job.priority,
                max_attempts=job.max_attempts,
                run_at=job.run_at,
                delay=None if job.delay_seconds is None else timedelta(seconds=job.delay_seconds),
                metadata=job.metadata,
                unique=None if job.unique is None else job.unique.chosen(),
                depends_on=job.depends_on,
                on_failed_dependency=job.on_failed_dependency,
                parent=job.parent_id,
                limit_key=job.limit_key,
                weight=job.weight,
            )
        return EnqueuedJob(done.id, done.is_new)

    @router.post("/jobs/bulk", responses=BEGUN, **needs("operator", "jobs"))
    async def bulk(request: Request, response: Response, wanted: Bulk) -> Effect:
        """Does something to all jobs that fit, recorded as an operation; with `dry_run` counts them and shows some.

        It is answered when all is done, which may take minutes; with `wait` false at once, and `address` tells how far
        it is. Jobs are counted for a second at most then. To delete needs an admin.
        """
        if wanted.verb == "delete" and not principal_of(request).may("admin", "jobs"):
            raise ProblemError(Problem(403, "to delete jobs needs an admin", more={"needs": {"role": "admin"}}))
        deed = Deed(
            verb=wanted.verb,
            filter=wanted.filter.chosen(),
            run_at=wanted.run_at,
            priority=None if wanted.priority is None else Priority.named(wanted.priority),
        )
        if wanted.dry_run:
            return Effect(preview=await app.operations.preview(deed))
        if wanted.wait:
            return Effect(operation=await app.operations.run(deed, reason=wanted.reason))
        total = (await app.operations.preview(deed, patience=_PATIENCE, sample=0)).count
        operation_id = await app.operations.begin(deed, reason=wanted.reason, total=total)
        operation = await app.operations.get(operation_id)
        app.operations.go_on(operation_id)
        return Effect(operation=operation, address=lead_to(request, response, operation_id))


def _one(app: Headrace, router: APIRouter) -> None:
    @router.post("/jobs/{job_id}/cancel", **needs("operator", "jobs"))
    async def cancel(request: Request, job_id: UUID, wanted: Tree | None = None) -> Cancelled:
        """Cancels a job: at once where it waits, by interrupting it where it runs. With `tree` all below it too."""
        by = principal_of(request).name
        if wanted is not None and wanted.tree:
            done = await cancel_tree(app, job_id, by=by)
            return Cancelled(job_id, "requested" if done.requested_count else "cancelled", done)
        job, outcome = await cancel_one(app, job_id, by=by)
        if outcome is None:
            raise ProblemError(Problem(409, f"job {job_id} is {job.state}; it has ended and cannot be cancelled"))
        return Cancelled(job_id, outcome)

    @router.post("/jobs/{job_id}/retry", **needs("operator", "jobs"))
    async def retry(request: Request, job_id: UUID, wanted: Tree | None = None) -> Retried:
        """Makes an ended job run again, or one that waits for later run now. With `tree` all that failed below it."""
        if wanted is not None and wanted.tree:
            return Retried(job_id, await retry_tree(app, job_id, by=principal_of(request).name))
        job, is_redriven = await retry_one(app, job_id, by=principal_of(request).name)
        if not is_redriven:
            waits = f" and waits for {job.waits_for} others" if job.waits_for else ""
            raise ProblemError(
                Problem(
                    409,
                    f"job {job_id} is {job.state}{waits}; only ended and scheduled jobs can be retried",
                )
            )
        return Retried(job_id)

    @router.patch("/jobs/{job_id}", **needs("operator", "jobs"))
    async def change(job_id: UUID, wanted: Change) -> Operation:
        """Gives a waiting job another due time or priority."""
        if (wanted.run_at is None) == (wanted.priority is None):
            raise ProblemError(Problem(422, "give one of run_at and priority"))
        return await _perform(
            app,
            job_id,
            Deed(
                verb="reschedule" if wanted.run_at is not None else "prioritise",
                filter=JobFilter(ids=(job_id,)),
                run_at=wanted.run_at,
                priority=None if wanted.priority is None else Priority.named(wanted.priority),
            ),
            wanted.reason,
        )

    @router.delete("/jobs/{job_id}", **needs("admin", "jobs"))
    async def discard(job_id: UUID) -> Operation:
        """Deletes an ended job and all that is kept of it."""
        return await _perform(app, job_id, Deed(verb="delete", filter=JobFilter(ids=(job_id,))), None)


async def _perform(app: Headrace, job_id: UUID, deed: Deed, reason: str | None) -> Operation:
    """Does to one job what can be done to many; a problem where it was not done."""
    async with app.pool.acquire() as connection:
        job = await show_job(connection, job_id)
    operation = await app.operations.run(deed, reason=reason, total=1)
    if not operation.changed_count:
        raise ProblemError(Problem(409, f"job {job_id} is {job.state}; it is too late or too early to {deed.verb} it"))
    return operation
