"""`inline`: what a commit asked for has happened when the call returns."""

import asyncio

import asyncpg
import pytest

from fix_events import ContactCreated, NoteTaken
from headrace import ConfigurationError, Job
from headrace.testing import inline


@pytest.fixture
def noted(app) -> list[int]:
    seen: list[int] = []

    @app.job("note")
    async def note(args: int) -> None:
        seen.append(args)

    return seen


async def test_a_job_has_run_when_enqueue_returns(bench, app, noted):
    async with inline(app) as done:
        job = await app.enqueue("note", 1)
        assert noted == [1]
        assert await bench.state(job) == "completed"
    assert done.kinds == {"note": 1}


async def test_it_runs_after_the_commit_and_not_before(app, noted):
    async with inline(app):
        async with app.transaction() as tx:
            await tx.enqueue("note", 1)
            assert noted == []
        assert noted == [1]


async def test_a_rollback_runs_nothing(app, noted):
    async def fail() -> None:
        async with app.transaction() as tx:
            await tx.enqueue("note", 1)
            raise LookupError

    async with inline(app):
        with pytest.raises(LookupError):
            await fail()
    assert noted == []


async def test_an_error_surfaces_where_the_job_was_enqueued_and_the_commit_stands(bench, app, noted):
    @app.job("breaks")
    async def breaks() -> None:
        raise LookupError("no such place")

    async with inline(app):
        with pytest.raises(LookupError, match="no such place"):
            await app.enqueue("breaks")
        await app.enqueue("note", 1)
    assert await bench.counts() == {"scheduled": 1, "completed": 1}
    assert noted == [1]


async def test_children_run_after_their_parent_and_not_inside_it(app):
    seen: list[str] = []

    @app.job("parent")
    async def parent(job: Job) -> None:
        seen.append("parent begins")
        await job.enqueue("child")
        seen.append("parent ends")

    @app.job("child")
    async def child() -> None:
        seen.append("child")

    async with inline(app):
        await app.enqueue("parent")
    assert seen == ["parent begins", "parent ends", "child"]


async def test_a_thread_of_a_handler_does_not_nest_either(app, noted):
    loop = asyncio.get_running_loop()

    @app.job("plain")
    def plain() -> None:
        asyncio.run_coroutine_threadsafe(app.enqueue("note", 1), loop).result(5)

    async with inline(app):
        await app.enqueue("plain")
        await app.enqueue("note", 2)
    assert sorted(noted) == [1, 2]


async def test_handlers_of_events_have_run_too(app, noted):
    app.register(ContactCreated, NoteTaken)

    @app.on(ContactCreated, mode="ordered")
    async def take_note(events, tx) -> None:
        for event in events:
            await tx.append(NoteTaken(event.data.name))

    app.on(NoteTaken).enqueue("note", lambda event: len(event.data.text))
    async with inline(app):
        await app.append(ContactCreated("Ada"))
        assert noted == [3]


async def test_commits_at_once_are_served_one_after_the_other(app, noted):
    async with inline(app):
        await asyncio.gather(*(app.enqueue("note", number) for number in range(5)))
        assert sorted(noted) == [0, 1, 2, 3, 4]


async def test_the_callers_own_commit_is_served_with_the_next_one(app, database, noted):
    caller = await asyncpg.connect(database)
    async with inline(app):
        async with caller.transaction():
            await app.enqueue("note", 1, connection=caller)
        assert noted == []
        await app.enqueue("note", 2)
    await caller.close()
    assert noted == [1, 2]


async def test_after_the_block_jobs_wait_again(bench, app, noted):
    async with inline(app):
        with pytest.raises(ConfigurationError, match="inline already"):
            async with inline(app):
                pass
    job = await app.enqueue("note", 1)
    assert (await bench.state(job), noted) == ("pending", [])
