"""Handlers that are told to stop: what they hear of it, and what is recorded."""

import asyncio
import threading
from datetime import timedelta

import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Interrupted, Job
from headrace.jobs.cancelling import cancel_job

MOMENT = timedelta(milliseconds=50)
QUICK = {"heartbeat": timedelta(milliseconds=50), "patience": MOMENT}


async def cancel(app, job) -> None:
    async with app.pool.acquire() as connection:
        assert await cancel_job(connection, job.id, by="a test", error="{}") == "requested"


def until_told(job: Job) -> None:
    while not job.is_cancelled:
        threading.Event().wait(0.001)


@pytest.mark.parametrize("look", ["checkpoint", "progress"])
async def test_a_thread_over_its_time_hears_of_it_at_its_next_look(bench, app, look):
    passed: list[str] = []

    @app.job("slow", timeout=MOMENT, max_attempts=1)
    def slow(job: Job) -> None:
        until_told(job)
        try:
            job.checkpoint() if look == "checkpoint" else job.progress(1)
        except Exception:  # noqa: BLE001 - the point
            passed.append("caught")
        finally:
            passed.append("cleaned up")

    job = await app.enqueue("slow")
    async with bench.working():
        dead = await bench.reaches(job, "dead")
    assert passed == ["cleaned up"]
    assert dead.error["type"] == "TimeoutError"
    assert "0:00:00.050000" in dead.error["message"]
    assert "until_told" not in dead.error["traceback"]
    assert "job.checkpoint()" in dead.error["traceback"], "where it was"


async def test_a_thread_whose_job_is_cancelled_hears_of_it(bench, app):
    began = threading.Event()

    @app.job("slow")
    def slow(job: Job) -> None:
        began.set()
        until_told(job)
        job.checkpoint()

    job = await app.enqueue("slow")
    async with bench.working(**QUICK):
        await eventually(began.is_set)
        await cancel(app, job)
        await bench.reaches(job, "cancelled")


async def test_a_thread_that_does_not_look_is_told_of_and_recorded_as_it_really_ends(bench, app):
    release, began = threading.Event(), threading.Event()

    @app.job("deaf", timeout=MOMENT)
    def deaf() -> str:
        began.set()
        release.wait(10)
        return "done after all"

    @app.job("another")
    async def another() -> None: ...

    job = await app.enqueue("deaf")
    async with bench.working(concurrency=1, **QUICK):
        await eventually(began.is_set)
        waiting = await app.enqueue("another")
        [record] = await eventually(lambda: bench.records.named("attempt.unheeded"))
        assert record.fields["job"] == job.id
        assert record.fields["why"] == "timeout"
        assert await bench.state(job) == "processing", "it still runs, and says so"
        assert await bench.state(waiting) != "completed", "its slot is taken"
        release.set()
        ended = await bench.reaches(job, "completed")
        await bench.reaches(waiting, "completed")
    assert ended.result == "done after all"
    assert ended.attempt == 1


async def test_a_coroutine_that_will_not_be_cancelled_is_told_of_and_recorded_as_it_really_ends(bench, app):
    release, began = asyncio.Event(), asyncio.Event()

    @app.job("stubborn")
    async def stubborn() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()
        return "done after all"

    job = await app.enqueue("stubborn")
    async with bench.working(**QUICK):
        await began.wait()
        await cancel(app, job)
        [record] = await eventually(lambda: bench.records.named("attempt.unheeded"))
        assert (record.fields["why"], record.fields["kind"]) == ("cancel", "stubborn")
        assert await bench.state(job) == "processing"
        release.set()
        assert (await bench.reaches(job, "completed")).result == "done after all"


async def test_an_attempt_that_ends_when_it_is_told_to_is_not_told_of(bench, app):
    @app.job("slow", timeout=MOMENT, retry=AT_ONCE, max_attempts=2)
    async def slow() -> None:
        await asyncio.Event().wait()

    job = await app.enqueue("slow")
    async with bench.working(**QUICK):
        assert len((await bench.reaches(job, "dead")).failures) == 2
        await bench.reaches(await app.enqueue("slow"), "dead")
    assert bench.records.named("attempt.unheeded") == []


async def test_a_worker_that_stops_leaves_behind_what_does_not_end(bench, app):
    release = asyncio.Event()

    @app.job("stubborn")
    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    job = await app.enqueue("stubborn")
    async with bench.working(grace=timedelta(0), **QUICK) as process:
        await bench.reaches(job, "processing")
    back = await bench.show(job)
    assert (back.state, back.attempt) == ("pending", 0)
    assert process.worker.abandoned_count == 1
    assert [record.fields["why"] for record in bench.records.named("attempt.abandoned")] == ["shutdown"]
    assert [record.fields["outcome"] for record in bench.records.named("attempt.stopped")] == ["released"]
    release.set()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if "runner" in task.get_name()])
    assert len(bench.records.named("attempt.stopped")) == 1, "its late end is nobody's"


async def test_an_interruption_nobody_asked_for_is_an_error_of_the_handlers(bench, app):
    @app.job("odd")
    def odd() -> None:
        raise Interrupted("cancel")

    job = await app.enqueue("odd")
    async with bench.working():
        assert (await bench.reaches(job, "failed")).error["type"] == "headrace.jobs.interruption.Interrupted"


async def test_progress_may_be_told_from_many_threads(bench, app):
    @app.job("many")
    def many(job: Job) -> None:
        def tell(start: int) -> None:
            for number in range(start, 4_001, 4):
                job.progress(number)

        threads = [threading.Thread(target=tell, args=(start,)) for start in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        job.progress(4_001)

    jobs = await app.enqueue_many("many", [None] * 5)
    async with bench.working():
        for job in jobs:
            assert (await bench.reaches(job, "completed")).progress.done == 4_001
