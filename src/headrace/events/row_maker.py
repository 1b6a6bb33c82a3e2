"""Makes rows of the log out of past events: what repeats from event to event is looked up and encoded once."""

from datetime import datetime
from typing import Final

from headrace.clock import Clock, SystemClock
from headrace.context import EMPTY, Context, current
from headrace.events import row_format
from headrace.events.cascade import require_shallow
from headrace.events.event import DOMAIN, NewEvent, Stream
from headrace.events.past import PastEvent
from headrace.events.prepare import prepare, require_aware, require_stream, require_tenant
from headrace.events.schema import EventRegistry, KnownEvent
from headrace.events.slots import Slot, Slots
from headrace.ids import uuid7s

_IDS_AT_ONCE = 64
_NO_STREAM = row_format.NULL * 2


Row = tuple[Slot | None, bytes, bytes]
"""The slot of a row's stream, in which it is counted; its body, and its rest: see `row_format`."""


class _Shape:
    """What all events of a class in one context have in common."""

    __slots__ = ("context", "correlation_id", "encode", "is_whole", "rest", "slots", "tail")

    def __init__(self, known: KnownEvent, context: Context, slots: dict[Stream, Slot], *, source: str) -> None:
        self.context = context
        self.encode = known.encode
        self.is_whole = bool(known.personal)
        self.slots = slots
        self.correlation_id = None if context.correlation_id is None else context.correlation_id.bytes
        self.tail = _tail(known.name, known.version, source)
        self.rest = _rest(context, known.retention)


class RowMaker:
    """Makes rows, and counts the events of each stream in `slots`.

    Checks what `prepare` checks, and raises what it raises.
    """

    def __init__(self, registry: EventRegistry, *, source: str, clock: Clock | None) -> None:
        self._registry = registry
        self._source = source
        self._clock = clock or SystemClock()
        self._shapes: dict[type, _Shape] = {}
        self.slots = Slots()
        self._ids: list[bytes] = []
        self._moment: datetime | None = None
        self._microseconds = 0

    def row(self, past: PastEvent) -> Row | None:
        """The event's row; None where the event must be seen whole before it is stored: see `whole`."""
        data = past.data
        context = past.context
        if context is None:
            context = current()
        shape = self._shapes.get(data.__class__)
        if shape is None or (shape.context is not context and shape.context != context):
            shape = self._shape(data, context)
        if shape.is_whole:
            return None
        moment = past.occurred_at
        if moment is None or moment is not self._moment:
            self._take(moment)
        raw = shape.encode(data)
        stream = past.stream
        if stream is None:
            slot, fields = None, _NO_STREAM
        else:
            slot = shape.slots.get(stream)
            if slot is None:
                require_stream(stream)
                slot = shape.slots[stream] = Slot(context.tenant_id, stream)
            slot.count += 1
            fields = slot.fields
        if past.event_id is not None:
            chosen = past.event_id.bytes
        else:
            if not self._ids:
                self._ids = uuid7s(_IDS_AT_ONCE)[::-1]
            chosen = self._ids.pop()
        head = row_format.head(chosen, shape.correlation_id or chosen, self._microseconds, raw)
        return slot, head + fields + shape.tail, shape.rest

    def whole(self, past: PastEvent) -> NewEvent:
        """The event itself, as an append would store it."""
        return prepare(
            self._registry,
            past.data,
            source=self._source,
            stream=past.stream,
            occurred_at=past.occurred_at,
            event_id=past.event_id,
            context=past.context,
            clock=self._clock,
        )

    def _shape(self, data: object, context: Context) -> _Shape:
        known = self._registry.known(data.__class__)
        if context.path is not None:
            require_shallow(known.name, context.path)
        require_tenant(context.tenant_id)
        slots = self.slots.of_tenant(context.tenant_id)
        shape = self._shapes[data.__class__] = _Shape(known, context, slots, source=self._source)
        shape.is_whole |= self._registry.on_append is not None or self._registry.middleware.changes_events
        return shape

    def _take(self, moment: datetime | None) -> None:
        self._moment = self._clock.now() if moment is None else moment
        require_aware(self._moment)
        self._microseconds = row_format.microseconds(self._moment)


def row_of(event: NewEvent, slot: Slot | None) -> Row:
    """The row of a whole event."""
    head = row_format.head(
        event.id.bytes, event.correlation_id.bytes, row_format.microseconds(event.occurred_at), event.data.encode()
    )
    fields = _NO_STREAM if slot is None else slot.fields
    tail = _tail(event.type, event.schema_version, event.source)
    return slot, head + fields + tail, _rest(event, event.retention)


def _tail(name: str, version: int, source: str) -> bytes:
    return row_format.text(name) + row_format.small(version) + row_format.text(source)


def _rest(by: Context | NewEvent, retention: str) -> bytes:
    rest = _written_rest(by, retention)
    return PLAIN if rest == PLAIN else rest


def _written_rest(by: Context | NewEvent, retention: str) -> bytes:
    return b"".join(
        (
            row_format.text(by.tenant_id),
            row_format.text(by.user_id),
            row_format.uuid(by.causation_id),
            row_format.text(by.causation_kind),
            row_format.text(by.actor),
            row_format.text(by.traceparent),
            row_format.text(by.path),
            row_format.text(retention),
        )
    )


PLAIN: Final = _written_rest(EMPTY, DOMAIN)
"""The rest of a row that is as the table's defaults have it; no other object is equal to it."""
