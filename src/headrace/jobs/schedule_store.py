"""The schedules' statements. Takes a connection, never commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.jobs.codec import encode_json
from headrace.jobs.job import Priority
from headrace.jobs.schedule import Schedule

_PACKAGE = "headrace.jobs"
_ENCODED = frozenset({"args", "priority"})


@dataclass(frozen=True, slots=True)
class Move:
    """A schedule's step from the tick it is at to the next, fenced by its revision."""

    name: str
    revision: int
    due_at: datetime
    next_at: datetime | None
    last_at: datetime | None
    last_job_id: UUID | None


async def list_schedules(connection: Connection, names: Sequence[str] | None = None) -> list[Schedule]:
    """The schedules of these names, or all of them, in order of name."""
    rows = await connection.fetch(statement(_PACKAGE, "list_schedules"), None if names is None else list(names))
    return [_schedule(row) for row in rows]


async def lock_schedules(connection: Connection, names: Sequence[str], *, declared_by: str | None) -> list[Schedule]:
    """Locks the schedules of these names, and those an app has declared, for the transaction."""
    rows = await connection.fetch(statement(_PACKAGE, "lock_schedules"), list(names), declared_by)
    return [_schedule(row) for row in rows]


async def decision_time(connection: Connection, *, now: datetime | None = None) -> datetime:
    """The database's moment, or the one given."""
    return await connection.fetchval(statement(_PACKAGE, "decision_time"), now)


async def due_schedules(
    connection: Connection, *, overdue: timedelta, limit: int, now: datetime | None = None
) -> tuple[list[Schedule], datetime | None]:
    """Up to `limit` schedules whose tick has been due for `overdue`, and the moment they were looked at."""
    rows = await connection.fetch(statement(_PACKAGE, "due_schedules"), overdue, limit, now)
    return [_schedule(row) for row in rows], rows[0]["now"] if rows else None


async def next_tick(connection: Connection, *, now: datetime | None = None) -> timedelta | None:
    """How long until any schedule's next tick; negative where one is overdue, None where none is to come."""
    return await connection.fetchval(statement(_PACKAGE, "next_tick"), now)


async def move_schedules(connection: Connection, moves: Sequence[Move]) -> set[str]:
    """Moves schedules on; the names of those moved. The others are not ours to fire."""
    rows = await connection.fetch(
        statement(_PACKAGE, "move_schedules"),
        [move.name for move in moves],
        [move.revision for move in moves],
        [move.due_at for move in moves],
        [move.next_at for move in moves],
        [move.last_at for move in moves],
        [move.last_job_id for move in moves],
    )
    return {row["name"] for row in rows}


async def tick_limits(connection: Connection, names: Collection[str]) -> dict[str, tuple[str, int]]:
    """The limit keys and weights of the ticks of these schedules; none of a kind without a limit, or not known yet."""
    rows = await connection.fetch(statement(_PACKAGE, "tick_limits"), list(names))
    return {row["name"]: (row["limit_key"], row["weight"]) for row in rows}


async def insert_schedule(connection: Connection, schedule: Schedule) -> bool:
    """Stores a new schedule; False where its name is taken."""
    name = await connection.fetchval(statement(_PACKAGE, "insert_schedule"), *_values(schedule), schedule.created_at)
    return name is not None


async def write_schedule(connection: Connection, schedule: Schedule) -> None:
    """Writes a schedule that is locked, and counts its revision up."""
    await connection.execute(statement(_PACKAGE, "write_schedule"), *_values(schedule))


async def delete_schedule(connection: Connection, name: str) -> None:
    """Removes a schedule."""
    await connection.execute(statement(_PACKAGE, "delete_schedule"), name)


async def break_schedule(connection: Connection, name: str, *, revision: int, because: str) -> bool:
    """Disables a schedule that cannot be read; False where it was changed meanwhile."""
    return bool(await connection.fetchval(statement(_PACKAGE, "break_schedule"), name, revision, because))


def _schedule(row: Row) -> Schedule:
    plain = {name: value for name, value in row.items() if name not in _ENCODED and name != "now"}
    return Schedule(**plain, args=msgspec.json.decode(row["args"]), priority=Priority(row["priority"]).name.lower())


def _values(schedule: Schedule) -> tuple[object, ...]:
    return (
        schedule.name,
        schedule.kind,
        encode_json(schedule.args).decode(),
        schedule.cron,
        schedule.timezone,
        schedule.every,
        schedule.catch_up,
        schedule.catch_up_limit,
        schedule.queue,
        int(Priority.named(schedule.priority)),
        schedule.max_attempts,
        schedule.tenant_id,
        schedule.user_id,
        schedule.source,
        schedule.app,
        schedule.declaration,
        schedule.is_paused,
        schedule.paused_by,
        schedule.disabled_because,
        schedule.anchor_at,
        schedule.next_at,
        schedule.last_at,
        schedule.last_job_id,
        schedule.edited_at,
        schedule.edited_by,
    )
