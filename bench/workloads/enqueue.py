"""Enqueue one by one, each in a transaction of its own, beside a plain INSERT of an equal row."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from bench.app import Errand, make_app
from bench.contest import Contest, Contestant
from bench.stage import Stage
from headrace import Headrace, uuid7
from headrace.db.statements import statement


@asynccontextmanager
async def enqueue(stage: Stage) -> AsyncIterator[Contest]:
    """One connection, one job after the other, committed before the next."""
    count = stage.pick(2_000, 100)
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="enqueue",
                title="enqueue one by one",
                measure="rate",
                unit="jobs/s",
                rounds=stage.pick(5, 1),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, count)),
                    Contestant("plain INSERT", lambda: _plain(session, count)),
                ),
            )
        finally:
            await session.close()


async def _ours(app: Headrace, count: int) -> Sequence[float]:
    started = time.perf_counter()
    for number in range(count):
        await app.enqueue("idle-errand", Errand(number))
    return [count / (time.perf_counter() - started)]


async def _plain(session: asyncpg.Connection, count: int) -> Sequence[float]:
    insert = await session.prepare(statement("bench", "plain_insert"))
    started = time.perf_counter()
    for number in range(count):
        chosen = uuid7()
        args = msgspec.json.encode(Errand(number)).decode()
        await insert.fetch(chosen, "idle-errand", "default", 2, args, 3, chosen)
    return [count / (time.perf_counter() - started)]
