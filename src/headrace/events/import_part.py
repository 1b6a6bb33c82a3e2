"""One part of an import that is committed part by part: made in memory, then stored in a transaction of its own."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events import given_ids, row_format
from headrace.events.event import NewEvent
from headrace.events.given_ids import IdKey
from headrace.events.past import PastEvent
from headrace.events.row_maker import PLAIN, RowMaker, row_of
from headrace.events.sealing import seal
from headrace.events.slots import Slot, Slots

_PACKAGE = "headrace.events"
_COLUMNS = ("recorded_at", "stream_version", *row_format.COLUMNS)
_ALL_COLUMNS = (*_COLUMNS, *row_format.REST_COLUMNS)
_IN_STREAM = Struct(">hiqiq")
_OUTSIDE = Struct(">hiqi")
_CHUNK = 256
_NO_ROW = RuntimeError("a statement that tells one row gave none")


class StoredPart(NamedTuple):
    """What storing a part came to; the positions are None where nothing of it was new."""

    event_count: int
    known_count: int
    first_position: int | None
    last_position: int | None


class Rows:
    """Rows to be written: of each the slot of its stream, its body and its rest."""

    def __init__(self, streams: Sequence[Slot | None], bodies: Sequence[bytes], rests: Sequence[bytes]) -> None:
        self.bodies = bodies
        self.are_plain = all(rest is PLAIN for rest in rests)
        self._streams = streams
        self._rests = rests

    def outer_ids(self) -> tuple[UUID, UUID]:
        """The ids of the first and the last event."""
        return row_format.event_id(self.bodies[0]), row_format.event_id(self.bodies[-1])

    async def numbered(self, moment: datetime) -> AsyncIterator[bytes]:
        """All of a COPY, with the versions that the events have in their streams, a little at a time."""
        yield row_format.BEGIN
        columns, recorded_at = len(_COLUMNS if self.are_plain else _ALL_COLUMNS), row_format.microseconds(moment)
        in_stream, outside = _IN_STREAM.pack, _OUTSIDE.pack(columns, 8, recorded_at, -1)
        for start in range(0, len(self.bodies), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            leads: list[bytes] = []
            for slot in self._streams[chunk]:
                if slot is None:
                    leads.append(outside)
                else:
                    slot.version += 1
                    leads.append(in_stream(columns, 8, recorded_at, 8, slot.version))
            rows = zip(leads, self.bodies[chunk], self._rests[chunk], strict=True)
            if self.are_plain:
                yield b"".join([piece for lead, body, _ in rows for piece in (lead, body)])
            else:
                yield b"".join([piece for row in rows for piece in row])
        yield row_format.END


class Part:
    """Events that are stored together; `first_number` is that of the first among all of the import, from 1.

    Most are rows already. Those that have an id of their producer's, or personal values, are kept whole until the
    transaction that stores them has asked the database about them.
    """

    def __init__(self, maker: RowMaker, *, first_number: int) -> None:
        self.first_number = first_number
        self.byte_count = 0
        self.whole: list[tuple[int, NewEvent]] = []
        self.slots = Slots()
        self._ordered: list[Slot] | None = None
        # A list for each and not one of rows: measured, the collector goes through those again and again.
        self._streams: list[Slot | None] = []
        self._bodies: list[bytes] = []
        self._rests: list[bytes] = []
        self._maker = maker

    def add(self, past: PastEvent) -> None:
        """Adds an event. Raises what `prepare` raises."""
        row = None if past.event_id is not None else self._maker.row(past)
        if row is None:
            event = self._maker.whole(past)
            self.whole.append((len(self), event))
            self._add(None, b"", PLAIN)
            self.byte_count += len(event.data)
        else:
            self._add(*row)
            self.byte_count += len(row[1])

    def close(self) -> None:
        """Takes the streams that were counted for its own; the maker then counts for the next part."""
        self.slots = self._maker.slots.taken()
        # Sorted while the part before is stored, and not when the server waits for it.
        self._ordered = None if self.whole else self.slots.ordered()

    def __len__(self) -> int:
        """How many events it has."""
        return len(self._bodies)

    @property
    def last_number(self) -> int:
        """The number of its last event."""
        return self.first_number + len(self) - 1

    def number_of(self, event_id: UUID) -> int | None:
        """The number of the last of its events with this id that was given."""
        return next((self.first_number + place for place, event in reversed(self.whole) if event.id == event_id), None)

    def streams(self) -> list[Slot]:
        """Those it has new events for, in the order in which everybody locks streams."""
        return self.slots.ordered() if self._ordered is None else self._ordered

    def settle(self, place: int, event: NewEvent) -> None:
        """Makes a row of an event that was whole, now that it is known to be new."""
        slot = self.slots.counted(event)
        self._streams[place], self._bodies[place], self._rests[place] = row_of(event, slot)

    def settled(self) -> Rows:
        """All rows there are; an event that was not settled has none."""
        if not self.whole:
            return Rows(self._streams, self._bodies, self._rests)
        places = [place for place, body in enumerate(self._bodies) if body]
        return Rows(
            [self._streams[place] for place in places],
            [self._bodies[place] for place in places],
            [self._rests[place] for place in places],
        )

    def _add(self, slot: Slot | None, body: bytes, rest: bytes) -> None:
        self._streams.append(slot)
        self._bodies.append(body)
        self._rests.append(rest)


async def store_part(connection: Connection, part: Part, *, after: int | None = None) -> StoredPart:
    """Appends what is new of a part, in the caller's transaction, in the order in which all writers lock.

    Ids first, then streams, then positions, which COPY draws by the column's default; they are `after` one that is
    known (None where none is). All its events are recorded at one moment, when their streams are held: a default that
    is evaluated for each row would make COPY insert the rows one by one. Raises EventIdTakenError.
    """
    claimed = await _settle(connection, part)
    rows = part.settled()
    known_count = len(part) - len(rows.bodies)
    if not rows.bodies:
        return StoredPart(0, known_count, None, None)
    moment = await _lock(connection, part.streams())
    if moment is None or after is None:
        moment, after = await _row(connection, "begin_part")
    await connection.copy_to_table(
        "event",
        schema_name="headrace",
        source=rows.numbered(moment),
        columns=_COLUMNS if rows.are_plain else _ALL_COLUMNS,
        format="binary",
    )
    first, last = await _row(connection, "part_span", after, *rows.outer_ids())
    if claimed:
        await connection.execute(
            statement(_PACKAGE, "place_part"),
            [key.tenant_id for key in claimed],
            [key.id for key in claimed],
            after,
            last,
        )
    return StoredPart(len(rows.bodies), known_count, first, last)


async def _row(connection: Connection, name: str, *args: object) -> tuple[Any, Any]:
    row = await connection.fetchrow(statement(_PACKAGE, name), *args)
    if row is None:
        raise _NO_ROW
    return row[0], row[1]


async def _settle(connection: Connection, part: Part) -> list[IdKey]:
    """Makes rows of the events that are still whole, and None of those that are known; the ids newly claimed."""
    if not part.whole:
        return []
    sealed = await seal(connection, [event for _, event in part.whole])
    known = await given_ids.claim(connection, [event for event in sealed if event.has_given_id])
    claimed: dict[IdKey, None] = {}
    for (place, _), event in zip(part.whole, sealed, strict=True):
        key = given_ids.id_key(event)
        if key is not None:
            if key in known or key in claimed:
                continue
            claimed[key] = None
        part.settle(place, event)
    return list(claimed)


async def _lock(connection: Connection, streams: Sequence[Slot]) -> datetime | None:
    """Locks and bumps the streams of a part, and notes the version each was at before; a moment when all were held."""
    if not streams:
        return None
    rows = await connection.fetch(
        statement(_PACKAGE, "lock_part"),
        [slot.tenant_id for slot in streams],
        [slot.stream.aggregate_type for slot in streams],
        [slot.stream.aggregate_id for slot in streams],
        [slot.count for slot in streams],
    )
    after: dict[tuple[str, str, str], int] = {(row[0], row[1], row[2]): row[3] for row in rows}
    for slot in streams:
        slot.version = after[slot.tenant_id, slot.stream.aggregate_type, slot.stream.aggregate_id] - slot.count
    return max(row[4] for row in rows)
