"""Everything at once, for long, while workers are killed and the server goes away: nothing is lost or done twice.

`HEADRACE_SOAK_MINUTES` says how long; a minute otherwise.
"""

import asyncio
import os
import random
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from fix_apps import eventually
from fix_soak import declare
from headrace import Headrace, Telemetry

sys.path.insert(0, str(Path(__file__).parent))

from soak_feeds import GONE, KINDS, feed
from soak_storm import Storm
from soak_verdict import complaints, standing
from soak_viewer import LiveViewer

MINUTES = float(os.environ.get("HEADRACE_SOAK_MINUTES", "1"))
_WORKERS = 3
_DRAIN_SECONDS = 300
_PACE = 0.4


@asynccontextmanager
async def sending(dsn: str):
    """The app that gives work, and the tables the handlers write to."""
    app = Headrace(dsn, name="soaking", telemetry=Telemetry(), say=lambda _: None)
    for kind in KINDS:
        app.declare(kind)
    declare(app)
    async with app:
        async with app.pool.acquire() as connection:
            await connection.execute(
                "CREATE TABLE public.effect (what text NOT NULL, id uuid NOT NULL);"
                "CREATE TABLE public.seen (job_id uuid PRIMARY KEY, times int NOT NULL)"
            )
        yield app


async def _is_quiet(dsn: str) -> bool:
    """Whether nothing is alive and every event has been handled."""
    try:
        session = await asyncpg.connect(dsn, timeout=5)
    except GONE:
        return False
    try:
        return await session.fetchval(
            "SELECT NOT EXISTS (SELECT FROM headrace.run) AND (SELECT bool_and(checkpoint.position >= last)"
            " FROM headrace.checkpoint, (SELECT coalesce(max(position), 0) AS last FROM headrace.event) AS log)"
            " AND NOT EXISTS (SELECT FROM headrace.projection_build WHERE state IN ('filling', 'ready'))"
        )
    finally:
        session.terminate()


@pytest.mark.slow
@pytest.mark.timeout(60 * MINUTES + 600)
async def test_nothing_is_lost_or_done_twice_whatever_befalls_workers_and_server(durable_server, start_worker):
    seed = random.randrange(1_000_000)
    print(f"\nseed {seed}, {MINUTES} minutes", flush=True)  # noqa: T201 - to run it again
    dsn = durable_server.start()
    async with sending(dsn) as app:
        storm = Storm(
            durable_server,
            lambda: start_worker(dsn, "--concurrency", "10", app="soaked:app"),
            workers=_WORKERS,
            chance=random.Random(seed),
            interval=8,
        )
        over = asyncio.Event()
        feeding = asyncio.create_task(feed(app, random.Random(seed + 1), until=over, pace=_PACE))
        viewer = LiveViewer(app)
        watching = asyncio.create_task(viewer.watch())
        blowing = asyncio.create_task(storm.blow(over))
        await asyncio.wait({feeding, blowing}, timeout=60 * MINUTES)
        over.set()
        given = await feeding
        await blowing
        assert storm.died_by_themselves == []
        began = time.monotonic()
        await eventually(lambda: _paused(app), 30)
        try:
            await eventually(lambda: _is_quiet(dsn), _DRAIN_SECONDS)
        except AssertionError:
            async with app.pool.acquire() as connection:
                pytest.fail(f"it does not come to its end\n{await standing(connection)}\n{storm.told()}", pytrace=False)
        drained = time.monotonic() - began
        await eventually(viewer.has_seen_all, 30)
        watching.cancel()
        logged = await viewer.log()
        builds = len(await app.projections.builds("soaked"))
        # One killed with nothing in hand holds nothing up; the others see its end a moment later.
        await eventually(lambda: _lives(app, storm.pids), 60, what="the rows of killed workers are gone")
        assert await storm.end() == [0] * _WORKERS
        async with app.pool.acquire() as connection:
            found = await complaints(connection)
            ends = await connection.fetch(
                "SELECT kind, state::text, count(*) FROM headrace.outcome GROUP BY 1, 2 ORDER BY 1"
            )
            lost = await connection.fetchval(
                "SELECT count(*) FROM headrace.failure WHERE error ->> 'type' = 'headrace.WorkerLost'"
            )
    print(f"given {dict(given)}; blows {dict(storm.blows)}; {lost} attempts lost with their worker", flush=True)  # noqa: T201
    print(f"ends {[tuple(row) for row in ends]}; drained within {drained:.1f} s", flush=True)  # noqa: T201
    assert storm.blows["kill"] > 0
    print(f"{len(viewer.seen)} events seen live, with {viewer.returns} returns; {builds} builds", flush=True)  # noqa: T201
    assert found == []
    assert viewer.seen == logged


async def _lives(app: Headrace, pids: list[int]) -> bool:
    """Whether the workers that are registered are those that are there, and all alive."""
    try:
        async with app.pool.acquire() as connection:
            return await connection.fetchval(
                "SELECT array_agg(pid ORDER BY pid) = $1::integer[] "
                "AND bool_and(now() - heartbeat_at < interval '5 s') FROM headrace.worker",
                pids,
            )
    except GONE:
        return False


async def _paused(app: Headrace) -> bool:
    try:
        await app.schedules.pause("steady")
    except GONE:
        return False
    return True
