"""Claims: nothing is missed behind the cursor, nothing is taken twice, nothing is lost with an answer."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import eventually
from headrace.jobs import store
from headrace.jobs.cursor import ClaimCursor


async def test_a_commit_that_comes_late_behind_the_cursor_is_found(bench, app, database):
    @app.job("any")
    async def any_() -> None:
        pass

    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        behind = await app.enqueue("any", connection=late)
        async with bench.working(poll=timedelta(seconds=1)):
            for job in await app.enqueue_many("any", [None] * 50):
                await bench.reaches(job, "completed")
            await transaction.commit()
            # Whoever enqueues on its own, in SQL or elsewhere, may send no wake-up: this one is not told of.
            committed_at = await bench.value("SELECT clock_timestamp()")
            done = await bench.reaches(behind, "completed", 5)
        assert done.claimed_at - committed_at < timedelta(seconds=2)
    finally:
        late.terminate()


async def test_a_late_commit_is_found_while_the_worker_is_busy_ahead_of_it(bench, app, database):
    @app.job("any")
    async def any_() -> None:
        await asyncio.sleep(0.001)

    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        behind = await app.enqueue("any", connection=late)
        await app.enqueue_many("any", [None] * 500)
        async with bench.working(concurrency=2, buffer=20):
            await eventually(lambda: _ended_at_least(bench, 100))
            await transaction.commit()

            async def is_found() -> bool:
                if await bench.value("SELECT count(*) < 200 FROM headrace.run"):
                    await app.enqueue_many("any", [None] * 300)
                return await bench.state(behind) == "completed"

            await eventually(is_found, 5)
            assert await bench.value("SELECT count(*) FROM headrace.run") > 0
    finally:
        late.terminate()


async def test_many_jobs_behind_the_cursor_run_before_those_ahead_of_it(bench, app, database):
    """As after the crash of a worker in the middle of a backlog: what it held is the oldest, and goes first."""

    @app.job("any")
    async def any_() -> None:
        await asyncio.sleep(0.001)

    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        behind = await app.enqueue_many("any", [None] * 300, connection=late)
        ahead = await app.enqueue_many("any", [None] * 4_000)
        async with bench.working(concurrency=2, buffer=20):
            await eventually(lambda: _ended_at_least(bench, 100))
            await transaction.commit()
            query = "SELECT count(*) = 300 FROM headrace.outcome WHERE job_id = ANY ($1)"
            ids = [job.id for job in behind]
            await eventually(lambda: bench.value(query, ids), 10)
            left = await bench.value("SELECT count(*) FROM headrace.run")
        assert 0 < left < len(ahead)
    finally:
        late.terminate()


async def test_many_jobs_behind_the_cursor_do_not_wait_for_a_poll_each_batch(bench, app, database):
    @app.job("any")
    async def any_() -> None:
        await asyncio.sleep(0.001)

    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        await app.enqueue_many("any", [None] * 300, connection=late)
        async with bench.working(concurrency=2, buffer=10, poll=timedelta(seconds=30)):
            await bench.reaches(await app.enqueue("any"), "completed")
            await transaction.commit()
            await eventually(lambda: _ended_at_least(bench, 301), 10)
    finally:
        late.terminate()


async def test_a_row_that_is_locked_is_passed_over_and_found_later(bench, app, connection):
    @app.job("any")
    async def any_() -> None:
        pass

    jobs = await app.enqueue_many("any", [None] * 20)
    locked = jobs[3]
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT FROM headrace.run WHERE job_id = $1 FOR UPDATE", locked.id)
    async with bench.working():
        for job in jobs:
            if job is not locked:
                await bench.reaches(job, "completed")
        assert await bench.state(locked) == "pending"
        await transaction.rollback()
        await bench.reaches(locked, "completed", 3)


async def test_workers_beside_one_another_run_every_job_once(bench, app):
    ran: list[int] = []

    @app.job("any")
    async def any_(number: int) -> None:
        ran.append(number)
        await asyncio.sleep(0)

    await app.enqueue_many("any", list(range(1_000)))
    async with bench.working(concurrency=5, buffer=50), bench.working(concurrency=5, buffer=50):
        await eventually(lambda: _ended_at_least(bench, 1_000), 15)
    assert sorted(ran) == list(range(1_000))
    assert await bench.counts() == {"completed": 1_000}
    assert await bench.value("SELECT count(DISTINCT worker_id) FROM headrace.outcome") == 2
    assert bench.records.named("job.stale") == []


async def test_claimers_at_the_same_moment_share_the_jobs(app, database):
    app.declare("any")
    await app.enqueue_many("any", [None] * 400)
    sessions = [await asyncpg.connect(database) for _ in range(8)]

    async def claim(session: asyncpg.Connection, number: int) -> list[object]:
        cursor = ClaimCursor(["default"])
        taken: list[object] = []
        while True:
            rows = await store.claim_jobs(
                session, cursor.plan(13, is_sweep=True), kinds=["any"], limit=13, worker_id=number
            )
            if not rows:
                return taken
            taken += [row["job_id"] for row in rows]

    try:
        taken = await asyncio.gather(*(claim(session, number) for number, session in enumerate(sessions)))
    finally:
        for session in sessions:
            session.terminate()
    claimed = [job_id for part in taken for job_id in part]
    assert len(claimed) == len(set(claimed)) == 400


@pytest.mark.parametrize("commits", [True, False])
async def test_jobs_of_a_claim_whose_answer_was_lost_run_nevertheless(bench, app, monkeypatch, commits):
    """The claim commits, the connection breaks before its rows arrive: a living worker holds jobs it never heard of."""
    real = store.claim_jobs
    broken: list[int] = []

    async def claim_jobs(connection, *args, **options):
        if broken:
            return await real(connection, *args, **options)
        rows = await real(connection, *args, **options) if commits else [1]
        if not rows:
            return rows
        broken.append(len(rows))
        connection.terminate()
        raise ConnectionResetError("the answer is lost")

    @app.job("any")
    async def any_() -> None:
        pass

    monkeypatch.setattr(store, "claim_jobs", claim_jobs)
    jobs = await app.enqueue_many("any", [None] * 10)
    async with bench.working():
        for job in jobs:
            done = await bench.reaches(job, "completed", 5)
            assert done.attempt == 1
    assert broken == [10 if commits else 1]
    assert len(bench.records.named("jobs.unheard")) == commits


async def _ended_at_least(bench, count: int) -> bool:
    return await bench.value("SELECT count(*) >= $1 FROM headrace.outcome", count)
