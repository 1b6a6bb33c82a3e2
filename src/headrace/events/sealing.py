"""Where events are sealed on their way into the log, and opened on their way out."""

from collections.abc import Iterator, Sequence

from headrace.db.connection import Connection, Row
from headrace.events.event import NewEvent, StoredEvent
from headrace.events.schema import EventRegistry
from headrace.events.stored import stored_events


async def seal(connection: Connection, events: Sequence[NewEvent]) -> Sequence[NewEvent]:
    """The events with their personal values sealed; the same ones where there are none, at no cost but a look."""
    personal = next((event.personal for event in events if event.personal is not None), None)
    return events if personal is None else await personal.sealer.seal(connection, events)


async def open_rows(connection: Connection, registry: EventRegistry, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows of the log with their personal values in clear, for `stored_events`."""
    if registry.sealer is None or not registry.has_personal:
        return rows
    return await registry.sealer.open(connection, rows)


async def opened_events(connection: Connection, registry: EventRegistry, rows: Sequence[Row]) -> Iterator[StoredEvent]:
    """The events of rows, opened and decoded; see `stored_events`."""
    return stored_events(registry, await open_rows(connection, registry, rows))
