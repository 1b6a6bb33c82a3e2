"""An owner's last days in one answer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.activity"
_RECENT: Final = 20
MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class ActivityDay:
    """What one day (UTC) came to: messages stored, contacts met less those removed, interactions."""

    day: date
    emails: int
    contacts: int
    interactions: int


@dataclass(frozen=True, slots=True)
class RecentInteraction:
    """One of the newest interactions, with a sentence that tells it."""

    occurred_at: datetime
    contact_id: UUID
    contact: str
    direction: Literal["sent", "received"]
    subject: str
    description: str


@dataclass(frozen=True, slots=True)
class UserActivity:
    """Sums over `days` days that end with the day of `as_of`, the days that had any, and the newest interactions."""

    owner_id: UUID
    as_of: datetime
    days: int
    total_emails: int
    total_contacts: int
    total_interactions: int
    by_day: tuple[ActivityDay, ...]
    recent: tuple[RecentInteraction, ...]


async def user_activity(connection: Connection, owner_id: UUID, *, days: int, as_of: datetime) -> UserActivity:
    """Sums up an owner's last `days` days, 1 to 366, up to `as_of`: reads one row a day and the newest interactions.

    Days follow the log as the projection `user_activity` does; there are none before a worker first ran. Raises
    ValueError for other `days`.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"days must be 1 to {MOST_DAYS}, got {days}")
    last = as_of.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    is_folded = await connection.fetchval(statement(_PACKAGE, "is_folded"))
    rows = await connection.fetch(statement(_PACKAGE, "activity_days"), owner_id, first, last) if is_folded else []
    by_day = tuple(ActivityDay(row["day"], row["emails"], row["contacts"], row["interactions"]) for row in rows)
    begins_at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    recent = await connection.fetch(statement(_PACKAGE, "recent_interactions"), owner_id, begins_at, as_of, _RECENT)
    return UserActivity(
        owner_id,
        as_of,
        days,
        sum(each.emails for each in by_day),
        sum(each.contacts for each in by_day),
        sum(each.interactions for each in by_day),
        by_day,
        tuple(
            RecentInteraction(
                row["occurred_at"],
                row["contact_id"],
                row["name"],
                row["direction"],
                row["subject"],
                describe(row["name"], row["direction"], row["subject"]),
            )
            for row in recent
        ),
    )


def describe(contact: str, direction: Literal["sent", "received"], subject: str) -> str:
    """The sentence that tells of an interaction."""
    about = subject.strip() or "(no subject)"
    return f"You wrote to {contact}: {about}" if direction == "sent" else f"{contact} wrote to you: {about}"
