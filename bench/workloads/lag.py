"""How far one ordered handler is behind 48 writers, beside a poller of a bare table, which loses events."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Round
from bench.poller import poller_command, store_plain
from bench.stage import Stage
from bench.stamps import STAMPS, Stamps, stamps
from bench.workers import engine_command, worker_processes
from headrace import Headrace

_WRITERS = 48
_POLL_SECONDS = 0.02
_LONGEST_SECONDS = 60.0
_LAST = -1

Write = Callable[[int, int], Awaitable[object]]
"""Appends an event with this number by this writer."""


@asynccontextmanager
async def lag(stage: Stage) -> AsyncIterator[Contest]:
    """Milliseconds from the call that appends an event to the handler that has it; each event committed by itself."""
    count = stage.pick(500, 10)
    async with AsyncExitStack() as exits:
        dsn = await exits.enter_async_context(stage.database())
        app = await exits.enter_async_context(make_app(dsn, pool_size=_WRITERS))
        sessions: list[asyncpg.Connection] = []
        for _ in range(_WRITERS):
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            sessions.append(session)
        yield Contest(
            name="lag",
            title=f"lag of a handler behind {_WRITERS} writers",
            measure="latency",
            unit="ms",
            rounds=stage.pick(3, 1),
            contestants=(
                Contestant("headrace", lambda: _ours(dsn, app, count)),
                Contestant("poller that loses events", lambda: _by_poller(dsn, sessions, count)),
            ),
        )


async def _ours(dsn: str, app: Headrace, count: int) -> Round:
    command = engine_command("make_ordered_app", module="bench.handlers")
    with stamps() as file:
        async with worker_processes(command, dsn=dsn, count=1, environment={STAMPS: file.path}):
            round_ = await _measure(lambda _, number: app.append(Happened(number)), file, count)
    if round_.figures["lost"]:
        raise RuntimeError(f"{round_.figures['lost']:.0f} events were not handled; the round does not count")
    return round_


async def _by_poller(dsn: str, sessions: list[asyncpg.Connection], count: int) -> Round:
    command = poller_command(dsn, poll_seconds=_POLL_SECONDS)
    with stamps() as file:
        async with worker_processes(command, dsn=dsn, count=1, environment={STAMPS: file.path}):
            return await _measure(lambda which, number: store_plain(sessions[which], number), file, count)


async def _measure(write: Write, file: Stamps, count: int) -> Round:
    called: dict[int, int] = {}

    async def writer(which: int) -> None:
        for number in range(which * count, (which + 1) * count):
            called[number] = time.monotonic_ns()
            await write(which, number)

    started = time.perf_counter()
    await asyncio.gather(*(writer(which) for which in range(_WRITERS)))
    seconds = time.perf_counter() - started
    # Appended when all others are committed, it has a higher position: who has handled it will meet no other.
    await write(0, _LAST)
    handled = await file.wait_for([_LAST], seconds=_LONGEST_SECONDS)
    figures = {"events/s": len(called) / seconds, "lost": float(len(called.keys() - handled.keys()))}
    return Round([(handled[one] - moment) / 1e6 for one, moment in called.items() if one in handled], figures)
