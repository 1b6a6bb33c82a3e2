"""`headrace jobs explain`: why a job does not run."""

from typing import Annotated
from uuid import UUID

import msgspec
import typer

from headrace.cli.session import Choice, opened
from headrace.errors import JobNotFoundError
from headrace.jobs.explain import explain
from headrace.jobs.limit_standing import full_limits
from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, run


def explain_job(
    context: typer.Context,
    job_id: Annotated[UUID, typer.Argument(help="The job's id.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Says why a job does not run: not due, queue paused, limit full, no worker, others first; or how it stands."""
    run(_explain(context.obj, job_id, as_json=as_json))


async def _explain(choice: Choice, job_id: UUID, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        try:
            found = await explain(connection, job_id, limits=full_limits)
        except JobNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json([{**msgspec.to_builtins(one), "text": one.text} for one in found])
        return
    for one in found:
        typer.echo(one.text)
