"""The doctor on a real database: what is wrong there is found, and nothing else."""

from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace.doctor.examine import examine
from headrace.doctor.judge import judge

HOUR = timedelta(hours=1)


@pytest.fixture
def found(app):
    """What the doctor finds, by what it is about; the test server's own settings left out."""

    async def look() -> dict[str, str]:
        async with app.pool.acquire() as connection:
            facts = await examine(
                connection,
                migrations=app.migrations,
                timeouts={kind.name: kind.timeout for kind in app.kinds.handled()},
            )
        return {one.about: one.level for one in judge(facts) if one.about not in {"server", "clock", "vacuum"}}

    return look


async def test_a_database_at_work_is_well(bench, app, found):
    @app.job("mail")
    async def mail() -> None: ...

    async with bench.working():
        await (await app.enqueue("mail")).result(timeout=timedelta(seconds=10))
        assert await found() == {}


async def test_due_jobs_that_nobody_takes_are_problems(bench, app, found):
    @app.job("mail")
    async def mail() -> None: ...

    app.declare("unknown")
    await app.enqueue("unknown")
    await app.enqueue("mail", queue="elsewhere")
    await app.enqueue("mail", queue="later", delay=HOUR)
    async with bench.working():
        assert await found() == {"kind unknown": "problem", "queue elsewhere": "problem"}


async def test_shelved_jobs_are_found_too(app, connection, found):
    app.declare("unknown")
    await app.enqueue("unknown")
    await connection.execute("UPDATE headrace.run SET state = 'held', shelved_at = now()")
    assert await found() == {"kind unknown": "problem"}


async def test_a_paused_queue_is_worth_knowing(app, found):
    await app.queues.pause("mail", by="ada")
    assert await found() == {"queue mail": "notice"}


async def test_a_worker_without_a_sign_of_life_and_a_missing_partition_are_found(app, connection, found):
    await connection.execute(
        "INSERT INTO headrace.worker (app, host, pid, queues, kinds, concurrency, lease_time, started_at, heartbeat_at)"
        " VALUES ('shop', 'gone', 1, '{}', '{}', 1, '15 s', now(), now() - interval '1 minute')"
    )
    number = await connection.fetchval("SELECT id FROM headrace.worker")
    suffix = await connection.fetchval("SELECT to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD')")
    await connection.execute(f"DROP TABLE headrace.failure_{suffix}")
    assert await found() == {f"worker {number}": "warning", "partitions": "warning"}


async def test_a_job_held_past_its_timeout_is_found(app, connection, found):
    @app.job("mail", timeout=timedelta(seconds=30))
    async def mail() -> None: ...

    await app.enqueue("mail")
    await connection.execute(
        "UPDATE headrace.run SET state = 'processing', worker_id = 1, lease = 1, attempt = 1,"
        " claimed_at = now() - interval '2 minutes'"
    )
    assert await found() == {"kind mail": "warning"}


async def test_a_session_with_a_snapshot_is_named(app, connection):
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    pid = await connection.fetchval("SELECT pg_backend_pid()")

    async def is_seen() -> bool:
        async with app.pool.acquire() as other:
            facts = await examine(other, migrations=app.migrations, timeouts={})
        return f"process {pid}" in {holder.name for holder in facts.holders}

    await eventually(is_seen)
    await transaction.rollback()


async def test_a_schema_that_is_behind_is_the_one_thing_looked_at(app, connection):
    await connection.execute(
        "DELETE FROM headrace.migration WHERE set_name = 'headrace'"
        " AND number = (SELECT max(number) FROM headrace.migration WHERE set_name = 'headrace')"
    )
    async with app.pool.acquire() as other:
        facts = await examine(other, migrations=app.migrations, timeouts={})
    assert (len(facts.pending), facts.log) == (1, None)
    assert "schema" in {one.about for one in judge(facts)}
