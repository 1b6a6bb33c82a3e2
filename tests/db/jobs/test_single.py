"""A job stored by one statement of its own is the job that the statements for many would have stored."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from headrace import Job, Unique, bind
from headrace.db.statements import statement
from headrace.jobs.enqueue import prepare
from headrace.jobs.insertion import columns
from headrace.jobs.job import Dependency
from headrace.jobs.registry import describe
from headrace.jobs.single import insert_single, insert_whole, is_single

KIND = describe("letter", None, job_type=Job)
OWN = "created_at, id, job_id"
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
CAUSE = UUID("01890000-0000-7000-8000-000000000001")


async def rows(connection, job_id: UUID) -> dict[str, object]:
    body = await connection.fetchrow("SELECT * FROM headrace.job WHERE id = $1", job_id)
    run = await connection.fetchrow("SELECT * FROM headrace.run WHERE job_id = $1", job_id)
    found = {**dict(body), **dict(run)}
    # A correlation that begins with the job is the job's own id.
    found["correlation_id"] = None if found["correlation_id"] == job_id else found["correlation_id"]
    return {name: value for name, value in found.items() if name not in OWN}


@pytest.mark.parametrize(
    ("options", "context"),
    [
        ({}, {}),
        ({"queue": "mail", "priority": "high", "max_attempts": 7}, {}),
        ({"delay": timedelta(minutes=5), "metadata": {"a": [1, None]}}, {}),
        ({"run_at": NOON + timedelta(days=1)}, {}),
        ({}, {"correlation_id": CAUSE, "causation_id": CAUSE, "causation_kind": "event"}),
        ({}, {"tenant_id": "acme", "user_id": "u", "actor": "a", "traceparent": "00-1-2-01"}),
    ],
)
async def test_it_is_the_same_row_whatever_is_asked_for(connection, options, context):
    with bind(**context):
        alone, many = (prepare(KIND, {"to": "you"}, **options) for _ in range(2))
    assert is_single(alone)
    await connection.execute(*insert_single(alone, now=NOON))
    assert insert_single(alone, now=NOON) == insert_whole(alone, now=NOON)
    await connection.execute((statement("headrace.jobs", "insert_jobs")), *columns([many]), NOON)
    assert await rows(connection, alone.id) == await rows(connection, many.id)


async def test_what_is_due_now_and_inherits_nothing_is_the_same_row_by_the_shorter_statement(connection):
    short, whole = (prepare(KIND, {"to": "you"}, queue="mail", priority="low", max_attempts=2) for _ in range(2))
    assert len(insert_single(short, now=None)) < len(insert_whole(whole, now=None))
    async with connection.transaction():
        await connection.execute(*insert_single(short, now=None))
        await connection.execute(*insert_whole(whole, now=None))
        await connection.execute("UPDATE headrace.run SET run_at = $1 WHERE run_at <= clock_timestamp()", NOON)
    assert await rows(connection, short.id) == await rows(connection, whole.id)


@pytest.mark.parametrize(
    "change", [{"parent_id": CAUSE}, {"unique": Unique("key")}, {"dependencies": (Dependency(CAUSE),)}]
)
def test_what_has_a_parent_a_key_or_a_dependency_is_not_stored_that_way(change):
    assert not is_single(replace(prepare(KIND, None), **change))


@pytest.mark.parametrize("change", [{"limit_key": "gmail:u"}, {"weight": 2}, {"metadata": "{}"}, {"run_at": NOON}])
def test_whatever_the_shorter_statement_cannot_hold_goes_by_the_whole_one(change):
    job = replace(prepare(KIND, None), **change)
    assert insert_single(job, now=None) == insert_whole(job, now=None)
