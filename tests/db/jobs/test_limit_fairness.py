"""Workers under limits: keys get their turns, nobody waits for what is held back, and who waits is woken in time."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from fix_apps import eventually, opened_bench
from headrace import Limit, Rate
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import set_rule

pytestmark = pytest.mark.timeout(60)

FILL = """
    WITH new AS MATERIALIZED (
        SELECT n, (substr(headrace.uuid7_floor(now())::text, 1, 13) || substr(gen_random_uuid()::text, 14))::uuid AS id
        FROM generate_series(1, $1::int) AS n
    ), body AS (
        INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id, limit_key)
        SELECT id, 'any', 'default', 2, $2::jsonb, 3, id, $3 FROM new
    )
    INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, limit_key)
    SELECT id, 'default', 'any', 2, now() - interval '1 hour' + n * interval '1 millisecond', $3 FROM new
"""


async def fill(bench, count: int, tenant: str) -> None:
    async with bench.app.pool.acquire() as connection:
        await connection.execute(FILL, count, f'{{"tenant": "{tenant}"}}', f"tenant:{tenant}")


async def test_one_tenants_hundred_thousand_jobs_do_not_delay_anothers_one(bench, app):
    ran: list[str] = []

    @app.job("any", limit=Limit("tenant", key="{tenant}"))
    async def any_(args: dict[str, str]) -> None:
        ran.append(args["tenant"])
        await asyncio.sleep(0.002)

    await fill(bench, 100_000, "a")
    async with bench.working(concurrency=4, buffer=50):
        await eventually(lambda: len(ran) > 200, 20)
        before = len(ran)
        job = await app.enqueue("any", {"tenant": "b"})
        await bench.reaches(job, "completed", 10)
        assert ran.index("b") - before < 500, "and not behind a hundred thousand"


async def test_keys_with_much_to_do_get_equal_shares(bench, app):
    ran: Counter[str] = Counter()

    @app.job("any", limit=Limit("tenant", key="{tenant}"))
    async def any_(args: dict[str, str]) -> None:
        ran[args["tenant"]] += 1
        await asyncio.sleep(0.001)

    for tenant, count in (("a", 4_000), ("b", 400), ("c", 400)):
        await fill(bench, count, tenant)
    async with bench.working(concurrency=4, buffer=40):
        await eventually(lambda: ran["b"] == 400 and ran["c"] == 400, 30)
        assert ran["a"] < 900


async def test_jobs_with_keys_and_without_take_turns(bench, app):
    ran: Counter[str] = Counter()

    @app.job("any", limit=Limit("tenant", key="{tenant}"))
    async def any_(args: dict[str, str]) -> None:
        ran["keyed"] += 1
        await asyncio.sleep(0.001)

    @app.job("plain")
    async def plain() -> None:
        ran["plain"] += 1
        await asyncio.sleep(0.001)

    await fill(bench, 3_000, "a")
    await app.enqueue_many("plain", [None] * 3_000)
    async with bench.working(concurrency=4, buffer=40):
        await eventually(lambda: ran.total() > 2_000, 30)
        share = ran["keyed"] / ran.total()
    assert 0.3 < share < 0.7


async def test_many_jobs_held_back_delay_nobody_else(bench, app):
    going = asyncio.Event()
    ran: list[str] = []

    @app.job("any", limit=Limit("tenant", key="{tenant}", concurrency=1))
    async def any_(args: dict[str, str]) -> None:
        ran.append(args["tenant"])
        if args["tenant"] == "a":
            await going.wait()

    @app.job("plain")
    async def plain() -> None:
        ran.append("plain")

    await fill(bench, 20_000, "a")
    async with bench.working(poll=timedelta(seconds=30)):
        await eventually(lambda: ran == ["a"])
        for tenant in ("b", "c"):
            await bench.reaches(await app.enqueue("any", {"tenant": tenant}), "completed", 2)
        await bench.reaches(await app.enqueue("plain"), "completed", 2)
        assert ran == ["a", "b", "c", "plain"]
        assert len(bench.records.named("jobs.claimed")) < 40, "it rests in between"
        going.set()


async def test_a_slot_given_back_is_taken_at_once_by_whoever_waits_for_it(database, bench, app):
    """Two processes' worth: what runs ends in one, and the other one has nothing to do until then."""
    ends = asyncio.Event()
    order: list[str] = []
    limit = Limit("one", concurrency=1)

    @app.job("first", queue="first", limit=limit)
    async def first() -> None:
        await ends.wait()
        order.append("first")

    async with opened_bench(database) as other:

        @other.app.job("second", queue="second", limit=limit)
        async def second() -> None:
            order.append("second")

        async with bench.working(poll=timedelta(seconds=30)), other.working(poll=timedelta(seconds=30)):
            running = await app.enqueue("first")
            await bench.reaches(running, "processing")
            waiting = await other.app.enqueue("second")
            await eventually(lambda: _is_met(other))
            assert await bench.state(waiting) == "pending"
            ends.set()
            await other.reaches(waiting, "completed", 3)
    assert order == ["first", "second"]


async def test_a_job_begins_when_its_token_is_there_and_not_at_the_next_poll(bench, app):
    began: list[float] = []

    @app.job("any", limit=Limit("slow", rate=Rate(5)), max_attempts=1)
    async def any_() -> None:
        began.append(time.monotonic())

    await app.enqueue_many("any", [None] * 8)
    async with bench.working(poll=timedelta(seconds=30)):
        await eventually(lambda: len(began) == 8, 10)
    gaps = [later - earlier for earlier, later in pairwise(began[4:])]
    assert all(gap > 0.1 for gap in gaps), gaps
    # A fifth of a second each, and a few milliseconds on a machine that has time.
    assert min(gaps) < 0.25
    claims = [record for record in bench.records.named("jobs.claimed") if record.fields["count"]]
    assert len(claims) <= 8


async def test_a_rule_set_at_run_time_holds_for_a_worker_that_knows_of_no_limit(bench, app):
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()

    @app.job("any")
    async def any_(number: int) -> None:
        running["any"] += 1
        most["any"] = max(most["any"], running["any"])
        await asyncio.sleep(0.005)
        running["any"] -= 1

    async with bench.working():
        async with app.pool.acquire() as connection:
            await set_rule(connection, Rule("@default", 2), by="test")
        for job in await app.enqueue_many("any", list(range(40))):
            await bench.reaches(job, "completed", 10)
    assert most["any"] == 2


async def _is_met(bench) -> bool:
    """Whether somebody has met the key: it is full from its first claim on."""
    return await bench.value("SELECT EXISTS (SELECT FROM headrace.limit_key WHERE key = 'one')")
