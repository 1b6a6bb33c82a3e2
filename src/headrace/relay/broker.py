"""What a relay asks of a message broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from headrace.db.connection import Row
from headrace.errors import HeadraceError
from headrace.events.cloud_event import cloud_event


class RelayError(HeadraceError):
    """The broker did not take what it was given, or cannot be used as it is; the relay tries again."""


class MissingStreamError(RelayError):
    """The broker has no stream to publish to."""


class ForeignStreamError(RelayError):
    """The broker's stream holds what this log did not write, so nothing can be told from it."""

    def __init__(self, stream: str, place: "Place") -> None:
        super().__init__(
            f"the last entry of {stream} is event {place.event_id or '(unknown)'} of position {place.position}, and "
            "this log has no such event there: it was written from another database, or by somebody else; "
            "give the relay a stream of its own, or remove this one"
        )
        self.stream = stream
        self.place = place


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it is published: `body` is its CloudEvents JSON."""

    position: int
    id: UUID
    type: str
    body: bytes

    @classmethod
    def of(cls, row: Row) -> "Message":
        return cls(row["position"], row["id"], row["type"], cloud_event(row))


@dataclass(frozen=True, slots=True)
class Place:
    """The newest entry of a stream: its event's position, and the event's id where the entry is still there."""

    position: int
    event_id: UUID | None


class Broker(Protocol):
    """A stream of a message broker that keeps what it is given, in order.

    Each method raises RelayError, or what the client's library raises, where the broker is away or refuses; the
    connection is then of no use any more, and the next call of `connect` makes another.
    """

    @property
    def stream(self) -> str:
        """What it is called in messages; has no password."""
        ...

    async def connect(self) -> None:
        """Connects anew. Raises ConfigurationError without its library, MissingStreamError without its stream."""
        ...

    async def newest(self) -> Place | None:
        """Where the stream ends; None where nothing was ever published."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the broker has confirmed all of them, in this order.

        Where it raises, none, some or all are in the stream; but none without those before it.
        """
        ...

    async def close(self) -> None:
        """Gives up the connection; does nothing without one."""
        ...
