"""A job that depends on others waits until they have ended, and what becomes of it then is its own policy."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from fix_apps import AT_ONCE, Bench, eventually
from headrace import (
    Cancel,
    ConfigurationError,
    Discard,
    Headrace,
    Job,
    JobNotFoundError,
    Retry,
    Snooze,
    Unique,
)
from headrace.jobs import redriving, store
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.job import Claim
from headrace.jobs.outcome import Ended, Ending

ERROR = '{"type": "E", "message": "m"}'


@pytest.fixture
def kinds(app: Headrace) -> Headrace:
    """Kinds that end as their name says; `note` returns its args."""

    @app.job("note")
    async def note(args: str) -> str:
        return args

    @app.job("fail", max_attempts=1, retry=AT_ONCE)
    async def fail(args: str) -> None:
        raise RuntimeError(args)

    @app.job("discard")
    async def discard(args: str) -> None:
        raise Discard(args)

    @app.job("give-up")
    async def give_up(args: str) -> None:
        raise Cancel(args)

    return app


async def claim(connection: asyncpg.Connection, job_id) -> Claim:
    """A job taken by hand, as a worker would."""
    row = await connection.fetchrow(
        "UPDATE headrace.run SET state = 'processing', attempt = attempt + 1, lease = nextval('headrace.lease'),"
        " worker_id = 1, claimed_at = now() WHERE job_id = $1 AND state = 'waiting' RETURNING attempt, lease",
        job_id,
    )
    assert row is not None, "the job is not waiting"
    return Claim(job_id, row["attempt"], row["lease"])


async def end(connection: asyncpg.Connection, job_id, state: Ending = "completed") -> None:
    """Ends a waiting job by hand."""
    held = await claim(connection, job_id)
    recorded = await store.finish_jobs(connection, [store.Settlement(held, Ended(state), timedelta(0))])
    assert recorded == {job_id}


async def waits_for(bench: Bench, job) -> int | None:
    return await bench.value("SELECT waits_for FROM headrace.run WHERE job_id = $1", job.id)


async def test_a_job_runs_after_all_it_depends_on_and_reads_their_results(bench, kinds):
    seen: list[dict] = []

    @kinds.job("sum")
    async def total(job: Job) -> None:
        seen.append(await job.dependency_results())
        assert await job.dependency_counts() == {"completed": 2}

    async with kinds.transaction() as tx:
        one = await tx.enqueue("note", "one")
        two = await tx.enqueue("note", "two", delay=timedelta(milliseconds=300))
        last = await tx.enqueue("sum", depends_on={"first": one, "second": two})
    shown = await bench.show(last)
    assert (shown.state, shown.waits_for) == ("scheduled", 2)
    assert [(it.id, it.name, it.is_open) for it in shown.dependencies] == [
        (one.id, "first", True),
        (two.id, "second", True),
    ]
    async with bench.working():
        await bench.reaches(last, "completed")
    assert {name: (found.result, found.state, found.id) for name, found in seen[0].items()} == {
        "first": ("one", "completed", one.id),
        "second": ("two", "completed", two.id),
    }


async def test_without_names_results_go_by_id(bench, kinds, app):
    seen: list[dict] = []

    @kinds.job("sum")
    async def total(job: Job) -> None:
        seen.append(await job.dependency_results())

    one = await app.enqueue("note", "one")
    last = await app.enqueue("sum", depends_on=[one.id])
    async with bench.working():
        await bench.reaches(last, "completed")
    assert seen[0][str(one.id)].result == "one"


@pytest.mark.parametrize(("kind", "state"), [("fail", "dead"), ("discard", "failed"), ("give-up", "cancelled")])
async def test_a_failed_dependency_cancels_all_that_follow_from_it(bench, kinds, app, kind, state):
    first = await app.enqueue(kind, "no")
    second = await app.enqueue("note", "2", depends_on=[first])
    third = await app.enqueue("note", "3", depends_on=[second])
    beside = await app.enqueue("note", "4", depends_on=[second], on_failed_dependency="run")
    async with bench.working():
        await bench.reaches(beside, "completed")
    assert await bench.state(first) == state
    for job, cause in ((second, f"{first.id}, which it depends on, ended as {state}"), (third, f"{second.id},")):
        shown = await bench.show(job)
        assert (shown.state, shown.attempt) == ("cancelled", 0)
        assert shown.error is not None
        assert shown.error["type"] == "headrace.DependencyFailed"
        assert cause in shown.error["message"]


async def test_with_run_a_job_runs_however_its_dependencies_ended_and_can_tell(bench, kinds, app):
    seen: list[tuple[dict, dict]] = []

    @kinds.job("report")
    async def report(job: Job) -> None:
        seen.append((await job.dependency_results(), await job.dependency_counts()))

    good, bad = await app.enqueue("note", "good"), await app.enqueue("fail", "bad")
    last = await app.enqueue("report", depends_on={"good": good, "bad": bad}, on_failed_dependency="run")
    async with bench.working():
        await bench.reaches(last, "completed")
    results, counts = seen[0]
    assert counts == {"completed": 1, "dead": 1}
    assert results["good"].error is None
    assert results["bad"].result is None
    assert results["bad"].error["message"] == "bad"


async def test_with_hold_a_job_waits_until_the_failed_one_is_retried_and_completes(bench, kinds, app):
    outcomes = iter([RuntimeError("not yet"), None])

    @kinds.job("second-time", max_attempts=1)
    async def second_time() -> None:
        error = next(outcomes)
        if error is not None:
            raise error

    first = await app.enqueue("second-time")
    last = await app.enqueue("note", "x", depends_on=[first], on_failed_dependency="hold")
    async with bench.working():
        await bench.reaches(first, "dead")
        assert await bench.state(last) == "scheduled"
        assert await waits_for(bench, last) == 1
        async with app.pool.acquire() as connection, connection.transaction():
            assert await redriving.redrive_job(connection, first.id)
        await bench.reaches(last, "completed")


async def test_a_job_held_by_a_failed_one_can_be_let_go_by_hand(bench, kinds, app):
    first = await app.enqueue("discard", "x")
    last = await app.enqueue("note", "x", depends_on=[first], on_failed_dependency="hold")
    async with bench.working():
        await bench.reaches(first, "failed")
        async with app.pool.acquire() as connection, connection.transaction():
            assert await redriving.redrive_job(connection, last.id)
        await bench.reaches(last, "completed")


async def test_a_job_held_by_living_ones_cannot_be_let_go(bench, kinds, app):
    first = await app.enqueue("note", "x", delay=timedelta(hours=1))
    last = await app.enqueue("note", "x", depends_on=[first])
    async with app.pool.acquire() as connection, connection.transaction():
        assert not await redriving.redrive_job(connection, last.id)
    assert await waits_for(bench, last) == 1


@pytest.mark.parametrize("policy", ["cancel", "run", "hold"])
@pytest.mark.parametrize("state", ["completed", "failed", "dead", "cancelled"])
async def test_a_dependency_may_have_ended_before(bench, kinds, connection, policy, state):
    app = kinds
    first = await app.enqueue("note", "x")
    await end(connection, first.id, state)
    last = await app.enqueue("note", "y", depends_on=[first], on_failed_dependency=policy)
    after = await app.enqueue("note", "z", depends_on=[last])
    expected = (
        "pending" if state == "completed" or policy == "run" else {"cancel": "cancelled", "hold": "scheduled"}[policy]
    )
    assert await bench.state(last) == expected
    assert await bench.state(after) == ("cancelled" if expected == "cancelled" else "scheduled")


async def test_a_dependency_that_is_not_stored_is_refused_and_nothing_is_stored(bench, kinds, app):
    missing = uuid4()
    with pytest.raises(JobNotFoundError) as caught:
        await app.enqueue("note", "x", depends_on=[missing])
    assert caught.value.job_id == missing
    assert await bench.counts() == {}


async def test_wrong_options_are_refused(kinds, app):
    one = await app.enqueue("note", "x")
    with pytest.raises(ConfigurationError, match="cancel, run or hold"):
        await app.enqueue("note", "x", depends_on=[one], on_failed_dependency="ignore")
    with pytest.raises(ConfigurationError, match="twice"):
        await app.enqueue("note", "x", depends_on={"a": one, "b": one})
    with pytest.raises(ConfigurationError, match="1 to 200"):
        await app.enqueue("note", "x", depends_on={"": one})


async def test_a_job_named_twice_is_waited_for_once(bench, kinds, app, connection):
    one = await app.enqueue("note", "x")
    last = await app.enqueue("note", "y", depends_on=[one, one.id])
    assert await waits_for(bench, last) == 1
    await end(connection, one.id)
    assert await bench.state(last) == "pending"


async def test_snoozes_and_retries_keep_those_that_wait_waiting(bench, kinds, app):
    tries: list[int] = []

    @kinds.job("third-time", retry=AT_ONCE)
    async def third_time(job: Job) -> int:
        tries.append(job.attempt)
        if len(tries) == 1:
            raise Snooze(timedelta(0))
        if len(tries) == 2:
            raise Retry(after=timedelta(0))
        return len(tries)

    @kinds.job("once-snoozed")
    async def once_snoozed(job: Job) -> None:
        assert (await job.dependency_results())["it"].result == 3
        if job.run_at.year < 2000:
            raise AssertionError
        if len(tries) == 3:
            tries.append(0)
            raise Snooze(timedelta(0))

    first = await app.enqueue("third-time")
    last = await app.enqueue("once-snoozed", depends_on={"it": first})
    async with bench.working():
        await bench.reaches(last, "completed")
    assert tries == [1, 1, 2, 0]


async def test_what_waits_is_due_no_earlier_than_it_was_enqueued_for(bench, kinds, app, connection):
    one = await app.enqueue("note", "x")
    last = await app.enqueue("note", "y", depends_on=[one], delay=timedelta(hours=1))
    await end(connection, one.id)
    assert await waits_for(bench, last) == 0
    assert await bench.state(last) == "scheduled"


async def test_what_is_freed_goes_behind_those_that_wait_already(bench, kinds, app, connection):
    one = await app.enqueue("note", "x")
    last = await app.enqueue("note", "y", depends_on=[one])
    other = await app.enqueue("note", "z")
    await end(connection, one.id)
    order = await connection.fetch("SELECT job_id FROM headrace.run WHERE state = 'waiting' ORDER BY run_at, job_id")
    assert [row["job_id"] for row in order] == [other.id, last.id]


async def test_cancelling_a_dependency_cancels_what_waits_for_it(bench, kinds, app, connection):
    first = await app.enqueue("note", "x")
    second = await app.enqueue("note", "y", depends_on=[first])
    third = await app.enqueue("note", "z", depends_on=[second], on_failed_dependency="run")
    assert await cancel_job(connection, first.id, by="me", error=ERROR) == "cancelled"
    assert [await bench.state(job) for job in (first, second, third)] == ["cancelled", "cancelled", "pending"]


async def test_a_held_job_can_be_cancelled_and_its_dependency_goes_on(bench, kinds, app, connection):
    first = await app.enqueue("note", "x")
    second = await app.enqueue("note", "y", depends_on=[first])
    assert await cancel_job(connection, second.id, by="me", error=ERROR) == "cancelled"
    await end(connection, first.id)
    assert [await bench.state(job) for job in (first, second)] == ["completed", "cancelled"]


async def test_a_cancelled_job_that_comes_back_waits_again_for_what_lives(bench, kinds, app, connection):
    first, other = await app.enqueue("note", "x"), await app.enqueue("note", "o")
    last = await app.enqueue("note", "y", depends_on=[first, other])
    await end(connection, other.id)
    await cancel_job(connection, last.id, by="me", error=ERROR)
    async with connection.transaction():
        assert await redriving.redrive_job(connection, last.id)
    assert await waits_for(bench, last) == 1
    await end(connection, first.id)
    assert await bench.state(last) == "pending"


async def test_a_job_that_died_with_its_workers_settles_what_waits_for_it(bench, kinds, app, connection):
    first = await app.enqueue("note", "x", parent=(await app.enqueue("note", "p", delay=timedelta(hours=1))).id)
    second = await app.enqueue("note", "y", depends_on=[first])
    third = await app.enqueue("note", "z", depends_on=[first], on_failed_dependency="run")
    await claim(connection, first.id)
    await store.rescue_jobs(connection, 1, limit=10, poison_after=1, lost_error=ERROR, poison_error=ERROR)
    assert [await bench.state(job) for job in (first, second, third)] == ["dead", "cancelled", "pending"]


async def test_the_parent_counts_jobs_cancelled_by_a_failed_dependency(bench, kinds, app, connection):
    parent = await app.enqueue("note", "p", delay=timedelta(hours=1))
    first = await app.enqueue("note", "x", parent=parent.id)
    for _ in range(3):
        await app.enqueue("note", "y", depends_on=[first], parent=parent.id)
    await end(connection, first.id, "failed")
    progress = (await bench.show(parent)).progress
    assert (progress.child_count, progress.ended_count, progress.failed_count) == (4, 4, 4)


async def test_a_handler_can_enqueue_what_follows_itself(bench, kinds, app):
    @kinds.job("begin")
    async def begin(job: Job) -> None:
        async with job.transaction() as tx:
            await tx.enqueue("note", "after", depends_on=[job], unique=Unique("after"))
            tx.result = "begun"

    first = await app.enqueue("begin")
    async with bench.working():
        await bench.reaches(first, "completed")
        await eventually(lambda: _count(bench, "completed", 2))


async def _count(bench: Bench, state: str, count: int) -> bool:
    return (await bench.counts()).get(state) == count


async def test_a_unique_job_may_depend_on_one_kept_back_in_the_same_transaction(bench, kinds, app, connection):
    async with app.transaction() as tx:
        first = await tx.enqueue("note", "x")
        last = await tx.enqueue("note", "y", depends_on=[first], unique=Unique("y"))
    assert last.is_new
    assert await bench.state(last) == "scheduled"
    again = await app.enqueue("note", "y", unique=Unique("y"), depends_on=[await app.enqueue("note", "z")])
    assert again.id == last.id
    assert not again.is_new
    await end(connection, first.id)
    assert await bench.state(last) == "pending"


async def test_the_owner_of_the_transaction_can_undo_it(bench, kinds, app, connection):
    first = await app.enqueue("note", "x")

    async def enqueue_and_fail() -> None:
        async with app.transaction() as tx:
            await tx.enqueue("note", "y", depends_on=[first])
            await tx.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await enqueue_and_fail()
    await end(connection, first.id)
    assert await bench.counts() == {"completed": 1}


async def test_on_the_callers_connection_a_dependency_cannot_end_unseen(bench, kinds, app, connection, database):
    first = await app.enqueue("note", "x")
    held = await claim(connection, first.id)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            last = await app.enqueue("note", "y", depends_on=[first], connection=other)
            ending = asyncio.create_task(
                store.finish_jobs(connection, [store.Settlement(held, Ended("completed"), timedelta(0))])
            )
            await eventually(lambda: _is_waiting_for_a_lock(bench))
        await ending
    finally:
        await other.close()
    assert await bench.state(last) == "pending"


async def _is_waiting_for_a_lock(bench: Bench) -> bool:
    return await bench.value(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )
