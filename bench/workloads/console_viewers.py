"""Have the console watched by three hundred browsers while something changes each second."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.app import make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace import Headrace
from headrace.console import Console, Principal, create_console

_VIEWERS: Final = 300
_SECONDS: Final = 10.0
_SHARE_WANTED: Final = 0.05


@asynccontextmanager
async def viewers(stage: Stage) -> AsyncIterator[Contest]:
    """Three hundred browsers that watch while something changes each second."""
    count, seconds = stage.pick(_VIEWERS, 20), 1.5 if stage.is_quick else _SECONDS
    async with stage.database() as dsn, make_app(dsn) as app:
        site = create_console(app, authenticate=_root)
        async with site.lifespan():
            yield Contest(
                name="console-viewers",
                title=f"be watched by {count} browsers",
                measure="rate",
                unit="viewers/core",
                rounds=stage.pick(3, 1),
                wanted=Wanted(rate=_VIEWERS / _SHARE_WANTED),
                contestants=(Contestant("headrace", lambda: _watched(app, site, count, seconds)),),
            )


async def _root(_: object) -> Principal:
    return Principal("bench", "admin")


class _Screen:
    """A browser's end of a stream, that only counts what it is sent."""

    def __init__(self) -> None:
        self.frames = 0

    async def send(self, message: Any) -> None:
        self.frames += message["type"] == "http.response.body"

    async def receive(self) -> Any:
        await asyncio.Event().wait()


async def _watched(app: Headrace, site: Console, count: int, seconds: float) -> Sequence[float]:
    scope = {"type": "http", "method": "GET", "path": "/live", "root_path": "", "headers": [], "query_string": b""}
    screens = [_Screen() for _ in range(count)]
    watching = [asyncio.create_task(site(dict(scope), one.receive, one.send)) for one in screens]
    try:
        while not all(one.frames > 1 for one in screens):  # noqa: ASYNC110 - as a client, it looks
            await asyncio.sleep(0.05)
        started, spent = time.perf_counter(), time.process_time()
        while time.perf_counter() - started < seconds:
            await app.enqueue("kept-errand", {"number": 1})
            await asyncio.sleep(0.5)
        share = (time.process_time() - spent) / (time.perf_counter() - started)
        return [count / share]
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
