"""The next events of a replay, stored or rehearsed."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.db.connection import Connection, Row
from headrace.events.filter import EventFilter
from headrace.events.read import read_page

WINDOW = 50_000
"""Positions looked ahead at a time: bounds what a batch without events for it can cost."""


@dataclass(frozen=True, slots=True)
class Page:
    """The next rows of a replay, and where it is once they are handled."""

    rows: Sequence[Row]
    position: int
    cursor: int
    is_last: bool


async def next_page(
    connection: Connection, chosen: EventFilter, *, position: int, cursor: int, until: int, limit: int
) -> Page:
    """What lies ahead of a position: at most `limit` events, and no further than a window of positions.

    In a stream the cursor is the version of the last event met, elsewhere the position.
    """
    if chosen.stream is not None:
        rows = await read_page(connection, chosen, after=cursor, until=None, limit=limit)
        wanted = [row for row in rows if position < row["position"] <= until]
        if len(rows) < limit or rows[-1]["position"] > until:
            return Page(wanted, until, cursor, is_last=True)
        return Page(wanted, max(position, rows[-1]["position"]), rows[-1]["stream_version"], is_last=False)
    reach = min(until, position + WINDOW)
    rows = await read_page(connection, chosen, after=position, until=reach, limit=limit)
    reached = rows[-1]["position"] if len(rows) == limit else reach
    return Page(rows, reached, reached, is_last=reached >= until)
