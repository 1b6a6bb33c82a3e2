"""Builds as the database has them: begun, found, moved from state to state. Takes a connection, never commits."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headrace.db.connection import Connection, Pool, Row
from headrace.db.statements import statement
from headrace.errors import ProjectionNotFoundError
from headrace.events import lanes
from headrace.projections.build import Build, State, build_name, wants_new_build
from headrace.projections.declaration import Declaration

_PACKAGE = "headrace.projections"


async def list_builds(connection: Connection, projection: str | None = None) -> list[Build]:
    """All builds there ever were, of one projection or of all, in order."""
    return [_build(row) for row in await connection.fetch(statement(_PACKAGE, "list_builds"), projection)]


async def look_for_builds(pool: Pool, projection: str) -> list[Build]:
    """All builds there ever were of one projection, in order, for a loop that looks again and again."""
    return [_build(row) for row in await pool.execute(statement(_PACKAGE, "list_builds"), projection)]


async def live_build(connection: Connection, projection: str) -> Build:
    """The build that the views show. Raises ProjectionNotFoundError where the projection has not begun."""
    for build in await list_builds(connection, projection):
        if build.state == "live":
            return build
    raise ProjectionNotFoundError(projection)


async def lock_projection(connection: Connection, projection: str) -> list[Build]:
    """Takes a projection to the end of the transaction, made where it is new; its builds."""
    await connection.execute(statement(_PACKAGE, "make_projection"), projection)
    await connection.fetchval(statement(_PACKAGE, "lock_projection"), projection)
    return await list_builds(connection, projection)


async def begin_declared(connection: Connection, declaration: Declaration, *, is_newest: bool) -> Build | None:
    """Begins the build that this version of a projection still needs; None where it needs none."""
    builds = await lock_projection(connection, declaration.name)
    match wants_new_build(builds, declaration.version, is_newest=is_newest):
        case None:
            return None
        case "first":
            build = await begin_build(connection, declaration, builds, state="live")
            await show_build(connection, build)
            return build
        case "next":
            return await begin_build(connection, declaration, builds, state="filling")


async def begin_build(
    connection: Connection, declaration: Declaration, builds: Sequence[Build], *, state: State
) -> Build:
    """Makes the schema, tables and subscription of the next build, in the transaction that holds the projection."""
    number = max((build.build for build in builds), default=0) + 1
    schema = build_name(declaration.name, number)
    await make_tables(connection, declaration, schema)
    await lanes.register(connection, declaration.subscription(number))
    row = await connection.fetchrow(
        statement(_PACKAGE, "insert_build"),
        declaration.name,
        number,
        declaration.version,
        state,
        declaration.schema,
        list(declaration.tables),
        declaration.swaps_itself,
    )
    return _build(row)


async def make_tables(connection: Connection, declaration: Declaration, schema: str) -> None:
    """Makes a schema with a projection's tables, first on the search path to the end of the transaction."""
    await connection.execute(f'CREATE SCHEMA "{schema}"')
    await enter_schema(connection, schema)
    await connection.execute(declaration.fold.ddl)


async def enter_schema(connection: Connection, schema: str) -> None:
    """Puts a schema first on the search path, to the end of the transaction."""
    await connection.fetchval(statement(_PACKAGE, "enter_schema"), schema)


async def enter_build(connection: Connection, name: str) -> None:
    """Goes into a build as one who folds: its tables first on the search path, its gate passed.

    Waits where somebody holds the build still; see `hold_builds`.
    """
    await connection.fetchval(statement(_PACKAGE, "enter_build"), name)


async def hold_builds(connection: Connection, *names: str) -> None:
    """Holds builds still to the end of the transaction: nobody folds into them, once this returns."""
    for name in sorted(names):
        await connection.fetchval(statement(_PACKAGE, "hold_build"), name)


async def show_build(connection: Connection, build: Build) -> None:
    """Lets the views show a build's tables."""
    await connection.fetchval(statement(_PACKAGE, "show_build"), build.view_schema, sorted(build.tables), build.name)


async def keeps_build(connection: Connection, build: Build) -> bool:
    """Whether a build is still there; it stays so to the end of the transaction."""
    kept = await connection.fetchval(statement(_PACKAGE, "keep_build"), build.projection, build.build)
    return kept is True


def _build(row: Row) -> Build:
    fields: dict[str, Any] = dict(row.items())
    for name in ("pace", "verdict"):
        fields[name] = None if fields[name] is None else msgspec.json.decode(fields[name])
    return Build(**fields)
