"""Jobs of workers that are gone come back; those of workers that live do not."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from fix_apps import eventually
from headrace import Headrace, Job
from headrace.jobs import redriving, store
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.job import Claim
from headrace.jobs.maintenance.rescuer import Rescuer
from headrace.jobs.outcome import COMPLETED, Again
from headrace.jobs.store import Settlement
from headrace.telemetry import Telemetry

LOCK = "SELECT pg_advisory_lock(1214603634, $1::int)"


async def register(
    connection: asyncpg.Connection, *, heartbeat: str = "now()", lease: str = "15 s", started: str = "now()"
) -> int:
    return await connection.fetchval(
        f"""INSERT INTO headrace.worker
            (app, host, pid, queues, kinds, concurrency, lease_time, started_at, heartbeat_at)
            VALUES ('a', 'h', 1, '{{}}', '{{}}', 1, '{lease}', {started}, {heartbeat}) RETURNING id"""
    )


async def claim(connection: asyncpg.Connection, worker_id: int, kind: str = "any") -> list[asyncpg.Record]:
    plan = ClaimCursor(["default"], ageing=None).plan(100, is_sweep=True)
    return await store.claim_jobs(connection, plan, kinds=[kind], limit=100, worker_id=worker_id)


@pytest.fixture
def rescuer(app):
    app.declare("any")
    return Rescuer(app.pool, telemetry=Telemetry(), on_rescued=lambda: None)


@pytest.fixture
async def look(rescuer):
    yield rescuer.run_once
    await rescuer.on_stop()


async def test_a_worker_without_its_lock_and_with_an_old_heartbeat_is_gone(bench, app, look, connection):
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '2 s'")
    await claim(connection, worker)
    await look()
    back = await bench.show(job)
    assert (back.state, back.attempt, back.worker_id) == ("pending", 0, None)
    assert back.failures[0].error["type"] == "headrace.WorkerLost"
    assert await connection.fetchval("SELECT count(*) FROM headrace.worker") == 0


async def test_a_worker_that_holds_its_lock_is_not_gone_before_its_lease_ends(bench, app, look, connection):
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '14 s'")
    await connection.execute(LOCK, worker)
    await claim(connection, worker)
    await look()
    assert await bench.state(job) == "processing"


async def test_a_worker_whose_lease_has_ended_is_gone_though_it_holds_its_lock(bench, app, look, connection):
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '1 s'", lease="0.5 s")
    await connection.execute(LOCK, worker)
    await claim(connection, worker)
    await look()
    assert await bench.state(job) == "pending"


async def test_a_worker_with_a_fresh_heartbeat_is_not_gone_though_its_lock_is(bench, app, look, connection):
    """Its session was lost a moment ago, and it has a moment to come back."""
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '0.9 s'")
    await claim(connection, worker)
    await look()
    assert await bench.state(job) == "processing"


async def test_after_a_restart_of_the_server_the_workers_of_before_have_a_lease_to_come_back(
    bench, app, look, connection
):
    """No lock survives a restart; a worker that registered before it may be about to take its lock again."""
    job = await app.enqueue("any")
    worker = await register(
        connection,
        heartbeat="pg_postmaster_start_time()",
        started="pg_postmaster_start_time() - interval '1 s'",
        lease="1 hour",
    )
    await claim(connection, worker)
    await look()
    assert await bench.state(job) == "processing"


async def test_a_worker_registered_after_the_servers_start_is_gone_at_once(bench, app, look, connection):
    """However young the server is: it held its lock on this server, and has it no more."""
    job = await app.enqueue("any")
    worker = await register(
        connection,
        heartbeat="now() - interval '2 s'",
        started="pg_postmaster_start_time() + interval '1 ms'",
        lease="1 hour",
    )
    await claim(connection, worker)
    await look()
    assert await bench.state(job) == "pending"


async def test_jobs_of_a_number_nobody_has_are_found(bench, app, look, connection):
    job = await app.enqueue("any")
    await claim(connection, 4_711)
    await look()
    assert await bench.state(job) == "pending"


async def test_more_jobs_than_one_batch_are_rescued(app, look, connection):
    await app.enqueue_many("any", [None] * 2_345)
    worker = await register(connection, heartbeat="now() - interval '2 s'")
    await connection.execute(
        "UPDATE headrace.run SET state = 'processing', worker_id = $1, lease = 1, attempt = 1", worker
    )
    await look()
    assert await connection.fetchval("SELECT count(*) FROM headrace.run WHERE state = 'waiting'") == 2_345


async def test_a_job_that_loses_ten_workers_is_dead_and_rolled_up(bench, app, rescuer, connection):
    parent = await app.enqueue("any", queue="elsewhere")
    job = await app.enqueue("any", parent=parent.id)
    for loss in range(10):
        assert await bench.state(job) in {"pending", "scheduled"}, f"after {loss} losses"
        await connection.execute("UPDATE headrace.run SET run_at = now() - interval '1 s' WHERE job_id = $1", job.id)
        worker = await register(connection, heartbeat="now() - interval '2 s'")
        assert len(await claim(connection, worker)) == 1
        await rescuer.run_once()
    await rescuer.on_stop()
    dead = await bench.show(job)
    assert (dead.state, dead.error["type"], len(dead.failures)) == ("dead", "headrace.Poison", 10)
    assert "10 workers were lost" in dead.error["message"]
    rolled = (await bench.show(parent)).progress
    assert (rolled.ended_count, rolled.failed_count) == (1, 1)
    assert await redriving.redrive_job(connection, job.id)
    assert await bench.state(job) == "pending"


async def test_jobs_come_back_where_they_were_twice_and_then_apart(app, rescuer, look, connection):
    """Of the jobs a worker held only one may have killed it; the others must not die with it ten times."""
    await app.enqueue_many("any", [None] * 100)
    places = []
    for _ in range(3):
        await connection.execute("UPDATE headrace.run SET run_at = $1", datetime(2026, 1, 1, tzinfo=UTC))
        worker = await register(connection, heartbeat="now() - interval '2 s'")
        assert len(await claim(connection, worker)) == 100
        await look()
        rows = await connection.fetch("SELECT DISTINCT run_at FROM headrace.run")
        places.append(len(rows))
    assert places == [1, 1, 100]
    assert await connection.fetchval("SELECT max(run_at) - now() FROM headrace.run") < timedelta(seconds=4)


async def test_a_completion_under_a_rescued_lease_is_refused(bench, app, look, connection):
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '2 s'")
    row = (await claim(connection, worker))[0]
    await look()
    stale = Claim(job.id, row["attempt"], row["lease"])
    assert await store.finish_jobs(connection, [Settlement(stale, COMPLETED, timedelta(0))]) == set()
    assert await store.release_jobs(connection, [Settlement(stale, Again(None), timedelta(0))]) == set()
    assert await bench.state(job) == "pending"


async def test_workers_rescue_though_their_leader_does_nothing(bench, app, connection):
    """A leader that is stopped, or blocked by a handler, keeps the lock of its session."""

    @app.job("any")
    async def any_() -> None:
        pass

    await connection.execute("SELECT pg_advisory_lock(hashtextextended('headrace rescue', 0))")
    job = await app.enqueue("any")
    await claim(connection, 4_711)
    async with bench.working():
        await bench.reaches(job, "completed", 8)


async def test_a_worker_given_up_though_it_lives_drops_its_jobs_and_takes_a_new_number(bench, app, connection):
    began: list[Job] = []

    @app.job("long")
    async def long(job: Job) -> None:
        began.append(job)
        if len(began) == 1:
            await asyncio.Event().wait()

    job = await app.enqueue("long")
    async with bench.working(heartbeat=timedelta(milliseconds=50)) as process:
        await eventually(lambda: began)
        first = process.worker.worker_id
        await store.rescue_jobs(connection, first, limit=10, poison_after=10, lost_error="{}", poison_error="{}")
        await store.remove_worker(connection, first)
        # Perhaps still under the old number: the fence is the lease, not the worker.
        await bench.reaches(job, "completed")
        await eventually(lambda: process.worker.worker_id not in {first, None})
    assert len(began) == 2
    assert bench.records.named("worker.lost")


async def test_a_lost_lease_session_is_made_again_before_anybody_gives_the_worker_up(bench, app, connection):
    gate = asyncio.Event()

    @app.job("long")
    async def long() -> None:
        await gate.wait()

    job = await app.enqueue("long")
    async with bench.working() as process:
        await bench.reaches(job, "processing")
        number = process.worker.worker_id
        for _ in range(5):
            pid = await eventually(lambda: _lease_pid(connection, number))
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
            await eventually(lambda pid=pid: _is_another(connection, number, pid))
        gate.set()
        done = await bench.reaches(job, "completed")
        assert process.worker.worker_id == number
    assert done.attempt == 1
    assert done.failures == ()


async def _lease_pid(connection: asyncpg.Connection, worker_id: int) -> int | None:
    return await connection.fetchval(
        "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() "
        "AND locktype = 'advisory' AND classid = 1214603634 AND objid = $1::int",
        worker_id,
    )


async def _is_another(connection: asyncpg.Connection, worker_id: int, pid: int) -> bool:
    return await _lease_pid(connection, worker_id) not in {None, pid}


async def test_a_worker_leaves_no_row_behind(bench, app, connection):
    @app.job("any")
    async def any_() -> None:
        pass

    async with bench.working():
        assert await connection.fetchval("SELECT count(*) FROM headrace.worker") == 1
    assert await connection.fetchval("SELECT count(*) FROM headrace.worker") == 0


async def test_the_lock_of_another_database_does_not_keep_a_worker_alive(bench, app, look, connection, server_dsn):
    job = await app.enqueue("any")
    worker = await register(connection, heartbeat="now() - interval '2 s'")
    await claim(connection, worker)
    elsewhere = await asyncpg.connect(server_dsn)
    try:
        await elsewhere.execute(LOCK, worker)
        await look()
    finally:
        await elsewhere.close()
    assert await bench.state(job) == "pending"


async def test_two_rescuers_at_once_rescue_each_job_once(app, database, connection):
    app.declare("any")
    await app.enqueue_many("any", [None] * 300)
    worker = await register(connection, heartbeat="now() - interval '2 s'")
    for _ in range(3):
        await claim(connection, worker)
    async with Headrace(database, name="second", say=lambda _: None) as other:

        async def rescue(pool) -> int:
            async with pool.acquire() as session:
                returned, _ = await store.rescue_jobs(
                    session, worker, limit=1_000, poison_after=10, lost_error="{}", poison_error="{}"
                )
            return returned

        counts = await asyncio.gather(rescue(app.pool), rescue(other.pool))
    assert sum(counts) == 300
    assert await connection.fetchval("SELECT count(*) FROM headrace.failure") == 300
