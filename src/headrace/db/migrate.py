"""Migrations: numbered SQL files, forward-only, applied under an advisory lock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from headrace.db.app_role import renew_grants
from headrace.db.connection import Connection
from headrace.db.errors import FORBIDDEN
from headrace.db.statements import statement
from headrace.errors import SchemaError

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_PACKAGE = "headrace.db"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step: `number` counts from 1 within its set."""

    number: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """The migrations of one product: the engine's own, or an application's on top of it."""

    name: str
    package: str

    def load(self) -> list[Migration]:
        """Every step in order. Raises SchemaError where a number is missing or stands twice."""
        found: list[Migration] = []
        for file in sorted(files(self.package).joinpath("migrations").iterdir(), key=lambda entry: entry.name):
            match = _FILE.fullmatch(file.name)
            if match:
                found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
        for expected, migration in enumerate(found, start=1):
            if migration.number != expected:
                raise SchemaError(
                    f"migration {migration.number:04}_{migration.name} of {self.name!r} stands where "
                    f"{expected:04} should: number the files 0001, 0002, ... without a gap"
                )
        return found


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """How one set stands: what the database has, what this version has."""

    name: str
    applied: int
    available: int
    pending: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        return self.applied == self.available


ENGINE = MigrationSet("headrace", _PACKAGE)


async def migrate(connection: Connection, *, sets: Sequence[MigrationSet] = (ENGINE,)) -> list[str]:
    """Applies what is missing, all in one transaction, and returns the names of what it applied.

    Two processes starting at once take turns on an advisory lock; the second finds nothing to do. Where nothing is
    missing, any role may call it that can read. Raises SchemaError where the database is newer than this version, or
    the role may not migrate it.
    """
    statuses = await migration_status(connection, sets=sets)
    if all(one.is_current for one in statuses):
        return []
    try:
        return await _apply(connection, sets)
    except FORBIDDEN as error:
        missing = ", ".join(name for one in statuses for name in one.pending)
        raise SchemaError(
            f"the role of this session may not migrate the database: {error}; run `headrace db migrate` as the role "
            f"that owns it (missing: {missing})"
        ) from error


async def _apply(connection: Connection, sets: Sequence[MigrationSet]) -> list[str]:
    applied: list[str] = []
    async with connection.transaction():
        await connection.execute(statement(_PACKAGE, "lock_migrations"))
        await connection.execute(statement(_PACKAGE, "create_schema"))
        await connection.execute(statement(_PACKAGE, "create_migration_table"))
        for chosen in sets:
            status = _compare(chosen, await _applied(connection, chosen))
            for migration in chosen.load()[status.applied :]:
                await connection.execute(migration.sql)
                await connection.execute(
                    statement(_PACKAGE, "record_migration"), chosen.name, migration.number, migration.name
                )
                applied.append(f"{chosen.name} {migration.number:04}_{migration.name}")
        if applied:
            await renew_grants(connection)
    return applied


async def migration_status(
    connection: Connection, *, sets: Sequence[MigrationSet] = (ENGINE,)
) -> list[MigrationStatus]:
    """How each set stands, changing nothing. Raises SchemaError where the database is newer."""
    return [_compare(chosen, await _applied(connection, chosen)) for chosen in sets]


async def require_current(connection: Connection, *, sets: Sequence[MigrationSet] = (ENGINE,)) -> None:
    """Raises SchemaError unless the database is exactly at this version's schema."""
    for status in await migration_status(connection, sets=sets):
        if not status.is_current:
            raise SchemaError(
                f"the database is at step {status.applied} of {status.name!r}, this version needs step "
                f"{status.available}; run `headrace db migrate` (missing: {', '.join(status.pending)})"
            )


async def _applied(connection: Connection, chosen: MigrationSet) -> int:
    if not await connection.fetchval(statement(_PACKAGE, "has_migration_table")):
        return 0
    return int(await connection.fetchval(statement(_PACKAGE, "applied_migrations"), chosen.name))


def _compare(chosen: MigrationSet, applied: int) -> MigrationStatus:
    available = chosen.load()
    if applied > len(available):
        raise SchemaError(
            f"the database's schema is newer than this program: step {applied} of {chosen.name!r} is applied, "
            f"this version knows {len(available)}; upgrade headrace to the version that migrated the database"
        )
    pending = tuple(f"{step.number:04}_{step.name}" for step in available[applied:])
    return MigrationStatus(chosen.name, applied, len(available), pending)
