"""What happens to mail."""

from uuid import UUID

import msgspec

from headrace import event


@event("email.received", version=1)
class EmailReceived(msgspec.Struct, frozen=True):
    """A message that somebody else wrote was stored; it occurred when it was sent."""

    owner_id: UUID
    message_id: int
    message_key: str
    sender: str | None
    subject: str
    is_bulk: bool


@event("email.sent", version=1)
class EmailSent(msgspec.Struct, frozen=True):
    """A message that the owner wrote was stored; it occurred when it was sent."""

    owner_id: UUID
    message_id: int
    message_key: str
    subject: str


@event("email.thread_updated", version=1)
class EmailThreadUpdated(msgspec.Struct, frozen=True):
    """A new message joined conversations that had been separate: what followed from them changes."""

    owner_id: UUID
    thread_id: int


@event("sync.started", version=1)
class SyncStarted(msgspec.Struct, frozen=True):
    """A mailbox began to be read."""

    owner_id: UUID
    import_id: UUID
    source: str


@event("sync.completed", version=1)
class SyncCompleted(msgspec.Struct, frozen=True):
    """Every message of a mailbox is stored; people and scores follow."""

    owner_id: UUID
    import_id: UUID
    source: str
    read_count: int
    new_count: int
    duplicate_count: int
    unparsed_count: int


MAIL_EVENTS: tuple[type, ...] = (EmailReceived, EmailSent, EmailThreadUpdated, SyncStarted, SyncCompleted)
