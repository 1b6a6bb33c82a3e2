"""Jobs enqueued at the same time share statements, and each caller still learns of its own job alone."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from headrace import Headrace, Job, Telemetry, bind
from headrace.db.group_commit import GroupCommit
from headrace.jobs.enqueue import prepare
from headrace.jobs.insertion import insert_many
from headrace.jobs.registry import describe

KIND = describe("letter", None, job_type=Job)
OTHER = describe("parcel", None, job_type=Job)
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


class Gate:
    """Runs statements on a pool; what is begun while it is shut waits."""

    def __init__(self, execute):
        self.counts: list[int] = []
        self._execute = execute
        self._open = asyncio.Event()

    async def execute(self, query, *args):
        self.counts.append(len(args[0]) if isinstance(args[0], list) else 1)
        await self._open.wait()
        await self._execute(query, *args)

    def open(self):
        self._open.set()


@pytest.fixture
async def app(database):
    app = Headrace(database, telemetry=Telemetry(), say=lambda _: None)
    app.declare("letter")
    app.declare("parcel")
    async with app:
        yield app


@pytest.fixture
def gate(app):
    return Gate(app.pool.execute)


@pytest.fixture
def group(gate):
    return GroupCommit(lambda jobs: gate.execute(*insert_many(jobs, now=None)))


async def store(group, execute, job):
    """As `app.enqueue` does it."""
    if not group.enter():
        await group.join(job)
        return
    try:
        await execute(*insert_many([job], now=None))
    finally:
        group.leave()


async def ids(app):
    async with app.pool.acquire() as connection:
        return [row["job_id"] for row in await connection.fetch("SELECT job_id FROM headrace.run ORDER BY job_id")]


async def settle():
    """Every task that can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_while_two_statements_are_under_way_is_shared_by_the_next_two(app, gate, group):
    jobs = [prepare(KIND, {"number": number}) for number in range(40)]
    calls = [asyncio.ensure_future(store(group, gate.execute, job)) for job in jobs]
    await settle()
    assert gate.counts == [1, 1]
    gate.open()
    await asyncio.gather(*calls)
    assert gate.counts[:2] == [1, 1]
    # Halves, but for the one that may still be under way by itself when the first of them goes.
    assert sorted(gate.counts[2:]) in ([19, 19], [18, 20])
    assert await ids(app) == [job.id for job in jobs]


async def test_who_comes_again_and_again_keeps_two_statements_under_way(app, gate, group):
    """The callers of one are at work while the other is with the server, and neither takes all."""
    gate.open()

    async def caller():
        for number in range(20):
            await store(group, gate.execute, prepare(KIND, {"number": number}))

    await asyncio.gather(*(caller() for _ in range(8)))
    assert sum(gate.counts) == len(await ids(app)) == 160
    assert max(gate.counts) <= 4
    assert len(gate.counts) < 80, "calls share statements all the same"


async def test_jobs_of_all_sorts_go_together_and_are_what_they_are_alone(app, gate, group):
    jobs = [prepare(KIND, None), prepare(KIND, None)]
    with bind(tenant_id="acme", user_id="u"):
        jobs.append(prepare(OTHER, {"a": 1}, priority="high", metadata={"m": 1}, run_at=NOON, limit_key="x:1"))
    jobs.append(prepare(KIND, [1], delay=timedelta(hours=1), max_attempts=9))
    calls = [asyncio.ensure_future(store(group, gate.execute, job)) for job in jobs]
    gate.open()
    await asyncio.gather(*calls)
    assert sum(gate.counts) == 4
    async with app.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT * FROM headrace.job WHERE id = $1", jobs[2].id)
        run = await connection.fetchrow("SELECT * FROM headrace.run WHERE job_id = $1", jobs[2].id)
    assert (row["tenant_id"], row["user_id"], row["args"], row["metadata"]) == ("acme", "u", '{"a": 1}', '{"m": 1}')
    assert (run["run_at"], run["limit_key"], run["priority"]) == (NOON, "x:1", 1)


async def test_one_that_cannot_be_stored_fails_alone(app, gate, group):
    jobs = [prepare(KIND, None) for _ in range(6)]
    twice = jobs[3] = jobs[0]
    calls = [asyncio.ensure_future(store(group, gate.execute, job)) for job in jobs]
    gate.open()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers].count(asyncpg.UniqueViolationError) == 1
    assert isinstance(answers[3], asyncpg.UniqueViolationError)
    assert await ids(app) == sorted({job.id for job in jobs})
    assert twice.id in await ids(app)


async def test_a_caller_that_gives_up_takes_nobody_with_it(app, gate, group):
    jobs = [prepare(KIND, None) for _ in range(6)]
    calls = [asyncio.ensure_future(store(group, gate.execute, job)) for job in jobs]
    await settle()
    calls[0].cancel()
    calls[4].cancel()
    gate.open()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [number for number, answer in enumerate(answers) if answer is not None] == [0, 4]
    stored = await ids(app)
    assert {job.id for number, job in enumerate(jobs) if number not in {0, 4}} <= set(stored)
    assert jobs[4].id not in stored  # it had not been sent
    await store(group, gate.execute, prepare(KIND, None))
    assert gate.counts[-1] == 1, "the places have come back"


async def test_a_lost_connection_is_told_to_all_whose_jobs_it_may_have_cost(app):
    lost = ConnectionResetError("gone")

    async def fail(*_):
        await asyncio.sleep(0)
        raise lost

    group = GroupCommit(fail)
    calls = [asyncio.ensure_future(store(group, fail, prepare(KIND, None))) for _ in range(9)]
    assert await asyncio.gather(*calls, return_exceptions=True) == [lost] * 9
    assert await ids(app) == []


async def test_a_thousand_calls_at_once_store_a_thousand_jobs(app):
    given = await asyncio.gather(*(app.enqueue("letter", {"number": number}) for number in range(1_000)))
    assert await ids(app) == sorted(one.id for one in given)


async def test_a_closed_app_refuses_and_an_opened_one_begins_anew(database):
    app = Headrace(database, telemetry=Telemetry(), say=lambda _: None)
    app.declare("letter")
    async with app:
        await app.enqueue("letter")
    with pytest.raises(Exception, match="is closed"):
        await app.enqueue("letter")
    async with app:
        await app.enqueue("letter")
        assert len(await ids(app)) == 2
