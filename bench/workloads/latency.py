"""From the call of enqueue to the first line of the handler, on an idle worker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import msgspec

from bench.app import Errand, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from bench.workers import engine_command, sketch_command, worker_processes
from headrace import Headrace, uuid7
from headrace.db.statements import statement

_GAP_SECONDS = 0.05
_WARM_UPS = 10
_SKETCH_POLL_SECONDS = 0.1
_P50_WANTED_MS = 10

Store = Callable[[int], Awaitable[UUID]]


@asynccontextmanager
async def latency(stage: Stage) -> AsyncIterator[Contest]:
    """A job every 50 ms. Both processes read one clock, the machine's monotonic one."""
    count = stage.pick(100, 20)
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="latency",
                title="enqueue to start, idle worker",
                measure="latency",
                unit="ms",
                rounds=stage.pick(3, 1),
                wanted=Wanted(p50_ms=_P50_WANTED_MS),
                contestants=(
                    Contestant("headrace", lambda: _by_engine(dsn, app, session, count)),
                    Contestant("a poll every 100 ms", lambda: _by_sketch(dsn, session, count)),
                ),
            )
        finally:
            await session.close()


async def _by_engine(dsn: str, app: Headrace, session: asyncpg.Connection, count: int) -> Sequence[float]:
    async def store(number: int) -> UUID:
        return (await app.enqueue("stamp-errand", Errand(number))).id

    async with worker_processes(engine_command(), dsn=dsn, count=1):
        return await _measure(store, session, "stamps", count)


async def _by_sketch(dsn: str, session: asyncpg.Connection, count: int) -> Sequence[float]:
    async def store(number: int) -> UUID:
        chosen = uuid7()
        args = msgspec.json.encode(Errand(number)).decode()
        await session.execute(statement("bench", "sketch_insert"), chosen, "stamp-errand", args)
        return chosen

    command = sketch_command(dsn, poll_seconds=_SKETCH_POLL_SECONDS)
    async with worker_processes(command, dsn=dsn, count=1):
        return await _measure(store, session, "sketch_stamps", count)


async def _measure(store: Store, session: asyncpg.Connection, stamps: str, count: int) -> Sequence[float]:
    called: dict[UUID, int] = {}
    for number in range(_WARM_UPS + count):
        called_at = time.monotonic_ns()
        chosen = await store(number)
        if number >= _WARM_UPS:
            called[chosen] = called_at
        await asyncio.sleep(_GAP_SECONDS)
    rows = await _all_ended(session, stamps, list(called))
    return [(row["started"] - called[row["id"]]) / 1e6 for row in rows]


async def _all_ended(session: asyncpg.Connection, stamps: str, ids: list[UUID]) -> list[asyncpg.Record]:
    async with asyncio.timeout(30):
        while True:
            rows = await session.fetch(statement("bench", stamps), ids)
            if len(rows) == len(ids):
                return rows
            await asyncio.sleep(_GAP_SECONDS)
