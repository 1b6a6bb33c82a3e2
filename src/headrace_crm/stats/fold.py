"""What a batch of events adds to the stats of each contact: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from headrace import StoredEvent
from headrace_crm.contacts.events import InteractionEmailReceived, InteractionEmailSent, InteractionRetracted

StatsEvent: TypeAlias = InteractionEmailSent | InteractionEmailReceived | InteractionRetracted


@dataclass(slots=True)
class StatsChange:
    """What to add to a contact's stats, and the times to widen them by.

    `is_narrowed` says that an interaction was retracted, so that first and last may have to move back, which
    no sum of changes can tell. `event_count` counts the events folded.
    """

    contact_id: UUID
    owner_id: UUID
    sent: int = 0
    received: int = 0
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    first_received_at: datetime | None = None
    last_received_at: datetime | None = None
    is_narrowed: bool = False
    event_count: int = 0


def fold(events: Iterable[StoredEvent], *, touched: Iterable[tuple[UUID, UUID]] = ()) -> list[StatsChange]:
    """Sum events up for each contact, in the order of their ids; other events are passed over.

    Each (owner, contact) of `touched` gets one change more that adds nothing: something the stats do not
    count has changed, and what is made from them is out of date.
    """
    changes: dict[UUID, StatsChange] = {}
    for owner_id, contact_id in touched:
        changes[contact_id] = StatsChange(contact_id, owner_id, event_count=1)
    for event in events:
        data = event.data
        if isinstance(data, StatsEvent):
            change = changes.setdefault(data.contact_id, StatsChange(data.contact_id, data.owner_id))
            _add(change, data, event.occurred_at)
    return [changes[contact_id] for contact_id in sorted(changes)]


def _add(change: StatsChange, data: StatsEvent, occurred_at: datetime) -> None:
    change.event_count += 1
    match data:
        case InteractionEmailSent():
            change.sent += 1
            change.first_sent_at = min(change.first_sent_at or occurred_at, occurred_at)
            change.last_sent_at = max(change.last_sent_at or occurred_at, occurred_at)
        case InteractionEmailReceived():
            change.received += 1
            change.first_received_at = min(change.first_received_at or occurred_at, occurred_at)
            change.last_received_at = max(change.last_received_at or occurred_at, occurred_at)
        case InteractionRetracted():
            change.sent -= data.direction == "sent"
            change.received -= data.direction == "received"
            change.is_narrowed = True
