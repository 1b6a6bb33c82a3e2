"""The consumer of one build: folds its events into its tables, in its schema, past its gate."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from headrace.clock import Clock
from headrace.db.connection import Connection, Pool, Row
from headrace.events import lanes
from headrace.events.checkpoint import HeldLane
from headrace.events.consumer import Consumer
from headrace.events.lookout import Lookout
from headrace.events.schema import EventRegistry
from headrace.projections.build import Build
from headrace.projections.declaration import Declaration
from headrace.projections.store import enter_build, keeps_build
from headrace.telemetry import Telemetry

LEAST_WINDOW = 10_000


@dataclass(frozen=True, slots=True)
class Folding:
    """A transaction in which events are folded into one build."""

    connection: Connection

    @property
    def own_connection(self) -> Connection:
        return self.connection

    def mark_sound(self) -> None:
        """A fold ends the transaction by no error that is caught."""


class BuildConsumer(Consumer[Folding]):
    """As any consumer; its subscription exists since the build was begun, and is not made again once that is dropped.

    `size` is the most events of a batch, or positions of a span.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        declaration: Declaration,
        build: Build,
        *,
        size: int,
        telemetry: Telemetry,
        clock: Clock,
        skip_interval: timedelta = timedelta(milliseconds=250),
        lookout: Lookout | None = None,
    ) -> None:
        subscription = declaration.subscription(build.build)
        bound = declaration.fold.bind(registry, subscription)
        span = bound.apply_span

        @asynccontextmanager
        async def begin() -> AsyncGenerator[Folding]:
            async with pool.acquire() as connection, connection.transaction():
                await enter_build(connection, build.name)
                yield Folding(connection)

        async def apply_rows(folding: Folding, rows: Sequence[Row]) -> None:
            await bound.apply_rows(folding.connection, rows)

        async def apply_span(folding: Folding, held: HeldLane, until: int) -> int:
            return 0 if span is None else await span(folding.connection, held, until)

        super().__init__(
            pool,
            registry,
            subscription,
            begin=begin,
            apply_rows=apply_rows,
            apply_span=None if span is None else apply_span,
            telemetry=telemetry,
            clock=clock,
            skip_interval=skip_interval,
            window=max(LEAST_WINDOW, size),
            lookout=lookout,
        )
        self.size_limit = size
        self._build = build

    async def register_on(self, connection: Connection) -> int:
        if not await keeps_build(connection, self._build):
            return self.subscription.lanes
        return await lanes.register(connection, self.subscription)
