"""One event appended by one statement that needs no transaction around it: what most calls of `append` need."""

from headrace.db.statements import statement
from headrace.events.cascade import is_deep
from headrace.events.event import NewEvent

_PACKAGE = "headrace.events"


def is_single(event: NewEvent) -> bool:
    """Whether one statement appends the event, with nothing to look up before it."""
    return not event.has_given_id and not is_deep(event.path)


def insert_single(event: NewEvent) -> tuple[str, *tuple[object, ...]]:
    """The statement that appends the event and its parameters; it answers where the event is.

    It answers nothing, and has appended nothing, where the stream is not at the version expected.
    """
    body = (
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
    if event.stream is None:
        return statement(_PACKAGE, "emit_one"), event.tenant_id, *body
    return (
        statement(_PACKAGE, "append_one"),
        event.tenant_id,
        event.stream.aggregate_type,
        event.stream.aggregate_id,
        event.expected,
        *body,
    )
