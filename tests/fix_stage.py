"""A stage for consumers: a log, a head that is moved by hand, a clock that stands, handlers that fail on purpose."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.db.connection import Connection
from headrace.events.consumer import Consumer
from headrace.events.head import Head
from headrace.events.store import append
from headrace.events.subscription import Subscription
from headrace.events.survey import ParkedStream, list_parked
from headrace.service import AGAIN
from headrace.telemetry import Telemetry


@dataclass
class Unit:
    connection: Connection

    @property
    def own_connection(self) -> Connection:
        return self.connection

    def mark_sound(self) -> None: ...


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def override(self) -> datetime:
        return self.moment


class Stage:
    """A log, a head, and consumers that write what they saw into a table, in their transaction."""

    def __init__(self, pool, registry) -> None:
        self.pool = pool
        self.registry = registry
        self.clock = HandClock()
        self.head = Head(pool, telemetry=Telemetry(), pace=timedelta(0))
        self.batches: list[list[str]] = []
        self.poison: set[str] = set()

    @asynccontextmanager
    async def begin(self):
        async with self.pool.acquire() as connection, connection.transaction():
            yield Unit(connection)

    async def apply(self, unit: Unit, batch) -> None:
        texts = [getattr(event.data, "text", None) or event.data.name for event in batch]
        self.batches.append(texts)
        for event, text in zip(batch, texts, strict=True):
            await unit.connection.execute("INSERT INTO seen VALUES ($1, $2)", event.position, text)
            if text in self.poison:
                raise ValueError(f"cannot stomach {text}")

    def consumer(self, *, apply=None, skip_interval=timedelta(0), registry=None, **options) -> Consumer:
        options = {"types": frozenset({"note.taken"}), **options}
        return Consumer(
            self.pool,
            registry or self.registry,
            Subscription("tests", **options),
            begin=self.begin,
            apply=apply or self.apply,
            telemetry=Telemetry(),
            clock=self.clock,
            skip_interval=skip_interval,
        )

    async def write(self, *texts: str, stream: str | None = None) -> int:
        return await self.write_all(*(new(NoteTaken(text), stream=stream) for text in texts))

    async def write_all(self, *events) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            appended = await append(connection, list(events))
        await self.head.run_once()
        return appended[-1].position

    async def seen(self) -> list[str]:
        async with self.pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("SELECT text FROM seen ORDER BY ctid")]

    async def texts_of(self, stream: str) -> list[str]:
        """What the log has of a stream, in order: what a projection of it has to come to."""
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT data ->> 'text' FROM headrace.event WHERE aggregate_id = $1 ORDER BY position", stream
            )
        return [row[0] for row in rows]

    async def parked(self) -> list[ParkedStream]:
        async with self.pool.acquire() as connection:
            return await list_parked(connection)

    async def operate(self, act: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        """Does what an operator does, in a transaction of its own."""
        async with self.pool.acquire() as connection, connection.transaction():
            return await act(connection, *args, **options)

    async def pass_time(self, consumer: Consumer, *, rounds: int = 1) -> None:
        """Lets so many rests after failures go by."""
        for _ in range(rounds):
            await drain(consumer)
            self.clock.moment += timedelta(minutes=6)
        await drain(consumer)

    async def checkpoints(self) -> list[asyncpg.Record]:
        async with self.pool.acquire() as connection:
            return await connection.fetch("SELECT * FROM headrace.checkpoint ORDER BY lane")


async def drain(consumer: Consumer) -> None:
    while await consumer.run_once() == AGAIN:
        pass


@pytest.fixture
async def stage(pool, registry):
    async with pool.acquire() as connection:
        await connection.execute("CREATE TABLE seen (position bigint NOT NULL, text text NOT NULL)")
    stage = Stage(pool, registry)
    yield stage
    await stage.head.stop()
