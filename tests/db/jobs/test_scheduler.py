"""Ticks become jobs: each once, whoever fires it, and what an outage left as the policy says."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from fix_apps import Bench, eventually
from fix_schedules import fired, fired_at, scheduler_of, turn
from headrace import Job, Tick, bind
from headrace.jobs.schedule import MOST_CAUGHT_UP
from headrace.testing import VirtualClock

HOUR = timedelta(hours=1)
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def declare(bench: Bench, *, cron: str | None = "0 * * * *", **options) -> None:
    """An app with one schedule, of a kind whose handler returns which tick it runs for."""
    ticks = bench.app

    @ticks.job("report")
    async def report(size: int, job: Job) -> dict:
        return {"size": size, "schedule": job.tick.schedule, "at": job.tick.at}

    ticks.schedule("hourly", "report", 7, cron=cron, **options)


async def test_a_tick_becomes_one_job_that_knows_its_tick(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked, queue="reports", priority="low", max_attempts=9)
    assert await turn(clocked) == timedelta(seconds=10)
    assert await fired(connection) == []
    clock.advance(HOUR + timedelta(milliseconds=3))
    await turn(clocked)
    assert await fired(connection) == [Tick("hourly", NOON + HOUR)]
    job_id = await connection.fetchval("SELECT id FROM headrace.job")
    job = await clocked.show(job_id)
    assert (job.kind, job.args, job.queue, job.priority, job.max_attempts) == ("report", 7, "reports", "low", 9)
    assert (job.actor, job.run_at) == ("schedule hourly", clock.now())
    schedule = await clocked.app.schedules.get("hourly")
    assert (schedule.next_at, schedule.last_at, schedule.last_job_id) == (NOON + 2 * HOUR, NOON + HOUR, job_id)
    await turn(clocked)
    assert len(await fired(connection)) == 1


async def test_the_rest_ends_at_the_next_tick(clocked: Bench, clock: VirtualClock):
    declare(clocked)
    await turn(clocked)
    clock.advance(HOUR - timedelta(seconds=2))
    assert await turn(clocked) == timedelta(seconds=2)


async def test_a_worker_fires_ticks_and_its_handlers_read_them(bench: Bench, connection):
    declare(bench, cron=None, every=timedelta(seconds=1))
    async with bench.working(poll=timedelta(seconds=30)):
        job_id = await eventually(lambda: connection.fetchval("SELECT job_id FROM headrace.outcome LIMIT 1"))
    detail = await bench.show(job_id)
    [tick] = [tick for tick in await fired(connection) if tick.at.isoformat().startswith(detail.result["at"][:19])]
    assert (detail.result["size"], detail.result["schedule"]) == (7, tick.schedule)
    assert timedelta(0) <= detail.run_at - tick.at


@pytest.mark.parametrize(
    ("policy", "hours"),
    [
        ({"catch_up": "none"}, []),
        ({"catch_up": "last"}, [30]),
        ({"catch_up": "all"}, list(range(1, 31))),
        ({"catch_up": "all", "catch_up_limit": 5}, [26, 27, 28, 29, 30]),
    ],
)
async def test_after_an_outage_ticks_are_caught_up_as_asked(
    clocked: Bench, clock: VirtualClock, connection, policy, hours
):
    declare(clocked, **policy)
    await turn(clocked)
    clock.advance(30 * HOUR + timedelta(minutes=20))
    await turn(clocked)
    assert await fired_at(connection) == [NOON + hour * HOUR for hour in hours]
    assert [record.fields["catch_up"] for record in clocked.records.named("schedule.missed")] == (
        [] if len(hours) == 30 else [policy["catch_up"]]
    )
    clock.advance(timedelta(minutes=40))
    await turn(clocked)
    assert (await fired_at(connection))[-1] == NOON + 31 * HOUR


@pytest.mark.slow
async def test_ten_thousand_ticks_to_catch_up_with_leave_the_loop_to_others(
    clocked: Bench, clock: VirtualClock, connection
):
    """By the processor time of the loop's thread between two of its turns, which a busy machine does not lengthen."""
    app = clocked.app
    app.declare("report")
    await app.schedules.create("often", "report", cron="* * * * *", catch_up="all", catch_up_limit=MOST_CAUGHT_UP)
    clock.advance(timedelta(minutes=MOST_CAUGHT_UP))
    longest, is_over = 0.0, False

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time()
        while not is_over:
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
            before = time.thread_time()

    watching = asyncio.create_task(watch())
    await turn(clocked)
    is_over = True
    await watching
    assert len(await fired_at(connection, "often")) == MOST_CAUGHT_UP
    assert longest < 0.2


async def test_two_leaders_at_once_never_fire_a_tick_twice(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked, catch_up="all")
    for number in range(12):
        await clocked.app.schedules.create(f"more-{number}", "report", number, cron="*/30 * * * *", catch_up="all")
    await turn(clocked)
    leaders = [scheduler_of(clocked) for _ in range(4)]
    sessions = [await clocked.app.pool.connect("leader") for _ in leaders]

    async def lead(scheduler, session) -> None:
        while await scheduler.turn(session, patience=timedelta(0)) != scheduler._idle:
            pass

    for _ in range(6):
        clock.advance(HOUR)
        await asyncio.gather(*(lead(one, session) for one, session in zip(leaders, sessions, strict=True)))
    for session in sessions:
        await session.close()
    ticks = await fired(connection)
    assert len(ticks) == len(set(ticks)) == 6 + 12 * 12
    counts = [record.fields["count"] for record in clocked.records.named("schedule.fired")]
    assert sum(counts) == len(ticks)


async def test_a_tick_decided_twice_is_fired_by_the_first_to_commit(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked)
    await turn(clocked)
    clock.advance(HOUR)
    first, second = scheduler_of(clocked), scheduler_of(clocked)
    async with clocked.app.pool.acquire() as one, clocked.app.pool.acquire() as other:
        async with one.transaction():
            await first.turn(one, patience=timedelta(0))
            # The row is locked and not yet moved for anybody else.
            assert await second.turn(other, patience=timedelta(0)) == timedelta(milliseconds=100)
        assert await second.turn(other, patience=timedelta(0)) == timedelta(seconds=10)
    assert await fired_at(connection) == [NOON + HOUR]


async def test_a_tick_whose_transaction_fails_is_still_to_be_fired(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked)
    await turn(clocked)
    clock.advance(HOUR)
    scheduler = scheduler_of(clocked)
    async with clocked.app.pool.acquire() as session:
        transaction = session.transaction()
        await transaction.start()
        await scheduler.turn(session, patience=timedelta(0))
        assert await session.fetchval("SELECT count(*) FROM headrace.job") == 1
        await transaction.rollback()
        assert await fired(connection) == []
        await scheduler.turn(session, patience=timedelta(0))
    assert await fired_at(connection) == [NOON + HOUR]


async def test_who_does_not_lead_fires_only_what_is_overdue(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked)
    leader, other = scheduler_of(clocked), scheduler_of(clocked)
    await leader.run_once()
    clock.advance(HOUR)
    assert await other.run_once() == timedelta(seconds=1)
    assert await fired(connection) == []
    clock.advance(timedelta(seconds=1))  # the leader hangs
    await other.run_once()
    assert await fired_at(connection) == [NOON + HOUR]
    await leader.run_once()
    assert len(await fired(connection)) == 1
    await leader.on_stop()
    await other.on_stop()


async def test_an_edit_between_decision_and_firing_wins(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked)
    await turn(clocked)
    clock.advance(HOUR)
    scheduler = scheduler_of(clocked)
    async with clocked.app.pool.acquire() as session:
        decide = scheduler._decide

        async def decide_then_pause(*args):
            firing = await decide(*args)
            await clocked.app.schedules.pause("hourly")
            return firing

        scheduler._decide = decide_then_pause
        await scheduler.turn(session, patience=timedelta(0))
    assert await fired(connection) == []


async def test_a_schedule_that_cannot_be_read_is_disabled_and_holds_up_no_other(
    clocked: Bench, clock: VirtualClock, connection
):
    declare(clocked)
    await clocked.app.schedules.create("bad", "report", 1, cron="0 * * * *")
    await turn(clocked)
    await connection.execute("UPDATE headrace.schedule SET timezone = 'Mars/Olympus' WHERE name = 'bad'")
    clock.advance(HOUR)
    await turn(clocked)
    assert [tick.schedule for tick in await fired(connection)] == ["hourly"]
    assert "Mars/Olympus" in (await clocked.app.schedules.get("bad")).disabled_because
    assert [record.fields["schedule"] for record in clocked.records.named("schedule.broken")] == ["bad"]


async def test_what_code_no_longer_declares_is_disabled_and_said(clocked: Bench, connection):
    declare(clocked)
    await turn(clocked)
    clocked.app.schedules._declared.clear()
    await turn(clocked)
    assert (await clocked.app.schedules.get("hourly")).disabled_because == "no longer declared by app 'tests'"
    assert [record.fields["action"] for record in clocked.records.named("schedule.declared")] == [
        "declared",
        "disabled",
    ]


async def test_workers_that_start_together_declare_once(bench: Bench, connection):
    declare(bench)
    for number in range(20):
        bench.app.schedule(f"more-{number}", "report", number, every=HOUR)
    schedulers = [scheduler_of(bench) for _ in range(4)]
    await asyncio.gather(*(one.run_once() for one in schedulers))
    for one in schedulers:
        await one.on_stop()
    assert len(await bench.app.schedules.all()) == 21
    assert len(bench.records.named("schedule.declared")) == 21


async def test_a_tick_carries_the_tenant_its_schedule_was_made_for(clocked: Bench, clock: VirtualClock, connection):
    declare(clocked)
    with bind(tenant_id="acme", user_id="ada"):
        await clocked.app.schedules.create("theirs", "report", 1, every=HOUR)
    clock.advance(HOUR)
    await turn(clocked)
    rows = await connection.fetch("SELECT tenant_id, user_id, correlation_id = id AS begins FROM headrace.job")
    assert [tuple(row) for row in rows] == [("acme", "ada", True)]


async def test_due_schedules_are_found_by_their_index(connection: asyncpg.Connection):
    await connection.execute(
        "INSERT INTO headrace.schedule (name, kind, args, cron, timezone, catch_up, catch_up_limit, queue, priority, "
        "max_attempts, source, app, anchor_at, next_at, created_at) SELECT 's' || n, 'k', '1', '* * * * *', 'UTC', "
        "'last', 1, 'q', 2, 3, 'runtime', 'a', now(), now() + n * interval '1 minute', now() "
        "FROM generate_series(1, 5000) AS n"
    )
    await connection.execute("ANALYZE headrace.schedule")
    from headrace.db.statements import statement

    for name, values in (("due_schedules", "interval '0', 100, NULL"), ("next_tick", "NULL")):
        types = {"due_schedules": "interval, integer, timestamptz", "next_tick": "timestamptz"}[name]
        await connection.execute(f"PREPARE {name} ({types}) AS {statement('headrace.jobs', name)}")
        plan = await connection.fetch(f"EXPLAIN EXECUTE {name} ({values})")
        assert "schedule_due" in "\n".join(row[0] for row in plan)
