"""The event that told of a message: found where the log stood when the message was stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from headrace import Connection, EventFilter, search_events
from headrace_crm.contacts.letters import Letter

_EARLIER: Final = timedelta(seconds=1)
"""The event is of the same transaction; its clock is read a little later, and clocks are set back."""
_LATER: Final = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))
"""Mostly it is a moment later, among a thousandth of what a long import writes until its transaction ends at last."""
GLANCE: Final = timedelta(milliseconds=30)
SEARCH: Final = timedelta(seconds=3)
_LIKE_IT: Final = 50
"""Ids that begin with the same digits."""
_FRESH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LetterEvent:
    """Where the event of a message is: its position; or it `is_awaited`, or gone with its time, or `is_cut` short."""

    position: int | None
    is_awaited: bool = False
    is_cut: bool = False


async def event_of_letter(
    connection: Connection, letter: Letter, *, now: datetime, patience: timedelta = GLANCE
) -> LetterEvent:
    """Looks for `email.received` or `email.sent` of a message, around when it was stored, ever further from that.

    It stands in the log from the commit that stored the message, and is read there once all before it have ended:
    until then it is awaited. `is_cut` where `patience` ended before all of the last half minute was looked through.
    """
    is_cut = False
    for later in _LATER:
        page = await search_events(
            connection,
            EventFilter(
                types=("email.received", "email.sent"),
                since=letter.stored_at - _EARLIER,
                before=letter.stored_at + later,
            ),
            text=f'"message_id": {letter.id}',
            limit=_LIKE_IT,
            patience=patience / len(_LATER),
        )
        for one in page.events:
            if one.data.get("message_id") == letter.id:
                return LetterEvent(one.position)
        is_cut = is_cut or page.is_cut
    return LetterEvent(None, is_awaited=now - letter.stored_at < _FRESH, is_cut=is_cut)
