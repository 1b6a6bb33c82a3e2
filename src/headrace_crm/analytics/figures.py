"""The figures of an owner's mail, computed from its messages: pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from headrace_crm.scores.model import Direction, Interaction
from headrace_crm.scores.responses import median_responses

SHORT: Final = timedelta(days=30)
LONG: Final = timedelta(days=90)
STALE: Final = timedelta(days=60)
"""Nobody waits any more for what was written longer ago."""

_LISTED: Final = 20


class Letter(msgspec.Struct, frozen=True):
    """A message between the owner and people; `sent_at` is aware."""

    thread_id: int
    message_id: int
    direction: Direction
    sent_at: datetime
    subject: str
    people: tuple[str, ...]


class Volume(msgspec.Struct, frozen=True):
    """Messages of so many days."""

    days: int
    sent: int
    received: int


class WaitingThread(msgspec.Struct, frozen=True):
    """A thread whose last message nobody has answered: who wrote it or was written to, and when."""

    thread_id: int
    message_id: int
    subject: str
    people: tuple[str, ...]
    since: datetime


class Figures(msgspec.Struct, frozen=True):
    """An owner's mail at one moment.

    `response_seconds` is the owner's median time to an answer over the last 90 days, `their_response_seconds`
    everybody else's; None without an answer. `hours` counts messages by hour of the day (UTC), `weekdays` from Monday
    on, both of the last 90 days. Of the threads that wait the oldest are listed, and all counted.
    """

    volumes: tuple[Volume, ...]
    response_seconds: float | None
    their_response_seconds: float | None
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    owed_count: int
    owed: tuple[WaitingThread, ...]
    awaited_count: int
    awaited: tuple[WaitingThread, ...]


def figures(letters: Iterable[Letter], *, now: datetime) -> Figures:
    """The figures at `now` of messages of the last 90 days, in any order; later ones are not seen."""
    seen = sorted(
        (each for each in letters if now - LONG <= each.sent_at <= now),
        key=lambda each: (each.sent_at, each.message_id),
    )
    hours, weekdays = [0] * 24, [0] * 7
    for each in seen:
        hours[each.sent_at.hour] += 1
        weekdays[each.sent_at.weekday()] += 1
    ours, theirs = median_responses([Interaction(each.sent_at, each.direction, str(each.thread_id)) for each in seen])
    last = {each.thread_id: each for each in seen}
    waiting = [each for each in last.values() if each.sent_at >= now - STALE]
    owed = [_waiting(each) for each in waiting if each.direction == "received"]
    awaited = [_waiting(each) for each in waiting if each.direction == "sent"]
    return Figures(
        (_volume(seen, SHORT, now), _volume(seen, LONG, now)),
        _seconds(ours),
        _seconds(theirs),
        tuple(hours),
        tuple(weekdays),
        len(owed),
        tuple(owed[:_LISTED]),
        len(awaited),
        tuple(awaited[:_LISTED]),
    )


def _volume(seen: Sequence[Letter], span: timedelta, now: datetime) -> Volume:
    within = [each.direction for each in seen if each.sent_at > now - span]
    return Volume(span.days, within.count("sent"), within.count("received"))


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()


def _waiting(letter: Letter) -> WaitingThread:
    return WaitingThread(letter.thread_id, letter.message_id, letter.subject, letter.people, letter.sent_at)
