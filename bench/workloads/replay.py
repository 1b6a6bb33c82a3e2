"""Read the whole log as typed events, beside a plain cursor with the data left as text, and decoded by hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant
from bench.stage import Stage
from headrace import Headrace, Stream
from headrace.db.statements import statement
from headrace.events.head import Head
from headrace.events.read import head_position

_CHUNK = 10_000
_STREAMS = 1_000
_PAGE = 1_000


@asynccontextmanager
async def replay(stage: Stage) -> AsyncIterator[Contest]:
    """One connection each, pages of a thousand; every reader must see every event, in order."""
    count = stage.pick(100_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        await fill(app, count)
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="replay",
                title="replay the log",
                measure="rate",
                unit="events/s",
                rounds=stage.pick(5, 1),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, count)),
                    Contestant("cursor, decoded by hand", lambda: _cursor(session, count, _decoder())),
                    Contestant("cursor, data as text", lambda: _cursor(session, count, lambda data: data)),
                ),
            )
        finally:
            await session.close()


async def fill(app: Headrace, count: int) -> None:
    """Appends so many events of a thousand streams, and waits until they can be read."""
    for start in range(0, count, _CHUNK):
        async with app.transaction() as unit:
            for number in range(start, min(start + _CHUNK, count)):
                await unit.append(Happened(number), stream=Stream("bench", str(number % _STREAMS)))
    head = Head(app.pool, telemetry=app.telemetry)
    head.start()
    try:
        while await head_position(app.pool) < count:  # noqa: ASYNC110 - the head is in the database
            await asyncio.sleep(0.02)
    finally:
        await head.stop()


async def _ours(app: Headrace, count: int) -> Sequence[float]:
    started = time.perf_counter()
    seen = 0
    async for event in app.read(batch=_PAGE):
        seen += isinstance(event.data, Happened)
    return [_rate(seen, count, started)]


async def _cursor(session: asyncpg.Connection, count: int, decode: Callable[[str], object]) -> Sequence[float]:
    started = time.perf_counter()
    seen = 0
    async with session.transaction():
        async for row in session.cursor(statement("bench", "plain_read"), prefetch=_PAGE):
            seen += decode(row["data"]) is not None
    return [_rate(seen, count, started)]


def _decoder() -> Callable[[str], object]:
    return msgspec.json.Decoder(Happened).decode


def _rate(seen: int, count: int, started: float) -> float:
    if seen != count:
        raise RuntimeError(f"{seen} events were read, {count} are in the log; the round does not count")
    return count / (time.perf_counter() - started)
