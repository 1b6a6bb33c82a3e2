"""A tree of jobs is cancelled and retried as one."""

import asyncio
import sys
from datetime import timedelta
from uuid import uuid4

import pytest

from fix_apps import eventually
from headrace import Call, Discard, Headrace, Job, JobNotFoundError, cancel_tree, retry_tree
from headrace.jobs import tree


@pytest.fixture
def kinds(app: Headrace) -> Headrace:
    @app.job("leaf")
    async def leaf() -> None: ...

    return app


async def grow(app: Headrace, *, width: int, depth: int) -> list:
    """The levels of a tree of jobs not due yet."""
    levels = [[(await app.enqueue("leaf", delay=timedelta(hours=1))).id]]
    for _ in range(depth):
        children = [
            one.id
            for parent in levels[-1]
            for one in await app.enqueue_many("leaf", [None] * width, parent=parent, delay=timedelta(hours=1))
        ]
        levels.append(children)
    return levels


async def test_everything_below_a_job_is_cancelled_and_nothing_beside_it(bench, kinds, monkeypatch):
    monkeypatch.setattr(tree, "_BATCH", 4)
    levels = await grow(kinds, width=3, depth=3)
    chosen = levels[1][0]
    done = await cancel_tree(kinds, chosen, by="me")
    assert (done.job_count, done.cancelled_count, done.requested_count) == (13, 13, 0)
    assert await bench.counts() == {"cancelled": 13, "scheduled": 27}
    assert await bench.state(levels[0][0]) == "scheduled"
    again = await cancel_tree(kinds, chosen, by="me")
    assert (again.job_count, again.cancelled_count) == (13, 0)
    retried = await retry_tree(kinds, levels[0][0])
    assert (retried.job_count, retried.retried_count) == (40, 13)
    assert await bench.counts() == {"pending": 13, "scheduled": 27}
    progress = (await bench.show(levels[0][0])).progress
    assert (progress.child_count, progress.ended_count, progress.failed_count) == (3, 0, 0)


@pytest.mark.timeout(60)
async def test_the_commands_take_a_tree(bench, kinds, database):
    top, *_ = (level[0] for level in await grow(kinds, width=2, depth=1))

    async def call(*words: str) -> str:
        command = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "headrace.cli", "--database", database, "jobs", *words, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await command.communicate()
        assert command.returncode == (3 if str(top) not in words else 0)
        return told.decode()

    assert "has 3 jobs: 3 cancelled" in await call("cancel", "--tree", str(top))
    assert await bench.counts() == {"cancelled": 3}
    assert "has 3 jobs: 3 run again" in await call("retry", "--tree", str(top))
    assert await bench.counts() == {"pending": 3}
    await call("cancel", "--tree", str(uuid4()))


async def test_running_jobs_of_a_tree_are_interrupted(bench, app):
    @app.job("root")
    async def root(job: Job) -> None:
        await job.enqueue("wait")
        await job.enqueue("wait")

    @app.job("wait")
    async def wait(job: Job) -> None:
        await asyncio.Event().wait()

    top = await app.enqueue("root")
    async with bench.working():
        await eventually(lambda: _are(bench, processing=2, completed=1))
        done = await cancel_tree(app, top.id, by="me")
        assert (done.job_count, done.cancelled_count, done.requested_count) == (3, 0, 2)
        await eventually(lambda: _are(bench, cancelled=2, completed=1))


async def test_a_retried_flow_runs_in_its_order_again(bench, app):
    broken = [True]
    ran: list[str] = []

    @app.job("part", max_attempts=1)
    async def part(name: str) -> None:
        ran.append(name)
        if name == "b" and broken:
            raise Discard("broken")

    top = await app.enqueue("part", "top")
    flow = app.flow(parent=top.id)
    flow.add("a", "part", "a")
    flow.add("b", "part", "b", depends_on=["a"])
    flow.add("c", "part", "c", depends_on=["b"])
    flow.add("d", "part", "d", depends_on=["a", "c"])
    jobs = await flow.enqueue()
    async with bench.working():
        await eventually(lambda: _are(bench, completed=2, failed=1, cancelled=2))
        assert (await retry_tree(app, top.id)).retried_count == 3
        await eventually(lambda: _are(bench, completed=2, failed=1, cancelled=2), what="it fails as before")
        broken.clear()
        assert (await retry_tree(app, top.id)).retried_count == 3
        await bench.reaches(jobs["d"], "completed")
        assert await bench.counts() == {"completed": 5}
    assert ran == ["top", "a", "b", "b", "b", "c", "d"] or sorted(ran[:2]) == ["a", "top"]
    assert ran[-4:] == ["b", "b", "c", "d"]


async def test_a_callback_that_was_not_needed_does_not_come_back(bench, app):
    @app.job("part")
    async def part(name: str) -> None: ...

    top = await app.enqueue("part", "top")
    async with app.transaction() as tx, tx.group(on_failure=Call("part", "oh"), parent=top.id) as group:
        await group.enqueue("part", "a")
    async with bench.working():
        await bench.reaches(group.on_failure, "cancelled")
    assert (await retry_tree(app, top.id)).retried_count == 0


async def test_a_tree_whose_batches_are_small_comes_back_whole(bench, app, monkeypatch):
    monkeypatch.setattr(tree, "_BATCH", 3)

    @app.job("part")
    async def part(name: str) -> None: ...

    top = await app.enqueue("part", "top")
    flow = app.flow(parent=top.id)
    for number in range(20):
        flow.add(str(number), "part", str(number), depends_on=[str(number - 1)] if number else [])
    jobs = await flow.enqueue()
    assert (await cancel_tree(app, top.id, by="me")).cancelled_count == 21
    async with bench.working():
        assert (await retry_tree(app, top.id)).retried_count == 21
        await bench.reaches(jobs["19"], "completed")
    assert await bench.counts() == {"completed": 21}


async def test_jobs_that_others_bring_back_meanwhile_hold_nobody_for_good(bench, app, monkeypatch):
    """Another one retries, and a worker completes, the dependency between looking and retrying."""
    monkeypatch.setattr(tree, "_BATCH", 1)
    broken = [True]

    @app.job("part", max_attempts=1)
    async def part(name: str) -> None:
        if broken:
            raise Discard("broken")

    top = await app.enqueue("part", "top")
    first = await app.enqueue("part", "first", parent=top.id)
    last = await app.enqueue("part", "last", parent=top.id, depends_on=[first])
    redrive = tree.redriving.redrive_jobs
    async with bench.working():
        await eventually(lambda: _are(bench, failed=2, cancelled=1))
        broken.clear()

        async def slowly(connection, job_ids, **options):
            if first.id in job_ids:
                async with app.pool.acquire() as other, other.transaction():
                    await redrive(other, [first.id])
                app.notify("headrace_jobs")
                await bench.reaches(first, "completed")
            return await redrive(connection, job_ids, **options)

        # The batch of `last` goes first; it is held on `first`, which somebody else brings back and completes.
        monkeypatch.setattr(tree.redriving, "redrive_jobs", slowly)
        await retry_tree(app, top.id)
        await bench.reaches(last, "completed")


async def test_a_job_that_is_not_stored_is_refused(app):
    for act in (cancel_tree(app, uuid4(), by="me"), retry_tree(app, uuid4())):
        with pytest.raises(JobNotFoundError):
            await act


async def _are(bench, **counts: int) -> bool:
    return await bench.counts() == counts
