"""What the loops of a subscription share: where its events come from, and who handles them in what transaction."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from headrace.clock import Clock
from headrace.db.connection import Connection, Pool, Row
from headrace.errors import ConfigurationError
from headrace.events.checkpoint import HeldLane
from headrace.events.event import StoredEvent
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.events.subscription import Subscription
from headrace.telemetry import Telemetry


class UnitOfWork(Protocol):
    """An open transaction; what the handler writes in it commits with the checkpoint."""

    @property
    def connection(self) -> Connection:
        """The connection it is open on, for its handler."""
        ...

    @property
    def own_connection(self) -> Connection:
        """The same for the engine's own statements, which leave nothing behind in its session."""
        ...

    def mark_sound(self) -> None:
        """Notes that a statement has just succeeded, so that COMMIT is going to commit."""
        ...


T = TypeVar("T", bound=UnitOfWork)

Begin = Callable[[], AbstractAsyncContextManager[T]]
"""Opens a transaction for a block, committed at its end, rolled back on an error."""

Apply = Callable[[T, Sequence[StoredEvent]], Awaitable[None]]
"""Handles a batch inside the transaction given: all of it, or an error."""

ApplyRows = Callable[[T, Sequence[Row]], Awaitable[None]]
"""The same for a batch as the log has it, in the columns of `read.sql`, for who does not want it decoded."""

ApplySpan = Callable[[T, HeldLane, int], Awaitable[int]]
"""Handles all events of a held lane up to a position, without reading them here; how many there were."""


def decoded(registry: EventRegistry, apply: Apply[T]) -> ApplyRows[T]:
    """What hands rows over as events of the classes registered."""

    async def apply_rows(transaction: T, rows: Sequence[Row]) -> None:
        await apply(transaction, list(await opened_events(transaction.own_connection, registry, rows)))

    return apply_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Generic[T]):
    """How one subscription's events reach their handler in this process.

    `silence` is how long a handler may leave its transaction idle before the server takes the lane away,
    `window` how many positions a lane looks ahead at a time.
    """

    pool: Pool
    subscription: Subscription
    begin: Begin[T]
    apply_rows: ApplyRows[T]
    telemetry: Telemetry
    clock: Clock
    silence: timedelta
    window: int

    def __post_init__(self) -> None:
        if self.silence <= timedelta(0):
            raise ConfigurationError(f"silence must be positive, got {self.silence}; use timedelta(seconds=...)")
