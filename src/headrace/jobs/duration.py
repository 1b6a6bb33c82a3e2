"""Spans of time as callers give them: checked before anything is counted with them."""

from datetime import timedelta

from headrace.errors import ConfigurationError

LONGEST = timedelta(days=36_525)
_NONE = timedelta(0)


def require_duration(value: object, *, name: str) -> None:
    """Raises ConfigurationError for anything but a timedelta from 0 to a hundred years."""
    if not isinstance(value, timedelta):
        raise ConfigurationError(f"{name} must be a timedelta, got {value!r:.50}; use timedelta(seconds=...)")
    if value < _NONE:
        raise ConfigurationError(f"{name} must not be negative, got {value}; use timedelta(0) for none")
    if value > LONGEST:
        raise ConfigurationError(f"{name} must be at most {LONGEST.days} days, got {value}")
