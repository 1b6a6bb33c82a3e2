"""Append single events, each in a transaction of its own, beside a bare INSERT of the same row."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant
from bench.stage import Stage
from headrace import Headrace, Stream, uuid7
from headrace.db.statements import statement

_STREAMS = 100


def append_from_one(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """From one connection."""
    return _append(stage, connections=1, count=stage.pick(2_000, 100))


def append_from_eight(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """From eight connections at once, each with streams of its own."""
    return _append(stage, connections=8, count=stage.pick(1_000, 25))


@asynccontextmanager
async def _append(stage: Stage, *, connections: int, count: int) -> AsyncIterator[Contest]:
    async with stage.database() as dsn, make_app(dsn) as app, AsyncExitStack() as exits:
        sessions: list[asyncpg.Connection] = []
        for _ in range(connections):
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            sessions.append(session)
        yield Contest(
            name=f"append-{connections}",
            title=f"append from {connections} connection{'s' if connections > 1 else ''}",
            measure="rate",
            unit="events/s",
            rounds=stage.pick(5, 1),
            contestants=(
                Contestant("headrace", lambda: _ours(app, connections, count)),
                Contestant("plain INSERT", lambda: _plain(sessions, count)),
            ),
        )


async def _ours(app: Headrace, connections: int, count: int) -> Sequence[float]:
    async def write(writer: int) -> None:
        for number in range(count):
            await app.append(Happened(number), stream=Stream("bench", f"{writer}-{number % _STREAMS}"))

    started = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(connections)))
    return [connections * count / (time.perf_counter() - started)]


async def _plain(sessions: Sequence[asyncpg.Connection], count: int) -> Sequence[float]:
    async def write(writer: int, session: asyncpg.Connection) -> None:
        insert = await session.prepare(statement("bench", "plain_append"))
        for number in range(count):
            chosen = uuid7()
            await insert.fetch(
                chosen,
                "bench.happened",
                1,
                "bench",
                f"{writer}-{number % _STREAMS}",
                number // _STREAMS + 1,
                msgspec.json.encode(Happened(number)).decode(),
                "bench",
                chosen,
                datetime.now(UTC),
            )

    started = time.perf_counter()
    await asyncio.gather(*(write(writer, session) for writer, session in enumerate(sessions)))
    return [len(sessions) * count / (time.perf_counter() - started)]
