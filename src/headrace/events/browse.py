"""Looking at the log: events as they are stored, whether or not their classes are known here. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.events"


@dataclass(frozen=True, slots=True)
class EventDetail:
    """One event as stored; `data` is its JSON."""

    position: int
    id: UUID
    type: str
    schema_version: int
    tenant_id: str
    user_id: str | None
    aggregate_type: str | None
    aggregate_id: str | None
    stream_version: int | None
    data: Any
    source: str
    correlation_id: UUID
    causation_id: UUID | None
    causation_kind: str | None
    actor: str | None
    occurred_at: datetime
    recorded_at: datetime


async def list_events(
    connection: Connection,
    *,
    types: Collection[str] | None = None,
    correlation_id: UUID | None = None,
    aggregate_type: str | None = None,
    aggregate_id: str | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[EventDetail]:
    """The newest events that fit, newest first, up to the safe head; `before` and `after` are positions."""
    rows = await connection.fetch(
        statement(_PACKAGE, "list_events"),
        before,
        after,
        None if types is None else sorted(types),
        correlation_id,
        aggregate_type,
        aggregate_id,
        limit,
    )
    return [detail_of(dict(row.items())) for row in rows]


def detail_of(fields: dict[str, Any]) -> EventDetail:
    """An event of the columns of its row, its data still text."""
    return EventDetail(**{**fields, "data": msgspec.json.decode(fields["data"])})


async def head_position(connection: Connection) -> int:
    """The safe head: the last position that can be read without losing anything."""
    return int(await connection.fetchval(statement(_PACKAGE, "head_position")))


async def count_events(connection: Connection) -> dict[str, int]:
    """How many events there are of each type, up to the safe head. Counts the whole log."""
    return {row["type"]: row["count"] for row in await connection.fetch(statement(_PACKAGE, "count_events"))}
