"""What happens to mail. Who wrote what, the message's row says: no event holds what a person may want forgotten."""

from uuid import UUID

import msgspec

from headrace import event


@event("email.received", version=1)
class EmailReceived(msgspec.Struct, frozen=True):
    """A message that somebody else wrote was stored; it occurred when it was sent."""

    owner_id: UUID
    message_id: int
    is_bulk: bool


@event("email.sent", version=1)
class EmailSent(msgspec.Struct, frozen=True):
    """A message that the owner wrote was stored; it occurred when it was sent."""

    owner_id: UUID
    message_id: int


@event("email.thread_updated", version=1)
class EmailThreadUpdated(msgspec.Struct, frozen=True):
    """A new message joined conversations that had been separate: what followed from them changes."""

    owner_id: UUID
    thread_id: int


@event("email.removed", version=1)
class EmailRemoved(msgspec.Struct, frozen=True):
    """A message is gone from the mailbox it was mirrored from; what was recorded of it is taken back."""

    owner_id: UUID
    message_id: int


@event("email.synced", version=1)
class EmailSynced(msgspec.Struct, frozen=True):
    """Mail of a mailbox was brought up to date; `account_id` is None for files."""

    owner_id: UUID
    account_id: UUID | None
    new_count: int
    removed_count: int
    relabelled_count: int


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


MAIL_EVENTS: tuple[type, ...] = (
    EmailReceived,
    EmailSent,
    EmailThreadUpdated,
    EmailRemoved,
    EmailSynced,
    SyncStarted,
    SyncCompleted,
)
