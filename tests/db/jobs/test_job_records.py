"""The records of enqueues and attempts: each once, with what a tracer needs."""

import logging
from datetime import timedelta

import psycopg
import pytest

from fix_apps import AT_ONCE, eventually
from fix_schedules import turn
from headrace import Cancel, Headrace, Job, Snooze, Telemetry, Unique, bind, uuid7
from headrace.testing import drain

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
IDENTITY = ("job", "kind", "queue", "attempt", "correlation", "traceparent")


async def test_an_enqueue_is_told_once_it_is_committed(bench, app):
    app.declare("note", queue="attic")
    parent, correlation = uuid7(), uuid7()
    async with app.transaction() as tx:
        with bind(correlation_id=correlation, causation_id=parent, causation_kind="request", traceparent=TRACE):
            job = await tx.enqueue("note", 1, priority="high", delay=timedelta(hours=1), parent=parent)
        assert bench.records.named("job.enqueued") == []
    (record,) = bench.records.named("job.enqueued")
    assert record.fields == {
        "job": job.id,
        "kind": "note",
        "queue": "attic",
        "priority": "high",
        "run_at": None,
        "delay": timedelta(hours=1),
        "parent": parent,
        "correlation": correlation,
        "causation": parent,
        "traceparent": TRACE,
    }


async def test_what_is_not_stored_is_not_told(bench, app):
    app.declare("note")

    async def fail(tx) -> None:
        async with tx.savepoint():
            await tx.enqueue("note", 2)
            await tx.enqueue("note", 3, unique=Unique("three"))
            raise LookupError

    async with app.transaction() as tx:
        first = await tx.enqueue("note", 1, unique=Unique("one"))
        await tx.enqueue("note", 1, unique=Unique("one"))
        with pytest.raises(LookupError):
            await fail(tx)
    assert [record.fields["job"] for record in bench.records.named("job.enqueued")] == [first.id]


async def test_jobs_of_schedules_and_of_blocking_connections_are_told_too(clocked, clock, database):
    app = clocked.app
    app.declare("note")
    await app.schedules.create("often", "note", every=timedelta(minutes=1))
    triggered = await app.schedules.trigger("often")
    with psycopg.connect(database) as blocking:
        sent = app.sync.enqueue("note", connection=blocking)
        held = app.sync.enqueue("note", connection=blocking, unique=Unique("one"))
        app.sync.enqueue("note", connection=blocking, unique=Unique("one"))
    clock.advance(timedelta(minutes=1))
    await turn(clocked)
    (*told, tick) = [record.fields["job"] for record in clocked.records.named("job.enqueued")]
    assert told == [triggered.id, sent.id, held.id]
    assert (await app.schedules.get("often")).last_job_id == tick


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        (None, ["completed"]),
        (Cancel("enough"), ["cancelled"]),
        (Snooze(timedelta(hours=1)), ["snoozed"]),
        (LookupError("no"), ["retrying", "dead"]),
    ],
)
async def test_an_attempt_is_told_from_its_start_to_its_stop(bench, app, answer, outcomes):
    @app.job("try", max_attempts=2, retry=AT_ONCE)
    async def attempt(job: Job) -> None:
        if answer is not None:
            raise answer

    with bind(traceparent=TRACE):
        job = await app.enqueue("try")
    await drain(app, raise_on_failure=False)
    told = [record for record in bench.records if record.name in {"attempt.started", "job.raised", "attempt.stopped"}]
    raised = [] if answer is None else ["job.raised"]
    assert [record.name for record in told] == ["attempt.started", *raised, "attempt.stopped"] * len(outcomes)
    stops = [record for record in told if record.name == "attempt.stopped"]
    assert [stop.fields["outcome"] for stop in stops] == outcomes
    for record in told:
        identity = {name: record.fields[name] for name in IDENTITY}
        assert identity == {
            "job": job.id,
            "kind": "try",
            "queue": "default",
            "attempt": record.fields["attempt"],
            "correlation": job.id,
            "traceparent": TRACE,
        }
        if record.name == "job.raised":
            assert (record.error, record.fields["outcome"]) == (answer, outcomes[record.fields["attempt"] - 1])
        if record.name != "attempt.started":
            assert record.fields["duration"] >= timedelta(0)


async def test_a_worker_tells_the_same(bench, app):
    @app.job("try")
    async def attempt() -> None: ...

    job = await app.enqueue("try")
    async with bench.working():
        await bench.reaches(job, "completed")
    names = [record.name for record in bench.records if record.fields.get("job") == job.id]
    assert names == ["job.enqueued", "attempt.started", "attempt.stopped"]


async def test_what_nobody_hears_is_not_even_made(database):
    class HardOfHearing(list[str]):
        def hears(self, level: int) -> bool:
            return level > logging.DEBUG

        def __call__(self, record) -> None:
            self.append(record.name)

    heard = HardOfHearing()
    app = Headrace(database, name="tests", telemetry=Telemetry(heard), say=lambda _: None)

    @app.job("try")
    async def attempt() -> None: ...

    async with app, app.process(), app.pool.acquire() as connection:
        await app.enqueue("try")
        await eventually(lambda: connection.fetchval("SELECT EXISTS (SELECT FROM headrace.outcome)"))
    assert {"job.enqueued", "attempt.started", "attempt.stopped"}.isdisjoint(heard)
    assert "worker.started" in heard
