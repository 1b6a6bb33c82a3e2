"""A job that is claimed or given back while it is cancelled is cancelled all the same."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Job
from headrace.jobs import store
from headrace.jobs.cancelling import cancel_job, cancel_jobs
from headrace.jobs.enqueue import prepare
from headrace.jobs.job import Claim
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.registry import describe

KIND = describe("noop", None, job_type=Job)
ERROR = '{"type": "E", "message": "m"}'


@pytest.fixture
async def worker(database: str):
    session = await asyncpg.connect(database)
    yield session
    session.terminate()


async def enqueue(connection: asyncpg.Connection) -> UUID:
    async with connection.transaction():
        return (await store.insert_jobs(connection, [prepare(KIND, None)]))[0].id


async def claim(connection: asyncpg.Connection, job_id: UUID) -> Claim:
    row = await connection.fetchrow(
        "UPDATE headrace.run SET state = 'processing', attempt = attempt + 1, lease = nextval('headrace.lease'),"
        " worker_id = 1 WHERE job_id = $1 RETURNING attempt, lease",
        job_id,
    )
    return Claim(job_id, row["attempt"], row["lease"])


async def cancelled_behind(worker: asyncpg.Connection, connection: asyncpg.Connection, job_id: UUID) -> str | None:
    """What a cancel answers that began while the worker's transaction was open, once that has committed."""
    cancelling = asyncio.ensure_future(cancel_job(connection, job_id, by="me", error=ERROR))
    await waiting(worker, connection)
    await worker.execute("COMMIT")
    return await cancelling


async def waiting(worker: asyncpg.Connection, connection: asyncpg.Connection) -> None:
    """Until one session waits for a lock, seen from another."""

    async def waits() -> bool:
        return await worker.fetchval(
            "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1", connection.get_server_pid()
        )

    await eventually(waits)


async def test_a_job_given_back_meanwhile_is_cancelled(worker, connection):
    job_id = await enqueue(connection)
    held = await claim(connection, job_id)
    await worker.execute("BEGIN")
    await store.release_jobs(worker, [store.Settlement(held, Again(timedelta(hours=1)), timedelta(0))])
    assert await cancelled_behind(worker, connection, job_id) == "cancelled"
    assert await connection.fetchval("SELECT state FROM headrace.job_state") == "cancelled"


async def test_a_job_claimed_meanwhile_is_asked_to_end(worker, connection):
    job_id = await enqueue(connection)
    await worker.execute("BEGIN")
    await claim(worker, job_id)
    assert await cancelled_behind(worker, connection, job_id) == "requested"
    assert await connection.fetchval("SELECT cancel_requested_by FROM headrace.run") == "me"


@pytest.mark.parametrize("verdict", [Ended("completed"), Again(timedelta(0))], ids=["ended", "given back"])
async def test_cancelling_beside_those_who_end_jobs_in_another_order_is_no_deadlock(worker, connection, verdict):
    for _ in range(5):
        job_ids = [await enqueue(connection) for _ in range(40)]
        claims = [await claim(connection, job_id) for job_id in job_ids]
        # The worker holds the youngest and wants the oldest, who cancels comes the other way.
        await worker.execute("BEGIN")
        await settle(worker, claims[-1:], verdict)
        cancelling = asyncio.ensure_future(cancel_jobs(connection, job_ids, by="me", error=ERROR))
        await waiting(worker, connection)
        await settle(worker, claims[:-1], verdict)
        await worker.execute("COMMIT")
        done = await cancelling
        assert len(done.requested) >= 39
        await connection.execute("TRUNCATE headrace.run")


async def settle(worker: asyncpg.Connection, claims: list[Claim], verdict: Ended | Again) -> None:
    work = store.finish_jobs if isinstance(verdict, Ended) else store.release_jobs
    await work(worker, [store.Settlement(one, verdict, timedelta(0)) for one in claims])


async def test_a_job_that_is_tried_again_and_again_is_met_by_every_cancel(bench, app):
    @app.job("fails", retry=AT_ONCE)
    async def fails() -> None:
        raise ValueError

    async with bench.working():
        jobs = await app.enqueue_many("fails", [None] * 60, max_attempts=30_000)
        for job in jobs:
            async with app.pool.acquire() as connection:
                assert await cancel_job(connection, job.id, by="me", error=ERROR) is not None
        for job in jobs:
            await bench.reaches(job, "cancelled")
