"""Pages of the log for people who look: any filter, newest first, in bounded time. Reads only."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.events.browse import EventDetail, detail_of
from headrace.events.filter import EventFilter
from headrace.events.operate import position_at

_PACKAGE = "headrace.events"
_FIRST_STRETCH = 120
_LONGEST_STRETCH = 4_000
_COLUMNS = tuple(EventDetail.__slots__)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first. `following` is the position (of a stream: the version) to go on below, None at the end.

    `is_cut` where patience ended before the page was full; `walked_count` events were looked at.
    """

    events: tuple[EventDetail, ...]
    following: int | None
    is_cut: bool
    walked_count: int


async def search_events(
    connection: Connection,
    wanted: EventFilter,
    *,
    aggregate_id: str | None = None,
    text: str | None = None,
    above: int = 0,
    below: int | None = None,
    limit: int = 50,
    patience: timedelta = timedelta(milliseconds=30),
) -> EventPage:
    """A page of the events that fit, between two positions; looks for about `patience`, at one stretch at least.

    `text` is looked for in the first 4096 characters of the data. A stream or a correlation alone is looked up by its
    index, and no longer walked for; give a stream to `stream_page`.
    """
    ends_at = time.monotonic() + patience.total_seconds()
    floor = above if wanted.since is None else max(above, await position_at(connection, wanted.since))
    if wanted.before is not None:
        top = await position_at(connection, wanted.before) + 1
        below = top if below is None else min(top, below)
    found: list[EventDetail] = []
    walked_count, stretch = 0, max(_FIRST_STRETCH, 2 * limit)
    while True:
        rows = await connection.fetch(
            statement(_PACKAGE, "walk_events"),
            below,
            floor,
            stretch,
            None if wanted.types is None else list(wanted.types),
            wanted.aggregate_type,
            wanted.tenant_id,
            wanted.user_id,
            text,
            aggregate_id,
        )
        found += [_detail(row) for row in rows if row["position"] is not None]
        seen: int = rows[0]["walked_count"]
        walked_count += seen
        below = rows[0]["walked_to"] or below
        if len(found) > limit:
            return EventPage(tuple(found[:limit]), found[limit - 1].position, is_cut=False, walked_count=walked_count)
        if seen < stretch:
            return EventPage(tuple(found), None, is_cut=False, walked_count=walked_count)
        if time.monotonic() > ends_at:
            return EventPage(tuple(found), below, is_cut=True, walked_count=walked_count)
        stretch = min(2 * stretch, _LONGEST_STRETCH)


async def stream_page(
    connection: Connection,
    aggregate_type: str,
    aggregate_id: str,
    *,
    tenant_id: str = "",
    below: int | None = None,
    limit: int = 50,
) -> EventPage:
    """A page of one stream, newest first, below a version."""
    rows = await connection.fetch(
        statement(_PACKAGE, "page_of_stream"), tenant_id, aggregate_type, aggregate_id, below, limit + 1
    )
    events = [_detail(row) for row in rows]
    following = events[limit - 1].stream_version if len(events) > limit else None
    return EventPage(tuple(events[:limit]), following, is_cut=False, walked_count=len(rows))


async def correlated_events(
    connection: Connection, correlation_id: UUID, *, after: int = 0, limit: int = 150
) -> list[EventDetail]:
    """The events of one correlation in order, after a position."""
    rows: Sequence[Row] = await connection.fetch(
        statement(_PACKAGE, "page_of_correlation"), correlation_id, after, limit
    )
    return [_detail(row) for row in rows]


def _detail(row: Row) -> EventDetail:
    fields: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    return detail_of(fields)
