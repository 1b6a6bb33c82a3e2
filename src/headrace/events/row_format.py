"""Rows of the log in the binary format of COPY: written by hand, since most of a row is as in the row before.

Every field is its length in four bytes, then its value; a length of -1 is NULL. The driver would encode each
value of each row anew: measured, a third of what an import took in Python.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

COLUMNS: Final = (
    "id", "correlation_id", "occurred_at", "data", "aggregate_type", "aggregate_id", "type", "schema_version", "source",
)  # fmt: skip
"""What the body of a row holds, in this order."""

REST_COLUMNS: Final = (
    "tenant_id", "user_id", "causation_id", "causation_kind", "actor", "traceparent", "path", "retention",
)  # fmt: skip
"""What its rest holds: what is mostly as the table's defaults have it, and need not be sent then."""

BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
NULL: Final = b"\xff\xff\xff\xff"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SMALL = Struct(">ih")
_LENGTH = Struct(">i")
_HEAD = Struct(">i16si16siqiB")
_UUID_BYTES = 16
_JSONB_VERSION = 1


def text(value: str | None) -> bytes:
    """A field of type text."""
    if value is None:
        return NULL
    raw = value.encode()
    return _LENGTH.pack(len(raw)) + raw


def uuid(value: UUID | None) -> bytes:
    """A field of type uuid."""
    return NULL if value is None else _LENGTH.pack(_UUID_BYTES) + value.bytes


def small(value: int) -> bytes:
    """A field of type smallint."""
    return _SMALL.pack(2, value)


def microseconds(moment: datetime) -> int:
    """An aware moment as PostgreSQL counts it."""
    return (moment - _EPOCH) // _MICROSECOND


def head(event_id: bytes, correlation_id: bytes, occurred_at: int, data: bytes) -> bytes:
    """The first four fields of a body, those that no two rows have in common; `occurred_at` in microseconds."""
    return (
        _HEAD.pack(_UUID_BYTES, event_id, _UUID_BYTES, correlation_id, 8, occurred_at, len(data) + 1, _JSONB_VERSION)
        + data
    )


def event_id(body: bytes) -> UUID:
    """The id of the event of a body."""
    return UUID(bytes=body[4:20])


async def whole(rows: bytes) -> AsyncIterator[bytes]:
    """Rows as all of a COPY."""
    yield BEGIN + rows + END
