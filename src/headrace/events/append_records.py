"""The records of what was appended, one for each event."""

from collections.abc import Iterable

from headrace.events.event import NewEvent
from headrace.telemetry import Telemetry


def tell_appended(telemetry: Telemetry, events: Iterable[NewEvent]) -> None:
    """Events were stored: by a commit, or on a caller's connection in a transaction that is still open."""
    for event in events:
        telemetry.emit(
            "event.appended",
            event=event.id,
            type=event.type,
            stream=event.stream,
            correlation=event.correlation_id,
            causation=event.causation_id,
            traceparent=event.traceparent,
        )
