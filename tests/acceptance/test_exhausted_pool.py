"""Handlers hold every session of the pool: the engine's own loops go on, and who waits is told."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import AT_ONCE, Happened, eventually, opened_bench
from headrace import Job

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def starved(database):
    """An app with two sessions, and jobs that hold both until `gate` opens."""
    async with opened_bench(database, pool_size=2) as bench:
        app = bench.app
        app.pool._patience = timedelta(seconds=1)
        bench.gate = asyncio.Event()
        held: list[int] = []
        app.register(Happened)

        @app.job("hog")
        async def hog() -> None:
            async with app.pool.acquire():
                held.append(1)
                await bench.gate.wait()

        @app.job("plain")
        async def plain(number: int, job: Job) -> int:
            job.progress(1)
            return number

        @app.job("greedy", retry=AT_ONCE, max_attempts=1)
        async def greedy() -> None:
            async with app.pool.acquire():
                pass

        bench.held = held
        yield bench
        bench.gate.set()


async def starve(bench) -> None:
    await bench.app.enqueue_many("hog", [None] * 2)
    await eventually(lambda: len(bench.held) == 2)


async def test_claims_completions_heartbeats_and_rescue_go_on(starved, connection):
    app = starved.app
    jobs = [await app.enqueue("plain", number, delay=timedelta(seconds=1)) for number in range(50)]
    async with starved.working():
        await starve(starved)
        for job in jobs:
            await eventually(
                lambda job=job: connection.fetchval(
                    "SELECT count(*) FROM headrace.outcome WHERE job_id = $1 AND state = 'completed'", job.id
                )
            )
        before = await connection.fetchval("SELECT heartbeat_at FROM headrace.worker")
        await eventually(lambda: connection.fetchval("SELECT heartbeat_at > $1 FROM headrace.worker", before))
        await connection.execute(
            "INSERT INTO headrace.worker"
            " (app, host, pid, queues, kinds, concurrency, lease_time, started_at, heartbeat_at)"
            " VALUES ('b', 'h', 1, '{default}', '{any}', 1, '1 s', now() - interval '1 min', now() - interval '1 min')"
        )
        await eventually(lambda: connection.fetchval("SELECT count(*) = 1 FROM headrace.worker"))
        starved.gate.set()


async def test_events_go_up_to_the_head_and_who_asks_for_a_session_is_told_why_there_is_none(starved, connection):
    app = starved.app
    async with app.transaction() as tx:
        await tx.append(Happened(1))
    job = await app.enqueue("greedy", delay=timedelta(seconds=1))
    async with starved.working():
        await starve(starved)
        await eventually(lambda: connection.fetchval("SELECT position > 0 FROM headrace.head"))
        await eventually(
            lambda: connection.fetchval("SELECT count(*) FROM headrace.outcome WHERE job_id = $1", job.id), 20
        )
        starved.gate.set()
        ended = await starved.show(job)
    assert (ended.state, ended.error["type"]) == ("dead", "TimeoutError")
    assert "none of 2 sessions became free" in ended.error["message"]
