"""What happens to contacts: each event is in the stream of its contact.

No event tells who a person is, or what they wrote: the log never changes, and people may be forgotten. Rows have the
values, see docs/adr/0028-what-can-be-forgotten-is-not-in-the-log.md.
"""

from typing import Literal
from uuid import UUID

import msgspec

from headrace import Stream, event


@event("contact.created", version=1)
class ContactCreated(msgspec.Struct, frozen=True):
    """A person had a first interaction with the owner. The contact's row says who."""

    contact_id: UUID
    owner_id: UUID


@event("contact.updated", version=1)
class ContactUpdated(msgspec.Struct, frozen=True):
    """A contact's name or addresses are others now; the contact's row has them.

    `changed` names the fields of its profile in whose place something else is known now: a row of
    `crm.contact_change` has the old value, the new one and the source of each, `name` excepted. What was read in mail
    occurred when that mail was sent.
    """

    contact_id: UUID
    owner_id: UUID
    changed: tuple[str, ...] = ()


@event("contact.removed", version=1)
class ContactRemoved(msgspec.Struct, frozen=True):
    """A contact's last interaction was retracted: it was no person, or the owner."""

    contact_id: UUID
    owner_id: UUID


@event("contact.merged", version=1)
class ContactMerged(msgspec.Struct, frozen=True):
    """Another contact is this one; that one goes, and its interactions become this one's.

    `evidence` is what showed it besides the name, such as `phone of message 17`, and tells no value; it is empty
    where a user said so.
    """

    contact_id: UUID
    owner_id: UUID
    merged_id: UUID
    evidence: tuple[str, ...] = ()


@event("contact.split", version=1)
class ContactSplit(msgspec.Struct, frozen=True):
    """A user said that some addresses of a contact are somebody else's: a contact of the new id, with its own part."""

    contact_id: UUID
    owner_id: UUID
    new_id: UUID


@event("contact.tagged", version=1)
class ContactTagged(msgspec.Struct, frozen=True):
    """A user put tags on a contact, or took some away: so many. `crm.contact_tag` has them."""

    contact_id: UUID
    owner_id: UUID
    added: int
    removed: int


@event("interaction.email_sent", version=1)
class InteractionEmailSent(msgspec.Struct, frozen=True):
    """The owner wrote to the contact; it occurred when the message was sent."""

    contact_id: UUID
    owner_id: UUID
    message_id: int


@event("interaction.email_received", version=1)
class InteractionEmailReceived(msgspec.Struct, frozen=True):
    """The contact wrote to the owner; it occurred when the message was sent."""

    contact_id: UUID
    owner_id: UUID
    message_id: int


@event("interaction.recorded", version=1)
class InteractionRecorded(msgspec.Struct, frozen=True):
    """Owner and contact dealt with each other, whatever the medium."""

    contact_id: UUID
    owner_id: UUID
    channel: Literal["email"]
    direction: Literal["sent", "received"]
    message_id: int


@event("interaction.retracted", version=1)
class InteractionRetracted(msgspec.Struct, frozen=True):
    """An interaction recorded before was none: more mail, or more owner addresses, showed another picture."""

    contact_id: UUID
    owner_id: UUID
    direction: Literal["sent", "received"]
    message_id: int


@event("contact.recount_requested", version=1)
class ContactRecountRequested(msgspec.Struct, frozen=True):
    """Somebody wants a contact's stats counted from its events anew; `reason` says why."""

    contact_id: UUID
    owner_id: UUID
    reason: str


CONTACT_EVENTS: tuple[type, ...] = (
    ContactCreated,
    ContactUpdated,
    ContactRemoved,
    ContactMerged,
    ContactSplit,
    ContactTagged,
    InteractionEmailSent,
    InteractionEmailReceived,
    InteractionRecorded,
    InteractionRetracted,
    ContactRecountRequested,
)


def contact_stream(contact_id: UUID) -> Stream:
    """The stream of one contact's events."""
    return Stream("contact", str(contact_id))
