"""One message as a person reads it: who is in it, what it says, and what stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from headrace import Connection, Row, statement
from headrace_crm.mail.model import Attachment

_PACKAGE: Final = "headrace_crm.contacts"
_MOST_PEOPLE: Final = 200
_MOST_AROUND: Final = 25


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody a message names; `contact_id` where the address is a contact's, `name` as that contact's then."""

    role: Literal["from", "to", "cc", "bcc", "reply_to"]
    email: str
    name: str
    contact_id: UUID | None
    is_owner: bool


@dataclass(frozen=True, slots=True)
class Around:
    """A message of the same thread."""

    message_id: int
    sent_at: datetime
    direction: str
    sender: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A stored message; `text` is all that is kept of its body, quotes and signature too.

    `people` are the first 200 it names. `thread` are it and the messages nearest to it, 25 each way, in order of
    time; `thread_count` are all there are, 1,001 for more than 1,000.
    """

    id: int
    owner_id: UUID
    thread_id: int
    direction: Literal["sent", "received", "other"]
    is_bulk: bool
    subject: str
    sent_at: datetime
    date_is_guessed: bool
    list_id: str | None
    text: str
    attachments: tuple[Attachment, ...]
    labels: tuple[str, ...]
    size_bytes: int
    is_truncated: bool
    source: str
    stored_at: datetime
    import_id: UUID | None
    people: Sequence[Named]
    thread: Sequence[Around]
    thread_count: int


async def read_letter(connection: Connection, message_id: int) -> Letter | None:
    """One message; None where there is none of this id."""
    row = await connection.fetchrow(statement(_PACKAGE, "read_letter"), message_id)
    if row is None:
        return None
    people = await connection.fetch(statement(_PACKAGE, "letter_people"), message_id, _MOST_PEOPLE)
    around = await connection.fetch(
        statement(_PACKAGE, "thread_letters"), row["thread_id"], row["sent_at"], _MOST_AROUND
    )
    return Letter(
        id=row["id"],
        owner_id=row["owner_id"],
        thread_id=row["thread_id"],
        direction=row["direction"],
        is_bulk=row["is_bulk"],
        subject=row["subject"],
        sent_at=row["sent_at"],
        date_is_guessed=row["date_is_guessed"],
        list_id=row["list_id"],
        text=row["body_text"],
        attachments=msgspec.json.decode(row["attachments"], type=tuple[Attachment, ...]),
        labels=tuple(row["labels"]),
        size_bytes=row["size_bytes"],
        is_truncated=row["is_truncated"],
        source=row["source"],
        stored_at=row["stored_at"],
        import_id=row["import_id"],
        people=[_named(each) for each in people],
        thread=[
            Around(each["id"], each["sent_at"], each["direction"], _sender(each), each["subject"]) for each in around
        ],
        thread_count=row["thread_count"],
    )


async def newest_of_thread(connection: Connection, thread_id: int) -> int | None:
    """The id of a thread's newest message; None where it has none."""
    return await connection.fetchval(statement(_PACKAGE, "newest_of_thread"), thread_id)


def _named(row: Row) -> Named:
    return Named(row["role"], row["email"], row["contact_name"] or row["name"], row["contact_id"], row["is_owner"])


def _sender(row: Row) -> str:
    return row["sender_name"] or row["sender_email"] or ""
