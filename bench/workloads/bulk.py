"""Enqueue in bulk, beside executemany and one INSERT from arrays of equal rows."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from bench.app import Errand, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace import Headrace, uuid7
from headrace.db.statements import statement

_CHUNK = 10_000
_RATE_WANTED = 60_000


@asynccontextmanager
async def bulk(stage: Stage) -> AsyncIterator[Contest]:
    """One connection, a transaction for every chunk; args are made before the clock starts, encoded after."""
    args = [Errand(number) for number in range(stage.pick(100_000, 5_000))]
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="bulk",
                title="enqueue in bulk",
                measure="rate",
                unit="jobs/s",
                rounds=stage.pick(5, 1),
                wanted=Wanted(rate=_RATE_WANTED),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, session, args)),
                    Contestant("plain executemany", lambda: _many(session, args)),
                    Contestant("plain INSERT from arrays", lambda: _arrays(session, args)),
                ),
            )
        finally:
            await session.close()


async def _ours(app: Headrace, session: asyncpg.Connection, args: Sequence[Errand]) -> Sequence[float]:
    await session.execute(statement("bench", "clear_jobs"))
    started = time.perf_counter()
    for start in range(0, len(args), _CHUNK):
        await app.enqueue_many("idle-errand", args[start : start + _CHUNK])
    return [len(args) / (time.perf_counter() - started)]


async def _many(session: asyncpg.Connection, args: Sequence[Errand]) -> Sequence[float]:
    await session.execute(statement("bench", "clear_baselines"))
    started = time.perf_counter()
    for start in range(0, len(args), _CHUNK):
        async with session.transaction():
            await session.executemany(
                statement("bench", "plain_insert"), [_row(one) for one in args[start : start + _CHUNK]]
            )
    return [len(args) / (time.perf_counter() - started)]


async def _arrays(session: asyncpg.Connection, args: Sequence[Errand]) -> Sequence[float]:
    await session.execute(statement("bench", "clear_baselines"))
    started = time.perf_counter()
    for start in range(0, len(args), _CHUNK):
        columns = zip(*(_row(one) for one in args[start : start + _CHUNK]), strict=True)
        async with session.transaction():
            await session.execute(statement("bench", "plain_insert_many"), *map(list, columns))
    return [len(args) / (time.perf_counter() - started)]


def _row(args: Errand) -> tuple[object, ...]:
    chosen = uuid7()
    return chosen, "idle-errand", "default", 2, msgspec.json.encode(args).decode(), 3, chosen
