"""Where replays are kept. Takes a connection, never commits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ReplayNotFoundError
from headrace.events.filter import EventFilter
from headrace.replay.replay import Plan, Replay

_PACKAGE = "headrace.replay"


@dataclass(frozen=True, slots=True)
class HeldReplay:
    """A replay whose row this transaction has locked: where it is, and which job may go on with it."""

    position: int
    cursor: int
    until: int
    withheld: dict[str, dict[str, int]]
    job_id: UUID | None
    is_paused: bool
    has_ended: bool


async def begin(
    connection: Connection,
    replay_id: UUID,
    plan: Plan,
    *,
    has_effects: bool,
    job_id: UUID,
    actor: str,
    reason: str | None,
    now: datetime | None,
) -> None:
    """Stores a replay."""
    await connection.execute(
        statement(_PACKAGE, "begin_replay"),
        replay_id,
        plan.handler,
        msgspec.json.encode(_given(plan.filter)).decode(),
        has_effects,
        plan.batch_size,
        plan.after,
        plan.until,
        plan.cursor,
        job_id,
        actor,
        reason,
        now,
    )


async def find(connection: Connection, replay_id: UUID) -> Replay:
    """Raises ReplayNotFoundError."""
    found = await listed(connection, replay_id)
    if not found:
        raise ReplayNotFoundError(replay_id)
    return found[0]


async def listed(connection: Connection, replay_id: UUID | None = None, *, limit: int = 50) -> list[Replay]:
    """The newest replays, newest first, or the one of an id."""
    rows = await connection.fetch(statement(_PACKAGE, "list_replays"), replay_id, limit)
    return [_read(row) for row in rows]


async def lock(connection: Connection, replay_id: UUID, *, silence: timedelta) -> HeldReplay:
    """Takes a replay for the current transaction. Raises ReplayNotFoundError."""
    milliseconds = str(int(silence.total_seconds() * 1000))
    row = await connection.fetchrow(statement(_PACKAGE, "lock_replay"), replay_id, milliseconds)
    if row is None:
        raise ReplayNotFoundError(replay_id)
    position, cursor, until, withheld, job_id, is_paused, has_ended, _ = row
    return HeldReplay(position, cursor, until, msgspec.json.decode(withheld), job_id, is_paused, has_ended)


async def advance(
    connection: Connection,
    replay_id: UUID,
    *,
    position: int,
    cursor: int,
    event_count: int,
    withheld: Mapping[str, Any],
    has_ended: bool,
    now: datetime | None,
) -> None:
    """Moves a replay that the transaction holds."""
    await connection.execute(
        statement(_PACKAGE, "advance_replay"),
        replay_id,
        position,
        cursor,
        event_count,
        msgspec.json.encode(withheld).decode(),
        has_ended,
        now,
    )


async def release(connection: Connection, replay_id: UUID) -> None:
    """Lets a held replay go: no job is at it any more."""
    await connection.execute(statement(_PACKAGE, "release_replay"), replay_id)


async def record_error(connection: Connection, replay_id: UUID, facts: Mapping[str, object]) -> None:
    """Notes why a replay does not go on."""
    raw = msgspec.json.encode(facts).decode()
    await connection.execute(statement(_PACKAGE, "record_replay_error"), replay_id, raw)


async def pause(connection: Connection, replay_id: UUID, *, now: datetime | None) -> bool:
    """False where there was nothing to pause."""
    return await connection.fetchval(statement(_PACKAGE, "pause_replay"), replay_id, now) is True


async def cancel(connection: Connection, replay_id: UUID, *, now: datetime | None) -> bool:
    """False where it had ended."""
    return await connection.fetchval(statement(_PACKAGE, "cancel_replay"), replay_id, now) is True


async def resume(connection: Connection, replay_id: UUID, job_id: UUID | None) -> None:
    """Ends the pause of a held replay; `job_id` goes on with it, or the job it had."""
    await connection.execute(statement(_PACKAGE, "resume_replay"), replay_id, job_id)


def _given(chosen: EventFilter) -> dict[str, Any]:
    # Not `asdict` of the stream: it is a msgspec structure, and stays one.
    return {name: value for name, value in asdict(chosen).items() if value is not None}


def _read(row: Row) -> Replay:
    fields: dict[str, Any] = dict(row.items())
    error = fields["last_error"]
    fields["filter"] = msgspec.json.decode(fields["filter"], type=EventFilter)
    fields["withheld"] = msgspec.json.decode(fields["withheld"])
    fields["last_error"] = None if error is None else msgspec.json.decode(error)
    return Replay(**fields)
