"""Jobs of kinds nobody handles: out of the way, back when somebody does, failed at last."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from fix_apps import Bench, eventually
from headrace import Job
from headrace.clock import SystemClock
from headrace.db.statements import statement
from headrace.jobs import redriving, shelving, store
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.maintenance.shelver import Shelver
from headrace.telemetry import Telemetry

HOUR = timedelta(hours=1)
SHELVED = "SELECT count(*) FROM headrace.run WHERE state = 'held' AND shelved_at IS NOT NULL"


@pytest.fixture
def app(bench: Bench):
    for kind in ("known", "unknown"):
        bench.app.declare(kind)
    return bench.app


@pytest.fixture
def make_shelver(bench, app):
    def make(*handled: str, grace: timedelta = HOUR, patience: timedelta = timedelta(0)) -> Shelver:
        return Shelver(
            app.pool,
            handled=handled,
            grace=grace,
            clock=SystemClock(),
            telemetry=Telemetry(bench.records.append),
            on_unshelved=lambda: None,
            patience=patience,
        )

    return make


async def test_due_jobs_of_a_kind_nobody_handles_are_shelved_and_stay_pending(bench, app, make_shelver):
    jobs = [await app.enqueue("unknown", queue=queue) for queue in ("default", "other")]
    later = await app.enqueue("unknown", delay=HOUR)
    known = await app.enqueue("known")
    await make_shelver("known").run_once()
    assert await bench.value(SHELVED) == 2
    assert [await bench.state(job) for job in (*jobs, later, known)] == ["pending", "pending", "scheduled", "pending"]
    assert bench.records.named("jobs.shelved")[0].fields == {"count": 2, "kinds": "unknown"}


async def test_a_kind_is_not_shelved_before_it_has_been_unhandled_for_the_patience(bench, app, make_shelver):
    await app.enqueue("unknown")
    shelver = make_shelver("known", patience=HOUR)
    for _ in range(3):
        await shelver.run_once()
    assert await bench.value(SHELVED) == 0


async def test_a_kind_that_any_living_worker_handles_is_not_parked(bench, app, make_shelver, connection):
    await _start_worker(connection)
    await app.enqueue("unknown")
    await make_shelver("known").run_once()
    assert await bench.value(SHELVED) == 0
    assert await shelving.shelve(connection, ["unknown"], limit=10, now=None) == 0, "it came between look and shelving"


async def test_a_worker_that_handles_them_starts_and_runs_them(bench, app, make_shelver):
    ran: list[UUID] = []

    @app.job("late")
    async def late(job: Job) -> None:
        ran.append(job.id)

    given = await app.enqueue_many("late", [None] * 20)
    await make_shelver("known").run_once()
    assert await bench.value(SHELVED) == 20
    async with bench.working():
        await eventually(lambda: len(ran) == 20)
    assert sorted(ran) == sorted(job.id for job in given)
    assert bench.records.named("jobs.unshelved")


async def test_what_was_shelved_for_the_grace_fails_with_the_reason_and_can_be_retried(
    bench, app, make_shelver, connection
):
    parent = await app.enqueue("known")
    job = await app.enqueue("unknown", parent=parent.id)
    follower = await app.enqueue("known", depends_on=[job], on_failed_dependency="run")
    shelver = make_shelver("known")
    await shelver.run_once()
    assert await bench.state(job) == "pending"
    await make_shelver("known", grace=timedelta(microseconds=1)).run_once()
    ended = await bench.show(job)
    assert (ended.state, ended.error["type"], ended.attempt) == ("failed", "headrace.NoHandler", 0)
    assert "kind 'unknown'" in ended.error["message"]
    assert (await bench.show(parent)).progress.failed_count == 1
    assert await bench.state(follower) == "pending"
    assert bench.records.named("jobs.unhandled")[0].fields == {"count": 1, "kinds": "unknown"}
    assert await redriving.redrive_job(connection, job.id)
    assert await bench.state(job) == "pending"


async def test_a_worker_that_comes_in_time_keeps_them_from_failing(bench, app, make_shelver, connection):
    job = await app.enqueue("unknown")
    await shelving.shelve(connection, ["unknown"], limit=10, now=None)
    await _start_worker(connection)
    assert not await shelving.fail_unhandled(connection, grace=timedelta(0), limit=10, now=None)
    assert await bench.state(job) == "pending"


async def test_a_shelved_job_can_be_cancelled(bench, app, connection):
    job = await app.enqueue("unknown")
    await shelving.shelve(connection, ["unknown"], limit=10, now=None)
    assert await cancel_job(connection, job.id, by="me", error="{}") == "cancelled"
    assert await bench.state(job) == "cancelled"


async def test_a_claim_does_not_walk_over_shelved_jobs(bench, app, make_shelver, connection):
    await app.enqueue_many("unknown", [None] * 10_000)
    await app.enqueue_many("known", [None] * 10)
    for name, value in store.BATCH_SESSION.items():
        await connection.execute(f"SET {name} = {value}")
    shelver = make_shelver("known")
    assert await _walked_over_by_a_claim(connection) > 9_000
    while await bench.value(SHELVED) < 10_000:
        await shelver.run_once()
    assert await _walked_over_by_a_claim(connection) == 0


async def _start_worker(connection) -> None:
    await connection.execute(
        "INSERT INTO headrace.worker"
        " (app, host, pid, queues, kinds, concurrency, lease_time, started_at, heartbeat_at)"
        " VALUES ('b', 'h', 1, '{default}', '{unknown}', 1, '15 s', now(), now())"
    )


async def _walked_over_by_a_claim(connection) -> int:
    """How many jobs a claim of ten looks at and leaves; the claim is undone."""
    plan = ClaimCursor(["default"], ageing=None).plan(10, is_sweep=True)
    transaction = connection.transaction()
    await transaction.start()
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement('headrace.jobs', 'claim_jobs')}",
        [one.queue for one in plan],
        [int(one.priority) for one in plan],
        [one.after[0] for one in plan],
        [one.after[1] for one in plan],
        [one.age for one in plan],
        [one.limit for one in plan],
        None,
        ["known"],
        10,
        1,
    )
    await transaction.rollback()
    top = json.loads(explained)[0]["Plan"]
    assert top["Actual Rows"] == 10
    return sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in _nodes(top))


def _nodes(node: dict) -> Iterator[dict]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
