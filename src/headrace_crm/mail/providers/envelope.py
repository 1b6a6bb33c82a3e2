"""The `From ` line that opens a message in an mbox, told apart from prose that starts with the same word."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headrace_crm.mail.dates import parse_date

MAX_LINE_BYTES: Final = 1_000

_LINE: Final = re.compile(
    rb"From[ \t]+(?:(?P<sender>\S.*?)[ \t]+)?"
    rb"(?:(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+)?"
    rb"(?:(?P<month>[A-Z][a-z]{2})[ \t]+(?P<day>\d{1,2})"
    rb"|(?P<day_first>\d{1,2})[ \t]+(?P<month_second>[A-Z][a-z]{2})[ \t]+(?P<year_first>\d{4}))"
    rb"[ \t]+(?P<time>\d{1,2}:\d\d(?::\d\d)?)"
    rb"(?:[ \t]+(?P<zone>[A-Z]{1,5}|[+-]\d{4}))?(?:[ \t]+[A-Z]{1,5})?"
    rb"(?:[ \t]+(?P<year>\d{2,4}))?(?:[ \t]+(?P<zone_last>[A-Z]{1,5}|[+-]\d{4}))?"
    rb"(?:[ \t]+remote from .*)?[ \t]*"
)
_UNDATED: Final = re.compile(rb"From[ \t]+(?:-|\d{6,}@xxx)[ \t]*")
_GIT_PATCH: Final = re.compile(rb"From[ \t]+[0-9a-f]{40}[ \t]+Mon[ \t]+Sep[ \t]+17[ \t]+00:00:00[ \t]+2001[ \t]*")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a `From ` line says.

    `sent_at` is aware UTC, None when the line carries no date (`From -`, and Takeout's shorter form).
    `is_patch` marks the fixed date that `git format-patch` writes: such lines stand inside mail bodies.
    """

    sent_at: datetime | None
    is_patch: bool


def read_envelope(line: bytes) -> Envelope | None:
    """Read one line without its line end; None when it is prose (`From Russia with love`) or no `From ` line.

    Accepted: a sender and an asctime date with an optional zone before or after the year, the same with an
    RFC 5322 date, Takeout's `From 123@xxx [date]`, and Netscape's `From - [date]`.
    """
    if not line.startswith(b"From ") or len(line) > MAX_LINE_BYTES:
        return None
    if _UNDATED.fullmatch(line):
        return Envelope(None, is_patch=False)
    if _GIT_PATCH.fullmatch(line):
        return Envelope(None, is_patch=True)
    match = _LINE.fullmatch(line)
    if match is None or not (match["sender"] or match["weekday"]):
        return None
    year = match["year_first"] or match["year"]
    if year is None:
        return None
    parts = (
        match["day_first"] or match["day"],
        match["month_second"] or match["month"],
        year,
        match["time"],
        match["zone"] or match["zone_last"] or b"+0000",
    )
    sent_at = parse_date(b" ".join(parts).decode("ascii"))
    return None if sent_at is None else Envelope(sent_at, is_patch=False)
