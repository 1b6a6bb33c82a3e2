"""Flows and groups are stored as one, and run in their order."""

from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace import Call, ConfigurationError, Discard, Headrace, InvalidArgsError, Job


@pytest.fixture
def words(app: Headrace) -> Headrace:
    @app.job("word")
    async def word(args: str, job: Job) -> str:
        if args == "bad":
            raise Discard("a bad word")
        results = (await job.dependency_results()).values()
        return " ".join([*(one.result for one in results if one.result), args])

    return app


async def test_a_flow_runs_in_its_order_and_results_flow_along(bench, words):
    flow = words.flow()
    flow.add("d", "word", "d", depends_on=["b", "c"])
    flow.add("b", "word", "b", depends_on=["a"])
    flow.add("c", "word", "c", depends_on=["a"])
    flow.add("a", "word", "a")
    jobs = await flow.enqueue()
    assert set(jobs) == set("abcd")
    async with bench.working():
        last = await bench.reaches(jobs["d"], "completed")
    assert last.result == "a b a c d"
    assert len({(await bench.show(job)).correlation_id for job in jobs.values()}) == 1


async def test_a_flow_with_a_wrong_job_stores_nothing(bench, app):
    @app.job("count")
    async def count(args: int) -> None: ...

    flow = app.flow()
    flow.add("a", "count", 1)
    flow.add("b", "count", "two", depends_on=["a"])
    with pytest.raises(InvalidArgsError):
        await flow.enqueue()
    assert await bench.counts() == {}


async def test_a_flow_is_part_of_the_transaction_it_is_given(bench, words, connection):
    first = await words.enqueue("word", "before")
    flow = words.flow(parent=first.id)
    flow.add("a", "word", "a", depends_on=[first])
    flow.add("b", "word", "b", depends_on="a", on_failed_dependency="run")

    async def enqueue_and_fail() -> None:
        async with words.transaction() as tx:
            await flow.enqueue(tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await enqueue_and_fail()
    assert await bench.counts() == {"pending": 1}
    async with connection.transaction():
        jobs = await flow.enqueue(connection=connection)
    assert {(await bench.show(job)).parent_id for job in jobs.values()} == {first.id}
    async with bench.working():
        assert (await bench.reaches(jobs["b"], "completed")).result == "before a b"
    progress = (await bench.show(first)).progress
    assert (progress.child_count, progress.ended_count, progress.failed_count) == (2, 2, 0)


async def test_a_wide_flow_is_stored_and_run(bench, words):
    flow = words.flow()
    flow.add("first", "word", "x")
    names = [f"n{number}" for number in range(200)]
    for name in names:
        flow.add(name, "word", "y", depends_on=["first"])
    flow.add("last", "word", "z", depends_on=names)
    jobs = await flow.enqueue()
    async with bench.working():
        result = (await bench.reaches(jobs["last"], "completed")).result
    assert result == "x y " * 200 + "z"


@pytest.fixture
def follow_ups(words: Headrace) -> list[tuple[str, dict, int]]:
    """What the callbacks of a group were told: their args, the counts, the number of results."""
    told: list[tuple[str, dict, int]] = []

    @words.job("follow")
    async def follow(args: str, job: Job) -> None:
        told.append((args, await job.dependency_counts(), len(await job.dependency_results())))

    return told


async def test_on_complete_runs_once_all_members_have_ended(bench, words, follow_ups):
    async with words.transaction() as tx, tx.group(on_complete=Call("follow", "all")) as group:
        await group.enqueue_many("word", ["a", "b"])
        await group.enqueue("word", "bad")
    assert group.on_failure is None
    async with bench.working():
        await bench.reaches(group.on_complete, "completed")
    assert follow_ups == [("all", {"completed": 2, "failed": 1}, 3)]


async def test_on_failure_runs_at_the_first_failure_and_once(bench, words, follow_ups):
    async with words.transaction() as tx, tx.group(on_failure=Call("follow", "oh")) as group:
        await group.enqueue_many("word", ["a", "bad", "bad"])
        late = await group.enqueue("word", "late", delay=timedelta(hours=1))
    async with bench.working():
        await bench.reaches(group.on_failure, "completed")
        await eventually(lambda: _ended(bench, 4))
    assert await bench.state(late) == "scheduled"
    assert [args for args, _, _ in follow_ups] == ["oh"]
    assert follow_ups[0][1]["failed"] >= 1


async def test_on_failure_ends_as_cancelled_where_nobody_fails_and_counts_as_no_failure(bench, words, follow_ups):
    parent = await words.enqueue("follow", "parent", delay=timedelta(hours=1))
    async with (
        words.transaction() as tx,
        tx.group(on_complete=Call("follow", "all"), on_failure=Call("follow", "oh"), parent=parent.id) as group,
    ):
        await group.enqueue_many("word", ["a", "b"])
    async with bench.working():
        await bench.reaches(group.on_complete, "completed")
        shown = await bench.reaches(group.on_failure, "cancelled")
    assert shown.error["type"] == "headrace.NotNeeded"
    assert follow_ups == [("all", {"completed": 2}, 2)]
    progress = (await bench.show(parent)).progress
    assert (progress.child_count, progress.ended_count, progress.failed_count) == (4, 4, 0)


async def test_an_empty_group_is_complete_at_once(bench, words, follow_ups):
    async with words.transaction() as tx, tx.group(on_complete=Call("follow", "all"), on_failure="follow") as group:
        pass
    assert group.on_failure is None
    async with bench.working():
        await bench.reaches(group.on_complete, "completed")
    assert follow_ups == [("all", {}, 0)]


async def test_a_group_whose_block_raises_enqueues_no_callback(bench, words, follow_ups):
    async with words.transaction() as tx:
        with pytest.raises(ZeroDivisionError):
            async with tx.group(on_complete=Call("follow", "all")) as group:
                raise ZeroDivisionError
        with pytest.raises(ConfigurationError, match="inside"):
            await group.enqueue("word", "late")
        with pytest.raises(ConfigurationError, match="on_complete or on_failure"):
            tx.group()
    assert await bench.counts() == {}


async def _ended(bench, count: int) -> bool:
    return await bench.value("SELECT count(*) FROM headrace.outcome") == count
