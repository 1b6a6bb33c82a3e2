"""Retention: whole days go, and what lives, is kept longer, or is needed by a living job stays as it was."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import eventually
from fix_days import moved_back
from headrace import JobNotFoundError, Retention
from headrace.jobs import retention as rules
from headrace.jobs.maintenance.retention_keeper import RetentionKeeper
from headrace.jobs.retire import plan_retention, retain
from headrace.testing import drain

HOUR = timedelta(hours=1)
WEEK = Retention()
DAY_OF = "SELECT to_char((statement_timestamp() AT TIME ZONE 'UTC')::date - $1::integer, 'YYYYMMDD')"


@pytest.fixture
def kinds(app):
    @app.job("mail", max_attempts=1)
    async def mail(how: str) -> str:
        if how == "dead":
            raise ValueError("a reason")
        return how

    app.declare("later")


@pytest.fixture
def rewrites(monkeypatch):
    """Any day that has something to go is written anew."""
    monkeypatch.setattr(rules, "WORTH_REWRITING", 1)


async def ended(app, *hows: str) -> list:
    jobs = await app.enqueue_many("mail", list(hows))
    await drain(app, raise_on_failure=False)
    return jobs


async def all_done(app, retention=WEEK) -> list[tuple[str, int]]:
    """Retains until nothing is left to do; what was done to which age of day, in days."""
    done = []
    while True:
        steps = await retain(app.pool, retention)
        if not steps:
            return done
        assert not any(step.is_postponed for step in steps)
        done += [(step.fate, step.count) for step in steps if step.fate != "sweep"]


async def partitions(connection, days: int) -> list[str]:
    suffix = await connection.fetchval(DAY_OF, days)
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE '%' || $1 AND relkind = 'r' ORDER BY relname", suffix
    )
    return [row["relname"].removesuffix(f"_{suffix}") for row in rows]


async def test_a_day_of_which_nothing_must_stay_is_dropped_whole(app, kinds, connection):
    old = await moved_back(connection, await ended(app, "fine", "dead"), 31)
    recent = await ended(app, "fine")
    assert await partitions(connection, 31) == ["failure", "job", "job_log", "outcome"]
    plans = await plan_retention(connection, WEEK)
    assert [(one.fate, one.kept_count, one.expired_count) for one in plans if one.expired_count] == [("drop", 0, 2)]
    assert ("drop", 2) in await all_done(app)
    assert await partitions(connection, 31) == []
    with pytest.raises(JobNotFoundError):
        await app.handle(old[0]).result()
    assert await recent[0].result() == "fine"
    assert await connection.fetchval("SELECT count(*) FROM headrace.failure") == 0


async def test_what_is_kept_longer_or_lives_is_moved_with_its_history(bench, app, kinds, connection, rewrites):
    jobs = await ended(app, "fine", "dead", "fine")
    living = await app.enqueue("later", {"n": 1}, delay=100 * 24 * HOUR)
    fine, dead, _, lives = await moved_back(connection, [*jobs, living], 10)
    log = "INSERT INTO headrace.job_log VALUES ($1, 1, 1, 1, now(), 20, 'shop', 'a line', 0)"
    await connection.executemany(log, [(fine,), (dead,)])
    assert ("rewrite", 2) in await all_done(app)
    assert await partitions(connection, 10) == ["failure", "job", "job_log", "outcome"]
    stored = await connection.fetch("SELECT id FROM headrace.job ORDER BY id")
    assert {row["id"] for row in stored} == {dead, lives}
    shown = await bench.show(dead)
    assert (shown.state, shown.error["message"], len(shown.failures)) == ("dead", "a reason", 1)
    assert (await bench.show(lives)).args == {"n": 1}
    assert [row["job_id"] for row in await connection.fetch("SELECT job_id FROM headrace.job_log")] == [dead]
    assert await connection.fetchval("SELECT count(*) FROM headrace.outcome") == 1
    # The new partition takes writes like the old one, and its constraints hold.
    await connection.execute("UPDATE headrace.run SET run_at = now(), kind = 'mail'")
    await connection.execute("UPDATE headrace.job SET kind = 'mail', args = '\"fine\"' WHERE id = $1", lives)
    await drain(app)
    assert await bench.state(lives) == "completed"
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO headrace.job SELECT * FROM headrace.job WHERE id = $1", lives)
    assert fine not in {row["id"] for row in await connection.fetch("SELECT id FROM headrace.job")}


async def test_results_that_a_living_job_needs_stay(bench, app, kinds, connection, rewrites):
    first, other = await ended(app, "fine", "fine")
    follower = await app.enqueue("mail", "next", depends_on={"first": first}, delay=HOUR)
    needed, gone = await moved_back(connection, [first, other], 10)
    await all_done(app)
    assert {row["id"] for row in await connection.fetch("SELECT id FROM headrace.job")} == {needed, follower.id}
    (result,) = (await bench.show(follower)).dependencies
    assert (result.id, result.state) == (needed, "completed")
    assert await app.handle(needed).result() == "fine"
    with pytest.raises(JobNotFoundError):
        await app.handle(gone).result()


async def test_many_that_must_stay_are_left_where_they_are_and_the_others_deleted(app, kinds, connection, monkeypatch):
    monkeypatch.setattr(rules, "MOST_MOVED", 2)
    monkeypatch.setattr("headrace.jobs.retire.MOST_MOVED", 2)
    monkeypatch.setattr("headrace.jobs.retire._BATCH", 3)
    jobs = await ended(app, *["dead"] * 4, *["fine"] * 7)
    moved = await moved_back(connection, jobs, 10)
    done = await all_done(app)
    assert [one for one in done if one[0] == "trim"] == [("trim", 3), ("trim", 3), ("trim", 1)]
    assert {row["id"] for row in await connection.fetch("SELECT id FROM headrace.job")} == set(moved[:4])


async def test_jobs_of_a_day_without_a_partition_go_too(app, kinds, connection):
    (job,) = await ended(app, "fine")
    await moved_back(connection, [job], 10)
    suffix = await connection.fetchval(DAY_OF, 10)
    for table, key in (("job", "id"), ("outcome", "job_id"), ("failure", "job_id")):
        await connection.execute(f"ALTER TABLE headrace.{table} DETACH PARTITION headrace.{table}_{suffix}")
        await connection.execute(f"INSERT INTO headrace.{table} SELECT * FROM headrace.{table}_{suffix}")
        await connection.execute(f"DROP TABLE headrace.{table}_{suffix}")
        assert key
    assert await connection.fetchval("SELECT count(*) FROM headrace.job_default") == 1
    assert ("trim", 1) in await all_done(app)
    assert await connection.fetchval("SELECT count(*) FROM headrace.job_default") == 0


async def test_what_was_kept_beside_dropped_jobs_is_swept_and_nothing_else(app, kinds, connection, monkeypatch):
    monkeypatch.setattr("headrace.jobs.retire._BATCH", 2)
    parent = (await ended(app, "fine"))[0]
    await app.enqueue_many("mail", ["fine"] * 3, parent=parent.id)
    await drain(app)
    kept_parent = await app.enqueue("later", delay=HOUR)
    await app.enqueue("mail", "fine", parent=kept_parent.id)
    await drain(app)
    (old,) = await moved_back(connection, [parent], 31)
    for number in range(5):
        await connection.execute(
            "INSERT INTO headrace.step VALUES ($1, $2, 1, 1, now(), interval '1 s', NULL)", old, f"step {number}"
        )
    await all_done(app)
    assert await connection.fetchval("SELECT count(*) FROM headrace.step") == 0
    assert [row["job_id"] for row in await connection.fetch("SELECT job_id FROM headrace.progress")] == [kept_parent.id]
    assert await connection.fetchval("SELECT count(*) FROM headrace.retired_day") == 0


async def test_a_table_somebody_reads_is_left_for_later_and_claims_do_not_wait(bench, app, kinds, connection):
    await moved_back(connection, await ended(app, "fine"), 31)
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetchval("SELECT count(*) FROM headrace.job")
    async with bench.working():
        steps = await retain(app.pool, WEEK)
        assert {step.fate for step in steps if step.is_postponed} == {"drop"}
        job = await app.enqueue("mail", "meanwhile")
        assert await job.result(timeout=timedelta(seconds=5)) == "meanwhile"
    await transaction.rollback()
    assert ("drop", 1) in await all_done(app)


async def test_any_table_partitioned_by_the_day_of_a_job_goes_along(app, kinds, connection, rewrites):
    await connection.execute(
        "CREATE TABLE headrace.job_note (job_id uuid NOT NULL, line text) PARTITION BY RANGE (job_id);"
        "CREATE TABLE headrace.job_note_default PARTITION OF headrace.job_note DEFAULT"
    )
    fine, dead = await moved_back(connection, await ended(app, "fine", "dead"), 10)
    suffix = await connection.fetchval(DAY_OF, 10)
    await connection.execute(
        f"CREATE TABLE headrace.job_note_{suffix} PARTITION OF headrace.job_note FOR VALUES"
        f" FROM ('{fine.hex[:8]}-0000-7000-8000-000000000000') TO ('{fine.hex[:7]}f-ffff-7fff-bfff-ffffffffffff')"
    )
    await connection.executemany("INSERT INTO headrace.job_note VALUES ($1, 'line')", [(fine,), (dead,)])
    await all_done(app)
    assert [row["job_id"] for row in await connection.fetch("SELECT job_id FROM headrace.job_note")] == [dead]


async def test_kept_for_ever_nothing_goes(app, kinds, connection):
    await moved_back(connection, await ended(app, "fine"), 400)
    for_ever = Retention(completed=None, failed=None, cancelled=None, dead=None)
    assert await plan_retention(connection, for_ever) == []
    assert await retain(app.pool, for_ever) == []
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 1


async def test_days_of_waiting_jobs_stay(app, kinds, connection):
    await moved_back(connection, [await app.enqueue("later")], 400)
    await all_done(app)
    assert await connection.fetchval("SELECT count(*) FROM headrace.job JOIN headrace.run ON job_id = id") == 1


async def test_a_worker_process_lets_them_go_by_itself(bench, app, kinds, connection):
    await moved_back(connection, await ended(app, "fine"), 31)
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 0 FROM headrace.job"))
    assert [one.fields["fate"] for one in bench.records.named("retention.done") if one.fields["count"] == 1] == ["drop"]


async def test_two_at_once_do_the_same_work_once(app, kinds, connection):
    await moved_back(connection, await ended(app, "fine", "dead"), 31)
    keepers = [RetentionKeeper(app.pool, WEEK, clock=app.clock, telemetry=app.telemetry) for _ in range(3)]
    await asyncio.gather(*(keeper.run_once() for keeper in keepers))
    await all_done(app)
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 0
