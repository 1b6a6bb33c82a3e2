"""Read the whole log as typed events, beside a plain cursor whose rows are decoded by hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from bench.workloads.importing import past_events
from headrace import Headrace
from headrace.db.statements import statement
from headrace.events.head import Head
from headrace.events.read import head_position

_PAGE = 1_000
_RATIO_WANTED = 0.8


@asynccontextmanager
async def read(stage: Stage) -> AsyncIterator[Contest]:
    """One connection each, pages of a thousand; a round counts only if every event was read."""
    count = stage.pick(1_000_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        await fill(app, count)
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="read",
                title="read the log",
                measure="rate",
                unit="events/s",
                rounds=stage.pick(3, 1),
                wanted=Wanted(ratio=_RATIO_WANTED),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, count)),
                    Contestant("cursor, decoded by hand", lambda: _cursor(session, count)),
                ),
            )
        finally:
            await session.close()


async def fill(app: Headrace, count: int) -> None:
    """Appends so many events of a thousand streams, and waits until they can be read."""
    await app.import_events(past_events(count))
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


async def _cursor(session: asyncpg.Connection, count: int) -> Sequence[float]:
    decode = msgspec.json.Decoder(Happened).decode
    started = time.perf_counter()
    seen = 0
    async with session.transaction():
        async for row in session.cursor(statement("bench", "plain_read"), prefetch=_PAGE):
            seen += isinstance(decode(row["data"]), Happened)
    return [_rate(seen, count, started)]


def _rate(seen: int, count: int, started: float) -> float:
    if seen != count:
        raise RuntimeError(f"{seen} events were read, {count} are in the log; the round does not count")
    return count / (time.perf_counter() - started)
