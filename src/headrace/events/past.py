"""Events that happened before: what an import is given, and what it came to."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from headrace.context import Context
from headrace.events.event import Stream


class PastEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event to import: its data, an object of a registered class, and what is known of it.

    `occurred_at` None is now, `context` None the current one. With an `event_id` the event is
    recognised when it is imported again.
    """

    data: object
    stream: Stream | None = None
    occurred_at: datetime | None = None
    event_id: UUID | None = None
    context: Context | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: how many events were appended, and how many were stored already.

    The positions are those of the first and the last appended; None where none was.
    """

    event_count: int
    known_count: int
    first_position: int | None
    last_position: int | None


PastEvents = Iterable[PastEvent] | AsyncIterable[PastEvent]


async def slices(events: PastEvents, take: Callable[[PastEvent], bool]) -> AsyncGenerator[None]:
    """Hands over each event as it comes; stops after each for which `take` says so, and after the last.

    Between two stops a plain iterable costs no turn of the loop. An event is handed over before the next is
    asked for, so that what is bound around a `yield` is bound then.
    """
    if isinstance(events, AsyncIterable):
        async for past in events:
            if take(past):
                yield
    else:
        for past in events:
            if take(past):
                yield
    yield
