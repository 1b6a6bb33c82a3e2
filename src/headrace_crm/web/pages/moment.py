"""The day a page is asked to be of: pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from headrace_crm.scores.months import months_before

EARLIEST: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DayAsked:
    """A day that was asked for; `at` is its last instant, None for now. `problem` says why a day was not taken."""

    at: datetime | None = None
    problem: str | None = None


def read_day(text: str, *, last: date) -> DayAsked:
    """The day that a text names, from 1970 to `last`; none for an empty text.

    >>> read_day("2026-02-28", last=date(2026, 3, 1)).at
    datetime.datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=datetime.timezone.utc)
    """
    if not text:
        return DayAsked()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return DayAsked(problem="A day is written like 2007-12-31.")
    if not EARLIEST <= day <= last:
        return DayAsked(problem=f"Choose a day from {EARLIEST} to {last}.")
    return DayAsked(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - timedelta(microseconds=1))


def month_ends(at: datetime, *, last: date) -> tuple[date | None, date | None]:
    """The last days of the months before and after a moment's; None before 1970, and once that is `last` or later."""
    month = at.astimezone(UTC).date().replace(day=1)
    before = month - timedelta(days=1)
    after = months_before(month, -2) - timedelta(days=1)
    return (before if before >= EARLIEST else None), (after if after < last else None)
