"""Show every page of the console on a million jobs and ten million events, beside a look that counts; and be watched.

The pages are asked for over ASGI in this process: what the server spends, template and statements, without a network.
Then, where there is a browser, over HTTP by Chromium: when it first shows something.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx

from bench.app import make_app
from bench.contest import Contest, Contestant, Round, Wanted
from bench.paint import FIRST_PAINT, browser, first_paints
from bench.stage import Stage
from headrace import Headrace
from headrace.console import Console, Principal, create_console
from headrace.db.statements import statement
from headrace.events.browse import count_events
from headrace.jobs.browse import count_jobs

_JOBS, _EVENTS, _WAITING = 1_000_000, 10_000_000, 20_000
_BATCH = 100_000
_TIMES = 5
_WANTED = {"slowest page, ms": 50.0, "slowest first paint, ms": 300.0}
_VIEWERS = 300
_SECONDS = 10.0
_SHARE_WANTED = 0.05
_PAGES = (
    "/",
    "/jobs",
    "/jobs?state=dead",
    "/jobs?state=pending&order=oldest",
    "/jobs?kind=errand-7&queue=queue-7&state=cancelled",
    "/jobs?text=no+job+has+this",
    "/jobs?error=Error3&since=1h",
    "/queues",
    "/schedules",
    "/workers",
    "/dead",
    "/operations",
    "/events",
    "/events?type=bench.happened_7",
    "/events?type=none+has+this&text=nowhere",
    "/streams?type=thing&id=77",
    "/subscriptions",
    "/projections",
    "/trace",
    "/subscriptions/behind",
    f"/events?below={_EVENTS // 2}",
)


def pages(*, jobs: int = _JOBS, events: int = _EVENTS) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """A contest on so many jobs and events."""

    @asynccontextmanager
    async def console(stage: Stage) -> AsyncIterator[Contest]:
        job_count, event_count = stage.pick(jobs, 2_000), stage.pick(events, 5_000)
        async with stage.database() as dsn, make_app(dsn) as app:
            job_id = await _fill(app, job_count, event_count, stage.pick(_WAITING, 500))
            site = create_console(app, authenticate=_root)
            async with site.lifespan():
                paths = (*_PAGES, f"/jobs/{job_id}", f"/events/{event_count}", f"/trace/{job_id}")
                yield Contest(
                    name="console",
                    title=f"show a page on {job_count:,} jobs and {event_count:,} events",
                    measure="latency",
                    unit="ms",
                    rounds=stage.pick(3, 1),
                    wanted=Wanted(most=_WANTED),
                    contestants=(
                        Contestant("headrace", lambda: _show(site, paths)),
                        Contestant("counting", lambda: _count(app)),
                    ),
                )

    return console


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


async def _fill(app: Headrace, jobs: int, events: int, waiting: int) -> Any:
    now = datetime.now(UTC)
    async with app.pool.acquire() as connection:
        for done in range(0, jobs, _BATCH):
            await connection.execute(statement("bench", "fill_ended_jobs"), min(_BATCH, jobs - done), done, now)
        await connection.execute(statement("bench", "fill_backlog"), waiting, 3, timedelta(0))
        for done in range(0, events, _BATCH):
            await connection.execute(statement("bench", "fill_log"), min(_BATCH, events - done), done)
        await connection.execute(statement("bench", "settle_head"))
        await connection.execute(statement("bench", "fill_behind"))
        await connection.execute("VACUUM ANALYZE")
        return await connection.fetchval("SELECT job_id FROM headrace.outcome ORDER BY job_id LIMIT 1")


async def _show(site: Console, paths: Sequence[str]) -> Round:
    """The median time of each page; the slowest are told by name, and when a browser shows them."""
    readings: dict[str, float] = {}
    transport = httpx.ASGITransport(app=site)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in paths:
            taken: list[float] = []
            for _ in range(_TIMES):
                started = time.perf_counter()
                answer = await client.get(path)
                taken.append(1000 * (time.perf_counter() - started))
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(f"{path} answered {answer.status_code}; the round does not count")
            readings[path] = median(taken)
    figures = {"slowest page, ms": max(readings.values())}
    parts: dict[str, Mapping[str, float]] = {"server time, ms": readings}
    program = browser()
    if program is not None:
        parts |= await first_paints(site, paths, program=program)
        paints = parts[FIRST_PAINT].values()
        figures |= {"median first paint, ms": median(paints), "slowest first paint, ms": max(paints)}
    return Round(list(readings.values()), figures, parts)


async def _count(app: Headrace) -> Sequence[float]:
    started = time.perf_counter()
    async with app.pool.acquire() as connection:
        await count_jobs(connection)
        await count_events(connection)
    return [1000 * (time.perf_counter() - started)]


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
