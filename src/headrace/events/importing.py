"""Imports events in bulk: staged by COPY, then appended by a few statements over all of them at once."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.clock import Clock
from headrace.context import Context
from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.errors import EventIdTakenError
from headrace.events.event import NewEvent, Stream
from headrace.events.given_ids import described
from headrace.events.prepare import prepare
from headrace.events.schema import EventRegistry
from headrace.events.sealing import seal

_PACKAGE = "headrace.events"
_STAGED = "headrace_import"
_PART = 5_000
_MOST_STREAMS = 100_000
_NO_ROW = RuntimeError("a statement that counts gave no row")
_COLUMNS = (
    "place", "stream_place", "tenant_id", "aggregate_type", "aggregate_id", "id", "has_given_id", "type",
    "schema_version", "data", "user_id", "source", "correlation_id", "causation_id", "causation_kind", "actor",
    "traceparent", "occurred_at", "path", "retention",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """An event to import: its data, an object of a registered class, and what is known of it.

    `occurred_at` None is now, `context` None the current one. With an `event_id` the event is
    recognised when it is imported again.
    """

    data: object
    stream: Stream | None = None
    occurred_at: datetime | None = None
    event_id: UUID | None = None
    context: Context | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: how many events were appended, and how many were stored already.

    The positions are those of the first and the last appended; None where none was.
    """

    event_count: int
    known_count: int
    first_position: int | None
    last_position: int | None


async def import_events(
    connection: Connection,
    registry: EventRegistry,
    events: Iterable[PastEvent] | AsyncIterable[PastEvent],
    *,
    source: str,
    clock: Clock | None = None,
) -> Imported:
    """Appends events in the order given, in the caller's transaction; their versions continue their streams.

    They are staged in a temporary table first. So memory stays bounded however many there are, streams
    are locked only at the end and in the order all writers keep, and no position is drawn before the
    last statement: an import of minutes holds readers back for that one. Wants a connection of asyncpg
    and the right to make temporary tables. Raises UnknownEventError, InvalidEventError,
    ConfigurationError, EventIdTakenError, TransactionClosedError; nothing is appended then.
    """
    with open_transaction(connection, doing="import events"):
        async with connection.transaction():
            await connection.execute(statement(_PACKAGE, "stage_import"))
            numbers = _Numbers()
            await _stage(connection, registry, events, numbers, source=source, clock=clock)
            known_count = 0 if numbers.are_whole else await _recognise(connection)
            await connection.execute(statement(_PACKAGE, "lock_imported_streams"))
            row = await connection.fetchrow(
                statement(_PACKAGE, "insert_numbered") if numbers.are_whole else statement(_PACKAGE, "insert_imported")
            )
            await connection.execute(statement(_PACKAGE, "drop_import"))
    if row is None:
        raise _NO_ROW
    return Imported(row[0], known_count, row[1], row[2])


async def _recognise(connection: Connection) -> int:
    """Marks what is stored already or stands earlier in the import; how many those are."""
    await connection.execute(statement(_PACKAGE, "claim_imported"))
    known = await connection.fetchrow(statement(_PACKAGE, "compare_imported"))
    if known is None:
        raise _NO_ROW
    if known[1] is not None:
        raise EventIdTakenError(
            known[1], position=known[2], stored=described(*known[3:8]), given=described(*known[8:13])
        )
    return int(known[0])


class _Numbers:
    """Numbers the events of each stream as they come: measured, the server takes a quarter longer to do it by sorting.

    Whole only where every event is new for certain, having no id that was given, and for so many streams, so that
    memory stays bounded; otherwise the server numbers what turns out to be new.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, Stream], int] = {}
        self.are_whole = True

    def next(self, made: NewEvent) -> int | None:
        """The place of an event in its stream among the events imported; None where it is not numbered."""
        if made.has_given_id:
            self.are_whole = False
        if made.stream is None or not self.are_whole:
            return None
        key = made.tenant_id, made.stream
        number = self._last[key] = self._last.get(key, 0) + 1
        self.are_whole = len(self._last) <= _MOST_STREAMS
        return number


async def _stage(
    connection: Connection,
    registry: EventRegistry,
    events: Iterable[PastEvent] | AsyncIterable[PastEvent],
    numbers: _Numbers,
    *,
    source: str,
    clock: Clock | None,
) -> None:
    prepared = _prepared(registry, events, source=source, clock=clock)
    if not registry.has_personal:
        await connection.copy_records_to_table(_STAGED, records=_records(prepared, numbers), columns=_COLUMNS)
        return
    # A connection at a COPY answers no question: the keys of a part are asked for before it is copied.
    place, part = 0, list[NewEvent]()
    async for made in prepared:
        part.append(made)
        if len(part) == _PART:
            await _copy(connection, part, place, numbers)
            place, part = place + len(part), []
    await _copy(connection, part, place, numbers)


async def _copy(connection: Connection, part: Sequence[NewEvent], place: int, numbers: _Numbers) -> None:
    sealed = await seal(connection, part)
    records = [_record(place + after, made, numbers.next(made)) for after, made in enumerate(sealed, start=1)]
    await connection.copy_records_to_table(_STAGED, records=records, columns=_COLUMNS)


async def _records(prepared: AsyncIterator[NewEvent], numbers: _Numbers) -> AsyncIterator[tuple[Any, ...]]:
    place = 0
    async for made in prepared:
        place += 1
        yield _record(place, made, numbers.next(made))


async def _prepared(
    registry: EventRegistry,
    events: Iterable[PastEvent] | AsyncIterable[PastEvent],
    *,
    source: str,
    clock: Clock | None,
) -> AsyncIterator[NewEvent]:
    async for past in _each(events):
        yield prepare(
            registry,
            past.data,
            source=source,
            stream=past.stream,
            occurred_at=past.occurred_at,
            event_id=past.event_id,
            context=past.context,
            clock=clock,
        )


def _record(place: int, made: NewEvent, stream_place: int | None) -> tuple[Any, ...]:
    return (
        place,
        stream_place,
        made.tenant_id,
        made.stream and made.stream.aggregate_type,
        made.stream and made.stream.aggregate_id,
        made.id,
        made.has_given_id,
        made.type,
        made.schema_version,
        made.data,
        made.user_id,
        made.source,
        made.correlation_id,
        made.causation_id,
        made.causation_kind,
        made.actor,
        made.traceparent,
        made.occurred_at,
        made.path,
        made.retention,
    )


async def _each(events: Iterable[PastEvent] | AsyncIterable[PastEvent]) -> AsyncIterator[PastEvent]:
    if isinstance(events, AsyncIterable):
        async for past in events:
            yield past
        return
    for past in events:
        yield past
