"""A unique job that is brought back holds its key again, and stays as it ended where another job holds it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from headrace import Headrace, JobFilter, Unique, UniqueKeyHeldError, retry_tree
from headrace.jobs import operations, redriving, store
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.steering import retry_one

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
START = datetime(2031, 5, 1, 12, tzinfo=UTC)
ADA = Unique("ada")


async def cancel(connection: asyncpg.Connection, *job_ids: UUID) -> None:
    await cancel_jobs(connection, job_ids, by="somebody", error='{"type": "E", "message": "m"}')


async def claim(connection: asyncpg.Connection) -> list[UUID]:
    ranges = ClaimCursor(["default"], ageing=None).plan(100, is_sweep=True)
    rows = await store.claim_jobs(connection, ranges, kinds=["score"], limit=100, worker_id=1)
    return [row["job_id"] for row in rows]


async def ended(app: Headrace, connection: asyncpg.Connection, *uniques: Unique, **options) -> list[UUID]:
    """Cancelled jobs, one after the other under each key, the oldest first."""
    made: list[UUID] = []
    for unique in uniques:
        job = await app.enqueue("score", unique=unique, **options)
        assert job.is_new
        await cancel(connection, job.id)
        made.append(job.id)
    return made


@pytest.mark.parametrize(("scope", "is_held"), [("waiting", False), ("alive", True)])
async def test_a_job_brought_back_holds_its_key_as_long_as_its_scope_says(bench, app, connection, scope, is_held):
    app.declare("score")
    unique = Unique("ada", scope=scope)
    (first,) = await ended(app, connection, unique)
    assert (await bench.show(first)).unique_key == "ada"
    await retry_one(app, first, by="ada")
    assert (await app.enqueue("score", unique=unique)).id == first
    assert await claim(connection) == [first]
    second = await app.enqueue("score", unique=unique)
    assert (second.id == first) is is_held


async def test_a_job_whose_key_another_holds_stays_ended_and_the_error_names_who_holds_it(bench, app, connection):
    app.declare("score")
    (first,) = await ended(app, connection, ADA)
    second = await app.enqueue("score", unique=ADA)
    with pytest.raises(UniqueKeyHeldError, match=f"headrace jobs cancel {second.id}") as refused:
        await retry_one(app, first, by="ada")
    error = refused.value
    assert (error.job_id, error.kind, error.key, error.holder_id, error.until) == (
        first,
        "score",
        "ada",
        second.id,
        None,
    )
    assert await bench.state(first) == "cancelled"
    assert await app.operations.all() == [], "nothing was done"
    await cancel(connection, second.id)
    await retry_one(app, first, by="ada")
    assert await bench.state(first) == "pending"


async def test_the_window_of_another_job_keeps_one_out_and_its_own_does_not(clocked, clock, connection):
    app = clocked.app
    app.declare("score")
    (first,) = await ended(app, connection, Unique("ada", window=MINUTE))
    await retry_one(app, first, by="ada")
    await cancel(connection, first)
    clock.advance(MINUTE)
    (second,) = await ended(app, connection, Unique("ada", window=HOUR))
    with pytest.raises(UniqueKeyHeldError, match="by its window until 2031-05-01T13:01:00") as refused:
        await retry_one(app, first, by="ada")
    assert (refused.value.holder_id, refused.value.until) == (second, START + MINUTE + HOUR)
    clock.advance(HOUR)
    await retry_one(app, first, by="ada")
    assert (await clocked.show(first)).ended_at is None


async def test_a_job_brought_back_is_debounced_from_then_on(clocked, clock, connection):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", on_conflict="debounce", max_wait=MINUTE)
    (first,) = await ended(app, connection, unique)
    clock.advance(HOUR)
    await retry_one(app, first, by="ada")
    await app.enqueue("score", unique=unique, delay=HOUR)
    assert (await clocked.show(first)).run_at == START + HOUR + MINUTE


async def test_of_many_brought_back_each_key_takes_the_youngest_and_the_others_are_counted(bench, app, connection):
    app.declare("score")
    jobs = await ended(app, connection, ADA, ADA, Unique("bob"), Unique("cyd"))
    holder = await app.enqueue("score", unique=Unique("bob"))
    plain = await app.enqueue("score")
    await cancel(connection, plain.id)
    done = await app.operations.retry(JobFilter(kinds=("score",)), by="ada")
    assert (done.seen_count, done.changed_count, done.key_held_count) == (5, 3, 2)
    assert [await bench.state(one) for one in [*jobs, holder, plain]] == [
        "cancelled",
        "pending",
        "cancelled",
        "pending",
        "pending",
        "pending",
    ]
    (recorded,) = await app.operations.all()
    assert recorded == done


async def test_what_waits_for_a_job_that_could_not_come_back_is_let_go(bench, app, connection):
    app.declare("score")
    parent = await app.enqueue("score")
    (first,) = await ended(app, connection, ADA, parent=parent.id)
    holder = await app.enqueue("score", unique=ADA)
    last = await app.enqueue("score", depends_on=[first], on_failed_dependency="hold", parent=parent.id)
    later = await app.enqueue("score", depends_on=[first], parent=parent.id)
    assert (await bench.state(last), await bench.state(later)) == ("scheduled", "cancelled")
    done = await app.operations.retry(JobFilter(kinds=("score",)), by="ada")
    assert (done.changed_count, done.key_held_count) == (1, 1)
    assert await bench.state(last) == "scheduled", "it is held until that one is retried, as its policy says"
    assert await bench.state(later) == "pending"
    await cancel(connection, later.id)
    tree = await retry_tree(app, parent.id, by="ada")
    assert (tree.retried_count, tree.key_held_count) == (1, 1)
    assert [await bench.state(one) for one in (first, later, holder)] == ["cancelled", "pending", "pending"]


async def test_what_waits_for_it_is_let_go_though_the_operation_was_interrupted_before_that(
    bench, app, connection, monkeypatch
):
    app.declare("score")
    (first,) = await ended(app, connection, ADA)
    await app.enqueue("score", unique=ADA)
    later = await app.enqueue("score", depends_on=[first])

    async def cut_off(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(operations, "_BATCH", 1)  # so that it comes back before the other is seen
    with monkeypatch.context() as patch:
        patch.setattr(operations, "let_go", cut_off)
        with pytest.raises(ConnectionResetError):
            await app.operations.retry(JobFilter(kinds=("score",)), by="ada")
    (interrupted,) = await app.operations.all()
    assert (interrupted.ended_at, interrupted.changed_count) == (None, 1)
    assert await bench.state(later) == "scheduled"
    done = await app.operations.resume(interrupted.id)
    assert done.ended_at is not None
    assert done.changed_count == 1
    assert await bench.state(later) == "pending"


async def test_a_job_enqueued_in_plain_sql_holds_its_key_again_too(app, connection):
    first = await connection.fetchval(
        "SELECT headrace.enqueue('score', unique_key => 'ada', unique_scope => 'waiting')"
    )
    stored = await connection.fetchrow("SELECT unique_key, unique_while FROM headrace.job")
    assert tuple(stored) == ("score\x1fada", "waiting")
    await connection.execute("SELECT headrace.enqueue('score')")
    assert await connection.fetchval("SELECT count(*) FROM headrace.job WHERE unique_while IS NULL") == 1
    await cancel(connection, first)
    await retry_one(app, first, by="ada")
    again = await connection.fetchval("SELECT headrace.enqueue('score', unique_key => 'ada')")
    assert again == first


async def test_of_many_who_bring_back_and_enqueue_under_one_key_at_once_exactly_one_job_lives(database, connection):
    async with Headrace(database, name="race", pool_size=32, say=lambda _: None) as app:
        app.declare("score")
        for turn in range(3):
            unique = Unique(f"turn {turn}")
            dead = await ended(app, connection, *[unique] * 16)

            async def bring_back(job_id: UUID) -> UUID | None:
                try:
                    await retry_one(app, job_id, by="ada")
                except UniqueKeyHeldError as error:
                    return error.holder_id
                return job_id

            async def enqueue(unique: Unique = unique) -> UUID | None:
                return (await app.enqueue("score", unique=unique)).id

            answers = await asyncio.gather(*(bring_back(one) for one in dead), *(enqueue() for _ in range(16)))
            assert len(set(answers)) == 1, "all were told of the same one"
            living = await connection.fetch(
                "SELECT job_id FROM headrace.run WHERE unique_key LIKE '%' || $1", unique.key
            )
            assert [row["job_id"] for row in living] == [answers[0]]
            assert await connection.fetchval(
                "SELECT count(*) FROM headrace.outcome WHERE job_id = ANY ($1)", dead
            ) == 16 - (answers[0] in dead)


async def test_a_holder_that_just_ends_is_not_waited_for(app, connection, database):
    """Who ends it may wait for a lock of the one who brings back."""
    app.declare("score")
    (first,) = await ended(app, connection, ADA)
    holder = await app.enqueue("score", unique=ADA)
    ending = await asyncpg.connect(database)
    try:
        async with ending.transaction():
            await cancel(ending, holder.id)
            with pytest.raises(UniqueKeyHeldError):
                await asyncio.wait_for(retry_one(app, first, by="ada"), 5)
    finally:
        ending.terminate()


async def test_a_holder_that_is_gone_by_the_time_it_is_to_be_named_leaves_its_key(app, connection, monkeypatch):
    app.declare("score")
    (first,) = await ended(app, connection, ADA)
    holder = await app.enqueue("score", unique=ADA)
    find = redriving.find_key_held

    async def find_after_its_end(inner, job_id, **options):
        await cancel(connection, holder.id)
        return await find(inner, job_id, **options)

    monkeypatch.setattr(redriving, "find_key_held", find_after_its_end)
    _, is_redriven = await retry_one(app, first, by="ada")
    assert is_redriven
