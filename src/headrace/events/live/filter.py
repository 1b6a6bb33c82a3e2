"""What a viewer wants to see, and what it may see."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from headrace.errors import ConfigurationError
from headrace.events.event import Stream
from headrace.events.event_class import RESERVED_PREFIX
from headrace.events.live.event import LiveEvent

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFilter:
    """Which events: of these types, this stream, tenant, user and correlation; None asks nothing.

    The records of jobs (`job.*`) are only among them where their types are named.
    A filter of no types would fit nothing, and is refused with ConfigurationError.
    """

    types: frozenset[str] | None = None
    stream: Stream | None = None
    tenant_id: str | None = None
    user_id: str | None = None
    correlation_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.types is not None and not self.types:
            raise ConfigurationError("a filter of no event types fits nothing; name at least one, or None for all")

    def fits(self, event: LiveEvent) -> bool:
        """Whether an event is among them."""
        return (
            (not event.type.startswith(RESERVED_PREFIX) if self.types is None else event.type in self.types)
            and (self.tenant_id is None or event.tenant_id == self.tenant_id)
            and (self.user_id is None or event.user_id == self.user_id)
            and (self.correlation_id is None or event.correlation_id == self.correlation_id)
            and (self.stream is None or event.stream == self.stream)
        )

    def narrowed(self, by: "LiveFilter") -> "LiveFilter | None":
        """The events that fit both; None where no event could."""
        types = self.types
        if by.types is not None:
            types = by.types if types is None else types & by.types
        if types is not None and not types:
            return None
        if (
            _exclude(self.stream, by.stream)
            or _exclude(self.tenant_id, by.tenant_id)
            or _exclude(self.user_id, by.user_id)
            or _exclude(self.correlation_id, by.correlation_id)
        ):
            return None
        return LiveFilter(
            types=types,
            stream=_either(self.stream, by.stream),
            tenant_id=_either(self.tenant_id, by.tenant_id),
            user_id=_either(self.user_id, by.user_id),
            correlation_id=_either(self.correlation_id, by.correlation_id),
        )

    def conditions(self) -> tuple[Any, ...]:
        """The filter as arguments of `read_fitting.sql`: all but what comes before, and the class to pass over."""
        return (
            None if self.types is None else sorted(self.types),
            self.tenant_id,
            self.user_id,
            self.correlation_id,
            None if self.stream is None else self.stream.aggregate_type,
            None if self.stream is None else self.stream.aggregate_id,
        )


EVERYTHING = LiveFilter()


def _exclude(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _either(one: T | None, other: T | None) -> T | None:
    return other if one is None else one
