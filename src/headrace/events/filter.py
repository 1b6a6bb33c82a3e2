"""Which events of the log somebody wants."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.errors import ConfigurationError
from headrace.events.event import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What an event must be to be read; None for any, and everything that is given must fit.

    `stream` is one stream of `tenant_id` (or of no tenant), `aggregate_type` all streams of a kind.
    `since` and `before` are moments at which events were recorded, the first included, the second not.
    """

    types: tuple[str, ...] | None = None
    stream: Stream | None = None
    aggregate_type: str | None = None
    tenant_id: str | None = None
    user_id: str | None = None
    correlation_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None

    def __post_init__(self) -> None:
        if self.stream is not None and self.aggregate_type is not None:
            raise ConfigurationError(
                f"give stream ({self.stream}) or aggregate_type ({self.aggregate_type!r}), not both; "
                "a stream has its aggregate type in it"
            )
        for name, moment in (("since", self.since), ("before", self.before)):
            if moment is not None and moment.tzinfo is None:
                raise ConfigurationError(f"{name} must be aware, got {moment}; use datetime(..., tzinfo=UTC)")
