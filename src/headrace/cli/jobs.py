"""`headrace jobs`: list, show, retry, cancel."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from headrace.cli.bulk import told_held
from headrace.cli.job_logs import logs, print_line
from headrace.cli.session import Choice, login, opened
from headrace.db.connection import Connection
from headrace.errors import JobNotFoundError, UniqueKeyHeldError
from headrace.jobs.browse import JobDetail, JobSummary, list_jobs, show_job
from headrace.jobs.job import STATES, State
from headrace.jobs.steering import cancel_one, retry_one
from headrace.jobs.tree import cancel_tree, retry_tree
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
app.command("logs")(logs)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[UUID, typer.Argument(help="The job's id.")]
Tree = Annotated[bool, typer.Option("--tree", help="Its children, their children and so on as well.")]


def _state(value: str) -> State:
    for state in STATES:
        if state == value:
            return state
    raise typer.BadParameter(f"must be one of {', '.join(STATES)}, got {value!r}")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only this queue.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    parent: Annotated[UUID | None, typer.Option(help="Only children of this job.")] = None,
    correlation: Annotated[UUID | None, typer.Option(help="Only jobs of this correlation.")] = None,
    caused_by: Annotated[UUID | None, typer.Option(help="Only jobs this job or event caused directly.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Continue a list before this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists jobs, newest first."""
    states: list[State] | None = None if not state else [_state(one) for one in state]
    query = partial(
        list_jobs,
        kind=kind,
        queue=queue,
        states=states,
        parent_id=parent,
        correlation_id=correlation,
        causation_id=caused_by,
        before=before,
        limit=limit,
    )
    run(_list(context.obj, query, as_json=as_json))


@app.command()
def show(context: typer.Context, job_id: JobId, *, as_json: Json = False) -> None:
    """Shows one job: state, args, result, every failed attempt with its traceback, progress."""
    run(_show(context.obj, job_id, as_json=as_json))


@app.command()
def retry(
    context: typer.Context,
    job_id: JobId,
    *,
    tree: Tree = False,
    by: Annotated[str | None, typer.Option(help="Who brings it back; by default the login name.")] = None,
) -> None:
    """Makes an ended job (failed, cancelled or dead) run again, or one waiting for later run now.

    A job held by dependencies that have failed is let go. One whose unique key another job holds is
    refused. With --tree, whatever failed, died or was cancelled of the tree runs again, in the order of
    its dependencies.
    """
    retrying = _retry_tree if tree else _retry
    run(retrying(context.obj, job_id, by or login()))


@app.command()
def cancel(
    context: typer.Context,
    job_id: JobId,
    *,
    tree: Tree = False,
    by: Annotated[str | None, typer.Option(help="Who cancels; by default the login name.")] = None,
) -> None:
    """Cancels a job: at once where it waits, by interrupting it where it runs."""
    cancelling = _cancel_tree if tree else _cancel
    run(cancelling(context.obj, job_id, by or login()))


async def _list(choice: Choice, query: Callable[[Connection], Awaitable[list[JobSummary]]], *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        jobs = await query(connection)
    if as_json:
        print_json(jobs)
        return
    print_table(
        ("id", "kind", "queue", "state", "attempt", "due", "error"),
        [
            (
                job.id,
                job.kind,
                job.queue,
                job.state,
                f"{job.attempt}/{job.max_attempts}",
                moment(job.run_at),
                job.error,
            )
            for job in jobs
        ],
    )


async def _show(choice: Choice, job_id: UUID, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        job = await _found(connection, job_id)
    if as_json:
        print_json(job)
        return
    _print_job(job)


def _print_job(job: JobDetail) -> None:
    shown = [
        (name.replace("_", " "), moment(value) if name.endswith("_at") else value)
        for name in JobDetail.__slots__
        if name not in {"failures", "progress", "dependencies", "steps", "error", "logs"}
        and (value := getattr(job, name)) is not None
    ]
    print_table(("field", "value"), shown)
    if job.progress is not None:
        progress = job.progress
        typer.echo(
            f"progress {progress.done}/{progress.total or '?'} {progress.message or ''}; "
            f"children {progress.ended_count}/{progress.child_count}, {progress.failed_count} failed"
        )
    for one in job.dependencies:
        typer.echo(f"{'waits for' if one.is_open else 'waited for'} {one.name or one.kind}: job {one.id}, {one.state}")
    for step in job.steps:
        typer.echo(f"step {step.name}: done by attempt {step.attempt} at {moment(step.ended_at)}")
    if job.logs:
        typer.echo(f"\nthe last lines it logged (all: headrace jobs logs {job.id})")
    for line in job.logs:
        print_line(line)
    for failure in job.failures:
        typer.echo(
            f"\nattempt {failure.attempt} at {moment(failure.failed_at)}: "
            f"{failure.error.get('type')}: {failure.error.get('message')}"
        )
        if failure.error.get("traceback"):
            typer.echo(failure.error["traceback"])


async def _retry(choice: Choice, job_id: UUID, by: str) -> None:
    async with opened(choice) as app:
        try:
            job, is_redriven = await retry_one(app, job_id, by=by)
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
        except UniqueKeyHeldError as error:
            fail(str(error))
    if not is_redriven and job.waits_for:
        fail(f"job {job_id} waits for {job.waits_for} others; `headrace jobs show {job_id}` lists them")
    if not is_redriven:
        fail(f"job {job_id} is {job.state}; only failed, cancelled, dead and scheduled jobs can be retried")
    typer.echo(f"job {job_id} ({job.kind}) is due now")


async def _retry_tree(choice: Choice, job_id: UUID, by: str) -> None:
    async with opened(choice) as app:
        try:
            done = await retry_tree(app, job_id, by=by)
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    held = told_held(done.key_held_count)
    typer.echo(f"the tree of job {job_id} has {done.job_count} jobs: {done.retried_count} run again{held}")


async def _cancel_tree(choice: Choice, job_id: UUID, by: str) -> None:
    async with opened(choice) as app:
        try:
            done = await cancel_tree(app, job_id, by=by)
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    typer.echo(
        f"the tree of job {job_id} has {done.job_count} jobs: {done.cancelled_count} cancelled, "
        f"the workers of {done.requested_count} are asked to cancel them"
    )


async def _cancel(choice: Choice, job_id: UUID, by: str) -> None:
    async with opened(choice) as app:
        try:
            job, done = await cancel_one(app, job_id, by=by)
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if done is None:
        fail(f"job {job_id} is {job.state}; it has ended and cannot be cancelled")
    typer.echo(
        f"job {job_id} ({job.kind}): {'cancelled' if done == 'cancelled' else 'its worker is asked to cancel it'}"
    )


async def _found(connection: Connection, job_id: UUID) -> JobDetail:
    try:
        return await show_job(connection, job_id)
    except JobNotFoundError as error:
        fail(str(error), EXIT_NOT_FOUND)
