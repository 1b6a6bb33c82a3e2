"""Identifiers: UUID version 7 (RFC 9562), whose first 48 bits are the time."""

import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

_VERSION = 7 << 76
_VARIANT = 0b10 << 62
_NANOS_A_MILLI = 1_000_000


def uuid7() -> UUID:
    """A new id, ordered by time to about a quarter of a microsecond.

    48 bits of Unix milliseconds, 12 bits of the fraction of the millisecond (RFC 9562, method 3),
    62 random bits.
    """
    nanos = time.time_ns()
    millis, rest = divmod(nanos, _NANOS_A_MILLI)
    fraction = (rest << 12) // _NANOS_A_MILLI
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(millis << 80) | _VERSION | (fraction << 64) | _VARIANT | random)


def uuid7s(count: int) -> list[bytes]:
    """So many new ids as their 16 bytes, in rising order, at a fifth of what `uuid7` costs for each.

    They are a step of a quarter of a microsecond apart, the first now: RFC 9562 lets the fraction count.
    """
    ticks = (time.time_ns() << 12) // _NANOS_A_MILLI
    random = (int.from_bytes(os.urandom(8 * count), "big") & _ones(62, count)) | _ones(1, count) << 63
    tails = random.to_bytes(8 * count, "big")
    return [
        ((ticks >> 12 << 16) | 0x7000 | (ticks & 0xFFF)).to_bytes(8, "big") + tails[at : at + 8]
        for at, ticks in zip(range(0, 8 * count, 8), range(ticks, ticks + count), strict=True)
    ]


@lru_cache(maxsize=8)
def _ones(bits: int, count: int) -> int:
    """So many words of 64 bits, each with its lowest `bits` set."""
    return int.from_bytes(((1 << bits) - 1).to_bytes(8, "big") * count, "big")


def as_uuid(found: object) -> UUID:
    """An id as a caller's connection gives it: with a codec of his own it may be text."""
    return found if isinstance(found, UUID) else UUID(str(found))


def uuid7_moment(value: UUID) -> datetime:
    """When a version 7 id was made, to the millisecond, aware, in UTC."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)


def uuid7_floor(moment: datetime) -> UUID:
    """The smallest version 7 id of a moment: ids made before it are smaller, those made from it on are not."""
    return UUID(int=(max(0, int(moment.timestamp() * 1000)) << 80) | _VERSION | _VARIANT)
