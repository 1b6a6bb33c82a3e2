"""Reads the log in pages: all of it up to the safe head, or one stream."""

from collections.abc import AsyncIterator, Collection

from headrace.db.connection import Pool
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent, Stream
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

    async for event in read(pool, registry, types={"contact.created"}):
        ...
    """
    async for page in read_batches(
        pool,
        registry,
        types=types,
        stream=stream,
        tenant_id=tenant_id,
        user_id=user_id,
        after=after,
        until=until,
        batch=batch,
        follow_head=follow_head,
    ):
        for event in page:
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
    if batch < 1:
        raise ConfigurationError(f"batch must be at least 1, got {batch}")
    wanted = None if types is None else sorted(types)
    query, prefix, middle = statement(_PACKAGE, "read"), (), (wanted, tenant_id, user_id)
    if stream is not None:
        query, prefix, middle = (
            statement(_PACKAGE, "read_stream"),
            (tenant_id or "", *stream),
            (wanted, user_id),
        )
    elif not follow_head:
        head = await head_position(pool)
        until = head if until is None else min(until, head)
    while until is None or after < until:
        async with pool.acquire() as connection:
            rows = await connection.fetch(query, *prefix, after, until, *middle, batch)
        page = stored_events(registry, rows)
        if not page:
            return
        yield page
        if len(page) < batch:
            return
        last = page[-1]
        after = last.position if stream is None else last.stream_version or 0


async def head_position(pool: Pool) -> int:
    """The safe head: every position up to it is committed or dead for good."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval(statement(_PACKAGE, "head_position")))
