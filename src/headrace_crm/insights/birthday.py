"""A birthday that somebody's own signature names is near: pure, in English, German and French."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from headrace_crm.insights.importance import importance
from headrace_crm.insights.meeting_day import MONTHS
from headrace_crm.insights.model import Birthday, Finding, Picture
from headrace_crm.mail.full_name import full_name

TOLD_BEFORE: Final = 7
"""Days before a birthday from which on it is told; on the next day it is over."""
_URGENCY: Final = 0.8

_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_LABEL: Final = (
    r"birthday|birth ?date|date of birth|b-?day|born|geburtstag|geburtsdatum|geboren"
    r"|anniversaire|date de naissance|n\u00e9e?"
)
# Between slashes nobody knows which is the month, and a place or a year alone is no day.
_SAID: Final = re.compile(
    rf"\b(?:{_LABEL})\b(?:\s+(?:is|on|am|ist|le|the))*\s*:?\s*(?:on\s+|am\s+|le\s+|the\s+)?"
    rf"(?:\d{{4}}-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)"
    r"|(?P<dotted_day>\d{1,2})\.\s?(?P<dotted_month>\d{1,2})\."
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:of\s+)?(?P<month>{_MONTH})\b"
    rf"|(?P<month2>{_MONTH})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b)",
    re.IGNORECASE,
)
_LEAP: Final = 2000
"""A year that has every day there is."""


def birthday_in(signature: str, *, name: str) -> tuple[int, int] | None:
    r"""The month and day that a signature headed by its author's name gives as a birthday; None without one.

    >>> birthday_in("Ada Mill\nMiller, Low Weir\nBirthday: 12 May", name="Ada Mill")
    (5, 12)
    """
    lines = signature.strip().splitlines()
    own = full_name(name)
    if not lines or own is None or full_name(lines[0].strip()) != own:
        return None
    found = _SAID.search(signature)
    if found is None:
        return None
    part = {key: value.lower() for key, value in found.groupdict().items() if value is not None}
    month = part.get("iso_month") or part.get("dotted_month")
    number = int(month) if month is not None else MONTHS[part.get("month") or part["month2"]]
    day = int(part.get("iso_day") or part.get("dotted_day") or part.get("day") or part["day2"])
    try:
        date(_LEAP, number, day)
    except ValueError:
        return None
    return number, day


def birthday_of(signed: Iterable[tuple[datetime, int, str]], *, name: str) -> Birthday | None:
    """What the newest signature (sent at, message, text) with a birthday in it says."""
    for sent_at, message_id, text in sorted(signed, reverse=True):
        said = birthday_in(text, name=name)
        if said is not None:
            return Birthday(*said, message_id, sent_at)
    return None


def birthday_near(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding from a week before the birthday of somebody the owner writes with until it is over (UTC)."""
    said = picture.birthday
    if said is None or {each.direction for each in picture.letters} != {"sent", "received"}:
        return []
    today = now.astimezone(UTC).date()
    day = next(each for year in (today.year, today.year + 1) if (each := _in(year, said)) >= today)
    ahead = (day - today).days
    if ahead > TOLD_BEFORE:
        return []
    return [
        Finding(
            "birthday",
            f"birthday:{picture.contact.id}",
            f"{day}",
            _URGENCY * (1.0 - 0.5 * ahead / TOLD_BEFORE) * importance(picture.letters),
            f"{picture.contact.name} has a birthday on {day}, as their signature says",
            (said.message_id,),
            {"days_ahead": ahead},
        )
    ]


def _in(year: int, said: Birthday) -> date:
    """The day in a year; who was born on the 29th of February has it on the 28th in most."""
    try:
        return date(year, said.month, said.day)
    except ValueError:
        return date(year, said.month, said.day - 1)
