"""The event that told of a message: found where the log stood when the message was stored."""

from datetime import timedelta
from typing import Final

from headrace import Connection, EventFilter, search_events
from headrace_crm.contacts.letters import Letter

_EARLIER: Final = timedelta(seconds=1)
"""The event is of the same transaction; its clock is read a little later, and clocks are set back."""
_LATER: Final = timedelta(seconds=30)
_PATIENCE: Final = timedelta(milliseconds=500)
_LIKE_IT: Final = 50
"""Ids that begin with the same digits."""


async def position_of_letter(connection: Connection, letter: Letter) -> int | None:
    """The position of `email.received` or `email.sent` of a message.

    None where the log does not hold it any more, or holds too much from around then to look through in half a second.
    """
    page = await search_events(
        connection,
        EventFilter(
            types=("email.received", "email.sent"),
            since=letter.stored_at - _EARLIER,
            before=letter.stored_at + _LATER,
        ),
        text=f'"message_id": {letter.id}',
        limit=_LIKE_IT,
        patience=_PATIENCE,
    )
    return next((one.position for one in page.events if one.data.get("message_id") == letter.id), None)
