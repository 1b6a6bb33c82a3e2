"""The day of a meeting that a text names: pure, in English, German and French."""

import re
from datetime import date, timedelta
from typing import Final

_MEETING: Final = re.compile(
    r"\b(?:meet(?:ing|s)?|met|call|lunch|dinner|coffee|breakfast|appointment|visit|workshop|interview|half an hour"
    r"|treffen|termin|besprechung|mittagessen|abendessen|kaffee|anruf|besuch"
    r"|r\u00e9union|rendez-vous|d\u00e9jeuner|d\u00eener|caf\u00e9|visite|appel)\b",
    re.IGNORECASE,
)
_CALLED_OFF: Final = re.compile(
    r"\b(?:cancel(?:led|ed|s)?|call(?:ed)? off|postpone[sd]?|can(?:no|')t make it|have to skip|reschedule"
    r"|absagen|abgesagt|verschieben|verschoben|annul\u00e9e?|annuler|reporter|report\u00e9e?)\b",
    re.IGNORECASE,
)
_WEEKDAYS: Final[dict[str, int]] = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
    )
    for number, name in enumerate(names.split())
}
MONTHS: Final[dict[str, int]] = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar m\u00e4rz april mai juni juli august september oktober november dezember",
        "janvier f\u00e9vrier mars avril mai juin juillet ao\u00fbt septembre octobre novembre d\u00e9cembre",
    )
    for number, name in enumerate(names.split(), start=1)
}
_NEAR: Final[dict[str, int]] = {"today": 0, "tonight": 0, "tomorrow": 1, "heute": 0, "demain": 1}
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY: Final = re.compile(
    r"\b(?:(?P<iso>\d{4}-\d\d-\d\d)"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+(?P<year>\d{{4}}))?"
    rf"|(?P<month2>{_MONTH})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+(?P<year2>\d{{4}}))?"
    rf"|(?P<weekday>{'|'.join(_WEEKDAYS)})\b|(?P<near>{'|'.join(_NEAR)})\b)",
    re.IGNORECASE,
)


def is_about_meeting(text: str) -> bool:
    """Whether a text speaks of two people meeting, or calling each other."""
    return _MEETING.search(text) is not None


def is_called_off(text: str) -> bool:
    """Whether a text says that a meeting is not to be, or not then."""
    return _CALLED_OFF.search(text) is not None


def day_named_in(text: str, *, written_on: date) -> date | None:
    """The last day a text names, seen from the day it was written; None without one.

    A weekday is the next one after that day. A date without a year is the next one. A day before
    the one of writing is none that anybody plans.

    >>> day_named_in("Lunch on Tuesday?", written_on=date(2026, 3, 2))
    datetime.date(2026, 3, 3)
    """
    named: date | None = None
    for found in _DAY.finditer(text):
        day = _read(found, written_on)
        if day is not None and day >= written_on:
            named = day
    return named


def _read(found: re.Match[str], written_on: date) -> date | None:
    part = {name: value.lower() for name, value in found.groupdict().items() if value is not None}
    try:
        if "iso" in part:
            return date.fromisoformat(part["iso"])
        if "weekday" in part:
            ahead = (_WEEKDAYS[part["weekday"]] - written_on.weekday()) % 7
            return written_on + timedelta(days=ahead or 7)
        if "near" in part:
            return written_on + timedelta(days=_NEAR[part["near"]])
        number = int(part.get("day") or part["day2"])
        month = MONTHS[part.get("month") or part["month2"]]
        year = part.get("year") or part.get("year2")
        if year is not None:
            return date(int(year), month, number)
        years = (written_on.year, written_on.year + 1)
        return next((day for day in (date(each, month, number) for each in years) if day >= written_on), None)
    except ValueError:
        return None
