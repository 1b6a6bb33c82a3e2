"""Show every page, the console's and the CRM's, on a million jobs, ten million events and a big mailbox.

The pages are asked for over ASGI in this process: what the server spends, template and statements, without a network.
Then, where there is a browser, over HTTP by Chromium: when it first shows something. Beside a look that counts.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg

from bench.app import make_app
from bench.contest import Contest, Contestant, Round, Wanted
from bench.mailbox_filling import fill_mailbox
from bench.paint import FIRST_PAINT, WORD_PAINT, browser, first_paints
from bench.serving import SERVER_TIME, served
from bench.stage import Stage, session_on
from headrace import Headrace
from headrace.console import Principal, create_console
from headrace.db.statements import statement
from headrace.events.browse import count_events
from headrace.jobs.browse import count_jobs
from headrace_crm.app import create_app, create_desk
from headrace_crm.config import Settings
from headrace_crm.config.search import SearchSettings
from headrace_crm.web import create_web

_JOBS, _EVENTS, _WAITING = 1_000_000, 10_000_000, 20_000
_PEOPLE, _LETTERS = 20_000, 200_000
_BATCH = 100_000
_WANTED = {"slowest page, ms": 50.0, "slowest first paint, ms": 300.0}
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
)


def pages(
    *, jobs: int = _JOBS, events: int = _EVENTS, people: int = _PEOPLE, letters: int = _LETTERS
) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """A contest on so many jobs and events, in one database with a mailbox of so many people and letters."""

    @asynccontextmanager
    async def console(stage: Stage) -> AsyncIterator[Contest]:
        job_count, event_count = stage.pick(jobs, 2_000), stage.pick(events, 5_000)
        settings = Settings(search=SearchSettings())
        async with (
            stage.database() as dsn,
            make_app(dsn) as app,
            create_app(dsn, settings=settings) as crm,
            session_on(dsn) as session,
        ):
            mailbox = await fill_mailbox(
                crm,
                session,
                settings.search,
                people=stage.pick(people, 100),
                letters=stage.pick(letters, 1_000),
                now=datetime.now(UTC),
            )
            job_id = await _fill(app, job_count, event_count, stage.pick(_WAITING, 500))
            site = create_console(app, authenticate=_root)
            desk = create_desk(crm, channel="web", settings=settings)
            web = create_web(crm, settings, authenticate=_root, desk=desk)
            newest = await session.fetchval(statement("bench", "head_position"))
            paths = (
                *_PAGES,
                f"/jobs/{job_id}",
                f"/events/{newest}",
                f"/events?below={newest // 2}",
                f"/trace/{job_id}",
            )
            async with site.lifespan(), web.router.lifespan_context(web):
                yield Contest(
                    name="console",
                    title=f"show a page on {job_count:,} jobs, {event_count:,} events and a mailbox",
                    measure="latency",
                    unit="ms",
                    rounds=stage.pick(3, 1),
                    wanted=Wanted(most=_WANTED),
                    contestants=(
                        Contestant(
                            "headrace",
                            lambda: _show((site, paths), (web, mailbox.paths), session=session, times=stage.pick(3, 1)),
                        ),
                        Contestant("counting", lambda: _count(app)),
                    ),
                )

    return console


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


async def _show(*sites: tuple[Any, Sequence[str]], session: asyncpg.Connection, times: int) -> Round:
    """The median time of each page; the slowest are told by name, and when a browser shows them."""
    parts: dict[str, dict[str, float]] = {}
    program = browser()
    for site, paths in sites:
        found: list[Mapping[str, Mapping[str, float]]] = [await served(site, paths, session)]
        if program is not None:
            found.append(await first_paints(site, paths, program=program, times=times))
        for figure, by_path in (item for one in found for item in one.items()):
            parts.setdefault(figure, {}).update(by_path)
    readings = list(parts[SERVER_TIME].values())
    figures = {"slowest page, ms": max(readings)}
    if FIRST_PAINT in parts:
        paints = parts[FIRST_PAINT].values()
        figures |= {"median first paint, ms": median(paints), "slowest first paint, ms": max(paints)}
        figures["median first paint of a word, ms"] = median(parts.pop(WORD_PAINT).values())
    return Round(readings, figures, parts)


async def _count(app: Headrace) -> Sequence[float]:
    started = time.perf_counter()
    async with app.pool.acquire() as connection:
        await count_jobs(connection)
        await count_events(connection)
    return [1000 * (time.perf_counter() - started)]
