"""Which job goes first: priority, due time, id; and nobody starves."""

import asyncio
from datetime import timedelta

from fix_apps import eventually
from headrace import Headrace, Priority
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.store import claim_jobs

SECOND = timedelta(seconds=1)


async def run_all(bench, app, count: int, **options) -> list[object]:
    """The order in which waiting jobs of kind `mark` run, one at a time."""
    ran: list[object] = []

    @app.job("mark")
    async def mark(what: object) -> None:
        ran.append(what)

    async with bench.working(concurrency=1, **options):
        await eventually(lambda: len(ran) == count)
    return ran


async def test_the_more_urgent_priority_goes_first(bench, app):
    await _enqueue_later(app, ["low", "normal", "critical", "high"])
    assert await run_all(bench, app, 4) == ["critical", "high", "normal", "low"]


async def _enqueue_later(app, priorities: list[str]) -> None:
    async with Headrace(app.pool.dsn, name="sender", say=lambda _: None) as sender:
        sender.declare("mark")
        for priority in priorities:
            await sender.enqueue("mark", priority, priority=priority)


async def test_within_a_priority_the_earlier_due_goes_first_then_the_earlier_made(bench, app, clock, connection):
    async with Headrace(app.pool.dsn, name="sender", clock=clock, say=lambda _: None) as sender:
        sender.declare("mark")
        past = clock.now() - timedelta(days=4000)
        for number in (3, 1, 2):
            await sender.enqueue("mark", number, run_at=past + number * SECOND)
        await sender.enqueue_many("mark", [4, 5, 6], run_at=past + 9 * SECOND)
    assert await run_all(bench, app, 6) == [1, 2, 3, 4, 5, 6]


async def test_a_delayed_job_runs_when_its_time_has_come_and_not_before(clocked, clock):
    ran: list[str] = []
    app = clocked.app

    @app.job("mark")
    async def mark(what: str) -> None:
        ran.append(what)

    await app.enqueue("mark", "delayed", delay=10 * SECOND)
    await app.enqueue("mark", "at", run_at=clock.now() + 20 * SECOND)
    async with clocked.working(poll=timedelta(milliseconds=20)):
        for step, expected in ((9, []), (1, ["delayed"]), (9, ["delayed"]), (1, ["delayed", "at"])):
            clock.advance(step * SECOND)
            now = await app.enqueue("mark", "now", queue="default")
            await clocked.reaches(now, "completed")
            ran.remove("now")
            assert ran == expected


async def test_a_job_due_soon_starts_then_and_not_at_the_next_poll(bench, app):
    @app.job("soon")
    async def soon() -> None:
        pass

    async with bench.working(poll=timedelta(seconds=30)):
        job = await app.enqueue("soon", delay=timedelta(milliseconds=300))
        done = await bench.reaches(job, "completed", 5)
    assert timedelta(0) <= done.claimed_at - done.run_at < SECOND


async def test_an_idle_worker_is_woken_and_not_left_to_poll(bench, app):
    @app.job("now")
    async def now() -> None:
        pass

    async with bench.working(poll=timedelta(seconds=30)):
        first = await app.enqueue("now")
        await bench.reaches(first, "completed", 5)
        waits = []
        for _ in range(20):
            done = await bench.reaches(await app.enqueue("now"), "completed", 5)
            waits.append(done.claimed_at - done.created_at)
    assert sorted(waits)[10] < timedelta(milliseconds=100)


async def test_old_jobs_of_low_priority_run_while_urgent_ones_keep_coming(clocked, clock):
    """A flood of `high` never ends; the `low` ones, due for two minutes, run among it."""
    app = clocked.app
    ran: dict[str, int] = {"high": 0, "low": 0}

    @app.job("flood")
    async def flood(what: str) -> None:
        ran[what] += 1
        await asyncio.sleep(0)

    await app.enqueue_many("flood", ["low"] * 20, priority="low")
    clock.advance(timedelta(seconds=120))
    await app.enqueue_many("flood", ["high"] * 300, priority="high")
    async with clocked.working(concurrency=2, buffer=16):

        async def has_waited_enough() -> bool:
            if ran["low"] < 20:
                await app.enqueue_many("flood", ["high"] * 100, priority="high")
            return ran["low"] == 20

        await eventually(has_waited_enough, 15)
        waiting = await clocked.value("SELECT count(*) FROM headrace.run")
    assert waiting > 0, "the flood was still there"
    assert ran["high"] > ran["low"]


async def test_young_jobs_of_low_priority_wait_for_urgent_ones(connection, clocked, clock):
    app = clocked.app
    app.declare("any")
    await app.enqueue_many("any", [None] * 50, priority=Priority.LOW)
    await app.enqueue_many("any", [None] * 50, priority=Priority.HIGH)
    rows = await claim_jobs(
        connection,
        ClaimCursor(["default"]).plan(50, is_sweep=False),
        kinds=["any"],
        limit=50,
        worker_id=1,
        now=clock.now(),
    )
    assert {row["priority"] for row in rows} == {Priority.HIGH}


async def test_a_full_claim_with_aged_jobs_among_it_does_not_count_as_short(connection, clocked, clock):
    app = clocked.app
    app.declare("any")
    await app.enqueue_many("any", [None] * 200, priority=Priority.LOW)
    clock.advance(timedelta(minutes=10))
    cursor = ClaimCursor(["default"])
    for _ in range(8):
        plan = cursor.plan(24, is_sweep=False)
        rows = await claim_jobs(connection, plan, kinds=["any"], limit=24, worker_id=1, now=clock.now())
        cursor.advance((row["queue"], row["priority"], row["run_at"], row["job_id"]) for row in rows)
        assert len(rows) <= 24
        assert not cursor.is_short(len(rows), limit=24)


async def test_a_worker_takes_jobs_of_its_queues_and_kinds_only(bench, app):
    @app.job("mine", queue="a")
    async def mine() -> None:
        pass

    app.declare("theirs", queue="a")
    elsewhere = await app.enqueue("mine", queue="b")
    unknown = await app.enqueue("theirs")
    own = await app.enqueue("mine")
    async with bench.working():
        await bench.reaches(own, "completed")
        again = await app.enqueue("mine")
        await bench.reaches(again, "completed")
    assert await bench.state(elsewhere) == "pending"
    assert await bench.state(unknown) == "pending"
