"""The process that crash tests kill: consumes in so many lanes, fails at poisoned events, tells of batches midway."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from fix_events import known_events
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.events.consumer import Consumer
from headrace.events.event import StoredEvent
from headrace.events.subscription import Subscription
from headrace.telemetry import Telemetry

_INSERT = "INSERT INTO effect VALUES ($1)"
_IS_POISONED = "SELECT EXISTS (SELECT FROM poison WHERE position = $1)"


@dataclass
class Unit:
    connection: Connection

    @property
    def own_connection(self) -> Connection:
        return self.connection

    def mark_sound(self) -> None: ...


async def apply(unit: Unit, batch: Sequence[StoredEvent]) -> None:
    half = len(batch) // 2
    for event in batch[:half]:
        await unit.connection.execute(_INSERT, event.position)
    print("midway", flush=True)  # noqa: T201 - the signal the test waits for
    for event in batch[half:]:
        await unit.connection.execute(_INSERT, event.position)
    for event in batch:
        if await unit.connection.fetchval(_IS_POISONED, event.position):
            raise ValueError(f"event {event.position} is poisoned")


async def main(dsn: str, lanes: int) -> None:
    pool = ConnectionPool(dsn, size=4)
    await pool.open()

    @asynccontextmanager
    async def begin() -> AsyncIterator[Unit]:
        async with pool.acquire() as connection, connection.transaction():
            yield Unit(connection)

    consumer = Consumer(
        pool,
        known_events(),
        Subscription("crash", types=frozenset({"note.taken"}), lanes=lanes, batch_size=20, attempts=1),
        begin=begin,
        apply=apply,
        telemetry=Telemetry(),
        idle=timedelta(milliseconds=20),
    )
    consumer.start()
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
