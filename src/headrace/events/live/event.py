"""An event on its way to many viewers: read once, decoded and encoded at most once, and only if somebody asks."""

from uuid import UUID

from headrace.db.connection import Row
from headrace.events.cloud_event import cloud_event
from headrace.events.event import StoredEvent, Stream
from headrace.events.schema import EventRegistry
from headrace.events.stored import stored_events


class LiveEvent:
    """One event, with what filters look at."""

    __slots__ = (
        "_frame",
        "_message",
        "_registry",
        "_row",
        "_stored",
        "correlation_id",
        "id",
        "position",
        "stream",
        "tenant_id",
        "type",
        "user_id",
    )

    def __init__(self, row: Row, registry: EventRegistry) -> None:
        self._row = row
        self._registry = registry
        self._stored: StoredEvent | None = None
        self._frame: bytes | None = None
        self._message: str | None = None
        self.position: int = row["position"]
        self.id: UUID = row["id"]
        self.type: str = row["type"]
        self.tenant_id: str = row["tenant_id"]
        self.user_id: str | None = row["user_id"]
        self.correlation_id: UUID = row["correlation_id"]
        kind = row["aggregate_type"]
        self.stream = None if kind is None else Stream(kind, row["aggregate_id"])

    def stored(self) -> StoredEvent:
        """The event with its data decoded. Raises UnknownEventError or InvalidEventError where it cannot be."""
        if self._stored is None:
            self._stored = next(stored_events(self._registry, (self._row,)))
        return self._stored

    def frame(self) -> bytes:
        """The event as one server-sent event: its position as id, its type, and its CloudEvents JSON."""
        if self._frame is None:
            # A type that plain SQL stored may be any text; a line break in it would end the line here.
            name = " ".join(self.type.splitlines())
            self._frame = b"id: %d\nevent: %s\ndata: %s\n\n" % (
                self.position,
                name.encode(),
                cloud_event(self._row),
            )
        return self._frame

    def message(self) -> str:
        """The event as one message of a WebSocket: its position, and its CloudEvents JSON."""
        if self._message is None:
            self._message = f'{{"position":{self.position},"event":{cloud_event(self._row).decode()}}}'
        return self._message
