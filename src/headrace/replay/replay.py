"""A replay: which handler meets which events again, how far it is, and what it kept back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.errors import ConfigurationError
from headrace.events.bus import Handler
from headrace.events.filter import EventFilter

MOST_IN_A_BATCH = 10_000

SILENCE = timedelta(seconds=60)
"""How long a transaction that holds a replay may be idle before the server ends its session."""


class ReplayEvents(msgspec.Struct, frozen=True):
    """The args of a `replay-events` job: which replay it works on."""

    replay_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which events a handler is to meet again: those above `after`, up to `until`, that fit the filter."""

    handler: str
    filter: EventFilter
    batch_size: int
    after: int
    until: int

    @property
    def cursor(self) -> int:
        """Where reading begins: at a position, and in a stream at its first event."""
        return self.after if self.filter.stream is None else 0


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay as it is stored.

    It looks at positions above `after`, up to `until`, and has got to `position`; `event_count` events were
    handled, and the jobs and events in `withheld` kept back. `state` is waiting, running, paused, completed,
    cancelled, or failed where its job ended before it did.
    """

    id: UUID
    handler: str
    filter: EventFilter
    has_effects: bool
    batch_size: int
    after: int
    until: int
    position: int
    cursor: int
    event_count: int
    withheld: dict[str, dict[str, int]]
    job_id: UUID | None
    actor: str
    reason: str | None
    begun_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None
    is_cancelled: bool
    last_error: dict[str, Any] | None
    state: str

    @property
    def percent(self) -> float:
        """How much of the positions it has behind it; all of them where there are none."""
        if self.ended_at is not None and not self.is_cancelled:
            return 100.0
        return 100.0 * (self.position - self.after) / max(self.until - self.after, 1)


def wanted_by(handler: Handler, chosen: EventFilter) -> EventFilter:
    """What of a filter concerns a handler: its types where none are chosen.

    Raises ConfigurationError for types that it does not handle.
    """
    if chosen.types is None:
        types = None if handler.types is None else tuple(sorted(handler.types))
    else:
        strange = sorted(name for name in chosen.types if not handler.wants(name))
        if strange:
            raise ConfigurationError(
                f"handler {handler.name!r} does not handle {', '.join(strange)}; choose among "
                f"{', '.join(sorted(handler.types or ()))}"
            )
        types = chosen.types
    return replace(chosen, types=types)
