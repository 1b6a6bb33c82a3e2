"""Reads the fields of addresses and forms. Each raises ConfigurationError saying which field cannot be read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from starlette.datastructures import FormData, QueryParams

from headrace.errors import ConfigurationError
from headrace.jobs.job import STATES, State

_LONGEST = 1_000
_LONGEST_AGO = 100 * 366 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


Fields = QueryParams | FormData
"""What an address or a form has."""


def text(fields: Fields, name: str) -> str | None:
    """A field's text, None where it is empty."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, and a file was sent")
    if "\0" in value or len(value) > _LONGEST:
        raise ConfigurationError(f"{name} has {len(value)} characters or a NUL; {_LONGEST} at most, without NUL")
    return value.strip() or None


def texts(fields: Fields, name: str) -> tuple[str, ...]:
    """All texts of a field, those that are empty left out."""
    return tuple(
        one.strip() for one in fields.getlist(name) if isinstance(one, str) and one.strip() and "\0" not in one
    )


def uuid(fields: Fields, name: str) -> UUID | None:
    """An id."""
    value = text(fields, name)
    return None if value is None else as_uuid(value, name)


def as_uuid(value: str, name: str) -> UUID:
    """An id of that text."""
    try:
        return UUID(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a UUID, got {value!r:.60}") from None


def number(fields: Fields, name: str, *, least: int, most: int) -> int | None:
    """A whole number within bounds."""
    value = text(fields, name)
    if value is None:
        return None
    if not (
        value.removeprefix("-").isascii() and value.removeprefix("-").isdigit() and least <= int(value[:20]) <= most
    ):
        raise ConfigurationError(f"{name} must be a whole number from {least} to {most}, got {value!r:.60}")
    return int(value)


def moment(fields: Fields, name: str, now: datetime) -> datetime | None:
    """A moment: ISO, in UTC where it does not say, or so long before now: `15m`, `6h`, `7d`."""
    value = text(fields, name)
    if value is None:
        return None
    if value[-1] in _UNITS and value[:-1].isascii() and value[:-1].isdigit():
        return now - timedelta(seconds=min(_UNITS[value[-1]] * int(value[:-1][:12]), _LONGEST_AGO))
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a moment or 15m, 6h, 7d before now, got {value!r:.60}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def states(fields: Fields, name: str = "state") -> tuple[State, ...]:
    """The states that were chosen."""
    chosen = texts(fields, name)
    for one in chosen:
        if one not in STATES:
            raise ConfigurationError(f"a state is one of {', '.join(STATES)}, got {one!r:.60}")
    return tuple(one for one in STATES if one in chosen)


def period(fields: Fields, name: str) -> timedelta | None:
    """A length of time: `30s`, `15m`, `6h`, `7d`."""
    value = text(fields, name)
    if value is None:
        return None
    amount = value[:-1]
    if value[-1] not in _UNITS or not (amount.isascii() and amount.isdigit()) or not int(amount[:8]) > 0:
        raise ConfigurationError(f"{name} must be a length of time as 30s, 15m, 6h or 7d, got {value!r:.60}")
    return timedelta(seconds=_UNITS[value[-1]] * int(amount[:8]))
