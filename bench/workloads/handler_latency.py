"""From the call of append to the first line of the handler, in an idle process, by mode of the handler."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Literal

import asyncpg

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant
from bench.handlers import make_sync_app
from bench.poller import poller_command, store_plain
from bench.stage import Stage
from bench.stamps import STAMPS, Stamps, stamps
from bench.workers import engine_command, worker_processes

Mode = Literal["sync", "job", "ordered", "live"]
MODES: tuple[Mode, ...] = ("sync", "job", "ordered", "live")

_GAP_SECONDS = 0.05
_WARM_UPS = 10
_POLL_SECONDS = 0.1
_LONGEST_SECONDS = 30.0

Store = Callable[[int], Awaitable[object]]


def handler_latencies(mode: Mode) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """An event every 50 ms, and one handler of this mode."""
    return partial(_handler_latency, mode=mode)


@asynccontextmanager
async def _handler_latency(stage: Stage, *, mode: Mode) -> AsyncIterator[Contest]:
    count = stage.pick(100, 20)
    async with stage.database() as dsn:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name=f"handler-latency-{mode}",
                title=f"append to the start of a handler, mode {mode}",
                measure="latency",
                unit="ms",
                rounds=stage.pick(3, 1),
                contestants=(
                    Contestant("headrace", lambda: _by_sync(dsn, count) if mode == "sync" else _ours(dsn, mode, count)),
                    Contestant("a poll every 100 ms", lambda: _by_poller(dsn, session, count)),
                ),
            )
        finally:
            await session.close()


async def _by_sync(dsn: str, count: int) -> Sequence[float]:
    with stamps() as file:
        async with make_sync_app(dsn, file) as app:
            return await _measure(lambda number: app.append(Happened(number)), file, count)


async def _ours(dsn: str, mode: Mode, count: int) -> Sequence[float]:
    command = engine_command(f"make_{mode}_app", module="bench.handlers")
    with stamps() as file:
        async with make_app(dsn) as app, worker_processes(command, dsn=dsn, count=1, environment={STAMPS: file.path}):
            return await _measure(lambda number: app.append(Happened(number)), file, count)


async def _by_poller(dsn: str, session: asyncpg.Connection, count: int) -> Sequence[float]:
    command = poller_command(dsn, poll_seconds=_POLL_SECONDS)
    with stamps() as file:
        async with worker_processes(command, dsn=dsn, count=1, environment={STAMPS: file.path}):
            return await _measure(lambda number: store_plain(session, number), file, count)


async def _measure(store: Store, file: Stamps, count: int) -> Sequence[float]:
    called: dict[int, int] = {}
    for number in range(_WARM_UPS + count):
        called_at = time.monotonic_ns()
        await store(number)
        if number >= _WARM_UPS:
            called[number] = called_at
        await asyncio.sleep(_GAP_SECONDS)
    handled = await file.wait_for(called, seconds=_LONGEST_SECONDS)
    return [(handled[number] - moment) / 1e6 for number, moment in called.items()]
