"""Imports events in bulk, in one transaction: staged by COPY, then appended by a few statements over all of them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from struct import Struct

from headrace.clock import Clock
from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.errors import EventIdTakenError
from headrace.events import row_format
from headrace.events.event import NewEvent
from headrace.events.given_ids import described
from headrace.events.past import Imported, PastEvent, PastEvents, slices
from headrace.events.row_maker import Row, RowMaker, row_of
from headrace.events.schema import EventRegistry
from headrace.events.sealing import seal
from headrace.events.slots import Slot

_PACKAGE = "headrace.events"
_STAGED = "headrace_import"
_COLUMNS = ("place", "stream_place", "has_given_id", *row_format.COLUMNS, *row_format.REST_COLUMNS)
_NUMBERED = Struct(">hiqiqi?")
_UNNUMBERED = Struct(">hiqii?")
_SLICE = 256
_PART = 5_000
_MOST_STREAMS = 100_000
_NO_ROW = RuntimeError("a statement that counts gave no row")


async def import_events(
    connection: Connection,
    registry: EventRegistry,
    events: PastEvents,
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
            staging = _Staging(RowMaker(registry, source=source, clock=clock))
            await _stage(connection, events, staging, has_personal=registry.has_personal)
            known_count = 0 if staging.is_numbered else await _recognise(connection)
            await connection.execute(statement(_PACKAGE, "lock_imported_streams"))
            row = await connection.fetchrow(
                statement(_PACKAGE, "insert_numbered")
                if staging.is_numbered
                else statement(_PACKAGE, "insert_imported")
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


class _Staging:
    """The rows to stage, made as their events come, and numbered within their streams.

    Measured, the server takes a quarter longer to number them by sorting. Numbered are they only where every event is
    new for certain, having no id that was given, and for so many streams, so that memory stays bounded; otherwise
    the server numbers what turns out to be new.
    """

    def __init__(self, maker: RowMaker) -> None:
        self.is_numbered = True
        self.slice = _SLICE
        self._maker = maker
        self._place = 0
        self._pieces: list[bytes] = []
        self._unsealed: list[tuple[int, bytes, Slot | None, NewEvent]] = []

    def take(self, past: PastEvent) -> bool:
        """Adds an event; whether a slice is whole with it."""
        row = self._maker.row(past)
        self._place += 1
        if row is not None:
            self._add(self._lead(row[0], has_given_id=past.event_id is not None), row)
        else:
            event = self._maker.whole(past)
            slot = self._maker.slots.counted(event)
            lead = self._lead(slot, has_given_id=event.has_given_id)
            if event.personal is None:
                self._add(lead, row_of(event, slot))
            else:
                self._unsealed.append((len(self._pieces), lead, slot, event))
                self._pieces.append(b"")
        return self._place % self.slice == 0

    async def sealed(self, connection: Connection) -> None:
        """Seals what is personal. A connection at a COPY answers no question, so the keys are asked for before it."""
        sealed = await seal(connection, [event for *_, event in self._unsealed])
        for (place, lead, slot, _), event in zip(self._unsealed, sealed, strict=True):
            _, body, rest = row_of(event, slot)
            self._pieces[place] = lead + body + rest
        self._unsealed.clear()

    def drained(self) -> bytes:
        """The rows since the last time."""
        rows = b"".join(self._pieces)
        self._pieces.clear()
        if len(self._maker.slots) > _MOST_STREAMS:
            self.is_numbered = False
            self._maker.slots.taken()
        return rows

    def _add(self, lead: bytes, row: Row) -> None:
        self._pieces.append(lead)
        self._pieces.append(row[1])
        self._pieces.append(row[2])

    def _lead(self, slot: Slot | None, *, has_given_id: bool) -> bytes:
        if has_given_id:
            self.is_numbered = False
        if slot is None:
            return _UNNUMBERED.pack(len(_COLUMNS), 8, self._place, -1, 1, has_given_id)
        return _NUMBERED.pack(len(_COLUMNS), 8, self._place, 8, slot.count, 1, has_given_id)


async def _stage(connection: Connection, events: PastEvents, staging: _Staging, *, has_personal: bool) -> None:
    if not has_personal:
        await _copy(connection, _rows(events, staging))
        return
    staging.slice = _PART
    async with aclosing(slices(events, staging.take)) as parts:
        async for _ in parts:
            await staging.sealed(connection)
            await _copy(connection, row_format.whole(staging.drained()))


async def _copy(connection: Connection, source: AsyncIterator[bytes]) -> None:
    await connection.copy_to_table(_STAGED, schema_name="pg_temp", source=source, columns=_COLUMNS, format="binary")


async def _rows(events: PastEvents, staging: _Staging) -> AsyncIterator[bytes]:
    yield row_format.BEGIN
    async with aclosing(slices(events, staging.take)) as parts:
        async for _ in parts:
            yield staging.drained()
    yield row_format.END
