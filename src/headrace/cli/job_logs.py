"""`headrace jobs logs`: what the handler of a job logged."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from headrace.app import Headrace
from headrace.cli.session import Choice, opened
from headrace.errors import JobNotFoundError
from headrace.jobs.browse import show_job
from headrace.jobs.logs import START, LogLine, read_log
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json_line, run

_PAGE = 1_000
_LOOK_SECONDS = 0.5
_ENDED = frozenset({"completed", "failed", "cancelled", "dead"})


def logs(
    context: typer.Context,
    job_id: Annotated[UUID, typer.Argument(help="The job's id.")],
    *,
    attempt: Annotated[int | None, typer.Option(min=1, help="Only this attempt.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line each.")] = False,
) -> None:
    """Prints what the handler of a job logged, attempt by attempt."""
    run(_logs(context.obj, job_id, attempt=attempt, follow=follow, as_json=as_json))


def print_line(line: LogLine) -> None:
    """Prints one line for a person."""
    typer.echo(f"{moment(line.logged_at)} {line.level} {line.logger}: {line.message}")


async def _logs(choice: Choice, job_id: UUID, *, attempt: int | None, follow: bool, as_json: bool) -> None:
    async with opened(choice) as app:
        after = START
        while True:
            # Asked before the lines are read: those of an attempt are there before its end is.
            is_over = not follow or await _has_ended(app, job_id)
            after = await _print_from(app, job_id, attempt, after, as_json=as_json)
            if is_over:
                return
            await asyncio.sleep(_LOOK_SECONDS)


async def _print_from(
    app: Headrace, job_id: UUID, attempt: int | None, after: tuple[int, int], *, as_json: bool
) -> tuple[int, int]:
    while True:
        async with app.pool.acquire() as connection:
            lines = await read_log(connection, job_id, attempt=attempt, after=after, limit=_PAGE)
        if not lines and after == START:
            await _has_ended(app, job_id)  # says so where there is no such job
        for line in lines:
            after = (line.lease, line.line)
            if as_json:
                print_json_line(line)
            else:
                print_line(line)
        if len(lines) < _PAGE:
            return after


async def _has_ended(app: Headrace, job_id: UUID) -> bool:
    async with app.pool.acquire() as connection:
        try:
            return (await show_job(connection, job_id)).state in _ENDED
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
