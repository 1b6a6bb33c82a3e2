"""How people and what is known of them are put into words on pages: pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from headrace_crm.enrichment.profile import Field, Value
from headrace_crm.insights import Kind
from headrace_crm.mail.sync.progress import Progress
from headrace_crm.scores.model import Trend
from headrace_crm.scores.people import Person

TRENDS: Final[Mapping[Trend, str]] = MappingProxyType(
    {
        "growing": "You write to each other more than before.",
        "steady": "You write to each other as much as before.",
        "fading": "You write to each other less than before.",
        "new": "You have known each other for a short time.",
        "dormant": "You have not written to each other for long.",
    }
)

INSIGHTS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "unanswered_question": "Unanswered question",
        "owes_reply": "Letter to answer",
        "waiting_for_reply": "Answer you wait for",
        "meeting_follow_up": "After a meeting",
        "going_cold": "Going cold",
        "changed_role": "New role",
        "changed_address": "New address",
        "introduction": "Introduction to make",
        "birthday": "Birthday",
    }
)

FIELDS: Final[Mapping[Field, str]] = MappingProxyType(
    {
        "name": "Name",
        "title": "Title",
        "organisation": "Organisation",
        "location": "Place",
        "bio": "About",
        "website": "Website",
        "other_links": "Other links",
        "phone": "Phone",
        "other_phones": "Other phones",
        "other_emails": "Other addresses",
        "x_handle": "On X",
        "linkedin_url": "On LinkedIn",
        "topics": "Topics",
        "activity": "Writes about",
        "last_active_at": "Last active",
        "followers": "Followers",
    }
)


def name(person: Person) -> str:
    """What somebody is called, by an address where no name is known."""
    return person.name or next(iter(person.addresses), "(no name)")


def day(moment: datetime | None) -> str:
    """The day of a moment in UTC; a dash for none."""
    return "–" if moment is None else moment.strftime("%Y-%m-%d")  # noqa: RUF001 - a dash on purpose


def size(count: int) -> str:
    """A count of bytes as people say it.

    >>> size(900), size(23_456), size(4_500_000)
    ('900 bytes', '23 kB', '4.5 MB')
    """
    if count < 1_000:  # noqa: PLR2004 - a kilobyte
        return f"{count} bytes"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"  # noqa: PLR2004 - a megabyte


def value_text(value: Value) -> str:
    """A field's value on one line.

    >>> value_text(("jazz", "boats"))
    'jazz, boats'
    """
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def duration(value: timedelta | float | None) -> str:
    """About how long an answer takes; a dash where none was measured. Seconds, where it is a number.

    >>> duration(timedelta(minutes=5)), duration(timedelta(hours=30).total_seconds()), duration(timedelta(days=3))
    ('5 minutes', '30 hours', '3 days')
    """
    if value is None:
        return "–"  # noqa: RUF001 - a dash on purpose
    hours = (value.total_seconds() if isinstance(value, timedelta) else value) / 3600
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days


def balance(sent: int, received: int) -> str:
    """Who writes how much, as a sentence."""
    if not sent:
        return "They write to you; you have not written to them."
    if not received:
        return "You write to them; they have not written to you."
    return f"You have written {sent:,} times, they {received:,} times."


def mirrored(how: Progress | None) -> str:
    """How far a mailbox is: `not begun`, `1,000 of 4,000 so far, paused`, `all read`."""
    if how is None:
        return "not begun"
    if how.listing == "done" and not how.waiting_batches:
        return "all read"
    more = {"done": "", "paused": " so far, paused"}.get(how.listing, " so far")
    return f"{how.settled:,} of {how.listed:,}{more}"


def share(how: Progress | None) -> str:
    """How much of a mailbox is read, in hundredths."""
    if how is None:
        return "0.0"
    return "100.0" if mirrored(how) == "all read" else f"{how.share * 100:.1f}"
