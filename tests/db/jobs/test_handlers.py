"""What handlers do to their worker: threads, time-outs, results that cannot be stored, errors of every sort."""

import asyncio
import sys
import threading
from datetime import timedelta

import msgspec
import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Job, RetryPolicy, Snooze, current


class Visit(msgspec.Struct, frozen=True):
    place: int


@pytest.fixture
async def healthy(bench, app):
    """A check that the worker still runs and records jobs; one runner, so that none may be lost."""

    @app.job("canary")
    async def canary() -> str:
        return "sings"

    async def check() -> None:
        assert (await bench.reaches(await app.enqueue("canary"), "completed")).result == "sings"

    return check


async def test_a_plain_function_runs_in_a_thread_with_its_job_and_context(bench, app):
    @app.job("plain")
    def plain(args: Visit, job: Job) -> dict[str, object]:
        return {
            "main": threading.current_thread() is threading.main_thread(),
            "place": args.place,
            "attempt": job.attempt,
            "caused by": str(current().causation_id),
        }

    job = await app.enqueue("plain", Visit(3))
    async with bench.working():
        done = await bench.reaches(job, "completed")
    assert done.result == {"main": False, "place": 3, "attempt": 1, "caused by": str(job.id)}


async def test_plain_functions_run_beside_one_another(bench, app):
    together = threading.Barrier(5, timeout=10)

    @app.job("meet")
    def meet() -> None:
        together.wait()

    jobs = await app.enqueue_many("meet", [None] * 5)
    async with bench.working(concurrency=5):
        for job in jobs:
            await bench.reaches(job, "completed")


async def test_no_more_jobs_run_at_a_time_than_the_worker_has_runners(bench, app):
    running = most = 0

    @app.job("count")
    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1

    jobs = await app.enqueue_many("count", [None] * 40)
    async with bench.working(concurrency=4):
        for job in jobs:
            await bench.reaches(job, "completed")
    assert most == 4


async def test_an_attempt_over_its_timeout_fails_and_says_so(bench, app, healthy):
    @app.job("slow", timeout=timedelta(milliseconds=50), max_attempts=1)
    async def slow() -> None:
        await asyncio.Event().wait()

    job = await app.enqueue("slow")
    async with bench.working(concurrency=2):
        dead = await bench.reaches(job, "dead")
        await healthy()
    assert dead.error["type"] == "TimeoutError"
    assert "0:00:00.050000" in dead.error["message"]
    assert "await asyncio.Event().wait()" in dead.error["traceback"], "where it was when its time was over"


async def test_a_timeout_error_of_the_handlers_own_keeps_its_message(bench, app):
    @app.job("own", timeout=timedelta(seconds=10), max_attempts=1)
    async def own() -> None:
        raise TimeoutError("the other side is slow")

    job = await app.enqueue("own")
    async with bench.working():
        assert (await bench.reaches(job, "dead")).error["message"] == "the other side is slow"


async def test_args_that_no_longer_fit_the_handler_are_retried_and_then_dead_with_the_field(bench, app):
    @app.job("visit", retry=AT_ONCE, max_attempts=2)
    async def visit(args: Visit) -> None:
        raise AssertionError("never called")

    job = await app.enqueue("visit", Visit(1))
    async with app.pool.acquire() as connection:
        await connection.execute("""UPDATE headrace.job SET args = '{"place": "far"}' WHERE id = $1""", job.id)
    async with bench.working():
        dead = await bench.reaches(job, "dead")
    assert "$.place" in dead.error["message"]
    assert dead.attempt == 2


class Opaque:
    pass


def nested() -> list[object]:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Opaque, "not JSON"),
        (lambda: {"a": {1, 2, Opaque}}, "not JSON"),
        (nested, "not JSON"),
        (lambda: "\ud800", "not JSON"),
        (lambda: "a\x00b", "U+0000"),
        (lambda: "x" * (1024 * 1024), "the limit is 1048576"),
    ],
    ids=["object", "inside", "deep", "surrogate", "nul", "large"],
)
@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_result_that_cannot_be_stored_fails_its_job_alone(  # noqa: PLR0917 - fixtures and parameters
    bench, app, healthy, result, reason, in_transaction
):
    @app.job("returns")
    async def returns(job: Job) -> object:
        if not in_transaction:
            return result()
        async with job.transaction() as tx:
            await tx.execute("CREATE TABLE public.trace (id int)")
            tx.result = result()
        return None

    job = await app.enqueue("returns")
    async with bench.working(concurrency=1):
        failed = await bench.reaches(job, "failed")
        await healthy()
    assert reason in failed.error["message"]
    assert await bench.value("SELECT to_regclass('public.trace') IS NULL"), "a job that failed wrote nothing"


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no message for you")


def stop_iteration() -> None:
    next(iter(()))


def leave() -> None:
    sys.exit(3)


def nul() -> None:
    raise ValueError("a\x00b\ud800c")


def long() -> None:
    raise ValueError("x" * 1_000_000)


def rude() -> None:
    raise RudeError


def cancelled() -> None:
    raise asyncio.CancelledError


def snoozed_forever() -> None:
    raise Snooze(timedelta.max)


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    "trouble", [stop_iteration, leave, nul, long, rude, cancelled, snoozed_forever], ids=lambda one: one.__name__
)
async def test_an_odd_error_ends_its_attempt_and_nothing_else(bench, app, healthy, trouble, is_async):
    if is_async:

        @app.job("odd", max_attempts=1)
        async def odd() -> None:
            trouble()
    else:

        @app.job("odd", max_attempts=1)
        def odd() -> None:
            trouble()

    job = await app.enqueue("odd")
    async with bench.working(concurrency=1):
        await healthy()
        await eventually(lambda: _has_ended(bench, job))
        await healthy()
    ended = await bench.show(job)
    assert ended.state in {"dead", "failed"}
    assert len(msgspec.json.encode(ended.error)) < 40_000


async def _has_ended(bench, job) -> bool:
    return await bench.state(job) in {"dead", "failed"}


async def test_a_handler_that_awaits_a_cancelled_task_fails_its_attempt(bench, app, healthy):
    @app.job("awaits", max_attempts=1)
    async def awaits() -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        task.cancel()
        await task

    job = await app.enqueue("awaits")
    async with bench.working(concurrency=1):
        dead = await bench.reaches(job, "dead")
        await healthy()
    assert "cancelled" in dead.error["message"]


async def test_a_handler_that_swallows_its_interruption_is_recorded_as_what_it_returned(bench, app, healthy):
    began = asyncio.Event()

    @app.job("deaf", retry=RetryPolicy())
    async def deaf() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done anyway"
        return "never"

    job = await app.enqueue("deaf")
    async with bench.working(concurrency=1):
        await began.wait()
        await bench.value("UPDATE headrace.run SET cancel_requested_by = 'someone' RETURNING 1")
        assert (await bench.reaches(job, "completed")).result == "done anyway"
        await healthy()


@pytest.mark.parametrize(
    "report",
    [{"done": 1, "message": "a\x00b\ud800"}, {"done": 1 << 70}, {"done": -1}, {"done": 1, "total": 1 << 70}],
)
async def test_progress_that_cannot_be_stored_does_not_stop_the_worker(bench, app, healthy, report):
    @app.job("reports", max_attempts=1)
    async def reports(job: Job) -> None:
        job.progress(**report)

    job = await app.enqueue("reports")
    async with bench.working(concurrency=1):
        await eventually(lambda: _is_done_with(bench, job))
        await healthy()


async def _is_done_with(bench, job) -> bool:
    return await bench.state(job) in {"completed", "dead", "failed"}
