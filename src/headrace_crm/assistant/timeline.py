"""Messages with one person, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.errors import CrmError

_PACKAGE: Final = "headrace_crm.assistant"


class NotDealtInError(CrmError):
    """A page begins at a message that is none of the person's."""

    def __init__(self, message_id: int) -> None:
        super().__init__(
            f"message {message_id} is none with this person; "
            "leave before_message_id out, or give next_before_message_id of the page before"
        )
        self.message_id = message_id


@dataclass(frozen=True, slots=True)
class DealtIn:
    """A message dealt in with a person, with how its own words begin."""

    message_id: int
    thread_id: int
    occurred_at: datetime
    direction: str
    subject: str
    text: str


async def read_timeline(
    connection: Connection, contact_id: UUID, *, before: int | None, limit: int, text_chars: int
) -> list[DealtIn]:
    """At most `limit` messages dealt in with a contact, older than the message `before`, the newest first.

    Raises NotDealtInError where `before` is none of theirs.
    """
    if before is not None and not await connection.fetchval(statement(_PACKAGE, "is_dealt_in"), contact_id, before):
        raise NotDealtInError(before)
    rows = await connection.fetch(statement(_PACKAGE, "timeline"), contact_id, before, limit, text_chars)
    return [
        DealtIn(row["id"], row["thread_id"], row["occurred_at"], row["direction"], row["subject"], row["body"])
        for row in rows
    ]
