"""A durable reader of the log: its name, what it wants, and how its work is divided."""

from dataclasses import dataclass
from typing import Literal

from headrace.errors import ConfigurationError

DurableMode = Literal["job", "ordered"]
Start = Literal["beginning", "now"]
"""Where a new subscription begins: at the first event kept, or at the safe head of that moment."""

MAX_LANES = 1024


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a consumer reads: event types (None for all), in lanes, in batches.

    A lane holds the events of the streams that hash to it, in position order; the events of one
    tenant outside any stream share a lane. The number of lanes is fixed once the subscription has
    begun.
    """

    name: str
    types: frozenset[str] | None = None
    mode: DurableMode = "ordered"
    lanes: int = 1
    batch_size: int = 100
    start: Start = "beginning"

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
