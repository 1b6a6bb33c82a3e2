"""Turns rows of the log into events."""

from collections.abc import Iterable, Iterator

from headrace.db.connection import Row
from headrace.events.event import StoredEvent, Stream
from headrace.events.schema import EventRegistry


def stored_events(registry: EventRegistry, rows: Iterable[Row]) -> Iterator[StoredEvent]:
    """The events of rows whose columns stand in the order of `read.sql`, each made when it is asked for.

    Raises UnknownEventError or InvalidEventError at the first event that cannot be decoded.
    """
    decode = registry.decode
    for row in rows:
        (
            position, event_id, name, version, tenant_id, user_id, aggregate_type, aggregate_id,
            stream_version, data, source, correlation_id, causation_id, causation_kind, actor,
            traceparent, occurred_at, recorded_at, path,
        ) = row  # fmt: skip
        yield StoredEvent(
            position,
            event_id,
            name,
            version,
            tenant_id,
            user_id,
            None if aggregate_type is None else Stream(aggregate_type, aggregate_id),
            stream_version,
            decode(name, version, data),
            source,
            correlation_id,
            causation_id,
            causation_kind,
            actor,
            traceparent,
            occurred_at,
            recorded_at,
            path,
        )
