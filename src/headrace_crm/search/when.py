"""The time a question is about, read from its words: pure.

English only. Seasons are the meteorological ones of the north: spring is March to May. What is named without a year
is the latest that has begun, and with `last` the latest that is over.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_VERBS: Final = frozenset({"may", "march"})
"""What is no month after `this` unless it has a capital letter."""
_NAMES: Final = "|".join((*MONTHS, *_SEASONS))
_UNITS: Final = {"day": 1, "week": 7}
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Period:
    """From `since`, included, to `before`, not; None is without end on that side."""

    since: datetime | None
    before: datetime | None


@dataclass(frozen=True, slots=True)
class Timed:
    """A question without the words about time, and the period they mean; None where there are none."""

    text: str
    period: Period | None


def read_period(text: str, *, now: datetime) -> Timed:
    """Find an expression of time in a question: `last spring`, `in May 2006`, `since 2005`, `on 2006-05-01`.

    A question that is nothing else keeps its words.
    """
    for pattern, read in _RULES:
        for found in pattern.finditer(text):
            period = read(found, now.astimezone(UTC))
            if period is None:
                continue
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            left = re.sub(r"\s+([?.!,])", r"\1", " ".join(rest.split()))
            return Timed(left if re.search(r"\w", left) else text, period)
    return Timed(text, None)


def _named(found: re.Match[str], now: datetime) -> Period | None:
    side, which, name, year = (
        (found["side"] or "").lower(),
        (found["which"] or "").lower(),
        found["name"],
        found["year"],
    )
    if not (side or which or year or found["in"]):
        return None
    if which == "this" and not year and name in _VERBS:
        return None
    first, months = (_SEASONS[name.lower()], 3) if name.lower() in _SEASONS else (MONTHS.index(name.lower()) + 1, 1)
    begin = datetime(int(year) if year else now.year, first, 1, tzinfo=UTC)
    if not year:
        while begin > now or (which == "last" and _later(begin, months) > now):
            begin = begin.replace(year=begin.year - 1)
    return _sided(side, begin, _later(begin, months))


def _year(found: re.Match[str], now: datetime) -> Period | None:
    del now
    begin = datetime(int(found["year"]), 1, 1, tzinfo=UTC)
    return _sided((found["side"] or "").lower(), begin, begin.replace(year=begin.year + 1))


def _date(found: re.Match[str], now: datetime) -> Period | None:
    del now
    try:
        begin = datetime.fromisoformat(found["date"]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return _sided((found["side"] or "").lower(), begin, begin + timedelta(days=1))


def _relative(found: re.Match[str], now: datetime) -> Period | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    which, unit = found["which"].lower(), found["unit"].lower()
    match unit:
        case "week":
            begin = today - timedelta(days=today.weekday())
            return _shifted(which, begin - timedelta(days=7), begin, begin + timedelta(days=7))
        case "month":
            begin = today.replace(day=1)
            return _shifted(which, _later(begin, -1), begin, _later(begin, 1))
        case _:
            begin = today.replace(month=1, day=1)
            return _shifted(which, begin.replace(year=begin.year - 1), begin, begin.replace(year=begin.year + 1))


def _shifted(which: str, before_it: datetime, begin: datetime, end: datetime) -> Period:
    return Period(before_it, begin) if which == "last" else Period(begin, end)


def _count(found: re.Match[str], now: datetime) -> Period | None:
    count, unit = min(int(found["count"]), 1000), found["unit"].lower()
    if unit in _UNITS:
        return Period(now - timedelta(days=count * _UNITS[unit]), None)
    months = count * (_MONTHS_A_YEAR if unit == "year" else 1)
    return Period(_later(now.replace(day=1), -months).replace(day=min(now.day, 28)), None)


def _day(found: re.Match[str], now: datetime) -> Period | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today - timedelta(days=1 if found[0].lower() == "yesterday" else 0)
    return Period(begin, begin + timedelta(days=1))


def _sided(side: str, begin: datetime, end: datetime) -> Period:
    match side:
        case "since":
            return Period(begin, None)
        case "after":
            return Period(end, None)
        case "before":
            return Period(None, begin)
        case "until":
            return Period(None, end)
        case _:
            return Period(begin, end)


def _later(moment: datetime, months: int) -> datetime:
    index = moment.year * _MONTHS_A_YEAR + moment.month - 1 + months
    return moment.replace(year=max(index // _MONTHS_A_YEAR, 1), month=index % _MONTHS_A_YEAR + 1)


_SIDE: Final = r"(?:(?P<side>since|before|after|until)\s+)?"
_Read = Callable[[re.Match[str], datetime], Period | None]

_RULES: Final[tuple[tuple[re.Pattern[str], _Read], ...]] = (
    (
        re.compile(
            r"\b(?:on\s+|(?P<side>since|before|after|until)\s+)?(?P<date>(?:19|20)\d\d-\d\d-\d\d)\b", re.IGNORECASE
        ),
        _date,
    ),
    (
        re.compile(
            rf"\b(?P<in>in\s+|during\s+)?{_SIDE}(?:the\s+)?(?P<which>last|this)?\s*\b(?P<name>{_NAMES})\b"
            r"(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d)\b)?",
            re.IGNORECASE,
        ),
        _named,
    ),
    (
        re.compile(
            r"\b(?:in\s+|during\s+|over\s+)?(?:the\s+)?(?:last|past)\s+(?P<count>\d{1,4})\s+(?P<unit>day|week|month|year)s?\b",
            re.IGNORECASE,
        ),
        _count,
    ),
    (
        re.compile(
            r"\b(?:in\s+|during\s+)?(?:the\s+)?(?P<which>last|this)\s+(?P<unit>week|month|year)\b", re.IGNORECASE
        ),
        _relative,
    ),
    (
        re.compile(
            r"\b(?:in|during|(?P<side>since|before|after|until))\s+(?P<year>(?:19|20)\d\d)\b(?!-\d)", re.IGNORECASE
        ),
        _year,
    ),
    (re.compile(r"\b(?:yesterday|today)\b(?!['\u2019])", re.IGNORECASE), _day),
)
