"""`headrace operations`: who did what to queues and to many jobs, and going on after an interruption."""

from typing import Annotated
from uuid import UUID

import typer

from headrace.cli.bulk import told
from headrace.cli.session import Choice, opened
from headrace.errors import OperationNotFoundError
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    before: Annotated[UUID | None, typer.Option(help="Continue a list before this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists what was done, newest first."""
    run(_list(context.obj, before, limit, as_json=as_json))


@app.command()
def resume(
    context: typer.Context,
    operation_id: Annotated[UUID, typer.Argument(help="The operation's id.")],
    *,
    as_json: Json = False,
) -> None:
    """Goes on with an operation that was interrupted."""
    run(_resume(context.obj, operation_id, as_json=as_json))


async def _list(choice: Choice, before: UUID | None, limit: int, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        found = await opened_app.operations.all(before=before, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "action", "by", "begun", "ended", "jobs", "subject"),
        [
            (
                one.id,
                one.action,
                one.actor,
                moment(one.begun_at),
                moment(one.ended_at),
                f"{one.changed_count}/{one.total_count}",
                one.subject if one.reason is None else f"{one.subject}: {one.reason}",
            )
            for one in found
        ],
    )


async def _resume(choice: Choice, operation_id: UUID, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        try:
            operation = await opened_app.operations.resume(operation_id)
        except OperationNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(operation)
    else:
        typer.echo(told(operation))
