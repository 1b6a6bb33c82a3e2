"""Reads the log in pages: all of it up to the safe head, or one stream."""

from collections.abc import AsyncIterator, Collection

from headrace.db.connection import Pool, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent, Stream
from headrace.events.event_class import unwanted_class
from headrace.events.schema import EventRegistry
from headrace.events.stored import stored_events

_PACKAGE = "headrace.events"


async def read(
    pool: Pool,
    registry: EventRegistry,
    *,
    types: Collection[str] | None = None,
    stream: Stream | None = None,
    tenant_id: str | None = None,
    user_id: str | None = None,
    after: int = 0,
    until: int | None = None,
    batch: int = 1000,
    follow_head: bool = True,
) -> AsyncIterator[StoredEvent]:
    """The events after a position, one by one, in order; see `read_batches`.

    Faster than batches for a plain pass, since each event is decoded when it is reached and may be
    forgotten at once.

        async for event in read(pool, registry, types={"contact.created"}):
            ...
    """
    async for rows in _pages(
        pool,
        types=types,
        stream=stream,
        tenant_id=tenant_id,
        user_id=user_id,
        after=after,
        until=until,
        batch=batch,
        follow_head=follow_head,
    ):
        for event in stored_events(registry, rows):
            yield event


async def read_batches(
    pool: Pool,
    registry: EventRegistry,
    *,
    types: Collection[str] | None = None,
    stream: Stream | None = None,
    tenant_id: str | None = None,
    user_id: str | None = None,
    after: int = 0,
    until: int | None = None,
    batch: int = 1000,
    follow_head: bool = True,
) -> AsyncIterator[list[StoredEvent]]:
    """The events after a position in pages of at most `batch`, none of them empty.

    `after` and `until` are positions, and versions where one `stream` is read (of the tenant given, or
    of no tenant). The log is read up to the safe head: where it stands for each page, or with
    `follow_head=False` where it stood at the first. No connection is held between pages, and no more
    than a page is in memory. Decoding errors are raised when their page is reached.
    """
    async for rows in _pages(
        pool,
        types=types,
        stream=stream,
        tenant_id=tenant_id,
        user_id=user_id,
        after=after,
        until=until,
        batch=batch,
        follow_head=follow_head,
    ):
        yield list(stored_events(registry, rows))


async def head_position(pool: Pool) -> int:
    """The safe head: every position up to it is committed or dead for good."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval(statement(_PACKAGE, "head_position")))


async def _pages(
    pool: Pool,
    *,
    types: Collection[str] | None,
    stream: Stream | None,
    tenant_id: str | None,
    user_id: str | None,
    after: int,
    until: int | None,
    batch: int,
    follow_head: bool,
) -> AsyncIterator[list[Row]]:
    if batch < 1:
        raise ConfigurationError(f"batch must be at least 1, got {batch}")
    wanted = None if types is None else sorted(types)
    if stream is None and not follow_head:
        head = await head_position(pool)
        until = head if until is None else min(until, head)
    key = "position" if stream is None else "stream_version"
    while until is None or after < until:
        async with pool.acquire() as connection:
            if stream is None:
                rows = await connection.fetch(
                    statement(_PACKAGE, "read"), after, until, wanted, tenant_id, user_id, batch, unwanted_class(wanted)
                )
            else:
                rows = await connection.fetch(
                    statement(_PACKAGE, "read_stream"),
                    tenant_id or "",
                    stream.aggregate_type,
                    stream.aggregate_id,
                    after,
                    until,
                    wanted,
                    user_id,
                    batch,
                )
        if rows:
            yield rows
        if len(rows) < batch:
            return
        after = rows[-1][key]
