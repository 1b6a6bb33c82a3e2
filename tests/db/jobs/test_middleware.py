"""Middleware around real enqueues and real attempts."""

import asyncio
from datetime import timedelta

import asyncpg
import psycopg
import pytest
from msgspec.structs import replace

from fix_apps import AT_ONCE
from fix_schedules import turn
from headrace import Discard, Job, RetryPolicy, bind, current
from headrace.jobs.job import NewJob
from headrace.testing import assert_enqueued, assert_no_jobs, assert_not_enqueued, drain


class Tenant:
    """Puts jobs of a tenant into a queue of its own."""

    def on_enqueue(self, job: NewJob) -> NewJob:
        return replace(job, queue="attic") if job.kind == "note" else job


class Around:
    """Runs a function around every attempt."""

    def __init__(self, around) -> None:
        self.around_attempt = around


async def test_every_way_to_enqueue_goes_through_it(app, database):
    @app.job("note")
    async def note(args: int) -> None: ...

    @app.job("parent")
    async def parent(job: Job) -> None:
        await job.enqueue("note", 5)

    app.middleware(Tenant())
    await app.enqueue("note", 1)
    await app.enqueue_many("note", [2])
    async with app.transaction() as tx:
        await tx.enqueue("note", 3)
    caller = await asyncpg.connect(database)
    async with caller.transaction():
        await app.enqueue("note", 4, connection=caller)
    await caller.close()
    with psycopg.connect(database) as blocking:
        app.sync.enqueue("note", 6, connection=blocking)
    await app.enqueue("parent")
    await drain(app)
    await assert_enqueued(app, "note", queue="attic", state="completed", count=6)
    await assert_enqueued(app, "parent", queue="default", count=1)


class Seen:
    """Notes the kind and the tenant of each job it is shown."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, str]] = []

    def on_enqueue(self, job: NewJob) -> NewJob:
        self.jobs.append((job.kind, current().tenant_id))
        return replace(job, queue="attic")


async def test_it_sees_the_job_of_each_tick_and_trigger_and_no_schedule_that_is_only_made(clocked, clock):
    app, seen = clocked.app, Seen()
    app.declare("note")
    app.middleware(seen)
    with bind(tenant_id="acme"):
        await app.schedules.create("often", "note", every=timedelta(minutes=1), catch_up="all")
    await app.schedules.edit("often", priority="low")
    assert seen.jobs == []
    await app.schedules.trigger("often")
    clock.advance(timedelta(minutes=2))
    await turn(clocked)
    assert seen.jobs == [("note", "acme")] * 3
    await assert_enqueued(app, "note", queue="attic", priority="low", count=3)


async def test_one_that_refuses_a_tick_holds_up_no_other_schedule(clocked, clock):
    class Refuses:
        def on_enqueue(self, job: NewJob) -> NewJob:
            if job.kind == "bad":
                raise PermissionError(job.kind)
            return job

    app = clocked.app
    app.declare("bad")
    app.declare("good")
    app.middleware(Refuses())
    for kind in ("bad", "good"):
        await app.schedules.create(kind, kind, every=timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))
    await turn(clocked)
    await assert_enqueued(app, "good", count=1)
    await assert_not_enqueued(app, "bad")
    (refused,) = clocked.records.named("schedule.refused")
    assert (refused.fields["schedule"], repr(refused.error)) == ("bad", "PermissionError('bad')")
    assert (await app.schedules.get("bad")).next_at == clock.now() + timedelta(minutes=1)
    with pytest.raises(PermissionError):
        await app.schedules.trigger("bad")


async def test_what_it_raises_is_raised_to_who_enqueues(app):
    class Refuses:
        def on_enqueue(self, job: NewJob) -> NewJob:
            raise PermissionError(job.kind)

    app.declare("note")
    app.middleware(Refuses())
    with pytest.raises(PermissionError, match="note"):
        await app.enqueue("note")
    await assert_no_jobs(app)


@pytest.mark.parametrize("is_async", [True, False])
async def test_it_sees_the_job_the_context_and_the_result(bench, app, is_async):
    seen: list = []

    async def around(job: Job, call_next):
        seen.append((job.kind, job.attempt, current().causation_id == job.id))
        return {"wrapped": await call_next()}

    app.middleware(Around(around))
    if is_async:

        @app.job("answer")
        async def answer() -> int:
            return 42
    else:

        @app.job("answer")
        def plain_answer() -> int:
            return 42

    job = await app.enqueue("answer")
    async with bench.working():
        done = await bench.reaches(job, "completed")
    assert done.result == {"wrapped": 42}
    assert seen == [("answer", 1, True)]


async def test_its_error_is_the_attempts_error(bench, app):
    ran: list[int] = []

    async def around(job: Job, call_next):
        if job.attempt == 1:
            raise ConnectionError("the vault is sealed")
        return await call_next()

    @app.job("open", retry=AT_ONCE)
    async def open_vault() -> None:
        ran.append(1)

    app.middleware(Around(around))
    job = await app.enqueue("open")
    done = await drain(app, raise_on_failure=False)
    assert [ran.outcome for ran in done.jobs] == ["retrying", "completed"]
    assert (await bench.show(job)).failures[0].error["message"] == "the vault is sealed"
    assert ran == [1]


async def test_it_may_turn_an_error_into_an_answer(app):
    async def around(job: Job, call_next):
        try:
            return await call_next()
        except LookupError as error:
            raise Discard("nothing to do") from error

    @app.job("find")
    async def find() -> None:
        raise LookupError

    app.middleware(Around(around))
    await app.enqueue("find")
    assert (await drain(app)).outcomes == {"failed": 1}


async def test_one_that_does_not_call_on_completes_the_job_without_its_handler(bench, app):
    async def around(job: Job, call_next):
        return "skipped"

    @app.job("never")
    async def never() -> None:
        raise AssertionError("not to be run")

    app.middleware(Around(around))
    job = await app.enqueue("never")
    await drain(app)
    assert (await bench.show(job)).result == "skipped"


async def test_a_timeout_covers_it(app):
    async def around(job: Job, call_next):
        await asyncio.Event().wait()

    @app.job("brief", timeout=timedelta(milliseconds=10), max_attempts=1, retry=RetryPolicy())
    async def brief() -> None: ...

    app.middleware(Around(around))
    await app.enqueue("brief")
    with pytest.raises(TimeoutError, match="longer than its timeout"):
        await drain(app)


async def test_a_job_completed_in_its_transaction_stays_completed_whatever_it_returns(bench, app):
    async def around(job: Job, call_next):
        await call_next()
        return "another result"

    @app.job("write")
    async def write(job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = "its result"

    app.middleware(Around(around))
    job = await app.enqueue("write")
    await drain(app)
    assert (await bench.show(job)).result == "its result"
