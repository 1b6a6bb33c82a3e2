"""Consumers killed with -9 in the middle of batches: what they wrote in their transactions happens exactly once.

Whatever becomes of lanes and parked streams meanwhile.
"""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fix_apps import eventually, send
from fix_events import NoteTaken, new
from headrace.events import operate
from headrace.events.head import Head
from headrace.events.store import append
from headrace.events.wait import wait_for
from headrace.telemetry import Telemetry

_COUNT = 600
_CONSUMER = Path(__file__).with_name("crash_consumer.py")


@asynccontextmanager
async def consuming(dsn: str, lanes: int = 2):
    """A real process that consumes in so many lanes; it prints a line in the middle of every batch."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_CONSUMER),
        dsn,
        str(lanes),
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
        await connection.execute(
            "CREATE TABLE effect (position bigint NOT NULL, at bigint GENERATED ALWAYS AS IDENTITY);"
            "CREATE TABLE poison (position bigint NOT NULL)"
        )
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


@pytest.mark.timeout(60)
async def test_neither_kills_nor_new_lanes_nor_parked_streams_lose_repeat_or_reorder_anything(
    database, pool, connection
):
    await fill(pool)
    poisoned = [40, 41, 300]
    await connection.executemany("INSERT INTO poison VALUES ($1)", [(position,) for position in poisoned])
    for lanes in (2, 5, 3):
        async with consuming(database, lanes) as process:
            for _ in range(3):
                assert await process.stdout.readline(), "the consumer ended by itself"
            send(process, signal.SIGKILL)
        assert process.returncode == -9
    killed_at = await connection.fetchval("SELECT count(*) FROM effect")
    assert 0 < killed_at < _COUNT, "the kills came too early or too late to prove anything"

    async with consuming(database, 4):
        await wait_for(pool, "crash", _COUNT, timeout=timedelta(seconds=30))
    streams = {position % 17 for position in poisoned}
    waiting = await connection.fetchval("SELECT count(*) FROM headrace.parked_event")
    assert await connection.fetchval("SELECT count(*) FROM headrace.parked_stream") == len(streams)
    assert await connection.fetchval("SELECT count(*) FROM effect") == _COUNT - waiting

    await connection.execute("TRUNCATE poison")
    async with pool.acquire() as session, session.transaction():
        assert await operate.resume_parked(session, "crash") == len(streams)
    async with consuming(database, 7) as process:
        assert await process.stdout.readline(), "the consumer ended by itself"
        send(process, signal.SIGKILL)
    async with consuming(database, 7):
        await eventually(lambda: connection.fetchval("SELECT count(*) = 0 FROM headrace.parked_stream"), 30)

    effects = [row[0] for row in await connection.fetch("SELECT position FROM effect ORDER BY at")]
    assert sorted(effects) == list(range(1, _COUNT + 1))
    for stream in range(17):
        of_stream = [position for position in effects if position % 17 == stream]
        assert of_stream == sorted(of_stream)
