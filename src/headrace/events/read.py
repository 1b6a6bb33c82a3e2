"""Reads the log in pages: all of it up to the safe head, or one stream."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection, Pool, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent
from headrace.events.event_class import unwanted_class
from headrace.events.filter import EventFilter
from headrace.events.schema import EventRegistry
from headrace.events.sealing import open_rows
from headrace.events.stored import stored_events

_PACKAGE = "headrace.events"

_Page = tuple[Sequence[Row], Sequence[Row]]


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
) -> AsyncGenerator[StoredEvent]:
    """The events after a position, one by one, in order; see `read_batches`.

    Faster than batches for a plain pass, since each event is decoded when it is reached and may be
    forgotten at once.

        async for event in read(pool, registry, types={"contact.created"}):
            ...
    """
    chosen = _chosen(types, wanted)
    pages = _pages(pool, registry, chosen, after=after, until=until, batch=batch, follow_head=follow_head)
    async with aclosing(pages):
        async for rows in pages:
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
) -> AsyncGenerator[list[StoredEvent]]:
    """The events after a position in pages of at most `batch`, none of them empty.

    `wanted` are the fields of an `EventFilter`. `after` and `until` are positions, and versions where
    one `stream` is read. The log is read up to the safe head: where it stands for each page, or with
    `follow_head=False` where it stood at the first. Moments are mapped to positions first, so a period
    costs what lies in it. From the second page on the next is read while one is handled: two are in memory,
    and no connection is held for longer than a query. Decoding errors are raised when their page is reached.
    """
    chosen = _chosen(types, wanted)
    pages = _pages(pool, registry, chosen, after=after, until=until, batch=batch, follow_head=follow_head)
    async with aclosing(pages):
        async for rows in pages:
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
    pool: Pool,
    registry: EventRegistry,
    chosen: EventFilter,
    *,
    after: int,
    until: int | None,
    batch: int,
    follow_head: bool,
) -> AsyncGenerator[Sequence[Row]]:
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
    ahead: asyncio.Task[_Page] | None = None
    page_count = 0
    try:
        while until is None or after < until:
            was_ahead = ahead is not None
            rows, opened = await (ahead or _fetch(pool, registry, chosen, after=after, until=until, limit=batch))
            ahead, page_count = None, page_count + 1
            if rows:
                after = rows[-1][key]
            if len(rows) == batch and page_count > 1 and (until is None or after < until):
                # Read while this one is decoded and handled; not after the first, with which many are content.
                ahead = asyncio.create_task(_fetch(pool, registry, chosen, after=after, until=until, limit=batch))
                await asyncio.sleep(0)  # sends its query: nothing else need let the loop run before the page is done
            if rows:
                yield opened
            if len(rows) < batch and not was_ahead:
                return  # one that was read ahead may have missed what the caller has waited for since
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait([ahead])


async def _fetch(
    pool: Pool, registry: EventRegistry, chosen: EventFilter, *, after: int, until: int | None, limit: int
) -> _Page:
    """The rows of a page, as they are stored and with their personal values opened."""
    async with pool.loan() as loan:
        rows = await read_page(loan.session, chosen, after=after, until=until, limit=limit)
        opened = await open_rows(loan.session, registry, rows)
        loan.is_clean = True
    return rows, opened
