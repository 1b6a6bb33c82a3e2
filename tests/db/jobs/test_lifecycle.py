"""The records of jobs: written with the change they tell of, for those that somebody wants told, and of no loop."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fix_apps import AT_ONCE, eventually, opened_bench
from headrace import (
    Cancel,
    ConfigurationError,
    Discard,
    Headrace,
    Job,
    JobCancelled,
    JobCompleted,
    JobDead,
    JobEnqueued,
    JobFailed,
    JobRetrying,
    Snooze,
    StoredEvent,
    Unique,
    bind,
    cancel_tree,
    uuid7,
)
from headrace.context import EMPTY
from headrace.jobs.lifecycle import Told
from headrace.testing import drain


async def records(app: Headrace) -> list[StoredEvent]:
    """Every record of a job, in order, read as any event is."""
    async with app.stepper() as stepper:
        await stepper.deliver()
    types = [JobEnqueued, JobRetrying, JobCompleted, JobFailed, JobDead, JobCancelled]
    return [event async for event in app.read(types=types)]


async def told(app: Headrace) -> list[tuple[str, str]]:
    return [(event.type, event.data.kind) for event in await records(app)]


@pytest.fixture
def kinds(app: Headrace) -> Headrace:
    @app.job("greet", lifecycle="all", max_attempts=2, retry=AT_ONCE)
    async def greet(how: str, job: Job) -> Any:
        match how:
            case "fail":
                raise Discard("no use")
            case "die":
                raise ValueError("again and again")
            case "cancel":
                raise Cancel("not wanted")
            case "once" if job.attempt == 1:
                raise ValueError("the first time")
            case "large":
                return "x" * 10_000
            case _:
                return {"said": how}

    @app.job("quiet", lifecycle="none", max_attempts=1)
    async def quiet(how: str) -> None:
        raise ValueError(how)

    @app.job("plain", max_attempts=1)
    async def plain(how: str) -> None:
        if how == "die":
            raise ValueError(how)

    return app


async def run(app: Headrace, kind: str, how: str, **options: Any) -> Any:
    job = await app.enqueue(kind, how, **options)
    await drain(app, raise_on_failure=False)
    return job


async def test_a_job_that_completes_is_told_with_its_duration_and_result(kinds):
    job = await run(kinds, "greet", "hello")
    enqueued, completed = await records(kinds)
    assert enqueued.data == JobEnqueued(
        job_id=job.id, kind="greet", queue="default", priority=2, max_attempts=2, run_at=enqueued.data.run_at
    )
    assert (completed.type, completed.data.attempt, completed.data.result) == ("job.completed", 1, {"said": "hello"})
    assert 0 <= completed.data.duration_ms < 60_000
    assert not completed.data.is_result_omitted


async def test_a_large_result_is_left_out_and_said_to_be(kinds):
    await run(kinds, "greet", "large")
    (_, completed) = await records(kinds)
    assert (completed.data.result, completed.data.is_result_omitted) == (None, True)


@pytest.mark.parametrize(
    ("how", "types"),
    [
        ("once", ["job.enqueued", "job.retrying", "job.completed"]),
        ("fail", ["job.enqueued", "job.failed"]),
        ("die", ["job.enqueued", "job.retrying", "job.dead"]),
        ("cancel", ["job.enqueued", "job.cancelled"]),
    ],
)
async def test_each_end_is_told_once_with_its_error(kinds, how, types):
    await run(kinds, "greet", how)
    found = await records(kinds)
    assert [event.type for event in found] == types
    errors = [event.data.error for event in found if getattr(event.data, "error", None)]
    assert all(error.type and error.message for error in errors)
    assert len(errors) == len(types) - 1 - (how == "once")


async def test_a_retry_is_told_with_the_time_of_the_next_attempt(clocked):
    @clocked.app.job("slow", max_attempts=2)
    async def slow() -> None:
        raise ValueError("no")

    await clocked.app.enqueue("slow")
    async with clocked.app.stepper() as stepper:
        await stepper.run_job()
        await stepper.deliver()
    (record,) = [event async for event in clocked.app.read(types=[JobRetrying])]
    assert record.occurred_at == datetime(2031, 5, 1, 12, tzinfo=UTC)
    assert record.data.next_run_at == record.occurred_at + timedelta(seconds=2)
    assert (record.data.attempt, record.data.error.message) == (1, "no")


async def test_a_snooze_is_not_told(app):
    @app.job("later", max_attempts=1)
    async def later(job: Job) -> None:
        if job.attempt == 1 and not await is_second(app):
            raise Snooze(timedelta(0))

    calls = []

    async def is_second(_: Headrace) -> bool:
        calls.append(1)
        return len(calls) > 1

    await app.enqueue("later")
    await drain(app)
    assert await told(app) == []


async def test_failures_are_told_of_every_kind_and_completions_of_none_where_nobody_asks(kinds):
    await run(kinds, "plain", "well")
    assert await told(kinds) == []
    await run(kinds, "plain", "die")
    assert await told(kinds) == [("job.dead", "plain")]


async def test_a_kind_that_says_none_tells_nothing(kinds):
    await run(kinds, "quiet", "die")
    assert await told(kinds) == []


async def test_a_handler_of_completions_is_reason_enough_to_tell_them_of_all_kinds(kinds):
    seen = []

    @kinds.on(JobCompleted, mode="ordered")
    async def ended(events, tx) -> None:
        seen.extend(event.data.kind for event in events)

    await run(kinds, "plain", "well")
    await drain(kinds)
    assert seen == ["plain"]
    assert await told(kinds) == [("job.completed", "plain")]


async def test_an_apps_default_is_what_kinds_tell_that_do_not_say(database):
    async with opened_bench(database, lifecycle="all") as bench:

        @bench.app.job("any")
        async def any_() -> None: ...

        await bench.app.enqueue("any")
        await drain(bench.app)
        assert await told(bench.app) == [("job.enqueued", "any"), ("job.completed", "any")]


async def test_a_record_has_the_correlation_and_tenant_of_its_job_and_the_job_as_its_cause(kinds):
    correlation = uuid7()
    with bind(correlation_id=correlation, tenant_id="acme", user_id="ada", actor="cron"):
        job = await kinds.enqueue("greet", "hello")
    await drain(kinds)
    for event in await records(kinds):
        assert (event.correlation_id, event.causation_id, event.causation_kind) == (correlation, job.id, "job")
        assert (event.tenant_id, event.user_id, event.actor, event.source) == ("acme", "ada", "cron", "headrace")
        assert event.stream is None


async def test_a_job_completed_by_its_own_transaction_is_told_in_it(kinds):
    @kinds.job("own", lifecycle="all")
    async def own(how: str, job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = how
            if how == "raise":
                raise Discard("undone")

    await run(kinds, "own", "well")
    await run(kinds, "own", "raise")
    assert [event.type for event in await records(kinds)] == [
        "job.enqueued",
        "job.completed",
        "job.enqueued",
        "job.failed",
    ]


async def test_an_enqueue_that_rolls_back_is_not_told(kinds):
    with pytest.raises(ValueError, match="no"):
        async with kinds.transaction() as tx:
            await tx.enqueue("greet", "hello")
            await tx.flush()
            raise ValueError("no")
    assert await told(kinds) == []


@pytest.mark.parametrize("count", [1, 3])
async def test_every_way_to_enqueue_tells_each_job(kinds, connection, count):
    await kinds.enqueue_many("greet", ["hello"] * count)
    await kinds.enqueue("greet", "hello", delay=timedelta(hours=1))
    await kinds.enqueue("greet", "hello", unique=Unique())
    await kinds.enqueue("greet", "hello", unique=Unique())
    async with kinds.transaction() as tx:
        await tx.enqueue("greet", "hello")
        await tx.enqueue("plain", "well")
    found = await records(kinds)
    assert [event.data.kind for event in found] == ["greet"] * (count + 3)
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == count + 4


async def test_a_job_enqueued_in_plain_sql_is_told_as_its_kind_says(kinds, connection):
    async with kinds.process():
        await eventually(lambda: connection.fetchval("SELECT is_told FROM headrace.kind WHERE name = 'greet'"))
        await connection.execute("""SELECT headrace.enqueue('greet', '"hello"')""")
        await connection.execute("""SELECT headrace.enqueue('plain', '"well"')""")
        await eventually(lambda: connection.fetchval("SELECT count(*) = 2 FROM headrace.outcome"))
    assert await told(kinds) == [("job.enqueued", "greet"), ("job.completed", "greet")]


async def test_a_waiting_job_that_is_cancelled_is_told_with_those_that_depend_on_it(kinds, connection):
    async with kinds.transaction() as tx:
        first = await tx.enqueue("plain", "well", delay=timedelta(hours=1))
        await tx.enqueue("plain", "well", depends_on=[first])
    await cancel_tree(kinds, first.id, by="ada")
    assert await told(kinds) == [("job.cancelled", "plain")] * 2


async def test_a_process_tells_readers_within_moments(kinds):
    seen = asyncio.Event()

    @kinds.on(JobCompleted)
    async def ended(event, job) -> None:
        seen.set()

    async with kinds.process():
        await kinds.enqueue("plain", "well")
        await asyncio.wait_for(seen.wait(), 10)


@pytest.mark.parametrize("mode", ["job", "ordered"])
async def test_a_handler_of_completions_does_not_feed_itself(kinds, mode):
    handled = []

    @kinds.on(JobCompleted, JobFailed, JobDead, JobEnqueued, JobRetrying, mode=mode)
    async def noticed(found, job_or_tx) -> None:
        events = found if isinstance(found, list) else [found]
        handled.extend((event.type, event.data.kind) for event in events)
        if mode == "ordered":
            await job_or_tx.enqueue("plain", "well")
            return
        await job_or_tx.enqueue("plain", "well")
        raise Discard("fails as well")

    await run(kinds, "plain", "well")
    await drain(kinds, raise_on_failure=False)
    await drain(kinds, raise_on_failure=False)
    assert handled == [("job.enqueued", "plain"), ("job.completed", "plain")]


async def test_what_comes_of_a_record_later_and_further_on_makes_none_either(kinds, connection):
    """A delay begins a new path, but not one on which records are made: else a handler would feed itself slowly."""

    @kinds.on(JobCompleted, mode="ordered")
    async def again(events, tx) -> None:
        for _ in events:
            await tx.enqueue("step", 1, delay=timedelta(milliseconds=1))

    @kinds.job("step")
    async def step(left: int, job: Job) -> None:
        if left:
            await job.enqueue("step", left - 1, delay=timedelta(milliseconds=1))

    await kinds.enqueue("plain", "well")

    async def is_over() -> bool:
        await drain(kinds)
        return await connection.fetchval("SELECT count(*) = 3 FROM headrace.outcome")

    await eventually(is_over)
    assert await told(kinds) == [("job.completed", "plain")]


async def test_a_sync_handler_of_records_is_refused(app):
    with pytest.raises(ConfigurationError, match="written by the database"):
        app.on(JobCompleted, mode="sync")


@pytest.mark.parametrize(
    ("default", "own", "wanted", "at_enqueue", "at_completion"),
    [
        (None, None, set(), None, False),
        (None, None, {"job.enqueued"}, True, False),
        (None, None, {"job.completed"}, None, True),
        (None, "failures", {"job.enqueued", "job.completed"}, None, False),
        ("failures", None, {"job.enqueued", "job.completed"}, None, False),
        ("all", None, set(), True, True),
        ("all", "none", set(), False, False),
        (None, "all", set(), True, True),
    ],
)
def test_what_is_told_of_a_kind(default, own, wanted, at_enqueue, at_completion):
    told = Told()
    told.by_default(default)
    told.want(frozenset(wanted))
    assert told.at_enqueue(own, EMPTY) is at_enqueue
    assert told.at_completion(own) is at_completion


def test_a_lifecycle_that_is_none_is_refused(app):
    with pytest.raises(ConfigurationError, match="lifecycle must be all, failures or none, got 'some'"):
        app.job("any", lifecycle="some")(lambda: None)
