"""An event: what happened, to which stream, at which version, and because of what."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from headrace.context import CauseKind, Sender
from headrace.errors import ConfigurationError, UnknownEventError
from headrace.events.personal import PersonalData

ANY: Final = -1
"""Expected version: whatever the stream is at."""

NONE: Final = 0
"""Expected version: the stream has no event yet."""

Expected = int
"""What version a stream must be at before an event: ANY, NONE, or the number of its last event."""

DOMAIN: Final = "domain"
"""The retention class of events that are not told otherwise."""

_STAMP = "__headrace_event__"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventType:
    """The name of an event type, the version of its data that a class describes, and its retention class."""

    name: str
    version: int
    retention: str = DOMAIN


class Stream(msgspec.Struct, frozen=True, order=True, gc=False):
    """The events of one thing: its kind (`contact`) and which one."""

    aggregate_type: str
    aggregate_id: str

    def __str__(self) -> str:
        return f"{self.aggregate_type}/{self.aggregate_id}"


class Appended(NamedTuple):
    """Where an event is: its global position, its version in its stream (None outside one), and since when.

    `is_new` is False for one that was stored before, under the id its producer gave it.
    """

    position: int
    stream_version: int | None
    recorded_at: datetime
    is_new: bool = True


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the log has it, its data decoded to the class registered for its type.

    A msgspec structure and not a dataclass, and no work for the cycle collector, since replays make
    millions of them.
    """

    position: int
    id: UUID
    type: str
    schema_version: int
    tenant_id: str
    user_id: str | None
    stream: Stream | None
    stream_version: int | None
    data: object
    source: str
    correlation_id: UUID
    causation_id: UUID | None
    causation_kind: CauseKind | None
    actor: str | None
    traceparent: str | None
    occurred_at: datetime
    recorded_at: datetime
    path: str | None = None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event ready to be stored: validated, encoded, with all it inherits from its context.

    `data` is JSON text, `payload` the object it was made from; `expected` is the version its stream
    must be at before it; `has_given_id` says that its producer chose the id, to be recognised by it;
    `personal` what of the data is sealed before it is stored; `sender` is kept beside the log.
    """

    id: UUID
    type: str
    schema_version: int
    data: str
    payload: object
    stream: Stream | None
    expected: Expected
    source: str
    correlation_id: UUID
    occurred_at: datetime
    causation_id: UUID | None = None
    causation_kind: CauseKind | None = None
    tenant_id: str = ""
    user_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None
    has_given_id: bool = False
    path: str | None = None
    retention: str = DOMAIN
    personal: PersonalData | None = None
    sender: Sender | None = None

    def stored(self, appended: Appended) -> StoredEvent:
        """This event as the log has it once appended, without reading it back."""
        return StoredEvent(
            position=appended.position,
            id=self.id,
            type=self.type,
            schema_version=self.schema_version,
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            stream=self.stream,
            stream_version=appended.stream_version,
            data=self.payload,
            source=self.source,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            causation_kind=self.causation_kind,
            actor=self.actor,
            traceparent=self.traceparent,
            occurred_at=self.occurred_at,
            recorded_at=appended.recorded_at,
            path=self.path,
        )


def event(name: str, *, version: int = 1, retention: str = DOMAIN) -> Callable[[type[T]], type[T]]:
    """Marks a msgspec structure, dataclass or pydantic model as the data of an event type.

    Only marks: the class is known to an application once it is registered there. New events of the type
    belong to the class of `retention`, by which they are kept or go. Raises ConfigurationError for a name
    that is empty, longer than 200 characters or has blanks, and for a version below 1.

        @event("contact.created", version=1)
        class ContactCreated(msgspec.Struct, frozen=True):
            name: str
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"event type {name!r} is no name; write it like 'contact.created'")
    if version < 1:
        raise ConfigurationError(f"version of event {name!r} must be at least 1, got {version}")

    def mark(cls: type[T]) -> type[T]:
        setattr(cls, _STAMP, EventType(name, version, retention))
        return cls

    return mark


def event_type(cls: type) -> EventType:
    """What `@event` wrote on a class. Raises UnknownEventError where it wrote nothing.

    A subclass does not inherit the mark: it would be stored under its parent's name.
    """
    stamp = vars(cls).get(_STAMP)
    if not isinstance(stamp, EventType):
        raise UnknownEventError(cls.__qualname__)
    return stamp
