"""Parked streams: set aside at an event that failed, with what came after it, until somebody lets them go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import HeadraceError
from headrace.events.checkpoint import HeldLane
from headrace.events.versions import StreamKey

_PACKAGE = "headrace.events"

_POSITION, _TENANT, _AGGREGATE_TYPE, _AGGREGATE_ID = 0, 4, 6, 7
"""Columns of a row of the log, in the order of `read.sql`."""

_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ResumingStream:
    """A parked stream that this transaction has locked, to hand over what waits in it."""

    key: StreamKey
    failure_count: int


def parked_key(row: Row) -> StreamKey:
    """What an event is parked under: its stream, or itself alone where it is in none.

    Streams have a type, so an empty one and a position can name no stream.
    """
    if row[_AGGREGATE_TYPE] is None:
        return StreamKey(row[_TENANT], "", str(row[_POSITION]))
    return StreamKey(row[_TENANT], row[_AGGREGATE_TYPE], row[_AGGREGATE_ID])


async def park(
    connection: Connection,
    name: str,
    held: HeldLane,
    row: Row,
    *,
    error: Mapping[str, object],
    now: datetime | None,
) -> bool:
    """Sets an event's stream aside and lets its lane go on behind the event; False where the lane has moved."""
    parked = await connection.fetchval(
        statement(_PACKAGE, "park"),
        name,
        held.lane,
        held.position,
        held.generation,
        row[_POSITION],
        *parked_key(row),
        held.failure_count + 1,
        _json(error),
        now,
    )
    return parked is True


async def part_ready(connection: Connection, name: str, rows: Sequence[Row]) -> list[Row]:
    """Queues the events of parked streams where they belong; the others, which are ready to be handled."""
    keys = sorted({parked_key(row) for row in rows})
    found = await connection.fetch(statement(_PACKAGE, "parked_among"), name, *_columns(keys))
    parked = {StreamKey(*row) for row in found}
    if not parked:
        return list(rows)
    waiting = [row for row in rows if parked_key(row) in parked]
    await connection.execute(
        statement(_PACKAGE, "queue_events"),
        name,
        *_columns([parked_key(row) for row in waiting]),
        [row[_POSITION] for row in waiting],
    )
    return [row for row in rows if parked_key(row) not in parked]


async def next_resuming(connection: Connection, name: str, held: HeldLane) -> ResumingStream | None:
    """Takes the next stream of a held lane that is to be resumed; None where there is none to take now."""
    row = await connection.fetchrow(statement(_PACKAGE, "next_resuming"), name, held.lane, held.lane_count)
    return None if row is None else ResumingStream(StreamKey(*row[:3]), row[3])


async def read_parked(connection: Connection, name: str, key: StreamKey, *, limit: int) -> list[Row]:
    """The rows of the first events that wait in a stream, for `stored_events`."""
    return await connection.fetch(statement(_PACKAGE, "read_parked"), name, *key, limit)


async def take_out(connection: Connection, name: str, held: HeldLane, key: StreamKey, rows: Sequence[Row]) -> bool:
    """Takes the first events of a stream out of it, as handled; True where those were all: the parking has ended.

    Raises HeadraceError where they were taken out meanwhile, so that nothing is handled twice.
    """
    until = rows[-1][_POSITION] if rows else _END
    found = await connection.fetchrow(statement(_PACKAGE, "unpark_events"), name, *key, until)
    taken, following = (0, None) if found is None else (found[0], found[1])
    if taken < len(rows):
        raise HeadraceError(
            f"{len(rows) - taken} of {len(rows)} events parked in {key} are no longer there for {name!r}; "
            "the handler must not end the transaction it is given"
        )
    if following is None:
        await connection.execute(statement(_PACKAGE, "unpark_stream"), name, *key, held.lane)
        return True
    await connection.execute(statement(_PACKAGE, "move_parked"), name, *key, following)
    return False


async def park_again(
    connection: Connection,
    name: str,
    key: StreamKey,
    *,
    position: int,
    error: Mapping[str, object],
    now: datetime | None,
) -> None:
    """Parks a stream that was resumed, at the event that failed; nothing where it is no longer resuming."""
    await connection.execute(statement(_PACKAGE, "park_again"), name, *key, position, _json(error), now)


def _columns(keys: Sequence[StreamKey]) -> tuple[list[str], list[str], list[str]]:
    return (
        [key.tenant_id for key in keys],
        [key.aggregate_type for key in keys],
        [key.aggregate_id for key in keys],
    )


def _json(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(value).decode()
