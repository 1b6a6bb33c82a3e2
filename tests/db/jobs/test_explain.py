"""`explain` on jobs as they come to be: delayed, retried, paused, held, unserved, busy, running, lost, ended."""

import asyncio
from datetime import timedelta

import pytest

from headrace import JobNotFoundError, RetryPolicy, explain, uuid7
from headrace.jobs.reason import (
    AboutToRun,
    AllBusy,
    HasEnded,
    IsRunning,
    LimitFull,
    LostWorker,
    NotDue,
    NoWorker,
    QueuePaused,
    WaitsForJobs,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def why(app):
    async def ask(job, **options):
        async with app.pool.acquire() as connection:
            return await explain(connection, job.id, **options)

    return ask


async def test_a_job_that_waits_is_explained_by_all_that_keeps_it(app, why):
    app.declare("mail", queue="mails")
    job = await app.enqueue("mail", delay=HOUR)
    await app.queues.pause("mails", by="ada", reason="maintenance")
    due, paused, unserved = await why(job)
    assert isinstance(due, NotDue)
    assert due.error is None
    assert (paused.queue, paused.by, paused.why) == ("mails", "ada", "maintenance")
    assert isinstance(paused, QueuePaused)
    assert unserved == NoWorker("queue", "mails", "mail")


async def test_a_retry_is_told_with_the_error_before_it(bench, app, why):
    @app.job("mail", retry=RetryPolicy(unit=HOUR, cap=HOUR))
    async def mail() -> None:
        raise OSError("the provider is down")

    job = await app.enqueue("mail")
    async with bench.working():
        await bench.reaches(job, "scheduled")
        (due,) = await why(job)
    assert (due.attempt, due.max_attempts, due.error) == (1, 3, "OSError: the provider is down")


async def test_a_job_held_by_others_names_them(app, why):
    app.declare("mail")
    first, second = await app.enqueue_many("mail", [1, 2], delay=HOUR)
    job = await app.enqueue("mail", depends_on={"first": first, "second": second})
    held = (await why(job))[0]
    assert isinstance(held, WaitsForJobs)
    assert (held.count, {(one.name, one.id, one.state) for one in held.jobs}) == (
        2,
        {("first", first.id, "scheduled"), ("second", second.id, "scheduled")},
    )


async def test_a_kind_nobody_handles_and_a_queue_nobody_serves_are_told_apart(bench, app, why):
    @app.job("known")
    async def known() -> None: ...

    app.declare("unknown")
    unhandled = await app.enqueue("unknown")
    unserved = await app.enqueue("known", queue="elsewhere")
    async with bench.working():
        assert await why(unhandled) == [NoWorker("kind", "default", "unknown")]
        assert await why(unserved) == [NoWorker("queue", "elsewhere", "known")]


async def test_a_running_job_names_its_worker_and_the_one_behind_it_what_goes_first(bench, app, why):
    may_end = asyncio.Event()

    @app.job("long")
    async def long() -> None:
        await may_end.wait()

    jobs = await app.enqueue_many("long", [None] * 4)
    urgent = await app.enqueue("long", delay=HOUR, priority="critical")
    async with bench.working(concurrency=1, buffer=1) as process:
        await bench.reaches(jobs[0], "processing")
        (running,) = await why(jobs[0])
        assert isinstance(running, IsRunning)
        assert (running.worker_id, running.app, running.attempt) == (process.worker.worker_id, "tests", 1)
        (busy,) = await why(jobs[3])
        assert isinstance(busy, AllBusy)
        assert (busy.worker_count, busy.place_count) == (1, 1)
        # A worker holds what it runs, and maybe one it is about to; the others go first.
        assert busy.held_count + busy.ahead_count == 3
        assert isinstance((await why(urgent))[0], NotDue)
        may_end.set()
        await bench.reaches(jobs[3], "completed")
        (ended,) = await why(jobs[3])
        assert (type(ended), ended.state, ended.error) == (HasEnded, "completed", None)


async def test_a_job_whose_worker_is_gone_is_about_to_be_rescued(app, connection, why):
    app.declare("long")
    job = await app.enqueue("long")
    await connection.execute(
        "UPDATE headrace.run SET state = 'processing', worker_id = 4711, lease = 1, attempt = 1, claimed_at = now()"
    )
    (lost,) = await why(job)
    assert (type(lost), lost.worker_id) == (LostWorker, 4711)


async def test_a_job_nothing_is_in_the_way_of_is_about_to_run(bench, app, connection, why):
    @app.job("mail")
    async def mail() -> None: ...

    async with bench.working(poll=HOUR):
        transaction = connection.transaction()
        await transaction.start()
        job = await app.enqueue("mail", delay=HOUR)
        await connection.execute("UPDATE headrace.run SET run_at = now() - interval '1 second'")
        # Not committed: only this session sees it due, and no worker takes it.
        assert await explain(connection, job.id) == [AboutToRun(1, 0)]
        await transaction.rollback()


async def test_limits_are_asked_for_only_while_it_waits(bench, app, why):
    @app.job("mail")
    async def mail() -> None: ...

    asked = []

    async def limits(_connection, job_id):
        asked.append(job_id)
        return [LimitFull("gmail", "5 of 5 run")]

    job = await app.enqueue("mail")
    assert (await why(job, limits=limits))[0] == LimitFull("gmail", "5 of 5 run")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert isinstance((await why(job, limits=limits))[0], HasEnded)
    assert asked == [job.id]


async def test_a_job_that_is_not_stored_is_not_found(app, connection):
    with pytest.raises(JobNotFoundError):
        await explain(connection, uuid7())
