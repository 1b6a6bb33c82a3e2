"""`headrace db`: the schema."""

from typing import Annotated

import typer

from headrace.cli.session import Choice, opened
from headrace.db.migrate import MigrationStatus, migration_status
from headrace.terminal import EXIT_FAILED, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def migrate(context: typer.Context, *, as_json: Json = False) -> None:
    """Brings the schema up to date. Safe to run from several processes at once."""
    run(_migrate(context.obj, as_json=as_json))


@app.command()
def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Shows which migrations are applied. Exit code 1 where some are missing."""
    run(_status(context.obj, as_json=as_json))


async def _migrate(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice, migrating=True) as app, app.pool.acquire() as connection:
        _print(await migration_status(connection, sets=app.migrations), as_json=as_json)


async def _status(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice, migrating=None) as app, app.pool.acquire() as connection:
        statuses = await migration_status(connection, sets=app.migrations)
    _print(statuses, as_json=as_json)
    if not all(one.is_current for one in statuses):
        raise typer.Exit(EXIT_FAILED)


def _print(statuses: list[MigrationStatus], *, as_json: bool) -> None:
    if as_json:
        print_json(statuses)
        return
    print_table(
        ("set", "applied", "available", "pending"),
        [(one.name, one.applied, one.available, ", ".join(one.pending) or "none") for one in statuses],
    )
