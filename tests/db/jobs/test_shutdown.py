"""How a worker stops: nothing is lost, nothing burns an attempt, nobody waits longer than asked."""

import asyncio
import threading
from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace import ConfigurationError, Headrace, Job, WorkerOptions
from headrace.jobs.completer import Completer
from headrace.jobs.job import Claim
from headrace.jobs.outcome import COMPLETED, Again, Ended
from headrace.jobs.store import Settlement

ZERO = timedelta(0)


async def test_running_jobs_end_and_the_others_go_back_uncounted(bench, app):
    gate = asyncio.Event()
    began: list[int] = []

    @app.job("any")
    async def any_(number: int) -> None:
        began.append(number)
        await gate.wait()

    jobs = await app.enqueue_many("any", list(range(50)))
    async with bench.working(concurrency=5, grace=timedelta(seconds=10)) as process:
        await eventually(lambda: len(began) == 5)
        stop = asyncio.create_task(process.stop())
        # Five may be in hand before the stop is heard, too: jobs fetched ahead are given back after it.
        await eventually(lambda: process.worker._executor._is_draining)
        await eventually(lambda: _has_given_back(bench, 5))
        gate.set()
        await stop
    assert await bench.counts() == {"completed": 5, "pending": 45}
    waiting = [await bench.show(job) for job in jobs if await bench.state(job) == "pending"]
    assert {job.attempt for job in waiting} == {0}
    assert len(began) == 5


async def test_jobs_over_the_grace_are_interrupted_and_go_back_uncounted(bench, app):
    interrupted: list[int] = []

    @app.job("any")
    async def any_() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.append(1)
            raise

    job = await app.enqueue("any")
    async with bench.working(grace=timedelta(milliseconds=50)):
        await bench.reaches(job, "processing")
    back = await bench.show(job)
    assert (back.state, back.attempt, interrupted) == ("pending", 0, [1])


async def test_hurrying_ends_the_grace(bench, app):
    @app.job("any")
    async def any_() -> None:
        await asyncio.Event().wait()

    job = await app.enqueue("any")
    async with bench.working(grace=timedelta(hours=1)) as process:
        await bench.reaches(job, "processing")
        stop = asyncio.create_task(process.stop())
        await eventually(lambda: process.worker._executor._is_draining)
        process.worker.hurry()
        async with asyncio.timeout(5):
            await stop
    assert await bench.state(job) == "pending"


async def test_a_thread_over_the_grace_gives_its_job_back_and_its_late_answer_is_dropped(bench, app):
    release = threading.Event()

    @app.job("any")
    def any_() -> str:
        release.wait(10)
        return "late"

    job = await app.enqueue("any")
    async with bench.working(grace=ZERO):
        await bench.reaches(job, "processing")
    release.set()
    assert (await bench.show(job)).state == "pending"


async def test_a_worker_can_stop_and_another_start_in_one_process(bench, app):
    @app.job("any")
    async def any_() -> None:
        pass

    for _ in range(3):
        job = await app.enqueue("any")
        async with bench.working():
            await bench.reaches(job, "completed")
    assert await bench.value("SELECT count(*) FROM headrace.worker") == 0


async def test_a_stopped_worker_leaves_no_session_and_no_thread(bench, app, connection):
    @app.job("any")
    async def any_() -> None:
        pass

    before = await _sessions(connection)
    async with bench.working():
        assert len(await _sessions(connection)) > len(before)
    await eventually(lambda: _are_gone(connection, before))
    assert "headrace-lease" not in {thread.name for thread in threading.enumerate()}


async def test_an_app_without_handlers_has_nothing_to_work_at(database):
    async with Headrace(database, say=lambda _: None) as app:
        app.kinds._kinds.clear()
        with pytest.raises(ConfigurationError, match="no job handlers"):
            app.process(WorkerOptions())


async def test_a_handler_that_enqueues_as_the_worker_stops_loses_nothing(bench, app):
    gate = asyncio.Event()

    @app.job("parent")
    async def parent(job: Job) -> None:
        await gate.wait()
        await job.enqueue("child")

    app.declare("child", queue="elsewhere")
    job = await app.enqueue("parent")
    async with bench.working() as process:
        await bench.reaches(job, "processing")
        stop = asyncio.create_task(process.stop())
        await eventually(lambda: process.worker._executor._is_draining)
        gate.set()
        await stop
    assert await bench.state(job) == "completed"
    assert (await bench.show(job)).progress.child_count == 1


# The completer, alone


@pytest.fixture
async def completer(app, bench):
    found = Completer(app.pool, clock=app.clock, telemetry=app.telemetry, on_released=lambda: None)
    yield found
    await found.on_stop()


async def held(app, connection, count: int) -> list[Claim]:
    app.declare("any")
    jobs = await app.enqueue_many("any", [None] * count)
    await connection.execute("UPDATE headrace.run SET state = 'processing', lease = 7, worker_id = 1, attempt = 1")
    return [Claim(job.id, 1, 7) for job in jobs]


async def test_flushes_at_the_same_time_lose_no_settlement(app, bench, completer, connection):
    claims = await held(app, connection, 2_500)
    for claim in claims:
        completer.settle(Settlement(claim, COMPLETED, ZERO))
    await asyncio.gather(*(completer.flush() for _ in range(3)))
    assert await bench.counts() == {"completed": 2_500}
    assert completer.stale_count == 0


async def test_settlements_are_kept_while_the_database_is_away(app, bench, completer, connection, monkeypatch):
    claims = await held(app, connection, 10)
    for claim in claims[:5]:
        completer.settle(Settlement(claim, COMPLETED, ZERO))

    async def refuse() -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as away:
        away.setattr(completer._session, "get", refuse)
        with pytest.raises(ConnectionRefusedError):
            await completer.flush()
    for claim in claims[5:]:
        completer.settle(Settlement(claim, COMPLETED, ZERO))
    await completer.flush()
    assert await bench.counts() == {"completed": 10}


@pytest.mark.parametrize("verdict", [COMPLETED, Again(ZERO, error="{}")])
async def test_a_settlement_whose_answer_was_lost_is_not_counted_as_stale(  # noqa: PLR0917 - fixtures and parameters
    app, bench, completer, connection, monkeypatch, verdict
):
    claims = await held(app, connection, 3)
    for claim in claims:
        completer.settle(Settlement(claim, verdict, ZERO))
    real = completer._write

    async def lose_the_answer(batch):
        await real(batch)
        raise ConnectionResetError

    with monkeypatch.context() as away:
        away.setattr(completer, "_write", lose_the_answer)
        with pytest.raises(ConnectionResetError):
            await completer.flush()
    await completer.flush()
    assert completer.stale_count == 0
    assert await connection.fetchval("SELECT count(*) FROM headrace.failure") == (0 if verdict is COMPLETED else 3)


async def test_one_settlement_that_cannot_be_stored_does_not_hold_up_the_others(app, bench, completer, connection):
    claims = await held(app, connection, 20)
    for number, claim in enumerate(claims):
        verdict = Ended("completed", result='"\\u0000"') if number == 7 else COMPLETED
        completer.settle(Settlement(claim, verdict, ZERO))
    await completer.flush()
    assert await bench.counts() == {"completed": 19, "failed": 1}
    assert completer.stale_count == 0


async def test_a_stale_settlement_is_counted_and_the_others_are_recorded(app, bench, completer, connection):
    claims = await held(app, connection, 3)
    await connection.execute("UPDATE headrace.run SET lease = 8 WHERE job_id = $1", claims[1].job_id)
    for claim in claims:
        completer.settle(Settlement(claim, COMPLETED, ZERO))
    await completer.flush()
    assert completer.stale_count == 1
    assert [record.fields["job"] for record in bench.records.named("job.stale")] == [claims[1].job_id]
    assert await bench.counts() == {"completed": 2, "processing": 1}


async def test_runners_wait_when_too_much_is_unrecorded(app, completer, connection):
    claims = await held(app, connection, 4_000)
    for claim in claims:
        completer.settle(Settlement(claim, COMPLETED, ZERO))
    assert not completer.has_room
    await completer.flush()
    assert completer.has_room


async def _has_given_back(bench, running: int) -> bool:
    return await bench.value("SELECT count(*) = $1 FROM headrace.run WHERE state = 'processing'", running)


async def _sessions(connection) -> set[int]:
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return {row[0] for row in rows}


async def _are_gone(connection, before: set[int]) -> bool:
    # The pool may have grown by a session, as pools do.
    names = await connection.fetch(
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> ALL ($1::int[])",
        list(before),
    )
    return {row[0] for row in names} <= {"tests"}
