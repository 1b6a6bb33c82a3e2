"""What the loops of a subscription share: where its events come from, and who handles them in what transaction."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from headrace.clock import Clock
from headrace.db.connection import Connection, Pool
from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent
from headrace.events.schema import EventRegistry
from headrace.events.subscription import Subscription
from headrace.telemetry import Telemetry


class UnitOfWork(Protocol):
    """An open transaction; what the handler writes in it commits with the checkpoint."""

    @property
    def connection(self) -> Connection:
        """The connection it is open on."""
        ...


T = TypeVar("T", bound=UnitOfWork)

Begin = Callable[[], AbstractAsyncContextManager[T]]
"""Opens a transaction for a block, committed at its end, rolled back on an error."""

Apply = Callable[[T, Sequence[StoredEvent]], Awaitable[None]]
"""Handles a batch inside the transaction given: all of it, or an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Generic[T]):
    """How one subscription's events reach their handler in this process.

    `silence` is how long a handler may leave its transaction idle before the server takes the lane away,
    `window` how many positions a lane looks ahead at a time.
    """

    pool: Pool
    registry: EventRegistry
    subscription: Subscription
    begin: Begin[T]
    apply: Apply[T]
    telemetry: Telemetry
    clock: Clock
    silence: timedelta
    window: int

    def __post_init__(self) -> None:
        if self.silence <= timedelta(0):
            raise ConfigurationError(f"silence must be positive, got {self.silence}; use timedelta(seconds=...)")
