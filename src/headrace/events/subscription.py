"""A durable reader of the log: its name, what it wants, and how its work is divided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from headrace.errors import ConfigurationError

DurableMode = Literal["job", "ordered"]
Start = Literal["beginning", "now"] | datetime
"""Where a new subscription begins: at the first event kept, at the safe head of that moment, or at the first
event recorded at a moment or later."""

MAX_LANES = 1024
MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a consumer reads: event types (None for all), in lanes, in batches.

    A lane holds the events of the streams that hash to it, in position order; the events of one
    tenant outside any stream share a lane. After so many `attempts` at one event its stream is parked;
    None tries for ever.
    """

    name: str
    types: frozenset[str] | None = None
    mode: DurableMode = "ordered"
    lanes: int = 1
    batch_size: int = 500
    start: Start = "beginning"
    attempts: int | None = 5

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigurationError("a subscription needs a name; its checkpoint is kept under it")
        if self.types is not None and not self.types:
            raise ConfigurationError(
                f"subscription {self.name!r} wants no event types; name at least one, or None for all"
            )
        if not 1 <= self.lanes <= MAX_LANES:
            raise ConfigurationError(f"lanes of {self.name!r} must be 1 to {MAX_LANES}, got {self.lanes}")
        if self.batch_size < 1:
            raise ConfigurationError(f"batch_size of {self.name!r} must be at least 1, got {self.batch_size}")
        if self.attempts is not None and not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise ConfigurationError(
                f"attempts of {self.name!r} must be 1 to {MOST_ATTEMPTS}, or None to try for ever, got {self.attempts}"
            )
        if isinstance(self.start, datetime):
            if self.start.tzinfo is None:
                raise ConfigurationError(
                    f"start of {self.name!r} must be aware, got {self.start}; use datetime(..., tzinfo=UTC)"
                )
        elif self.start not in ("beginning", "now"):
            raise ConfigurationError(
                f"start of {self.name!r} must be 'beginning', 'now' or a moment, got {self.start!r}"
            )


def type_list(subscription: Subscription) -> list[str] | None:
    """The types a subscription wants, as statements take them; None for all."""
    return None if subscription.types is None else sorted(subscription.types)
