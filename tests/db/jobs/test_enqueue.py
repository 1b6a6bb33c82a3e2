import asyncpg
import pytest

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken
from headrace import ConfigurationError, InvalidArgsError, Unique
from headrace.db.listener import JOBS_CHANNEL


@pytest.fixture(autouse=True)
def _kinds(app):
    app.declare("mail", args_type=dict[str, int])


async def count(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT count(*) FROM headrace.job_state WHERE state = 'pending'")


async def test_the_engine_enqueues_in_a_transaction_of_its_own(app, bench, connection):
    job = await app.enqueue("mail", {"to": 7}, queue="out", priority="high", max_attempts=5, metadata={"why": 1})
    assert job.is_new
    assert await count(connection) == 1
    stored = await bench.show(job)
    assert (stored.args, stored.queue, stored.priority, stored.max_attempts) == ({"to": 7}, "out", "high", 5)
    assert stored.metadata == {"why": 1}


async def test_a_job_appears_with_the_commit_of_its_transaction_and_not_before(app, connection):
    async with app.transaction() as tx:
        await tx.enqueue("mail", {"to": 1})
        await tx.enqueue_many("mail", [{"to": 2}, {"to": 3}])
        await tx.flush()
        assert await count(connection) == 0
    assert await count(connection) == 3


async def test_a_rolled_back_transaction_leaves_no_job(app, connection):
    with pytest.raises(LookupError):
        async with app.transaction() as tx:
            await tx.enqueue("mail", {"to": 1})
            await tx.enqueue("mail", {"to": 2}, unique=Unique("once"))
            raise LookupError
    assert await count(connection) == 0


async def test_a_job_on_the_callers_connection_commits_with_the_callers_work(app, database, connection):
    caller = await asyncpg.connect(database)
    try:
        async with caller.transaction():
            await caller.execute("CREATE TABLE public.receipt (id int)")
            await app.enqueue("mail", {"to": 1}, connection=caller)
            await app.enqueue_many("mail", [{"to": 2}], connection=caller)
            assert await count(connection) == 0
        assert await count(connection) == 2
    finally:
        await caller.close()


async def test_a_job_on_the_callers_connection_goes_with_the_callers_rollback(app, database, connection):
    caller = await asyncpg.connect(database)
    try:
        with pytest.raises(LookupError):
            async with caller.transaction():
                await app.enqueue("mail", {"to": 1}, connection=caller)
                raise LookupError
        assert await count(connection) == 0
    finally:
        await caller.close()


async def test_a_job_on_a_pooled_connection_of_the_caller_works_too(app, database, connection):
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool, pool.acquire() as caller:
        async with caller.transaction():
            await app.enqueue("mail", {"to": 1}, connection=caller)
        assert await count(connection) == 1


async def test_workers_are_told_of_a_job_once_the_caller_has_committed(app, database, connection):
    heard: list[str] = []
    await connection.add_listener(JOBS_CHANNEL, lambda *told: heard.append(told[2]))
    caller = await asyncpg.connect(database)
    try:
        async with caller.transaction():
            await app.enqueue("mail", {"to": 1}, connection=caller)
            await connection.execute("SELECT 1")
            assert heard == []
        await eventually(lambda: heard == [JOBS_CHANNEL], 2)
    finally:
        await caller.close()


async def test_many_jobs_on_one_callers_transaction_are_watched_once(app, database):
    caller = await asyncpg.connect(database)
    try:
        async with caller.transaction():
            for number in range(300):
                await app.enqueue("mail", {"to": number}, connection=caller)
            assert len(app._watch._watched) == 1
    finally:
        await caller.close()


async def test_enqueue_many_keeps_the_order_of_its_args(app, bench):
    jobs = await app.enqueue_many("mail", [{"to": number} for number in range(20)])
    assert len({job.id for job in jobs}) == 20
    assert [job.id for job in jobs] == sorted(job.id for job in jobs)
    assert [(await bench.show(job)).args["to"] for job in jobs] == list(range(20))


async def test_enqueue_many_stores_more_than_one_statement_holds(app, connection):
    jobs = await app.enqueue_many("mail", [{"to": number} for number in range(12_001)])
    assert len(jobs) == await count(connection) == 12_001


async def test_enqueue_many_of_nothing_stores_nothing(app, connection):
    assert await app.enqueue_many("mail", []) == []
    assert await count(connection) == 0


async def test_enqueue_many_stores_none_where_one_of_its_args_is_wrong(app, connection):
    with pytest.raises(InvalidArgsError):
        await app.enqueue_many("mail", [{"to": 1}, {"to": "nobody"}])
    assert await count(connection) == 0


async def test_enqueue_many_wants_one_unique_key_for_each_of_its_args(app):
    with pytest.raises(ConfigurationError, match="2 args and 1 unique"):
        await app.enqueue_many("mail", [{"to": 1}, {"to": 2}], uniques=[Unique("one")])


async def test_a_child_counts_in_its_parents_progress(app, bench):
    parent = await app.enqueue("mail", {})
    await app.enqueue_many("mail", [{}, {}], parent=parent.id)
    await app.enqueue("mail", {}, parent=parent.id, unique=Unique("third"))
    await app.enqueue("mail", {}, parent=parent.id, unique=Unique("third"))
    assert (await bench.show(parent)).progress.child_count == 3


async def test_what_was_enqueued_in_a_savepoint_goes_with_it(app, connection):
    async with app.transaction() as tx:
        await tx.enqueue("mail", {"to": 1})
        with pytest.raises(LookupError):
            async with tx.savepoint():
                await tx.enqueue("mail", {"to": 2})
                await tx.enqueue("mail", {"to": 3}, unique=Unique("three"))
                raise LookupError
        async with tx.savepoint():
            await tx.enqueue("mail", {"to": 4})
    rows = await connection.fetch("SELECT (args->>'to')::int FROM headrace.job ORDER BY 1")
    assert [row[0] for row in rows] == [1, 4]


async def test_a_sync_handler_that_may_fail_leaves_neither_writes_nor_jobs_nor_events_behind(app, bench, connection):
    app.register(ContactCreated, NoteTaken)

    @app.on(ContactCreated, mode="sync", on_error="log")
    async def fails(event, tx) -> None:
        await tx.execute("CREATE TABLE public.trace (id int)")
        await tx.enqueue("mail", {"to": 1})
        await tx.append(NoteTaken("never"))
        raise LookupError

    async with app.transaction() as tx:
        await tx.append(ContactCreated("Ada"))
        await tx.enqueue("mail", {"to": 2})
    assert await connection.fetchval("SELECT to_regclass('public.trace') IS NULL")
    assert await connection.fetchval("SELECT array_agg((args->>'to')::int) FROM headrace.job") == [2]
    assert await connection.fetchval("SELECT array_agg(type) FROM headrace.event") == ["contact.created"]
    assert bench.records.named("event.handler_failed")
