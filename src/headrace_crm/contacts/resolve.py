"""Who the owner dealt with in a message, beside what was recorded of it: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from headrace_crm.mail.classify import Direction, direction, interactions, is_bulk
from headrace_crm.mail.model import ParsedMessage

Side: TypeAlias = Literal["sent", "received"]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message and the interactions recorded of it, by contact; one that is removed says nothing any more."""

    id: int
    message: ParsedMessage
    recorded: Mapping[UUID, Side]
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Interaction:
    """One message between the owner and one person."""

    message_id: int
    contact_id: UUID
    direction: Side
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is to be changed for one message: interactions to record and to retract."""

    message_id: int
    direction: Direction
    is_bulk: bool
    recorded: tuple[Interaction, ...]
    retracted: tuple[Interaction, ...]


def resolve(
    messages: Iterable[StoredMessage], *, owners: frozenset[str], people: Mapping[str, UUID]
) -> Sequence[Resolution]:
    """Compare what each message says with what is recorded of it.

    `people` gives the person of every address that is one's; all others are owners, lists and robots. Bulk
    mail has no interactions. A message counts once for a person, however many of their addresses it names.
    """
    return [_resolve(each, owners, people) for each in messages]


def _resolve(stored: StoredMessage, owners: frozenset[str], people: Mapping[str, UUID]) -> Resolution:
    message = stored.message
    bulk = is_bulk(message, owners)
    found: dict[UUID, Side] = {}
    if not (bulk or stored.is_removed):
        for email, side in interactions(message, owners, is_excluded=lambda email: email not in people):
            found.setdefault(people[email], side)
    return Resolution(
        stored.id,
        direction(message, owners),
        bulk,
        recorded=_differing(stored, found, stored.recorded),
        retracted=_differing(stored, stored.recorded, found),
    )


def _differing(
    stored: StoredMessage, these: Mapping[UUID, Side], those: Mapping[UUID, Side]
) -> tuple[Interaction, ...]:
    return tuple(
        Interaction(stored.id, contact_id, side, stored.message.sent_at)
        for contact_id, side in these.items()
        if those.get(contact_id) != side
    )
