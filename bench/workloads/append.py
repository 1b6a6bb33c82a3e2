"""Append single events, each in a transaction of its own, beside a bare INSERT of the same row."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace import Headrace, Stream, uuid7
from headrace.db.statements import statement

Write = Callable[[int, int], Awaitable[object]]

CONNECTIONS = (1, 8, 64)
_RATIO_WANTED = 0.9
_STREAMS = 100
_WARM_UPS = 3


def appends(connections: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """`app.append` to streams from so many tasks at once, each with streams of its own."""
    return partial(_append, connections=connections, is_in_stream=True)


def emits(connections: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """`app.append` outside any stream from so many tasks at once."""
    return partial(_append, connections=connections, is_in_stream=False)


@asynccontextmanager
async def _append(stage: Stage, *, connections: int, is_in_stream: bool) -> AsyncIterator[Contest]:
    count = stage.pick(1_000 + 60 * connections, 128) // connections
    async with AsyncExitStack() as exits:
        dsn = await exits.enter_async_context(stage.database())
        app = await exits.enter_async_context(make_app(dsn, pool_size=connections))
        sessions: list[asyncpg.Connection] = []
        for _ in range(connections):
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            sessions.append(session)
        ours, bare = _ours(app, is_in_stream=is_in_stream), await _bare(sessions, is_in_stream=is_in_stream)
        for write in (ours, bare):
            await _rate(write, connections, _WARM_UPS)  # sessions opened, statements prepared
        yield Contest(
            name=f"{'append' if is_in_stream else 'emit'}-{connections}",
            title=f"append {'to streams' if is_in_stream else 'outside streams'}, {connections} at a time",
            measure="rate",
            unit="events/s",
            rounds=stage.pick(7, 1),
            wanted=Wanted(ratio=_RATIO_WANTED),
            contestants=(
                Contestant("headrace", lambda: _rate(ours, connections, count)),
                Contestant("bare INSERT of the same row", lambda: _rate(bare, connections, count)),
            ),
        )


async def _rate(write: Write, connections: int, count: int) -> Sequence[float]:
    async def writer(which: int) -> None:
        for number in range(count):
            await write(which, number)

    started = time.perf_counter()
    await asyncio.gather(*(writer(which) for which in range(connections)))
    return [connections * count / (time.perf_counter() - started)]


def _ours(app: Headrace, *, is_in_stream: bool) -> Write:
    async def write(which: int, number: int) -> None:
        stream = Stream("bench", f"{which}-{number % _STREAMS}") if is_in_stream else None
        await app.append(Happened(number), stream=stream)

    return write


async def _bare(sessions: Sequence[asyncpg.Connection], *, is_in_stream: bool) -> Write:
    prepared = [await session.prepare(statement("bench", "plain_append")) for session in sessions]

    async def write(which: int, number: int) -> None:
        chosen = uuid7()
        await prepared[which].fetch(
            chosen,
            "bench.happened",
            1,
            "bench" if is_in_stream else None,
            f"{which}-{number % _STREAMS}" if is_in_stream else None,
            number // _STREAMS + 1 if is_in_stream else None,
            msgspec.json.encode(Happened(number)).decode(),
            "bench",
            chosen,
            datetime.now(UTC),
        )

    return write
