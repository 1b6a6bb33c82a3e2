"""The process that test_consumer_crash kills: consumes in two lanes and tells of every batch midway."""

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


@dataclass
class Unit:
    connection: Connection


async def apply(unit: Unit, batch: Sequence[StoredEvent]) -> None:
    half = len(batch) // 2
    for event in batch[:half]:
        await unit.connection.execute(_INSERT, event.position)
    print("midway", flush=True)  # noqa: T201 - the signal the test waits for
    for event in batch[half:]:
        await unit.connection.execute(_INSERT, event.position)


async def main(dsn: str) -> None:
    pool = ConnectionPool(dsn, size=4)
    await pool.open()

    @asynccontextmanager
    async def begin() -> AsyncIterator[Unit]:
        async with pool.acquire() as connection, connection.transaction():
            yield Unit(connection)

    consumer = Consumer(
        pool,
        known_events(),
        Subscription("crash", types=frozenset({"note.taken"}), lanes=2, batch_size=20),
        begin=begin,
        apply=apply,
        telemetry=Telemetry(),
        idle=timedelta(milliseconds=20),
    )
    consumer.start()
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
