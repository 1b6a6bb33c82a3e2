"""Enqueue single jobs, beside a bare INSERT of the same two rows that wakes nobody."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Literal

import asyncpg
import msgspec

from bench.app import Errand, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from bench.workers import engine_command, worker_processes
from headrace import Headrace, uuid7
from headrace.db.statements import statement

Company = Literal["", "idle", "busy"]
Write = Callable[[int, int], Awaitable[object]]

CONNECTIONS = (1, 8, 64)
_RATIO_WANTED = 0.9
_BACKLOG = 20_000
_WARM_UPS = 3


def enqueues(connections: int, company: Company = "") -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """`app.enqueue` from so many tasks at once, with a worker process that listens, or one that is at work."""
    return partial(_enqueue, connections=connections, company=company, is_on_callers=False)


def enqueues_on_callers(connections: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """`app.enqueue(connection=...)` on so many connections, each job in a transaction of its own."""
    return partial(_enqueue, connections=connections, company="", is_on_callers=True)


@asynccontextmanager
async def _enqueue(stage: Stage, *, connections: int, company: Company, is_on_callers: bool) -> AsyncIterator[Contest]:
    count = stage.pick(1_000 + 60 * connections, 128) // connections
    async with AsyncExitStack() as exits:
        dsn = await exits.enter_async_context(stage.database())
        app = await exits.enter_async_context(make_app(dsn, pool_size=connections))
        sessions: list[asyncpg.Connection] = []
        for _ in range(connections):
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            sessions.append(session)
        bare = await _bare(sessions)
        ours: Write = lambda _, number: app.enqueue("kept-errand", Errand(number))  # noqa: E731
        if is_on_callers:
            ours, bare = _in_transactions(sessions, app), _in_blocks(sessions, bare)
        if company:
            await exits.enter_async_context(worker_processes(engine_command(), dsn=dsn, count=1))
        for write in (ours, bare):
            await _rate(write, connections, _WARM_UPS, None)  # sessions opened, statements prepared
        refill = partial(_refill, app, sessions[0]) if company == "busy" else None
        on = "on callers' connections, " if is_on_callers else ""
        beside = {"": "", "idle": ", a worker listening", "busy": ", a worker at work"}[company]
        yield Contest(
            name=f"enqueue-{connections}{f'-{company}' if company else '-caller' if is_on_callers else ''}",
            title=f"enqueue {on}{connections} at a time{beside}",
            measure="rate",
            unit="jobs/s",
            rounds=stage.pick(7, 1),
            wanted=Wanted(ratio=_RATIO_WANTED),
            contestants=(
                Contestant("headrace", lambda: _rate(ours, connections, count, refill)),
                Contestant("bare INSERT of the same rows", lambda: _rate(bare, connections, count, refill)),
            ),
        )


async def _rate(
    write: Write, connections: int, count: int, refill: Callable[[], Awaitable[None]] | None
) -> Sequence[float]:
    async def writer(which: int) -> None:
        for number in range(count):
            await write(which, number)

    if refill is not None:
        await refill()
    started = time.perf_counter()
    await asyncio.gather(*(writer(which) for which in range(connections)))
    return [connections * count / (time.perf_counter() - started)]


async def _bare(sessions: Sequence[asyncpg.Connection]) -> Write:
    prepared = [await session.prepare(statement("bench", "bare_insert")) for session in sessions]

    async def write(which: int, number: int) -> None:
        args = msgspec.json.encode(Errand(number)).decode()
        await prepared[which].fetch(uuid7(), "kept-errand", "kept", 2, args, 3)

    return write


def _in_transactions(sessions: Sequence[asyncpg.Connection], app: Headrace) -> Write:
    async def write(which: int, number: int) -> None:
        async with sessions[which].transaction():
            await app.enqueue("kept-errand", Errand(number), connection=sessions[which])

    return write


def _in_blocks(sessions: Sequence[asyncpg.Connection], bare: Write) -> Write:
    async def write(which: int, number: int) -> None:
        async with sessions[which].transaction():
            await bare(which, number)

    return write


async def _refill(app: Headrace, session: asyncpg.Connection) -> None:
    """Sees to it that the worker has enough to do for longer than a round takes."""
    left = await session.fetchval("SELECT count(*) FROM headrace.run WHERE kind = 'slow-errand'")
    if left < _BACKLOG:
        await app.enqueue_many("slow-errand", [None] * (_BACKLOG - left))
