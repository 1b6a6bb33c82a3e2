"""`job.transaction()`: the handler's writes, events, children and its own completion commit together, or none does."""

import asyncio

import asyncpg
import pytest

from fix_apps import AT_ONCE, eventually
from fix_events import ContactCreated
from headrace import Discard, Job, StaleLeaseError, Stream, Unique


@pytest.fixture(autouse=True)
async def _contacts(connection, app):
    await connection.execute("CREATE TABLE public.contact (name text)")
    app.register(ContactCreated)
    app.declare("child", queue="elsewhere")


async def counted(connection: asyncpg.Connection) -> dict[str, int]:
    return {
        "contacts": await connection.fetchval("SELECT count(*) FROM public.contact"),
        "events": await connection.fetchval("SELECT count(*) FROM headrace.event WHERE retention = 'domain'"),
        "children": await connection.fetchval("SELECT count(*) FROM headrace.job WHERE kind = 'child'"),
        "completed": await connection.fetchval("SELECT count(*) FROM headrace.outcome WHERE state = 'completed'"),
    }


ALL = {"contacts": 1, "events": 1, "children": 2, "completed": 1}
NONE = dict.fromkeys(ALL, 0)


async def everything(job: Job, tx) -> None:
    await tx.execute("INSERT INTO public.contact VALUES ('Ada')")
    await tx.append(ContactCreated("Ada"), stream=Stream("contact", "1"))
    await tx.enqueue("child", parent=job)
    await tx.enqueue("child", parent=job, unique=Unique("one"))


async def test_everything_commits_together(bench, app, connection):
    @app.job("make")
    async def make(job: Job) -> str:
        async with job.transaction() as tx:
            await everything(job, tx)
            tx.result = {"made": 2}
        assert await counted(connection) == ALL
        return "what is returned after it is dropped"

    made = await app.enqueue("make")
    async with bench.working():
        done = await bench.reaches(made, "completed")
    assert done.result == {"made": 2}
    assert done.progress.child_count == 2
    assert done.duration is not None
    assert await counted(connection) == ALL


@pytest.mark.parametrize("error", [ValueError, Discard, asyncio.CancelledError])
async def test_nothing_is_written_where_the_block_raises(bench, app, connection, error):
    @app.job("make", max_attempts=1)
    async def make(job: Job) -> None:
        async with job.transaction() as tx:
            await everything(job, tx)
            raise error

    made = await app.enqueue("make")
    async with bench.working():
        await eventually(lambda: _is_over(bench, made))
    assert await counted(connection) == NONE


async def test_nothing_is_written_where_a_statement_failed_and_was_caught(bench, app, connection):
    @app.job("make", max_attempts=1)
    async def make(job: Job) -> None:
        async with job.transaction() as tx:
            await tx.execute("INSERT INTO public.contact VALUES ('Ada')")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1 / 0")

    made = await app.enqueue("make")
    async with bench.working():
        dead = await bench.reaches(made, "dead")
    assert dead.error["type"] == "headrace.errors.TransactionClosedError"
    assert await counted(connection) == NONE


async def test_an_attempt_that_has_lost_its_job_writes_nothing(bench, app, connection):
    seen: list[BaseException] = []

    @app.job("make")
    async def make(job: Job) -> None:
        if seen:
            return
        try:
            async with job.transaction() as tx:
                await everything(job, tx)
                await connection.execute(
                    "UPDATE headrace.run SET lease = nextval('headrace.lease'), worker_id = 0 WHERE job_id = $1", job.id
                )
        except StaleLeaseError as error:
            seen.append(error)
            raise

    made = await app.enqueue("make")
    async with bench.working() as process:
        await eventually(lambda: seen)
        await eventually(lambda: process.worker.stale_count == 1)
        assert seen[0].job_id == made.id
        assert await counted(connection) == NONE
        # Nobody of number 0 is registered: the rescuer gives the job back, and it runs again.
        await bench.reaches(made, "completed", 15)
    assert len(bench.records.named("job.stale")) == 1


async def test_a_second_transaction_after_completion_is_refused(bench, app, connection):
    errors: list[StaleLeaseError] = []

    @app.job("twice")
    async def twice(job: Job) -> None:
        async with job.transaction() as tx:
            await tx.execute("INSERT INTO public.contact VALUES ('first')")
        try:
            async with job.transaction() as tx:
                await tx.execute("INSERT INTO public.contact VALUES ('second')")
        except StaleLeaseError as error:
            errors.append(error)

    made = await app.enqueue("twice")
    async with bench.working():
        await bench.reaches(made, "completed")
        await eventually(lambda: errors)
    assert await connection.fetchval("SELECT string_agg(name, ',') FROM public.contact") == "first"


async def test_an_error_after_completion_changes_nothing_and_is_told(bench, app, connection):
    @app.job("late", max_attempts=1)
    async def late(job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = 1
        raise ValueError("too late")

    made = await app.enqueue("late")
    async with bench.working():
        await bench.reaches(made, "completed")
        await eventually(lambda: bench.records.named("job.raised_after_completion"))
    assert (await bench.show(made)).failures == ()


async def test_an_ordinary_transaction_in_a_handler_is_not_its_completion(bench, app, connection):
    runs: list[int] = []

    @app.job("shaky", retry=AT_ONCE)
    async def shaky(job: Job) -> None:
        runs.append(1)
        async with app.transaction() as tx:
            await tx.execute("INSERT INTO public.contact VALUES ('Ada')")
        if len(runs) == 1:
            raise ValueError

    made = await app.enqueue("shaky")
    async with bench.working():
        await bench.reaches(made, "completed")
    assert (await counted(connection))["contacts"] == 2, "at least once, as promised"


async def test_two_attempts_of_one_job_cannot_both_complete_it(bench, app, connection):
    """The fence decides: of two transactions for the same claim, the second finds nothing to complete."""
    ready = asyncio.Barrier(2)
    outcomes: list[str] = []

    @app.job("race")
    async def race(job: Job) -> None:
        async def one() -> None:
            try:
                async with job.transaction() as tx:
                    await tx.execute("INSERT INTO public.contact VALUES ('x')")
                    await ready.wait()
                outcomes.append("committed")
            except StaleLeaseError:
                outcomes.append("stale")

        await asyncio.gather(one(), one())

    made = await app.enqueue("race")
    async with bench.working():
        await bench.reaches(made, "completed")
        await eventually(lambda: len(outcomes) == 2)
    assert sorted(outcomes) == ["committed", "stale"]
    assert (await counted(connection))["contacts"] == 1


async def _is_over(bench, job) -> bool:
    return (await bench.state(job)) in {"failed", "dead", "cancelled"}
