"""Waiting for results: woken by whoever ends the job, looked up for all who wait at once."""

import asyncio
from datetime import timedelta

import msgspec
import psycopg
import pytest

from fix_apps import eventually, opened_bench
from headrace import (
    ConfigurationError,
    Discard,
    Enqueued,
    Job,
    JobCancelledError,
    JobFailedError,
    JobNotEndedError,
    JobNotFoundError,
    uuid7,
)
from headrace.db.listener import RESULTS_CHANNEL
from headrace.jobs import ending as statements
from headrace.jobs.tree import cancel_tree

SOON = timedelta(seconds=10)
HOUR = timedelta(hours=1)


class Page(msgspec.Struct):
    words: int


@pytest.fixture
def kinds(app):
    @app.job("count", max_attempts=1)
    async def count(words: int) -> Page:
        if words < 0:
            raise ValueError(f"a page cannot have {words} words")
        if words == 0:
            raise Discard("an empty page")
        return Page(words)


@pytest.fixture
def looks(app, monkeypatch):
    """Every look for ends: how many jobs it was for. The safety net is far away, so only wake-ups lead to one."""
    app._results._idle = HOUR
    seen = []
    real = statements.find_ends

    async def find_ends(connection, job_ids):
        seen.append(len(job_ids))
        return await real(connection, job_ids)

    monkeypatch.setattr("headrace.jobs.results.find_ends", find_ends)
    return seen


async def waits(app, *jobs) -> None:
    """Returns once these are marked and the listener is there: from now on only a wake-up can tell."""

    async def are_marked() -> bool:
        async with app.pool.acquire() as connection:
            marked = await connection.fetchval(
                "SELECT count(*) FROM headrace.run WHERE job_id = ANY ($1) AND is_awaited", [job.id for job in jobs]
            )
        return marked == len(jobs) and app.listener.hears(RESULTS_CHANNEL)

    await eventually(are_marked)


async def test_the_result_of_a_job_comes_in_its_type(bench, app, kinds):
    async with bench.working():
        job = await app.enqueue("count", 7)
        assert await job.result(timeout=SOON) == Page(7)
        assert await app.handle(job.id).result(timeout=SOON) == Page(7)
        assert await job.result(timeout=SOON, result_type=dict) == {"words": 7}


async def test_who_waits_is_woken_and_does_not_poll(bench, app, kinds, looks):
    job = await app.enqueue("count", 7, delay=HOUR)
    waiting = asyncio.create_task(job.result())
    await waits(app, job)
    await eventually(lambda: looks)
    async with bench.working():
        quiet = len(looks)
        await bench.value("UPDATE headrace.run SET run_at = now() WHERE job_id = $1 RETURNING 1", job.id)
        assert await asyncio.wait_for(waiting, 10) == Page(7)
    assert len(looks) - quiet <= 2


async def test_who_ends_a_job_that_nobody_waits_for_sends_nothing(bench, app, kinds, database):
    heard = []
    async with opened_bench(database) as other:
        other.app.listener.subscribe(RESULTS_CHANNEL, lambda: heard.append(1))
        other.app.listener.start()
        await eventually(lambda: other.app.listener.hears(RESULTS_CHANNEL))
        heard.clear()
        async with bench.working():
            for job in await app.enqueue_many("count", [1] * 20):
                await bench.reaches(job, "completed")
            assert heard == []
            awaited = await app.enqueue("count", 1, delay=HOUR)
            waiting = asyncio.create_task(awaited.result())
            await waits(app, awaited)
            await bench.value("UPDATE headrace.run SET run_at = now() WHERE job_id = $1 RETURNING 1", awaited.id)
            await asyncio.wait_for(waiting, 10)
            await eventually(lambda: heard)


async def test_many_who_wait_share_each_look(bench, app, kinds, looks):
    jobs = await app.enqueue_many("count", list(range(1, 301)))
    waiting = [asyncio.create_task(job.result(timeout=SOON)) for job in [*jobs, *jobs]]
    async with bench.working():
        results = await asyncio.gather(*waiting)
    assert [page.words for page in results] == [*range(1, 301), *range(1, 301)]
    assert looks[0] == 300
    assert len(looks) < 60
    assert app._results._waiting == {}


async def test_a_job_that_completes_in_its_transaction_wakes_who_waits(bench, app, looks):
    @app.job("write")
    async def write(job: Job) -> int:
        async with job.transaction() as tx:
            tx.result = 11

    job = await app.enqueue("write", delay=HOUR)
    waiting = asyncio.create_task(job.result())
    await waits(app, job)
    async with bench.working():
        await bench.value("UPDATE headrace.run SET run_at = now() WHERE job_id = $1 RETURNING 1", job.id)
        assert await asyncio.wait_for(waiting, 10) == 11


@pytest.mark.parametrize(("words", "state", "told"), [(-1, "dead", "-1 words"), (0, "failed", "an empty page")])
async def test_a_job_that_fails_raises_its_own_error(bench, kinds, words, state, told):
    job = await bench.app.enqueue("count", words)
    async with bench.working():
        with pytest.raises(JobFailedError, match=told) as raised:
            await job.result(timeout=SOON)
    assert (raised.value.job_id, raised.value.state, raised.value.kind) == (job.id, state, "count")
    assert "Traceback" in raised.value.error["traceback"]


async def test_a_job_that_is_cancelled_and_one_that_depended_on_it_wake_who_waits(app, kinds, looks):
    job = await app.enqueue("count", 1, delay=HOUR)
    follower = await app.enqueue("count", 1, depends_on=[job])
    waiting = [asyncio.create_task(one.result()) for one in (job, follower)]
    await waits(app, job, follower)
    await cancel_tree(app, job.id, by="ada")
    with pytest.raises(JobCancelledError, match="cancelled by ada"):
        await asyncio.wait_for(waiting[0], 10)
    with pytest.raises(JobCancelledError, match="ended as cancelled"):
        await asyncio.wait_for(waiting[1], 10)


async def test_a_job_that_does_not_end_in_time_is_told_of_and_goes_on(bench, app, kinds):
    job = await app.enqueue("count", 1)
    with pytest.raises(JobNotEndedError, match="jobs explain") as raised:
        await job.result(timeout=timedelta(milliseconds=50))
    assert isinstance(raised.value, TimeoutError)
    assert app._results._waiting == {}
    assert await bench.state(job) == "pending"


async def test_no_time_at_all_still_gets_what_is_there(bench, app, kinds):
    job = await app.enqueue("count", 1)
    with pytest.raises(JobNotEndedError):
        await job.result(timeout=timedelta(0))
    async with bench.working():
        await bench.reaches(job, "completed")
    assert await job.result(timeout=timedelta(0)) == Page(1)


async def test_a_job_that_is_not_stored_is_not_found(app, kinds):
    with pytest.raises(JobNotFoundError):
        await app.handle(uuid7()).result()
    async with app.transaction() as tx:
        inside = await tx.enqueue("count", 1)
        with pytest.raises(JobNotFoundError):
            await inside.result(timeout=SOON)


async def test_a_job_that_is_locked_is_marked_when_it_is_free_and_keeps_nobody_else_waiting(
    bench, app, kinds, connection
):
    locked, other = await app.enqueue_many("count", [1, 2])
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT FROM headrace.run WHERE job_id = $1 FOR UPDATE", locked.id)
    first = asyncio.create_task(locked.result(timeout=SOON))
    async with bench.working():
        assert await other.result(timeout=SOON) == Page(2)
        await transaction.rollback()
        assert await first == Page(1)


async def test_without_a_listener_it_polls(bench, app, kinds, monkeypatch):
    monkeypatch.setattr(app.listener, "start", lambda: None)
    app._results._idle = HOUR
    job = await app.enqueue("count", 5)
    waiting = asyncio.create_task(job.result(timeout=SOON))
    await waits_without_listener(app, job)
    async with bench.working():
        assert await waiting == Page(5)


async def waits_without_listener(app, job) -> None:
    async def is_marked() -> bool:
        async with app.pool.acquire() as connection:
            return await connection.fetchval("SELECT is_awaited FROM headrace.run WHERE job_id = $1", job.id)

    await eventually(is_marked)
    assert not app.listener.hears(RESULTS_CHANNEL)


async def test_who_waits_when_the_app_closes_is_told(database):
    async with opened_bench(database) as bench:
        bench.app.declare("count")
        job = await bench.app.enqueue("count")
        waiting = asyncio.create_task(job.result())
        await waits(bench.app, job)
    with pytest.raises(ConfigurationError, match="closed while job"):
        await waiting
    with pytest.raises(ConfigurationError, match="is closed"):
        await job.result()


async def test_a_handler_may_wait_for_its_child(bench, app, kinds):
    @app.job("parent")
    async def parent(job: Job) -> int:
        child = await job.enqueue("count", 3)
        return (await child.result(timeout=SOON)).words

    job = await app.enqueue("parent")
    async with bench.working():
        assert await job.result(timeout=SOON) == 3


async def test_a_blocking_caller_waits_on_its_own_connection(bench, app, kinds, database):
    def wait():
        with psycopg.connect(database) as connection:
            job = app.sync.enqueue("count", 9, connection=connection)
            connection.commit()
            return app.sync.result(job, connection=connection, timeout=SOON)

    async with bench.working():
        assert await asyncio.to_thread(wait) == Page(9)


async def test_a_blocking_caller_gets_the_same_errors(app, kinds, database):
    def wait(job, timeout):
        with psycopg.connect(database) as connection:
            return app.sync.result(job, connection=connection, timeout=timeout)

    job = await app.enqueue("count", 1, delay=HOUR)
    with pytest.raises(JobNotEndedError):
        await asyncio.to_thread(wait, job.id, timedelta(milliseconds=50))
    await cancel_tree(app, job.id, by="ada")
    with pytest.raises(JobCancelledError):
        await asyncio.to_thread(wait, job, None)
    with pytest.raises(JobNotFoundError):
        await asyncio.to_thread(wait, uuid7(), None)


async def test_handles_are_equal_by_what_they_name_and_encode_as_before(app, kinds):
    job = await app.enqueue("count", 1)
    assert job == Enqueued(job.id)
    assert msgspec.to_builtins(job) == {"id": str(job.id), "is_new": True}
