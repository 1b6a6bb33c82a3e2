"""How much an owner and a contact wrote each other, month by month."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.scores"
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Month:
    """Messages of one month in UTC; `first` is its first day."""

    first: date
    sent: int
    received: int


async def read_months(connection: Connection, contact_id: UUID, *, until: datetime, count: int) -> list[Month]:
    """The `count` months that end with that of `until`, the oldest first, those without messages too."""
    last = until.astimezone(UTC).date().replace(day=1)
    first = months_before(last, count - 1)
    begin = datetime(first.year, first.month, 1, tzinfo=UTC)
    rows = await connection.fetch(statement(_PACKAGE, "months_of_contact"), contact_id, begin, until)
    found = {row["month"]: Month(row["month"], row["sent"], row["received"]) for row in rows}
    wanted = [months_before(last, number) for number in range(count - 1, -1, -1)]
    return [found.get(month, Month(month, 0, 0)) for month in wanted]


def months_before(month: date, count: int) -> date:
    """The first day of the month so many months before; after it for a negative count.

    >>> months_before(date(2026, 2, 14), 3), months_before(date(2025, 11, 1), -2)
    (datetime.date(2025, 11, 1), datetime.date(2026, 1, 1))
    """
    index = month.year * _MONTHS_A_YEAR + month.month - 1 - count
    return date(index // _MONTHS_A_YEAR, index % _MONTHS_A_YEAR + 1, 1)
