"""A contact's stats counted from all events of its stream: pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from headrace import StoredEvent
from headrace_crm.contacts.events import InteractionEmailReceived, InteractionEmailSent, InteractionRetracted


@dataclass(slots=True)
class Recount:
    """The interactions that stand, sent and received, each by its message."""

    sent: dict[int, datetime] = field(default_factory=dict[int, datetime])
    received: dict[int, datetime] = field(default_factory=dict[int, datetime])

    def add(self, events: Iterable[StoredEvent]) -> None:
        """Goes on with the next events of the stream, in order; other events are passed over."""
        for event in events:
            match event.data:
                case InteractionEmailSent(message_id=message_id):
                    self.sent[message_id] = event.occurred_at
                case InteractionEmailReceived(message_id=message_id):
                    self.received[message_id] = event.occurred_at
                case InteractionRetracted(message_id=message_id, direction=direction):
                    self._side(direction).pop(message_id, None)
                case _:
                    pass

    @property
    def first_at(self) -> datetime | None:
        """When the first interaction was; None without any."""
        return min((*self.sent.values(), *self.received.values()), default=None)

    @property
    def last_at(self) -> datetime | None:
        """When the last interaction was; None without any."""
        return max((*self.sent.values(), *self.received.values()), default=None)

    def _side(self, direction: Literal["sent", "received"]) -> dict[int, datetime]:
        return self.sent if direction == "sent" else self.received
