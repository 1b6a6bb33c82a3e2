"""Every way to a waiting job carries its key and weight; keys that nobody uses go; what holds a job back is told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from fix_limits import LimitBench
from headrace import Job, Limit, Rate, Unique, bind
from headrace.jobs import redriving, store
from headrace.jobs.explain import explain
from headrace.jobs.limit_rules import forget_keys
from headrace.jobs.limit_standing import explain_limits, full_limits
from headrace.jobs.outcome import Ended
from headrace.jobs.reason import LimitFull
from headrace.jobs.scheduler import Scheduler
from headrace.jobs.store import Settlement
from headrace.testing import drain

LIMIT = Limit("box", key="{box}", rate=Rate(10), weight=3)


@pytest.fixture(autouse=True)
def _kinds(app):
    @app.job("any", limit=LIMIT)
    async def any_(args: dict[str, Any]) -> None: ...

    @app.job("parent")
    async def parent(job: Job) -> None:
        await job.enqueue("any", {"box": "b"}, limit_key="box:a")

    @app.job("plain")
    async def plain() -> None: ...


async def _in_flow(app) -> None:
    flow = app.flow()
    flow.add("one", "any", {"box": "a"})
    await flow.enqueue()


async def _in_sql(app) -> None:
    async with app.pool.acquire() as connection:
        await store.register_kinds(connection, list(app.kinds.handled()), app_name="tests")
        await connection.execute("""SELECT headrace.enqueue('any', '{"box": "a"}')""")


async def _unique_in_sql(app) -> None:
    async with app.pool.acquire() as connection:
        await connection.execute(
            "SELECT headrace.enqueue('any', 'null', unique_key => 'k', limit_key => 'box:a', weight => 3)"
        )


async def _replaced(app) -> None:
    await app.enqueue("any", {"box": "b"}, unique=Unique("k"), weight=1)
    await app.enqueue("any", {"box": "a"}, unique=Unique("k", on_conflict="replace"))


async def _scheduled(app) -> None:
    async with app.pool.acquire() as connection:
        await store.register_kinds(connection, list(app.kinds.handled()), app_name="tests")
    await app.schedules.create("daily", "any", {"box": "a"}, every=timedelta(days=1), by="test")
    await app.schedules.trigger("daily", by="test")


async def _ticking(app) -> None:
    async with app.pool.acquire() as connection:
        await store.register_kinds(connection, list(app.kinds.handled()), app_name="tests")
        await app.schedules.create("daily", "any", {"box": "a"}, every=timedelta(days=1), by="test")
        await connection.execute("UPDATE headrace.schedule SET next_at = now() - interval '1 minute'")
        scheduler = Scheduler(
            app.pool,
            app="tests",
            kinds=app.kinds,
            declarations=[],
            clock=app.clock,
            telemetry=app.telemetry,
            on_fired=lambda: None,
        )
        await scheduler.turn(connection, patience=timedelta(0))


async def _child(app) -> None:
    await app.enqueue("parent")
    await drain(app, kinds=["parent"])


async def _dependent(app) -> None:
    first = await app.enqueue("plain")
    await app.enqueue("any", {"box": "a"}, depends_on=[first])
    await drain(app, kinds=["plain"])


PATHS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "enqueue": lambda app: app.enqueue("any", {"box": "a"}),
    "given": lambda app: app.enqueue("any", {"box": "b"}, limit_key="box:a"),
    "many alike": lambda app: app.enqueue_many("any", [{"box": "a"}] * 2),
    "unique": lambda app: app.enqueue("any", {"box": "a"}, unique=Unique("k")),
    "replaced": _replaced,
    "flow": _in_flow,
    "sql": _in_sql,
    "unique in sql": _unique_in_sql,
    "triggered": _scheduled,
    "ticking": _ticking,
    "dependent": _dependent,
    "child": _child,
}


@pytest.mark.parametrize("path", PATHS)
async def test_the_key_and_the_weight_come_with_the_job(bench, app, path):
    await PATHS[path](app)
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT run.limit_key, run.weight, job.limit_key AS of_job, job.weight AS job_weight"
            " FROM headrace.run JOIN headrace.job ON id = job_id WHERE run.kind = 'any'"
        )
    assert rows
    assert {tuple(row.values()) for row in rows} == {("box:a", 3, "box:a", 3)}


async def test_jobs_that_differ_in_more_than_their_args_keep_their_keys(app, connection):
    async with app.transaction() as tx:
        for number in range(3):
            await tx.enqueue("any", {"box": str(number)}, priority=["high", "low"][number % 2], weight=number + 1)
    rows = await connection.fetch("SELECT limit_key, weight FROM headrace.run ORDER BY limit_key")
    assert [tuple(row.values()) for row in rows] == [("box:0", 1), ("box:1", 2), ("box:2", 3)]


async def test_a_job_brought_back_has_its_key_and_weight_again(limits: LimitBench):
    (job,) = await limits.put("gmail:1", weight=4)
    claims = await limits.claim()
    ended = Settlement(claims[0], Ended("failed", "{}"), timedelta(0))
    await store.finish_jobs(limits.connection, [ended])
    async with limits.connection.transaction():
        assert await redriving.redrive_job(limits.connection, job)
    row = await limits.connection.fetchrow("SELECT limit_key, weight FROM headrace.run")
    assert tuple(row.values()) == ("gmail:1", 4)


async def test_a_drain_takes_the_jobs_of_a_key_as_its_tokens_come(clocked, clock):
    began: list[tuple[str, float]] = []
    start = clock.now()

    @clocked.app.job("any", limit=Limit("box", key="{box}", concurrency=1, rate=Rate(2, per=timedelta(seconds=10))))
    async def any_(args: dict[str, str]) -> None:
        began.append((args["box"], round((clock.now() - start).total_seconds(), 3)))

    await clocked.app.enqueue_many("any", [{"box": "a"}] * 4 + [{"box": "b"}])
    assert len((await drain(clocked.app)).jobs) == 3
    await drain(clocked.app, until=timedelta(seconds=11))
    assert began == [("a", 0), ("a", 0), ("b", 0), ("a", 5), ("a", 10)]


async def test_a_drain_under_a_limited_queue_moves_time_to_its_tokens(clocked, clock):
    began: list[float] = []
    start = clock.now()
    clocked.app.limit_queue("default", concurrency=1, rate=Rate(1))

    @clocked.app.job("any")
    async def any_() -> None:
        began.append(round((clock.now() - start).total_seconds(), 3))

    await clocked.app.enqueue_many("any", [None] * 3)
    await drain(clocked.app, until=timedelta(seconds=5))
    assert began == [0, 1, 2]


async def test_a_tick_without_the_field_of_its_key_is_limited_by_the_name_alone(connection):
    key = "SELECT headrace.limit_key_of('box:{box}', $1, '', NULL, false)"
    assert await connection.fetchval(key, '{"box": 1}') == "box:1"
    assert await connection.fetchval(key, '"no box"') == "box"


async def test_tenants_and_users_of_the_context_make_the_key_in_sql_too(app, connection):
    app.declare("mail", limit=Limit("mail", key="{tenant_id}-{user_id}"))
    with bind(tenant_id="acme", user_id="7"):
        await app.enqueue("mail")
    await connection.execute(
        "INSERT INTO headrace.kind (name, queue, priority, max_attempts, app, seen_at, limit_key, weight)"
        " VALUES ('mail', 'default', 2, 3, 'tests', now(), 'mail:{tenant_id}-{user_id}', 2);"
        "SELECT headrace.enqueue('mail', tenant_id => 'acme', user_id => '7')"
    )
    rows = await connection.fetch("SELECT limit_key FROM headrace.run")
    assert [row["limit_key"] for row in rows] == ["mail:acme-7"] * 2


async def test_a_key_that_is_not_used_goes_and_one_in_use_or_not_full_stays(limits: LimitBench):
    now = await limits.connection.fetchval("SELECT now()")
    day = timedelta(days=1)
    await limits.rule("slow", None, Rate(1, per=30 * day))
    await limits.rule("@default", 100)
    for key in ("idle:1", "held:1", "slow:1", "young:1"):
        await limits.put(key, now=now - 3 * day)
    claims = {key: claim for claim, key in await limits.claim_keys(now=now - 2 * day)}
    await limits.finish([claim for key, claim in claims.items() if key != "held:1"])
    await limits.put("young:1", now=now - day)
    await limits.finish(await limits.claim(now=now - day / 2))

    async def forget(moment: Any, after: str = "", limit: int = 100) -> tuple[str | None, int, int]:
        return await forget_keys(limits.connection, after=after, limit=limit, unused=day, now=moment)

    assert await forget(now, limit=1) == ("@default", 1, 0)
    assert await forget(now) == ("young:1", 5, 1)
    keys = [row["key"] for row in await limits.connection.fetch("SELECT key FROM headrace.limit_key ORDER BY key")]
    assert keys == ["@default", "held:1", "slow:1", "young:1"]
    await limits.finish([claims["held:1"]])
    assert await forget(now + 40 * day) == ("young:1", 4, 3)
    assert await limits.connection.fetchval("SELECT count(*) FROM headrace.limit_freed WHERE key <> '@default'") == 0
    assert await forget(now, after="young:1") == (None, 0, 0)


async def test_what_holds_a_job_back_is_told_with_who_holds_it(limits: LimitBench):
    await limits.rule("gmail", 1, Rate(1, per=timedelta(hours=1), burst=2))
    await limits.rule("@default", 1)
    jobs = await limits.put("gmail:1", 2, weight=2)
    (claim,) = await limits.claim(worker=9)
    waiting = next(job for job in jobs if job != claim.job_id)
    queue, key = await explain_limits(limits.connection, waiting)
    for one in (queue, key):
        assert one.is_holding
        assert one.standing.is_full
        assert [(holder.job_id, holder.worker_id) for holder in one.holders] == [(claim.job_id, 9)]
    assert (queue.standing.key, key.standing.key) == ("@default", "gmail:1")
    assert queue.tokens_at is None
    in_two_hours = await limits.connection.fetchval("SELECT now() + interval '2 hours'")
    assert key.tokens_at is not None
    assert abs(key.tokens_at - in_two_hours) < timedelta(minutes=1)
    await limits.finish([claim])
    queue, key = await explain_limits(limits.connection, waiting)
    assert not queue.is_holding
    assert key.is_holding, "it has a slot, and no tokens yet"
    assert await explain_limits(limits.connection, claim.job_id) == []


async def test_a_key_that_has_gone_begins_anew_with_all_its_slots_and_no_more(limits: LimitBench):
    day = timedelta(days=1)
    now = await limits.connection.fetchval("SELECT now()")
    await limits.rule("gmail", 2)
    await limits.put("gmail:1", 6, now=now - 2 * day)
    await limits.finish(await limits.claim(now=now - 2 * day))
    await forget_keys(limits.connection, after="", limit=9, unused=day)
    assert len(await limits.claim()) == 2
    assert await limits.claim() == []
    assert await limits.held() == {"gmail:1": 2}


async def test_explaining_a_job_tells_of_the_limit_that_holds_it(limits: LimitBench):
    await limits.rule("gmail", 1)
    jobs = await limits.put("gmail:1", 2)
    (claim,) = await limits.claim(worker=9)
    waiting = next(job for job in jobs if job != claim.job_id)
    found = await explain(limits.connection, waiting, limits=full_limits)
    assert [one.text for one in found if isinstance(one, LimitFull)] == [
        f"limit gmail:1: 1 of 1 slots are held, by job {claim.job_id} on worker 9"
    ]
    await limits.finish([claim])
    found = await explain(limits.connection, waiting, limits=full_limits)
    assert not [one for one in found if isinstance(one, LimitFull)]


async def test_a_paused_queue_is_left_alone_whatever_its_limits_allow(limits: LimitBench):
    await limits.rule("@default", 5)
    await limits.put("gmail:1", 2)
    await limits.put(None, 2)
    await limits.connection.execute("INSERT INTO headrace.queue (name, paused_at) VALUES ('default', now())")
    assert await limits.claim() == []
    await limits.connection.execute("DELETE FROM headrace.queue")
    assert len(await limits.claim()) == 4
