"""Behind a PgBouncer in transaction mode, where each transaction may be on another session."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from fix_apps import eventually, opened_bench, opened_ledger, registered
from headrace import (
    Call,
    ConfigurationError,
    Headrace,
    Job,
    Limit,
    PastEvent,
    Rate,
    Retry,
    Stream,
    Unique,
    cancel_tree,
    event,
    read_log,
)
from headrace.db.pool import ConnectionPool

pytestmark = pytest.mark.timeout(60)


@event("pooled.thing")
class Thing(msgspec.Struct, frozen=True):
    number: int


def furnish(app: Headrace) -> dict[str, list[object]]:
    """Registers a bit of everything; what was run, by kind."""
    ran: dict[str, list[object]] = {"plain": [], "again": [], "tick": [], "ordered": [], "each": [], "after": []}
    app.register(Thing)

    @app.job("plain")
    async def plain(number: int, job: Job) -> int:
        ran["plain"].append(number)
        job.progress(number)
        return number

    @app.job("again")
    async def again(job: Job) -> None:
        ran["again"].append(job.attempt)
        if job.attempt == 1:
            raise Retry(after=timedelta(0))

    @app.job("write")
    async def write(number: int, job: Job) -> None:
        async with job.transaction() as tx:
            await tx.execute("INSERT INTO public.written VALUES ($1)", number)
            await tx.append(Thing(number))

    @app.job("tick")
    async def tick(job: Job) -> None:
        ran["tick"].append(job.tick)

    @app.job("after")
    async def after(job: Job) -> None:
        ran["after"].append(job.id)

    @app.on(Thing, mode="ordered", name="ordered")
    async def ordered(events, tx) -> None:
        ran["ordered"] += [one.data.number for one in events]

    @app.on(Thing, name="each")
    async def each(event, job) -> None:
        ran["each"].append(event.data.number)

    app.schedule("every-second", "tick", every=timedelta(seconds=1))
    return ran


async def run_everything(bench, ran, connection) -> None:
    await connection.execute("CREATE TABLE public.written (number int)")
    app = bench.app
    async with bench.working():
        await app.enqueue_many("plain", list(range(500)))
        await app.enqueue("again")
        await app.enqueue_many("write", list(range(50)))
        first = await app.enqueue("plain", 500, unique=Unique("one", scope="alive"), delay=timedelta(hours=1))
        assert (await app.enqueue("plain", 501, unique=Unique("one", scope="alive"))).id == first.id
        async with app.transaction() as tx:
            head = await tx.enqueue("plain", 502)
            await tx.enqueue("after", depends_on=[head])
        await eventually(
            lambda: (
                len(ran["plain"]) == 501
                and len(ran["again"]) == 2
                and len(ran["ordered"]) == len(ran["each"]) == 50
                and len(ran["tick"]) >= 2
                and len(ran["after"]) == 1
            ),
            30,
        )
    assert sorted(ran["ordered"]) == sorted(ran["each"]) == list(range(50))
    assert len(set(ran["tick"])) == len(ran["tick"])
    assert await connection.fetchval("SELECT count(*) FROM public.written") == 50
    assert await connection.fetchval("SELECT count(*) FROM headrace.outcome WHERE state <> 'completed'") == 0
    assert await connection.fetchval("SELECT count(*) FROM headrace.worker") == 0
    troubles = [one for one in bench.records if one.name in {"service.error", "lease.error", "job.stale"}]
    assert troubles == []


async def test_everything_runs_without_a_direct_connection(pooler, database, connection):
    async with opened_bench(pooler) as bench:
        ran = furnish(bench.app)
        assert bench.app.pool.is_pooled
        await run_everything(bench, ran, connection)
        assert len(bench.records.named("worker.polling")) == 1
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database"
        assert await connection.fetchval(f"{locks} WHERE datname = current_database())") == 0


async def test_with_a_direct_connection_workers_are_woken_and_lead(pooler, database, connection):
    async with opened_bench(pooler, direct_dsn=database) as bench:
        ran = furnish(bench.app)
        await run_everything(bench, ran, connection)
        assert not bench.records.named("worker.polling")
        async with bench.working(poll=timedelta(minutes=5)):
            await eventually(
                lambda: _has_sessions(connection, "tests listener", "tests leader rescue", "headrace lease")
            )
            ran["again"].clear()
            await bench.app.enqueue("again")
            await eventually(lambda: ran["again"], 5, what="a wake-up comes through")


class Tally(msgspec.Struct, frozen=True):
    count: int = 0


@pytest.mark.slow
async def test_limits_flows_results_logs_projections_imports_and_replays_need_no_session_of_their_own(
    pooler, connection
):
    """The rest of what an application does, each of it while statements go to whatever session is free."""
    async with opened_bench(pooler) as bench:
        app = bench.app
        app.register(Thing)
        running: dict[str, int] = {"now": 0, "most": 0}
        ordered: list[int] = []

        @app.job("limited", limit=Limit("pooled", key="{lane}", concurrency=2, rate=Rate(1_000)))
        async def limited(args: dict[str, int]) -> int:
            running["now"] += 1
            running["most"] = max(running["most"], running["now"])
            await asyncio.sleep(0.01)
            running["now"] -= 1
            return args["number"]

        @app.job("stepping")
        async def stepping(job: Job) -> int:
            job.log.info("it steps")
            first = await job.step("first", lambda: 20)
            if job.attempt == 1:
                raise Retry(after=timedelta(0))
            return first + 1

        @app.job("hanging")
        async def hanging() -> None:
            await asyncio.Event().wait()

        @app.on(Thing, mode="ordered", name="ordered")
        async def in_order(events, tx) -> None:
            ordered.extend(one.data.number for one in events)

        @app.projection("tally", Thing, row=Tally, key=lambda one: "all")
        def tally(row, one):
            return Tally(row.count + 1)

        async with bench.working(heartbeat=timedelta(milliseconds=200)):
            jobs = await app.enqueue_many("limited", [{"lane": 1, "number": number} for number in range(30)])
            stepped = await app.enqueue("stepping")
            assert await stepped.result(timeout=timedelta(seconds=20)) == 21
            async with app.pool.acquire() as session:
                assert [line.message for line in await read_log(session, stepped.id)] == ["it steps"] * 2
            assert [await job.result(timeout=timedelta(seconds=30)) for job in jobs] == list(range(30))
            assert running["most"] == 2

            await cancel_running(bench, "hanging")
            async with app.transaction() as tx, tx.group(on_complete=Call("stepping")) as group:
                await group.enqueue("limited", {"lane": 2, "number": 1})
            await app.queues.pause("default")
            await app.queues.resume("default")

            await app.import_events(
                PastEvent(data=Thing(number), stream=Stream("thing", str(number % 7))) for number in range(300)
            )
            await eventually(lambda: len(ordered) == 300, 20)
            await eventually(lambda: shows(connection, 300), 20)
            await app.projections.rebuild("tally")
            await eventually(lambda: is_live(connection, 2), 30)
            assert await shows(connection, 300)

            replay = await app.replays.begin("ordered")
            await bench.reaches(replay.job_id, "completed", 20)
            assert len(ordered) == 600
            assert (await app.replays.rehearse("ordered")).event_count == 300
        assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 0
        troubles = [one for one in bench.records if one.name in {"service.error", "lease.error", "job.stale"}]
        assert troubles == []


async def cancel_running(bench, kind: str) -> None:
    job = await bench.app.enqueue(kind)
    await bench.reaches(job, "processing")
    await cancel_tree(bench.app, job.id, by="a test")
    await bench.reaches(job, "cancelled")


async def shows(connection, count: int) -> bool:
    if not await connection.fetchval("SELECT to_regclass('tally') IS NOT NULL"):
        return False
    return await connection.fetchval("SELECT count FROM tally") == count


async def is_live(connection, build: int) -> bool:
    return await connection.fetchval("SELECT state = 'live' FROM headrace.projection_build WHERE build = $1", build)


@pytest.mark.slow
async def test_jobs_of_a_killed_worker_come_back_when_its_lease_has_ended(pooler, database, start_worker):
    async with opened_ledger(database) as ledger:
        await ledger.give("rest", 3, seconds=600)
        first = start_worker(pooler, lease=2, heartbeat=0.25)
        await eventually(lambda: _are(ledger.notes("began", first.pid), 3), 20)
        second = start_worker(pooler, lease=2, heartbeat=0.25)
        rows = await registered(ledger.connection, 2, 20)
        assert [row["is_locked"] for row in rows] == [False, False]
        first.kill()
        killed_at = await ledger.value("SELECT clock_timestamp()")
        await eventually(lambda: ledger.is_over(3), 20)
        began = await ledger.value("SELECT min(at) FROM public.note WHERE what = 'began' AND pid = $1", second.pid)
        assert began - killed_at > timedelta(seconds=1), "only the heartbeat tells"


async def test_a_session_of_its_own_cannot_be_had_where_only_a_pooler_answers(pooler):
    pool = ConnectionPool(pooler)
    await pool.open()
    try:
        assert (pool.is_pooled, pool.has_direct) == (True, False)
        with pytest.raises(ConfigurationError, match="HEADRACE_DIRECT_DATABASE_URL"):
            await pool.connect("listener", is_direct=True)
    finally:
        await pool.close()


async def test_many_at_once_share_few_sessions(pooler):
    """Statements outside a transaction are prepared and run on one session, whoever comes between."""
    pool = ConnectionPool(pooler, size=40)
    await pool.open()

    async def ask(number: int) -> None:
        for _ in range(20):
            async with pool.acquire() as session:
                assert await session.fetchval("SELECT $1::int + 1", number) == number + 1
                assert await session.fetchval("SELECT $1::text", str(number)) == str(number)

    try:
        await asyncio.gather(*(ask(number) for number in range(40)))
    finally:
        await pool.close()


async def _has_sessions(connection, *names: str) -> bool:
    rows = await connection.fetch("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
    return set(names) <= {row[0] for row in rows}


async def _are(value, expected) -> bool:
    return await value == expected
