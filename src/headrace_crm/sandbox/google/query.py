"""The part of Gmail's search language that the sandbox speaks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from headrace_crm.sandbox.google.labels import HIDDEN, Label
from headrace_crm.sandbox.google.message import Message

Test: TypeAlias = Callable[[Message], bool]

_TERM: Final = re.compile(
    r'(?P<not>-?)(?:(?P<operator>[a-z0-9_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<word>\S+))', re.IGNORECASE
)
_AGE: Final = re.compile(r"(\d+)([dmy])")
_DAYS: Final = {"d": 1, "m": 30, "y": 365}
_HEADERS: Final = {"from": "From", "to": "To", "cc": "Cc", "subject": "Subject", "list": "List-Id"}
_PLACES: Final = {
    "inbox": "INBOX",
    "sent": "SENT",
    "spam": "SPAM",
    "trash": "TRASH",
    "drafts": "DRAFT",
    "draft": "DRAFT",
    "chats": "CHAT",
    "starred": "STARRED",
    "important": "IMPORTANT",
    "unread": "UNREAD",
}


@dataclass(frozen=True, slots=True)
class Query:
    """Tests that a message must pass, all of them; `shows_hidden` when it asks for spam or trash by name."""

    tests: tuple[Test, ...]
    shows_hidden: bool

    def fits(self, message: Message) -> bool:
        return all(test(message) for test in self.tests)


def read_query(text: str, *, labels: list[Label], now: datetime) -> Query:
    """Reads a search: terms that all have to fit, `-` before one for those that must not.

    Known are `newer_than:`, `older_than:` (`3d`, `2m`, `1y`; a month counts 30 days), `after:`, `before:`
    (a date, UTC, or seconds since the epoch), `in:`, `is:`, `label:`, `category:`, `from:`, `to:`, `cc:`,
    `subject:`, `list:`, `rfc822msgid:` and `has:attachment`; other words are looked for in the subject. A
    term that makes no sense fits no message, as at Gmail.
    """
    names = {label.name.lower().replace(" ", "-"): label.id for label in labels}
    tests: list[Test] = []
    shows_hidden = False
    for term in _TERM.finditer(text):
        operator, value = (term["operator"] or "").lower(), (term["word"] or term["quoted"] or "").lower()
        test = _test(operator, value, names, now)
        shows_hidden |= operator in {"in", "label"} and value in {"anywhere", "spam", "trash"}
        tests.append(_negated(test) if term["not"] else test)
    return Query(tuple(tests), shows_hidden)


def is_hidden(message: Message) -> bool:
    """True for what is in the spam or the trash."""
    return not HIDDEN.isdisjoint(message.labels)


def _negated(test: Test) -> Test:
    return lambda message: not test(message)


def _test(operator: str, value: str, names: dict[str, str], now: datetime) -> Test:  # noqa: PLR0911 - one a word
    match operator:
        case "newer_than" | "older_than":
            age = _AGE.fullmatch(value)
            moment = now - timedelta(days=int(age[1]) * _DAYS[age[2]]) if age else None
            return _compared(moment, is_after=operator == "newer_than")
        case "newer" | "after" | "older" | "before":
            return _compared(_moment(value), is_after=operator in {"newer", "after"})
        case "in" | "is" | "label" | "category":
            return _labelled(operator, value, names)
        case "from" | "to" | "cc" | "subject" | "list":
            return lambda message: value in message.header(_HEADERS[operator]).lower()
        case "rfc822msgid":
            return lambda message: message.header("Message-ID").lower().strip("<> ") == value.strip("<>")
        case "has":
            return lambda message: value == "attachment" and any(part.get_filename() for part in message.mime.walk())
        case _:
            return lambda message: value in message.header("Subject").lower()


def _labelled(operator: str, value: str, names: dict[str, str]) -> Test:
    if (operator, value) == ("in", "anywhere"):
        return lambda _: True
    if (operator, value) == ("is", "read"):
        return lambda message: "UNREAD" not in message.labels
    if operator == "category":
        label = f"CATEGORY_{value}".upper().replace("PRIMARY", "PERSONAL")
    else:
        label = _PLACES.get(value) or names.get(value, "")
    return lambda message: label in message.labels


def _compared(moment: datetime | None, *, is_after: bool) -> Test:
    if moment is None:
        return lambda _: False
    border = moment.timestamp() * 1000
    if is_after:
        return lambda message: message.internal_ms >= border
    return lambda message: message.internal_ms < border


def _moment(value: str) -> datetime | None:
    try:
        if value.isdecimal():
            return datetime.fromtimestamp(int(value), UTC)
        year, month, day = map(int, re.split("[/-]", value))
        return datetime(year, month, day, tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
