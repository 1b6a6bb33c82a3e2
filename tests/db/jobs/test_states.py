"""The seven states, and every edge between them."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Cancel, Discard, Retry, RetryPolicy, Snooze
from headrace.jobs import redriving
from headrace.jobs.browse import count_jobs, list_jobs
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.job import STATES

HOUR = timedelta(hours=1)


async def redrive(app, job) -> bool:
    async with app.pool.acquire() as connection, connection.transaction():
        done = await redriving.redrive_job(connection, job.id)
    app.notify("headrace_jobs")
    return done


async def cancel(app, job) -> str | None:
    async with app.pool.acquire() as connection, connection.transaction():
        return await cancel_job(connection, job.id, by="someone", error='{"message": "by someone"}')


async def test_pending_to_processing_to_completed(bench, app):
    gate = asyncio.Event()

    @app.job("hello")
    async def hello(name: str) -> str:
        await gate.wait()
        return f"hello {name}"

    job = await app.enqueue("hello", "you")
    assert await bench.state(job) == "pending"
    async with bench.working():
        running = await bench.reaches(job, "processing")
        assert (running.attempt, running.claimed_at is not None, running.worker_id is not None) == (1, True, True)
        gate.set()
        done = await bench.reaches(job, "completed")
    assert (done.result, done.attempt, done.error, done.failures) == ("hello you", 1, None, ())
    assert done.duration > timedelta(0)
    assert done.ended_at >= done.claimed_at


async def test_scheduled_to_pending_by_time_alone(bench, app):
    app.declare("later")
    job = await app.enqueue("later", delay=timedelta(milliseconds=200))
    assert await bench.state(job) == "scheduled"
    await bench.reaches(job, "pending")


async def test_processing_to_scheduled_to_completed_by_a_retry(bench, app):
    runs: list[int] = []

    @app.job("shaky", retry=RetryPolicy(unit=timedelta(milliseconds=100), factor=1, jitter=timedelta(0)))
    async def shaky() -> int:
        runs.append(len(runs))
        if len(runs) < 3:
            raise ConnectionError(f"try {len(runs)}")
        return len(runs)

    job = await app.enqueue("shaky")
    async with bench.working():
        await bench.reaches(job, "scheduled")
        done = await bench.reaches(job, "completed")
    assert (done.result, done.attempt) == (3, 3)
    assert [(one.attempt, one.error["type"], one.error["message"]) for one in done.failures] == [
        (1, "ConnectionError", "try 1"),
        (2, "ConnectionError", "try 2"),
    ]
    assert "in shaky" in done.failures[0].error["traceback"]


async def test_processing_to_dead_when_the_attempts_are_used_up(bench, app):
    runs: list[int] = []

    @app.job("hopeless", retry=AT_ONCE, max_attempts=3)
    async def hopeless() -> None:
        runs.append(1)
        raise ValueError("no")

    job = await app.enqueue("hopeless")
    async with bench.working():
        dead = await bench.reaches(job, "dead")
    assert (len(runs), dead.attempt, len(dead.failures)) == (3, 3, 3)
    assert dead.error["message"] == "no"


async def test_processing_to_failed_by_discard(bench, app):
    @app.job("pointless")
    async def pointless() -> None:
        raise Discard("nobody wants it")

    job = await app.enqueue("pointless")
    async with bench.working():
        failed = await bench.reaches(job, "failed")
    assert (failed.attempt, failed.error["message"]) == (1, "nobody wants it")


@pytest.mark.parametrize("policy", [RetryPolicy(discard_on=(KeyError,)), RetryPolicy(retry_on=(ConnectionError,))])
async def test_processing_to_failed_by_an_error_that_must_not_be_retried(bench, app, policy):
    @app.job("picky", retry=policy)
    async def picky() -> None:
        raise KeyError("gone")

    job = await app.enqueue("picky")
    async with bench.working():
        assert (await bench.reaches(job, "failed")).attempt == 1


async def test_processing_to_cancelled_by_the_handler(bench, app):
    @app.job("moot")
    async def moot() -> None:
        raise Cancel("no longer needed")

    job = await app.enqueue("moot")
    async with bench.working():
        assert (await bench.reaches(job, "cancelled")).error["message"] == "no longer needed"


@pytest.mark.parametrize("delay", [None, HOUR])
async def test_pending_or_scheduled_to_cancelled_at_once(bench, app, delay):
    app.declare("waits")
    job = await app.enqueue("waits", delay=delay)
    assert await cancel(app, job) == "cancelled"
    cancelled = await bench.show(job)
    assert (cancelled.state, cancelled.error) == ("cancelled", {"message": "by someone"})
    assert await cancel(app, job) is None


async def test_processing_to_cancelled_by_somebody_else(bench, app):
    interrupted = asyncio.Event()

    @app.job("long")
    async def long() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.set()
            raise

    job = await app.enqueue("long")
    async with bench.working():
        await bench.reaches(job, "processing")
        assert await cancel(app, job) == "requested"
        done = await bench.reaches(job, "cancelled")
    assert interrupted.is_set()
    assert done.error["message"] == "cancelled while it ran"


async def test_a_cancel_asked_for_while_an_attempt_fails_holds_at_the_next_one(bench, app):
    runs: list[int] = []

    @app.job("stubborn", retry=AT_ONCE, max_attempts=10)
    async def stubborn() -> None:
        runs.append(1)
        async with app.pool.acquire() as connection:
            await connection.execute("UPDATE headrace.run SET cancel_requested_by = 'someone'")
        raise ValueError("fails first")

    job = await app.enqueue("stubborn")
    async with bench.working():
        await bench.reaches(job, "cancelled")
    assert len(runs) == 1


async def test_processing_to_scheduled_by_snooze_uncounted(bench, app):
    @app.job("sleepy", max_attempts=1)
    async def sleepy() -> None:
        raise Snooze(HOUR)

    job = await app.enqueue("sleepy")
    async with bench.working():
        snoozed = await bench.reaches(job, "scheduled")
    assert (snoozed.attempt, snoozed.failures) == (0, ())
    assert snoozed.run_at - snoozed.created_at >= HOUR


async def test_processing_to_scheduled_by_retry_after(bench, app):
    @app.job("asks")
    async def asks() -> None:
        raise Retry("busy", after=HOUR)

    job = await app.enqueue("asks")
    async with bench.working():
        waiting = await bench.reaches(job, "scheduled")
    assert (waiting.attempt, waiting.failures[0].error["message"]) == (1, "busy")
    assert waiting.run_at - waiting.failures[0].failed_at == HOUR


async def test_retry_asked_for_on_the_last_attempt_is_dead(bench, app):
    @app.job("asks", max_attempts=1)
    async def asks() -> None:
        raise Retry(after=timedelta(0))

    job = await app.enqueue("asks")
    async with bench.working():
        await bench.reaches(job, "dead")


@pytest.mark.parametrize("state", ["dead", "failed", "cancelled"])
async def test_an_ended_job_comes_back_by_redrive_with_its_history(bench, app, state):
    runs: list[int] = []

    @app.job("mended", max_attempts=1)
    async def mended() -> str:
        runs.append(1)
        if len(runs) == 1:
            raise {"dead": ValueError, "failed": Discard, "cancelled": Cancel}[state]("first")
        return "mended"

    job = await app.enqueue("mended")
    async with bench.working():
        await bench.reaches(job, state)
        assert await redrive(app, job)
        done = await bench.reaches(job, "completed")
    assert (done.result, done.attempt, [one.error["message"] for one in done.failures]) == ("mended", 1, ["first"])


async def test_a_scheduled_job_is_made_due_by_redrive(bench, app):
    app.declare("waits")
    job = await app.enqueue("waits", delay=HOUR)
    assert await redrive(app, job)
    assert await bench.state(job) == "pending"


async def test_a_completed_or_pending_job_is_not_redriven(bench, app):
    @app.job("fine")
    async def fine() -> None:
        pass

    job = await app.enqueue("fine")
    assert not await redrive(app, job)
    async with bench.working():
        await bench.reaches(job, "completed")
    assert not await redrive(app, job)
    assert await bench.state(job) == "completed"


async def test_a_released_job_waits_again_uncounted(bench, app):
    @app.job("long")
    async def long() -> None:
        await asyncio.Event().wait()

    job = await app.enqueue("long")
    async with bench.working(grace=timedelta(0)):
        await bench.reaches(job, "processing")
    back = await bench.show(job)
    assert (back.state, back.attempt, back.failures) == ("pending", 0, ())


async def test_every_state_can_be_listed_and_counted(bench, app):
    gate = asyncio.Event()

    @app.job("end", max_attempts=1)
    async def end(how: str) -> None:
        match how:
            case "processing":
                await gate.wait()
            case "failed":
                raise Discard
            case "cancelled":
                raise Cancel
            case "dead":
                raise ValueError

    wanted = {"processing", "completed", "failed", "cancelled", "dead"}
    jobs = {how: await app.enqueue("end", how) for how in wanted}
    app.declare("other")
    async with bench.working():
        for how, job in jobs.items():
            await bench.reaches(job, how)
        jobs["pending"] = await app.enqueue("other")
        jobs["scheduled"] = await app.enqueue("other", delay=HOUR)
        async with app.pool.acquire() as connection:
            for state in STATES:
                assert [job.id for job in await list_jobs(connection, states=[state])] == [jobs[state].id]
            everything = await list_jobs(connection)
            assert await count_jobs(connection) == dict.fromkeys(STATES, 1)
        gate.set()
    assert [job.id for job in everything] == sorted((job.id for job in jobs.values()), reverse=True)


async def test_no_run_is_left_behind_an_outcome(bench, app):
    @app.job("fine")
    async def fine() -> None:
        pass

    jobs = await app.enqueue_many("fine", [None] * 50)
    async with bench.working():
        await eventually(lambda: _is_over(bench, len(jobs)))
    assert await bench.value("SELECT count(*) FROM headrace.run") == 0


async def _is_over(bench, count: int) -> bool:
    return await bench.value("SELECT count(*) FROM headrace.outcome") == count
