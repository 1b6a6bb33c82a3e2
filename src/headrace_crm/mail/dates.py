"""When a message was sent, out of headers that lie."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Final

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
TOLERANCE: Final = timedelta(days=7)
"""How far beyond its receipt, and beyond now, a date may lie; clocks and time zones err by less."""

_MAX_CHARS: Final = 200
_MAX_OFFSET: Final = timedelta(hours=24)


def parse_date(value: str) -> datetime | None:
    """Read an RFC 5322, asctime or ISO 8601 date as aware UTC; None when it is none.

    Two-digit years follow RFC 5322, and `102`, which a famous bug wrote for 2002, counts from 1900.
    A date without zone is taken as UTC; a zone beyond 24 hours is ignored.
    """
    value = value.strip()[:_MAX_CHARS]
    if not value:
        return None
    return _parse_mail_date(value) or _parse_iso_date(value)


def is_plausible(moment: datetime, *, now: datetime) -> bool:
    """True from 1970 to a week after `now`."""
    return EARLIEST <= moment <= now + TOLERANCE


def choose_date(
    date: str,
    received: Iterable[str],
    *,
    now: datetime,
    envelope_at: datetime | None = None,
    fallback_at: datetime | None = None,
) -> tuple[datetime, bool]:
    """Return the moment a message was sent, and whether it is a guess.

    A believable Date header is no guess; one that lies more than a week beyond the newest Received header (the last
    hop, the reader's own server), or beyond `now`, is none. Then come, as guesses: that Received header, the mailbox's
    envelope, `fallback_at` (the message before it in the file), `now` for a date that is later, and 1970.
    """
    said, received_at = parse_date(date), _received_at(received, now)
    if said and is_plausible(said, now=min(now, received_at or now)):
        return said, False
    for moment in (received_at, envelope_at, fallback_at):
        if moment and is_plausible(moment, now=now):
            return moment, True
    return now if said and said > now else EARLIEST, True


def _received_at(received: Iterable[str], now: datetime) -> datetime | None:
    for value in received:
        moment = parse_date(re.sub(r"\(.*", "", value.rpartition(";")[2]))
        if moment and is_plausible(moment, now=now):
            return moment
    return None


def _parse_mail_date(value: str) -> datetime | None:
    try:
        parts = parsedate_tz(value)
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError):
        return None
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    if 100 <= year < 200:  # noqa: PLR2004 - tm_year, printed as it is
        year += 1900
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        offset = timedelta(seconds=parts[9] or 0)
        return moment - offset if abs(offset) < _MAX_OFFSET else moment
    except (ValueError, OverflowError):
        return None


def _parse_iso_date(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
