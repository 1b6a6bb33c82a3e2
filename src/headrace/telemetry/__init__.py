"""One frozen record per thing that happened; logs, metrics and traces subscribe to it."""

from headrace.telemetry.record import Record, Subscriber, Telemetry

__all__ = ["Record", "Subscriber", "Telemetry"]
