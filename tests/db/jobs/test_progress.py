import asyncio
from datetime import timedelta

import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Cancel, Discard, Job
from headrace.jobs import redriving, store
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.job import Claim
from headrace.jobs.outcome import Ended
from headrace.jobs.store import ProgressReport, Settlement

NOTHING = timedelta(0)


async def test_progress_is_visible_while_the_job_runs(bench, app):
    gate = asyncio.Event()

    @app.job("count")
    async def count(job: Job) -> None:
        job.progress(3, total=10, message="three")
        await gate.wait()
        job.progress(10)

    made = await app.enqueue("count")
    async with bench.working():
        await eventually(lambda: _progress_is(bench, made, 3))
        seen = (await bench.show(made)).progress
        assert (seen.done, seen.total, seen.message) == (3, 10, "three")
        gate.set()
        done = await bench.reaches(made, "completed")
    assert (done.progress.done, done.progress.total, done.progress.message) == (10, 10, "three")


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_the_last_report_is_written_with_the_completion(bench, app, in_transaction):
    @app.job("quick")
    async def quick(job: Job) -> None:
        if in_transaction:
            async with job.transaction():
                for step in range(50):
                    job.progress(step + 1, total=50)
        else:
            for step in range(50):
                job.progress(step + 1, total=50)

    jobs = await app.enqueue_many("quick", [None] * 30)
    async with bench.working():
        for job in jobs:
            done = await bench.reaches(job, "completed")
            assert (done.progress.done, done.progress.total) == (50, 50)


async def test_the_last_report_of_an_attempt_that_fails_is_written_too(bench, app):
    @app.job("quick", max_attempts=1)
    async def quick(job: Job) -> None:
        job.progress(7)
        raise ValueError

    made = await app.enqueue("quick")
    async with bench.working():
        assert (await bench.reaches(made, "dead")).progress.done == 7


async def test_reports_are_written_a_few_times_a_second_however_many_come(bench, app, connection):
    async def written() -> int:
        return await connection.fetchval(
            "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relid = 'headrace.progress'::regclass"
        )

    @app.job("busy")
    async def busy(job: Job) -> None:
        for step in range(200):
            job.progress(step)
            await asyncio.sleep(0.005)

    @app.job("noise")
    async def noise() -> None:
        pass

    made = await app.enqueue("busy")
    async with bench.working():
        while await bench.state(made) != "completed":
            await app.enqueue("noise")
    await eventually(written)  # the server counts after the session is idle or gone
    assert await written() <= 12


@pytest.mark.parametrize(("done", "total"), [(-1, None), (10**16, None), (1, -1)])
async def test_counts_out_of_range_are_refused_where_they_are_reported(bench, app, done, total):
    @app.job("reports", max_attempts=1)
    async def reports(job: Job) -> None:
        job.progress(done, total=total)

    made = await app.enqueue("reports")
    async with bench.working():
        assert "must be 0 to" in (await bench.reaches(made, "dead")).error["message"]


async def test_a_message_with_what_cannot_be_stored_is_written_readably(bench, app):
    @app.job("reports")
    async def reports(job: Job) -> None:
        job.progress(1, message="a\x00b\ud800" + "x" * 5_000)

    made = await app.enqueue("reports")
    async with bench.working():
        done = await bench.reaches(made, "completed")
    assert done.progress.message.startswith("a\\x00b\\ud800x")
    assert len(done.progress.message) == 1_000


async def test_a_stale_report_changes_nothing(bench, app, connection):
    app.declare("any")
    job = await app.enqueue("any")
    async with connection.transaction():
        await store.save_progress(connection, [ProgressReport(Claim(job.id, 1, 12_345), 9, None, None)])
    assert (await bench.show(job)).progress is None


async def test_children_roll_up_into_their_parent(bench, app):
    @app.job("child", max_attempts=1)
    async def child(how: str, job: Job) -> None:
        job.progress(5)
        match how:
            case "discards":
                raise Discard
            case "cancels":
                raise Cancel
            case "raises":
                raise ValueError

    @app.job("parent")
    async def parent(job: Job) -> None:
        for how in ("fine", "fine", "discards", "cancels", "raises"):
            await job.enqueue("child", how)
        job.progress(1, total=1)

    made = await app.enqueue("parent")
    async with bench.working():
        await eventually(lambda: _ended_children_are(bench, made, 5))
    rolled = (await bench.show(made)).progress
    assert (rolled.child_count, rolled.ended_count, rolled.failed_count) == (5, 5, 3)
    assert rolled.children_done == 10, "the steps of the children that completed"
    assert (rolled.done, rolled.total) == (1, 1), "and its own steps are its own"


async def test_a_redriven_child_is_counted_once(bench, app):
    runs: list[int] = []

    @app.job("child", max_attempts=1)
    async def child(job: Job) -> None:
        runs.append(1)
        job.progress(5)
        if len(runs) == 1:
            raise ValueError

    app.declare("parent", queue="elsewhere")
    parent = await app.enqueue("parent")
    made = await app.enqueue("child", parent=parent.id)
    async with bench.working():
        await bench.reaches(made, "dead")
        before = (await bench.show(parent)).progress
        assert (before.child_count, before.ended_count, before.failed_count) == (1, 1, 1)
        async with app.pool.acquire() as connection, connection.transaction():
            assert await redriving.redrive_job(connection, made.id)
            between = (await _progress(connection, parent.id)) or {}
        assert (between["child_count"], between["ended_count"], between["failed_count"]) == (1, 0, 0)
        await bench.reaches(made, "completed")
    after = (await bench.show(parent)).progress
    assert (after.child_count, after.ended_count, after.failed_count, after.children_done) == (1, 1, 0, 5)


async def test_a_cancelled_child_is_counted(bench, app, connection):
    app.declare("any")
    parent = await app.enqueue("any")
    child = await app.enqueue("any", parent=parent.id)
    async with connection.transaction():
        await cancel_job(connection, child.id, by="someone", error="{}")
    rolled = (await bench.show(parent)).progress
    assert (rolled.child_count, rolled.ended_count, rolled.failed_count) == (1, 1, 1)


async def test_many_children_ending_at_once_are_all_counted(bench, app):
    @app.job("child", retry=AT_ONCE)
    async def child(job: Job) -> None:
        job.progress(1)

    app.declare("parent", queue="elsewhere")
    parents = [await app.enqueue("parent") for _ in range(3)]
    for parent in parents:
        await app.enqueue_many("child", [None] * 100, parent=parent.id)
    async with bench.working(), bench.working():
        for parent in parents:
            await eventually(lambda parent=parent: _ended_children_are(bench, parent, 100))
    for parent in parents:
        rolled = (await bench.show(parent)).progress
        assert (rolled.child_count, rolled.ended_count, rolled.failed_count, rolled.children_done) == (100, 100, 0, 100)


async def test_a_transaction_that_makes_children_does_not_deadlock_with_completions(bench, app, connection, database):
    """The transaction locks its own progress row, then its parent's; a batch of completions locks both at once."""
    import asyncpg

    app.declare("any")
    grandparent = await app.enqueue("any")
    parent = await app.enqueue("any", parent=grandparent.id)
    uncle = await app.enqueue("any", parent=grandparent.id)
    child = await app.enqueue("any", parent=parent.id)
    await connection.execute("UPDATE headrace.run SET state = 'processing', lease = 7, worker_id = 1, attempt = 1")

    def over(job) -> Settlement:
        return Settlement(Claim(job.id, 1, 7), Ended("completed"), NOTHING)

    other = await asyncpg.connect(database)
    try:
        async with app.transaction() as tx:
            await tx.enqueue("any", parent=parent.id)
            await tx.flush()
            batch = asyncio.create_task(store.finish_jobs(other, [over(child), over(uncle)]))
            await eventually(lambda: _is_waiting(connection, other))
            assert await store.finish_jobs(tx.connection, [over(parent)]) == {parent.id}
        assert await batch == {child.id, uncle.id}
    finally:
        other.terminate()


async def _is_waiting(connection, other) -> bool:
    return await connection.fetchval(
        "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1", other.get_server_pid()
    )


async def _progress(connection, job_id):
    return await connection.fetchrow("SELECT * FROM headrace.progress WHERE job_id = $1", job_id)


async def _progress_is(bench, job, done: int) -> bool:
    found = (await bench.show(job)).progress
    return found is not None and found.done == done


async def _ended_children_are(bench, job, count: int) -> bool:
    found = (await bench.show(job)).progress
    return found is not None and found.ended_count == count
