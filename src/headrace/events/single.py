"""One event appended by one statement that needs no transaction around it: what most calls of `append` need."""

from collections.abc import Sequence

from headrace.db.statements import statement
from headrace.events.cascade import is_deep
from headrace.events.event import ANY, NewEvent
from headrace.events.versions import StreamKey, stream_key

_PACKAGE = "headrace.events"
_NO_STREAM = StreamKey("", "", "")


def is_single(event: NewEvent) -> bool:
    """Whether one statement appends the event, with nothing to look up before it."""
    return (
        not event.has_given_id
        and event.personal is None
        and event.sender is None
        and (event.path is None or not is_deep(event.path))
    )


def is_sociable(event: NewEvent) -> bool:
    """Whether the event can be appended by one statement with others, and cannot be refused for what it expects."""
    return event.expected == ANY and is_single(event)


def insert_together(events: Sequence[NewEvent]) -> tuple[str, *tuple[object, ...]]:
    """The statement that appends sociable events, at most one to a stream, and its parameters."""
    if len(events) == 1:
        return insert_unasked(events[0])
    # In the order in which everybody locks streams.
    ordered = sorted(events, key=_place)
    source = ordered[0].source
    if all(_is_plain(event) and event.source == source for event in ordered):
        return (
            statement(_PACKAGE, "append_plain_together"),
            source,
            [event.id for event in ordered],
            [event.type for event in ordered],
            [event.schema_version for event in ordered],
            [event.data for event in ordered],
            [event.occurred_at for event in ordered],
            [event.retention for event in ordered],
            [event.stream and event.stream.aggregate_type for event in ordered],
            [event.stream and event.stream.aggregate_id for event in ordered],
        )
    return (
        statement(_PACKAGE, "append_together"),
        [event.tenant_id for event in ordered],
        [event.stream and event.stream.aggregate_type for event in ordered],
        [event.stream and event.stream.aggregate_id for event in ordered],
        [event.id for event in ordered],
        [event.type for event in ordered],
        [event.schema_version for event in ordered],
        [event.data for event in ordered],
        [event.user_id for event in ordered],
        [event.source for event in ordered],
        [event.correlation_id for event in ordered],
        [event.causation_id for event in ordered],
        [event.causation_kind for event in ordered],
        [event.actor for event in ordered],
        [event.traceparent for event in ordered],
        [event.occurred_at for event in ordered],
        [event.path for event in ordered],
        [event.retention for event in ordered],
    )


def insert_single(event: NewEvent) -> tuple[str, *tuple[object, ...]]:
    """The statement that appends the event and its parameters; it answers where the event is.

    It answers nothing, and has appended nothing, where the stream is not at the version expected.
    """
    if event.stream is None:
        return statement(_PACKAGE, "emit_one"), event.tenant_id, *_body(event)
    return (
        statement(_PACKAGE, "append_one"),
        event.tenant_id,
        event.stream.aggregate_type,
        event.stream.aggregate_id,
        event.expected,
        *_body(event),
    )


def insert_unasked(event: NewEvent) -> tuple[str, *tuple[object, ...]]:
    """As `insert_single` for a sociable event whose place nobody asks for: a row less to send, to read and to make."""
    stream = event.stream
    if _is_plain(event):
        return _insert_plain(event)
    if stream is None:
        return statement(_PACKAGE, "emit_unasked"), event.tenant_id, *_body(event)
    return (
        statement(_PACKAGE, "append_unasked"),
        event.tenant_id,
        stream.aggregate_type,
        stream.aggregate_id,
        *_body(event),
    )


def _insert_plain(event: NewEvent) -> tuple[str, *tuple[object, ...]]:
    body = (
        event.id,
        event.type,
        event.schema_version,
        event.data,
        event.source,
        event.occurred_at,
        event.retention,
    )
    if event.stream is None:
        return statement(_PACKAGE, "emit_plain"), *body
    return statement(_PACKAGE, "append_plain"), *body, event.stream.aggregate_type, event.stream.aggregate_id


def _is_plain(event: NewEvent) -> bool:
    """Whether it inherits nothing, as outside any context: eight values less to send and to read."""
    return (
        event.correlation_id is event.id
        and event.causation_id is None
        and event.traceparent is None
        and event.actor is None
        and event.user_id is None
        and event.path is None
        and not event.tenant_id
    )


def _body(event: NewEvent) -> tuple[object, ...]:
    return (
        event.id,
        event.type,
        event.schema_version,
        event.data,
        event.user_id,
        event.source,
        event.correlation_id,
        event.causation_id,
        event.causation_kind,
        event.actor,
        event.traceparent,
        event.occurred_at,
        event.path,
        event.retention,
    )


def _place(event: NewEvent) -> StreamKey:
    return stream_key(event) or _NO_STREAM
