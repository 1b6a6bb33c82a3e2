"""`headrace db`: the schema, and what is kept."""

from typing import Annotated

import typer

from headrace.cli.session import Choice, opened
from headrace.db.app_role import grant_app
from headrace.db.migrate import MigrationStatus, migration_status
from headrace.jobs.retire import plan_retention, retain_all
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


@app.command()
def grant(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="The role that workers, console and programs log in with.")],
    *,
    schema: Annotated[
        list[str] | None, typer.Option("--schema", help="A schema of the app's own, to read, write and make tables in.")
    ] = None,
    retention: Annotated[
        bool, typer.Option("--retention/--no-retention", help="Whether it may let old partitions of the log go.")
    ] = True,
) -> None:
    """Lets a role run the app without owning the schema: of the log, it may read and append. Run it as the owner."""
    run(_grant(context.obj, role, schema or [], drops_events=retention))


@app.command()
def retention(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Lets ended jobs go whose time is over, as the app given with --app keeps them. Workers do so by themselves."""
    run(_retention(context.obj, is_dry=dry_run, as_json=as_json))


async def _migrate(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice, migrating=True) as app, app.pool.acquire() as connection:
        _print(await migration_status(connection, sets=app.migrations), as_json=as_json)


async def _grant(choice: Choice, role: str, schemas: list[str], *, drops_events: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection, connection.transaction():
        shown = {declaration.schema for declaration in app.declarations}
        await grant_app(connection, role, schemas=sorted(shown.union(schemas)), drops_events=drops_events)


async def _status(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice, migrating=None) as app, app.pool.acquire() as connection:
        statuses = await migration_status(connection, sets=app.migrations)
    _print(statuses, as_json=as_json)
    if not all(one.is_current for one in statuses):
        raise typer.Exit(EXIT_FAILED)


async def _retention(choice: Choice, *, is_dry: bool, as_json: bool) -> None:
    async with opened(choice) as app:
        now = app.clock.override()
        if is_dry:
            async with app.pool.acquire() as connection:
                found = await plan_retention(connection, app.retention, now=now)
            columns, rows = (
                ("day", "what", "stay", "go"),
                [(one.day, one.fate, one.kept_count, one.expired_count) for one in found],
            )
        else:
            found, _ = await retain_all(app.pool, app.retention, now=now)
            columns, rows = (
                ("day", "what", "jobs"),
                [(one.day, f"{one.fate}, postponed" if one.is_postponed else one.fate, one.count) for one in found],
            )
    if as_json:
        print_json(found)
    else:
        print_table(columns, rows)


def _print(statuses: list[MigrationStatus], *, as_json: bool) -> None:
    if as_json:
        print_json(statuses)
        return
    print_table(
        ("set", "applied", "available", "pending"),
        [(one.name, one.applied, one.available, ", ".join(one.pending) or "none") for one in statuses],
    )
