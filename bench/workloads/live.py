"""Show events to five hundred viewers in one process, beside viewers that each read the log for themselves.

Counted in deliveries a second of this process's CPU time: an event that was shown to one viewer. What the server spends
does not count, which favours those who ask it five hundred times.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace import Headrace, LiveFilter
from headrace.events.filter import EventFilter
from headrace.events.head import Head
from headrace.events.live.event import LiveEvent
from headrace.events.read import read_page
from headrace.web import LiveEndpoint, LiveRequest

_BATCH = 20
_PAGE = 500
_RATIO_WANTED = 5
_SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "query_string": b""}


@asynccontextmanager
async def live(stage: Stage) -> AsyncIterator[Contest]:
    """Batches of twenty events; each must have reached every viewer before the next one is written."""
    viewers, batches = stage.pick(500, 20), stage.pick(20, 2)
    async with stage.database() as dsn, make_app(dsn) as app:
        head = Head(app.pool, telemetry=app.telemetry)
        try:
            yield Contest(
                name="live",
                title=f"show events to {viewers} viewers",
                measure="rate",
                unit="deliveries/CPU s",
                rounds=stage.pick(3, 1),
                wanted=Wanted(ratio=_RATIO_WANTED),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, head, viewers, batches)),
                    Contestant("a query for each viewer", lambda: _each(app, head, viewers, batches)),
                ),
            )
        finally:
            await head.stop()


class _Screen:
    """What a client would see: how many events were sent to it."""

    def __init__(self) -> None:
        self.seen = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.seen += message.get("body", b"").count(b"\nevent: bench")

    async def receive(self) -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        return {}


async def _ours(app: Headrace, head: Head, viewers: int, batches: int) -> Sequence[float]:
    async def authorize(_request: LiveRequest) -> LiveFilter:
        return LiveFilter()

    endpoint = LiveEndpoint(app, authorize=authorize)
    screens = [_Screen() for _ in range(viewers)]
    watching = [asyncio.create_task(endpoint(dict(_SCOPE), one.receive, one.send)) for one in screens]
    # A viewer has come when it sees what is written; until all do, one event after the other is.
    while not all(one.seen for one in screens):
        await _write(app, head, 1)
        app.broadcaster.wake()
        await asyncio.sleep(0.05)
    before = [one.seen for one in screens]

    async def show(count: int) -> None:
        app.broadcaster.wake()
        async with asyncio.timeout(60):
            while any(one.seen - had < count for one, had in zip(screens, before, strict=True)):  # noqa: ASYNC110 - as a client, it looks
                await asyncio.sleep(0.005)

    try:
        return [await _measure(app, head, viewers, batches, show)]
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def _each(app: Headrace, head: Head, viewers: int, batches: int) -> Sequence[float]:
    began = await app.position()
    screens = [_Screen() for _ in range(viewers)]
    places = [began] * viewers
    everything = EventFilter()

    async def look(number: int) -> None:
        async with app.pool.acquire() as connection:
            rows = await read_page(connection, everything, after=places[number], until=None, limit=_PAGE)
        frames = b"".join(LiveEvent(row, app.events).frame() for row in rows)
        await screens[number].send({"body": frames})
        places[number] = rows[-1]["position"]

    async def show(count: int) -> None:
        await asyncio.gather(*(look(number) for number in range(viewers)))
        if any(one.seen != count for one in screens):
            raise RuntimeError("a viewer has not seen every event; the round does not count")

    return [await _measure(app, head, viewers, batches, show)]


async def _measure(
    app: Headrace, head: Head, viewers: int, batches: int, show: Callable[[int], Awaitable[None]]
) -> float:
    """Deliveries a second of CPU time, without what writing the events takes."""
    spent = 0.0
    for number in range(1, batches + 1):
        await _write(app, head, _BATCH)
        started = time.process_time()
        await show(number * _BATCH)
        spent += time.process_time() - started
    return viewers * batches * _BATCH / spent


async def _write(app: Headrace, head: Head, count: int) -> None:
    async with app.transaction() as unit:
        for number in range(count):
            await unit.append(Happened(number))
    async with app.pool.acquire() as connection:
        await head.step(connection)
