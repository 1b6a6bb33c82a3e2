"""Reads the log in pages: all of it up to the safe head, or one stream."""

from collections.abc import AsyncIterator, Collection
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection, Pool, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent
from headrace.events.event_class import unwanted_class
from headrace.events.filter import EventFilter
from headrace.events.schema import EventRegistry
from headrace.events.stored import stored_events

_PACKAGE = "headrace.events"


async def read(
    pool: Pool,
    registry: EventRegistry,
    *,
    types: Collection[str] | None = None,
    after: int = 0,
    until: int | None = None,
    batch: int = 1000,
    follow_head: bool = True,
    **wanted: Any,
) -> AsyncIterator[StoredEvent]:
    """The events after a position, one by one, in order; see `read_batches`.

    Faster than batches for a plain pass, since each event is decoded when it is reached and may be
    forgotten at once.

        async for event in read(pool, registry, types={"contact.created"}):
            ...
    """
    chosen = _chosen(types, wanted)
    async for rows in _pages(pool, chosen, after=after, until=until, batch=batch, follow_head=follow_head):
        for event in stored_events(registry, rows):
            yield event


async def read_batches(
    pool: Pool,
    registry: EventRegistry,
    *,
    types: Collection[str] | None = None,
    after: int = 0,
    until: int | None = None,
    batch: int = 1000,
    follow_head: bool = True,
    **wanted: Any,
) -> AsyncIterator[list[StoredEvent]]:
    """The events after a position in pages of at most `batch`, none of them empty.

    `wanted` are the fields of an `EventFilter`. `after` and `until` are positions, and versions where
    one `stream` is read. The log is read up to the safe head: where it stands for each page, or with
    `follow_head=False` where it stood at the first. Moments are mapped to positions first, so a period
    costs what lies in it. No connection is held between pages, and no more
    than a page is in memory. Decoding errors are raised when their page is reached.
    """
    chosen = _chosen(types, wanted)
    async for rows in _pages(pool, chosen, after=after, until=until, batch=batch, follow_head=follow_head):
        yield list(stored_events(registry, rows))


async def head_position(pool: Pool) -> int:
    """The safe head: every position up to it is committed or dead for good."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval(statement(_PACKAGE, "head_position")))


async def id_at(connection: Connection, position: int) -> UUID | None:
    """The id of the event at a position; None where there is none, be it never or no longer."""
    return await connection.fetchval(statement(_PACKAGE, "event_at"), position)


async def time_bounds(connection: Connection, chosen: EventFilter) -> tuple[int, int | None]:
    """The positions that the filter's period lies between: after the first, up to the second; None for no end yet."""
    row = await connection.fetchrow(statement(_PACKAGE, "time_bounds"), chosen.since, chosen.before)
    return (0, None) if row is None else (row[0], row[1])


async def read_page(
    connection: Connection, chosen: EventFilter, *, after: int, until: int | None, limit: int
) -> list[Row]:
    """The rows of the next events that fit, for `stored_events`; fewer than `limit` where there are no more.

    `after` and `until` are versions where the filter names a stream, positions otherwise.
    """
    types = None if chosen.types is None else list(chosen.types)
    if chosen.stream is None:
        return await connection.fetch(
            statement(_PACKAGE, "read"),
            after,
            until,
            types,
            chosen.tenant_id,
            chosen.user_id,
            chosen.aggregate_type,
            chosen.correlation_id,
            chosen.since,
            chosen.before,
            limit,
            unwanted_class(types),
        )
    return await connection.fetch(
        statement(_PACKAGE, "read_stream"),
        chosen.tenant_id or "",
        chosen.stream.aggregate_type,
        chosen.stream.aggregate_id,
        after,
        until,
        types,
        chosen.user_id,
        chosen.correlation_id,
        chosen.since,
        chosen.before,
        limit,
    )


def _chosen(types: Collection[str] | None, wanted: dict[str, Any]) -> EventFilter:
    return EventFilter(types=None if types is None else tuple(sorted(types)), **wanted)


async def _pages(
    pool: Pool, chosen: EventFilter, *, after: int, until: int | None, batch: int, follow_head: bool
) -> AsyncIterator[list[Row]]:
    if batch < 1:
        raise ConfigurationError(f"batch must be at least 1, got {batch}")
    if chosen.stream is None:
        ends = [until, None if follow_head else await head_position(pool)]
        if chosen.since is not None or chosen.before is not None:
            async with pool.acquire() as connection:
                first, last = await time_bounds(connection, chosen)
            after, ends = max(after, first), [*ends, last]
        until = min((end for end in ends if end is not None), default=None)
    key = "position" if chosen.stream is None else "stream_version"
    while until is None or after < until:
        async with pool.acquire() as connection:
            rows = await read_page(connection, chosen, after=after, until=until, limit=batch)
        if rows:
            yield rows
        if len(rows) < batch:
            return
        after = rows[-1][key]
