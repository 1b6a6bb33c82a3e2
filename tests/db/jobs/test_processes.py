"""Handlers in child processes: what goes in and out, and that they end when they are told to."""

import os
import signal
from datetime import timedelta

import pytest

import child_handlers
from fix_apps import AT_ONCE, eventually
from fix_processes import lives
from headrace import ConfigurationError, RetryPolicy
from headrace.jobs.cancelling import cancel_job

MOMENT = timedelta(milliseconds=300)


@pytest.fixture
def children(app):
    """Registers a handler of `child_handlers` as a job kind of the same name."""

    def register(handler, **options):
        app.job(handler.__name__, executor="process", retry=AT_ONCE, **options)(handler)
        return handler.__name__

    return register


async def progressed(bench, job) -> int:
    """The first progress a job reports: its child's number."""

    async def done():
        shown = await bench.show(job)
        return shown.progress is not None and shown.progress.done

    return await eventually(done)


async def test_args_go_in_and_the_result_comes_out(bench, app, children):
    kind = children(child_handlers.add)
    job = await app.enqueue(kind, child_handlers.Sum(2, 3), metadata={"colour": "red"})
    async with bench.working():
        ended = await bench.reaches(job, "completed")
    assert ended.result["sum"] == 5
    assert ended.result["parent"] == os.getpid() != ended.result["pid"]
    assert ended.result["metadata"] == {"colour": "red"}
    assert ended.result["correlation"] == str(job.id)
    assert not lives(ended.result["pid"]), "it has ended with its worker"


async def test_args_and_results_may_be_as_large_as_anywhere(bench, app, children):
    text = "ä" * 500_000
    job = await app.enqueue(children(child_handlers.echo), text)
    async with bench.working():
        assert (await bench.reaches(job, "completed")).result == text


async def test_a_child_is_used_again_and_no_more_run_than_asked_for(bench, app, children):
    kind = children(child_handlers.add)
    jobs = await app.enqueue_many(kind, [child_handlers.Sum(number) for number in range(20)])
    async with bench.working(processes=1):
        ended = [await bench.reaches(job, "completed") for job in jobs]
    assert {job.result["sum"] for job in ended} == set(range(20))
    assert len({job.result["pid"] for job in ended}) == 1
    assert [record.fields["attempt_count"] for record in bench.records.named("child.ended")] == [20]


async def test_a_child_is_replaced_after_the_attempts_asked_for(bench, app, children):
    kind = children(child_handlers.add)
    jobs = await app.enqueue_many(kind, [child_handlers.Sum(number) for number in range(6)])
    async with bench.working(processes=1, process_attempts=2):
        ended = [await bench.reaches(job, "completed") for job in jobs]
    pids = [job.result["pid"] for job in ended]
    assert len(set(pids)) == 3
    assert not any(map(lives, pids))


async def test_a_loop_over_its_time_is_killed_and_tried_again_in_a_fresh_child(bench, app, children):
    kind = children(child_handlers.spin_once, timeout=MOMENT)
    job = await app.enqueue(kind)
    async with bench.working(processes=1):
        pid = await progressed(bench, job)
        await eventually(lambda: not lives(pid), MOMENT.total_seconds() + 1)
        ended = await bench.reaches(job, "completed")
    assert ended.result != pid
    assert ended.attempt == 2
    assert [failure.error["type"] for failure in ended.failures] == ["TimeoutError"]
    assert "0:00:00.300000" in ended.failures[0].error["message"]


async def test_a_loop_is_killed_within_a_second_of_its_jobs_cancelling(bench, app, children):
    kind = children(child_handlers.spin)
    job = await app.enqueue(kind)
    async with bench.working(processes=1, heartbeat=timedelta(milliseconds=100)):
        pid = await progressed(bench, job)
        async with app.pool.acquire() as connection:
            assert await cancel_job(connection, job.id, by="a test", error="{}") == "requested"
        await eventually(lambda: not lives(pid), 1)
        await bench.reaches(job, "cancelled", 1)


async def test_a_handler_that_looks_has_a_moment_to_clean_up_and_its_child_is_used_again(bench, app, children):
    kind = children(child_handlers.obey)
    app.job("add", executor="process")(child_handlers.add)
    job = await app.enqueue(kind)
    async with bench.working(processes=1, heartbeat=timedelta(milliseconds=100)):
        pid = await progressed(bench, job)
        async with app.pool.acquire() as connection:
            await cancel_job(connection, job.id, by="a test", error="{}")
        ended = await bench.reaches(job, "cancelled")
        another = await app.enqueue("add", child_handlers.Sum(1))
        assert (await bench.reaches(another, "completed")).result["pid"] == pid
    assert ended.progress.message == "cleaned up"


async def test_what_a_child_has_started_is_killed_with_it(bench, app, children):
    kind = children(child_handlers.with_a_program_of_its_own, timeout=MOMENT, max_attempts=1)
    job = await app.enqueue(kind)
    async with bench.working():
        program = await progressed(bench, job)
        await bench.reaches(job, "dead")
        await eventually(lambda: not lives(program), 1)


async def test_a_job_that_waits_for_a_child_can_be_cancelled_and_is_not_over_its_time(bench, app, children):
    app.job("spin", executor="process")(child_handlers.spin)
    kind = children(child_handlers.add, timeout=timedelta(milliseconds=1))
    first = await app.enqueue("spin", priority="high")
    async with bench.working(processes=1, heartbeat=timedelta(milliseconds=100)):
        await progressed(bench, first)
        job = await app.enqueue(kind, child_handlers.Sum(1))
        await bench.reaches(job, "processing")
        async with app.pool.acquire() as connection:
            await cancel_job(connection, job.id, by="a test", error="{}")
        cancelled = await bench.reaches(job, "cancelled")
    assert [failure.error["type"] for failure in cancelled.failures] == ["headrace.jobs.outcome.Cancel"]


@pytest.mark.parametrize(
    ("handler", "args", "words"),
    [
        (child_handlers.leave, 7, "exited with code 7"),
        (child_handlers.crash, None, "SIGSEGV"),
        (child_handlers.kill_itself, int(signal.SIGKILL), "signal 9 (SIGKILL)"),
    ],
)
async def test_a_child_that_dies_fails_its_attempt_alone_and_says_of_what(  # noqa: PLR0917 - fixtures and parameters
    bench, app, children, handler, args, words
):
    kind = children(handler, max_attempts=2)
    app.job("add", executor="process")(child_handlers.add)
    job = await app.enqueue(kind, args)
    async with bench.working(processes=1):
        dead = await bench.reaches(job, "dead")
        await bench.reaches(await app.enqueue("add", child_handlers.Sum(1)), "completed")
    assert len(dead.failures) == 2
    assert dead.error["type"] == "headrace.errors.ChildDiedError"
    assert words in dead.error["message"]


@pytest.mark.parametrize(
    ("how", "state", "type_name", "words"),
    [
        ("trouble", "dead", "child_handlers.TroubleError", "no luck"),
        ("stubborn", "dead", "child_handlers.StubbornError", "no luck: none"),
        ("local", "dead", "child_handlers.misbehave.<locals>.LocalError", "cannot be pickled"),
        ("exit", "failed", "SystemExit", "3"),
        ("interrupt", "dead", "KeyboardInterrupt", ""),
        ("discard", "failed", "headrace.jobs.outcome.Discard", "not this one"),
        ("cancel", "cancelled", "headrace.jobs.outcome.Cancel", "not ours"),
        ("object", "failed", "headrace.jobs.outcome.UnstorableResult", "not JSON"),
        ("large", "failed", "headrace.jobs.outcome.UnstorableResult", "1048578 bytes"),
        ("transaction", "dead", "headrace.errors.NotInChildError", "job.transaction()"),
        ("enqueue", "dead", "headrace.errors.NotInChildError", "job.enqueue()"),
    ],
)
async def test_what_a_handler_raises_is_recorded_as_if_it_had_been_raised_here(  # noqa: PLR0917
    bench, app, children, how, state, type_name, words
):
    kind = children(child_handlers.misbehave, max_attempts=1)
    job = await app.enqueue(kind, how)
    async with bench.working(processes=1):
        ended = await bench.reaches(job, state)
    assert ended.error["type"] == type_name
    assert words in ended.error["message"]
    assert "misbehave" in ended.error["traceback"] or how in {"object", "large"}, "where it was in the child"


@pytest.mark.parametrize(("how", "attempt"), [("retry", 1), ("snooze", 0)])
async def test_a_handler_may_ask_for_another_time(bench, app, children, how, attempt):
    kind = children(child_handlers.misbehave)
    job = await app.enqueue(kind, how)
    async with bench.working(processes=1):
        later = await eventually(lambda: _waits(bench, job))
    assert later.attempt == attempt
    assert later.run_at - later.created_at > timedelta(minutes=59)


async def test_rules_of_the_retry_policy_see_the_error_itself(bench, app):
    policy = RetryPolicy(discard_on=(child_handlers.TroubleError,))
    app.job("misbehave", executor="process", retry=policy)(child_handlers.misbehave)
    job = await app.enqueue("misbehave", "trouble")
    async with bench.working():
        assert (await bench.reaches(job, "failed")).attempt == 1


async def test_progress_of_a_child_is_written_while_it_runs_and_at_its_end(bench, app, children):
    kind = children(child_handlers.count_up)
    job = await app.enqueue(kind, 5_000)
    async with bench.working():
        ended = await bench.reaches(job, "completed")
    assert (ended.progress.done, ended.progress.total, ended.progress.message) == (5_000, 5_000, "step 5000")


async def test_a_worker_that_stops_kills_its_children_and_their_jobs_go_back_uncounted(bench, app, children):
    kind = children(child_handlers.spin)
    job = await app.enqueue(kind)
    async with bench.working(grace=timedelta(0)):
        pid = await progressed(bench, job)
    assert not lives(pid)
    back = await bench.show(job)
    assert (back.state, back.attempt, back.failures) == ("pending", 0, ())


async def test_a_child_that_died_while_it_was_idle_is_not_used(bench, app, children):
    kind = children(child_handlers.add)
    async with bench.working(processes=1):
        first = await bench.reaches(await app.enqueue(kind, child_handlers.Sum(1)), "completed")
        os.kill(first.result["pid"], signal.SIGKILL)
        await eventually(lambda: not lives(first.result["pid"]))
        second = await bench.reaches(await app.enqueue(kind, child_handlers.Sum(1)), "completed")
    assert second.result["pid"] != first.result["pid"]
    assert second.attempt == 1


async def test_the_stepper_runs_them_too(app, children):
    kind = children(child_handlers.add)
    await app.enqueue(kind, child_handlers.Sum(2, 3))
    async with app.stepper() as stepper:
        assert (await stepper.run_job()).outcome == "completed"


async def test_middleware_stands_around_a_child(bench, app, children):
    class Double:
        async def around_attempt(self, job, call_next):
            return (await call_next())["sum"] * 2

    app.middleware(Double())
    kind = children(child_handlers.add)
    job = await app.enqueue(kind, child_handlers.Sum(2, 3))
    async with bench.working():
        assert (await bench.reaches(job, "completed")).result == 10


async def test_a_handler_its_module_knows_by_another_name_is_refused_at_the_start(app):
    def add() -> None: ...

    add.__module__, add.__qualname__ = "child_handlers", "add"
    app.job("add", executor="process")(add)
    with pytest.raises(ConfigurationError, match=r"not what child_handlers calls add.*above its other decorators"):
        app.process()


async def _waits(bench, job):
    shown = await bench.show(job)
    return shown if shown.state == "scheduled" else None
