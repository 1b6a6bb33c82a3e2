"""Bulk actions: what a filter fits, what becomes of it and of those around it, and going on after an interruption."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fix_apps import eventually
from headrace import Discard, JobFilter, OperationNotFoundError, Priority, bind, uuid7
from headrace.jobs import bulk as bulk_module
from headrace.jobs import operations as operations_module
from headrace.jobs import selection
from headrace.jobs.bulk import Deed
from headrace.jobs.dead import list_dead

HOUR = timedelta(hours=1)


@pytest.fixture
def kinds(app):
    @app.job("mail", queue="mails", max_attempts=1)
    async def mail(how: str) -> str:
        match how:
            case "dead":
                raise ValueError("a reason")
            case "worse":
                raise OSError("another")
            case "failed":
                raise Discard("not wanted")
        return how

    app.declare("later")


async def fits(app, deed_verb="cancel", **options) -> list:
    """The ids a filter fits, youngest first."""
    options = {"verb": deed_verb, **options}
    deed = Deed(verb=options.pop("verb"), filter=JobFilter(**options))
    return [one.id for one in (await app.operations.preview(deed, sample=100)).sample]


async def test_a_filter_fits_what_all_its_parts_fit(app, kinds):
    with bind(tenant_id="a"):
        first = await app.enqueue("later", {"to": "ada@example.com"}, delay=HOUR, queue="x")
    with bind(tenant_id="b"):
        second = await app.enqueue("later", {"to": "bob@example.com"}, parent=first.id)
    third = await app.enqueue("mail", "fine")
    everything = [third.id, second.id, first.id]
    assert await fits(app, states=("pending", "scheduled")) == everything
    assert await fits(app, states=("scheduled",)) == [first.id]
    assert await fits(app, kinds=("later",)) == [second.id, first.id]
    assert await fits(app, queues=("x", "mails")) == [third.id, first.id]
    assert await fits(app, tenant_id="b") == [second.id]
    assert await fits(app, parent_id=first.id) == [second.id]
    assert await fits(app, correlation_id=third.id) == [third.id]
    assert await fits(app, args_contain="bob@") == [second.id]
    assert await fits(app, ids=(first.id, third.id)) == [third.id, first.id]
    assert await fits(app, kinds=("later",), tenant_id="a", args_contain="ada") == [first.id]
    now = datetime.now(UTC)
    assert await fits(app, created_after=now - HOUR) == everything
    assert await fits(app, created_before=now - HOUR) == []
    assert await fits(app, ended_after=now - HOUR, states=("pending",)) == []


async def test_ended_jobs_are_found_by_how_and_when_they_ended(bench, app, kinds):
    dead, worse, failed, fine = await app.enqueue_many("mail", ["dead", "worse", "failed", "fine"])
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 4 FROM headrace.outcome"))
    now = datetime.now(UTC)
    assert await fits(app, "delete", states=("completed",)) == [fine.id]
    assert await fits(app, "retry", kinds=("mail",)) == [failed.id, worse.id, dead.id]
    assert await fits(app, "retry", error_type="ValueError") == [dead.id]
    assert await fits(app, "retry", ended_after=now - HOUR, ended_before=now + HOUR, states=("dead",)) == [
        worse.id,
        dead.id,
    ]
    assert await fits(app, "retry", ended_before=now - HOUR, states=("dead",)) == []


async def test_a_dry_run_counts_and_changes_nothing(bench, app, kinds):
    await app.enqueue_many("later", list(range(25)))
    deed = Deed(verb="cancel", filter=JobFilter(kinds=("later",)))
    found = await app.operations.preview(deed, sample=3)
    assert (found.count, found.is_exact, len(found.sample)) == (25, True, 3)
    assert await bench.counts() == {"pending": 25}
    assert await app.operations.all() == []


async def test_counting_ends_when_patience_does(app, kinds, monkeypatch):
    monkeypatch.setattr(selection, "_COUNT_PAGE", 10)
    await app.enqueue_many("later", list(range(25)))
    deed = Deed(verb="cancel", filter=JobFilter(kinds=("later",)))
    assert (await app.operations.preview(deed)).count == 25
    found = await app.operations.preview(deed, patience=timedelta(0))
    assert (found.count, found.is_exact) == (0, False)


async def test_cancelling_takes_what_waits_what_runs_and_what_depends_on_it(bench, app, kinds):
    @app.job("long", queue="mails")
    async def long() -> None:
        await asyncio.Event().wait()

    running = await app.enqueue("long")
    async with bench.working():
        await bench.reaches(running, "processing")
        parent = await app.enqueue("later", 0, delay=HOUR)
        waiting = await app.enqueue_many("later", [1, 2, 3], parent=parent.id, queue="mails")
        follower = await app.enqueue("later", 4, depends_on=[waiting[0]], parent=parent.id)
        spared = await app.enqueue("later", 5, depends_on=[waiting[1]], on_failed_dependency="run")
        done = await app.operations.cancel(JobFilter(queues=("mails",)), by="ada", reason="a flood")
        assert (done.total_count, done.seen_count, done.changed_count, done.follower_count) == (4, 4, 4, 1)
        assert (done.action, done.actor, done.reason) == ("jobs.cancelled", "ada", "a flood")
        await bench.reaches(running, "cancelled")
    for job in waiting:
        assert (await bench.show(job)).error["message"] == "cancelled by ada"
    assert await bench.state(follower) == "cancelled"
    assert await bench.state(spared) == "pending"
    progress = (await bench.show(parent)).progress
    assert (progress.child_count, progress.ended_count, progress.failed_count) == (4, 4, 4)


async def test_retrying_brings_a_flow_back_in_its_order(bench, app, kinds, monkeypatch):
    monkeypatch.setattr(operations_module, "_BATCH", 2)
    parent = await app.enqueue("later", 0, delay=HOUR)
    first = await app.enqueue("mail", "dead", parent=parent.id)
    second = await app.enqueue("mail", "fine", depends_on=[first], parent=parent.id)
    third = await app.enqueue("mail", "fine", depends_on=[second], parent=parent.id)
    other = await app.enqueue("mail", "worse")
    async with bench.working():
        await bench.reaches(other, "dead")
        await bench.reaches(third, "cancelled")
    assert (await bench.show(parent)).progress.failed_count == 3
    done = await app.operations.retry(JobFilter(kinds=("mail",)), by="ada")
    assert (done.seen_count, done.changed_count) == (4, 4)
    progress = (await bench.show(parent)).progress
    assert (progress.ended_count, progress.failed_count) == (0, 0)
    assert [await bench.state(job) for job in (first, second, third, other)] == [
        "pending",
        "scheduled",
        "scheduled",
        "pending",
    ]
    assert (await bench.show(third)).waits_for == 1
    # What failed may run now: the others follow it, each once.
    await bench.value("UPDATE headrace.job SET args = '\"fine\"' WHERE id = $1 RETURNING 1", first.id)
    async with bench.working():
        await bench.reaches(third, "completed")
    assert [await bench.state(job) for job in (first, second)] == ["completed", "completed"]


async def test_a_job_that_dies_again_is_not_retried_twice_and_keeps_nobody_waiting(bench, app, kinds, monkeypatch):
    monkeypatch.setattr(operations_module, "_BATCH", 1)
    first = await app.enqueue("mail", "dead")
    second = await app.enqueue("mail", "fine", depends_on=[first])
    async with bench.working():
        await bench.reaches(second, "cancelled")
        done = await app.operations.retry(JobFilter(kinds=("mail",)))
        assert done.changed_count == 2
        await eventually(lambda: bench.value("SELECT count(*) = 2 FROM headrace.failure"))
        await bench.reaches(first, "dead")
        await bench.reaches(second, "cancelled")


async def test_waiting_jobs_get_another_due_time(bench, app, kinds):
    late, soon = await app.enqueue("later", delay=HOUR), await app.enqueue("later")
    at = datetime.now(UTC) + 2 * HOUR
    done = await app.operations.reschedule(JobFilter(ids=(soon.id,)), run_at=at)
    assert (done.changed_count, done.subject["run_at"]) == (1, at.isoformat().replace("+00:00", "Z"))
    assert (await bench.state(soon), (await bench.show(soon)).run_at) == ("scheduled", at)
    await app.operations.reschedule(JobFilter(states=("scheduled",)), run_at=datetime.now(UTC) - HOUR)
    assert (await bench.state(soon), await bench.state(late)) == ("pending", "pending")


async def test_a_job_that_is_made_due_is_claimed_though_it_lies_behind_the_cursor(bench, app, kinds):
    async with bench.working(poll=timedelta(seconds=30)):
        await bench.reaches(await app.enqueue("mail", "fine"), "completed")
        job = await app.enqueue("mail", "fine", delay=HOUR)
        await app.operations.reschedule(JobFilter(ids=(job.id,)), run_at=datetime.now(UTC) - HOUR)
        await bench.reaches(job, "completed", 5)


async def test_waiting_jobs_get_another_priority_for_good(bench, app, kinds):
    jobs = await app.enqueue_many("mail", ["dead", "dead"])
    done = await app.operations.prioritise(JobFilter(kinds=("mail",)), priority=Priority.CRITICAL)
    assert (done.changed_count, done.subject["priority"]) == (2, "critical")
    again = await app.operations.prioritise(JobFilter(kinds=("mail",)), priority=Priority.CRITICAL)
    assert (again.seen_count, again.changed_count) == (2, 0)
    async with bench.working():
        await bench.reaches(jobs[0], "dead")
        await bench.reaches(jobs[1], "dead")
    await app.operations.retry(JobFilter(kinds=("mail",)))
    assert await bench.value("SELECT array_agg(priority) FROM headrace.run") == [0, 0]
    assert (await bench.show(jobs[0])).priority == "critical"


async def test_ended_jobs_are_deleted_but_for_those_that_a_living_one_depends_on(bench, app, kinds):
    needed, gone = await app.enqueue_many("mail", ["fine", "dead"])
    async with bench.working():
        await bench.reaches(gone, "dead")
        await bench.reaches(needed, "completed")
    follower = await app.enqueue("later", depends_on={"needed": needed})
    done = await app.operations.delete(JobFilter(kinds=("mail",)))
    assert (done.seen_count, done.changed_count) == (2, 1)
    assert await bench.value("SELECT array_agg(id) FROM headrace.job WHERE kind = 'mail'") == [needed.id]
    assert await bench.value("SELECT count(*) FROM headrace.failure") == 0
    assert (await bench.show(follower)).dependencies[0].state == "completed"


async def test_an_operation_that_was_interrupted_goes_on_where_it_was_and_does_nothing_twice(
    bench, app, kinds, monkeypatch
):
    monkeypatch.setattr(operations_module, "_BATCH", 10)
    jobs = await app.enqueue_many("later", list(range(35)))
    real, calls = bulk_module.perform, []

    async def perform(connection, deed, job_ids, **options):
        done = await real(connection, deed, job_ids, **options)
        calls.append(len(job_ids))
        if len(calls) == 3:
            raise ConnectionResetError("the third batch is lost")
        return done

    monkeypatch.setattr(operations_module, "perform", perform)
    with pytest.raises(ConnectionResetError):
        await app.operations.cancel(JobFilter(kinds=("later",)), by="ada")
    (begun,) = await app.operations.all()
    assert (begun.seen_count, begun.changed_count, begun.ended_at) == (20, 20, None)
    assert await bench.counts() == {"cancelled": 20, "pending": 15}
    new = await app.enqueue("later", "after it began")
    seen = []
    done = await app.operations.resume(begun.id, on_progress=lambda done, total: seen.append((done, total)))
    assert (done.seen_count, done.changed_count, done.ended_at is not None) == (35, 35, True)
    assert seen == [(30, 35), (35, 35)]
    assert await bench.state(new) == "pending"
    assert [await bench.state(job) for job in jobs] == ["cancelled"] * 35
    assert await app.operations.resume(begun.id) == done


async def test_two_who_go_on_with_one_operation_take_turns(bench, app, kinds, monkeypatch):
    monkeypatch.setattr(operations_module, "_BATCH", 5)
    await app.enqueue_many("later", list(range(40)))
    real = operations_module.Operations.resume

    async def twice(self, operation_id, **options):
        monkeypatch.setattr(operations_module.Operations, "resume", real)
        await asyncio.gather(*(real(self, operation_id) for _ in range(3)))
        return await real(self, operation_id)

    monkeypatch.setattr(operations_module.Operations, "resume", twice)
    done = await app.operations.cancel(JobFilter(kinds=("later",)))
    assert (done.seen_count, done.changed_count) == (40, 40)
    assert await bench.counts() == {"cancelled": 40}


async def test_an_operation_that_is_not_stored_is_not_found(app):
    with pytest.raises(OperationNotFoundError):
        await app.operations.resume(uuid7())


async def test_dead_letters_are_told_by_kind_and_error(bench, app, kinds, connection):
    jobs = await app.enqueue_many("mail", ["dead", "worse", "dead", "failed"])
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 4 FROM headrace.outcome"))
    first, second = await list_dead(connection)
    assert (first.kind, first.error_type, first.count, first.message) == ("mail", "ValueError", 2, "a reason")
    assert (second.error_type, second.count, second.sample_id) == ("OSError", 1, jobs[1].id)
    assert first.first_at <= first.last_at
    assert await list_dead(connection, kind="other") == []
    assert [one.count for one in await list_dead(connection, queue="mails", limit=1)] == [2]
