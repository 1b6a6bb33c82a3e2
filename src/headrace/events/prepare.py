"""Makes an event ready to be stored: encoded, and told who and what caused it."""

from datetime import datetime
from uuid import UUID

from headrace.clock import Clock, SystemClock
from headrace.context import Context, current
from headrace.errors import ConfigurationError
from headrace.events.cascade import extended, hop, require_shallow
from headrace.events.event import ANY, Expected, NewEvent, StoredEvent, Stream
from headrace.events.middleware import EventDraft
from headrace.events.schema import EventRegistry
from headrace.ids import uuid7

NAME_LIMIT = 200
"""The most characters of a tenant's and of a stream's names: all three fit into one index entry."""


def prepare(
    registry: EventRegistry,
    data: object,
    *,
    source: str,
    stream: Stream | None = None,
    expected: Expected = ANY,
    occurred_at: datetime | None = None,
    event_id: UUID | None = None,
    context: Context | None = None,
    clock: Clock | None = None,
) -> NewEvent:
    """The event to append for this data, as the middleware leaves it.

    `expected` is ANY, NONE or the version the stream must be at before this event. An event with an
    `event_id` is recognised by it when it is appended again. What is not given is taken from the
    current context and the clock; outside any correlation the event begins its own. Raises
    UnknownEventError or InvalidEventError for the data, CascadeError after too many handlers,
    ConfigurationError for the rest, and whatever a middleware raises.
    """
    if expected < ANY:
        raise ConfigurationError(f"expected must be ANY, NONE or a version of at least 1, got {expected}")
    if stream is None and expected != ANY:
        raise ConfigurationError(f"expected {expected} needs a stream; give stream=Stream(type, id)")
    if stream is not None:
        require_stream(stream)
    moment = occurred_at if occurred_at is not None else (clock or SystemClock()).now()
    bound = context if context is not None else current()
    if registry.middleware.changes_events:
        draft = EventDraft(data=data, stream=stream, occurred_at=moment, context=bound)
        draft = registry.middleware.before_append(draft)
        data, moment, bound = draft.data, draft.occurred_at, draft.context
    require_aware(moment)
    known = registry.known(type(data))
    encoded = known.encode(data).decode()
    if bound.path is not None:
        require_shallow(known.name, bound.path)
    if bound.tenant_id:
        require_tenant(bound.tenant_id)
    chosen = event_id if event_id is not None else uuid7()
    new = NewEvent(
        id=chosen,
        type=known.name,
        schema_version=known.version,
        data=encoded,
        payload=data,
        stream=stream,
        expected=expected,
        source=source,
        correlation_id=bound.correlation_id if bound.correlation_id is not None else chosen,
        occurred_at=moment,
        causation_id=bound.causation_id,
        causation_kind=bound.causation_kind,
        tenant_id=bound.tenant_id,
        user_id=bound.user_id,
        actor=bound.actor,
        traceparent=bound.traceparent,
        has_given_id=event_id is not None,
        path=bound.path,
        personal=registry.personal_data(known, encoded) if known.personal else None,
        retention=known.retention,
        sender=bound.sender,
    )
    return new if registry.on_append is None else registry.on_append(new)


def require_stream(stream: Stream) -> None:
    """Raises ConfigurationError for names that cannot be kept."""
    _require_name("aggregate type", stream.aggregate_type)
    _require_name("aggregate id", stream.aggregate_id)


def require_tenant(tenant_id: str) -> None:
    """Raises ConfigurationError for a tenant's name that cannot be kept; none at all can."""
    if tenant_id:
        _require_name("tenant id", tenant_id)


def require_aware(moment: datetime) -> None:
    """Raises ConfigurationError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ConfigurationError(f"occurred_at must be aware, got {moment}; use datetime.now(UTC)")


def _require_name(what: str, name: str) -> None:
    if not 1 <= len(name) <= NAME_LIMIT or "\0" in name:
        raise ConfigurationError(
            f"{what} must have 1 to {NAME_LIMIT} characters, none of them NUL, got {len(name)}: {name[:50]!r}; "
            "put what is longer into the data, or hash it"
        )


def caused_by(event: StoredEvent, handler: str) -> Context:
    """The context in which a handler of this event runs: same correlation, this event the cause."""
    return Context(
        correlation_id=event.correlation_id,
        causation_id=event.id,
        causation_kind="event",
        tenant_id=event.tenant_id,
        user_id=event.user_id,
        actor=event.actor,
        traceparent=event.traceparent,
        path=extended(event.path, hop(event.type, handler)),
    )
