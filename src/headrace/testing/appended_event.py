"""The events a test finds in the log, whether or not the safe head has reached them."""

from typing import Any

import msgspec

from headrace.app import Headrace
from headrace.db.connection import Row
from headrace.db.statements import statement
from headrace.events.event import StoredEvent
from headrace.events.sealing import open_rows
from headrace.events.stored import stored_events


async def appended_rows(app: Headrace, *, after: int = 0) -> list[Row]:
    """The rows of the events after a position, in order."""
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(statement("headrace.testing", "appended_events"), after)
        return list(await open_rows(connection, app.events, rows))


def data_of(row: Row) -> Any:
    """An event's data as JSON values."""
    return msgspec.json.decode(row["data"])


def decoded(app: Headrace, rows: list[Row]) -> list[StoredEvent]:
    """The events of rows, their data as the classes registered. Raises UnknownEventError for others."""
    return list(stored_events(app.events, rows))


def told(row: Row) -> str:
    """One event in a line."""
    stream = "" if row["aggregate_type"] is None else f" of {row['aggregate_type']}/{row['aggregate_id']}"
    return f"{row['position']} {row['type']} {row['data']}{stream}"
