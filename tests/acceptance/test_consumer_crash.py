"""A consumer killed with -9 in the middle of a batch: what it wrote in its transaction happens exactly once."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fix_apps import send
from fix_events import NoteTaken, new
from headrace.events.head import Head
from headrace.events.store import append
from headrace.events.wait import wait_for
from headrace.telemetry import Telemetry

_COUNT = 600
_CONSUMER = Path(__file__).with_name("crash_consumer.py")


@asynccontextmanager
async def consuming(dsn: str):
    """A real process that consumes; it prints a line in the middle of every batch."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_CONSUMER),
        dsn,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(_CONSUMER.parents[1])},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            send(process, signal.SIGKILL)
        await process.communicate()


async def fill(pool) -> None:
    head = Head(pool, telemetry=Telemetry())
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("CREATE TABLE effect (position bigint NOT NULL)")
        await append(connection, [new(NoteTaken(str(number)), stream=str(number % 17)) for number in range(_COUNT)])
    await head.run_once()
    await head.stop()


@pytest.mark.timeout(60)
async def test_effects_happen_exactly_once_however_often_the_consumer_is_killed(database, pool, connection):
    await fill(pool)
    for _ in range(4):
        async with consuming(database) as process:
            for _ in range(3):
                assert await process.stdout.readline(), "the consumer ended by itself"
            send(process, signal.SIGKILL)  # in the middle of a batch: its line comes between two writes of one
        assert process.returncode == -9

    killed_at = await connection.fetchval("SELECT count(*) FROM effect")
    async with consuming(database):
        await wait_for(pool, "crash", _COUNT, timeout=timedelta(seconds=30))

    assert 0 < killed_at < _COUNT, "the kills came too early or too late to prove anything"
    effects: list[asyncpg.Record] = await connection.fetch("SELECT position, count(*) FROM effect GROUP BY 1")
    assert len(effects) == _COUNT
    assert {row["count"] for row in effects} == {1}
