"""Paused queues: nothing of them is claimed, others are, running jobs go on, and resuming wakes workers."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace import ConfigurationError, bind
from headrace.jobs import store
from headrace.jobs.operation import list_operations
from headrace.jobs.outlook import next_due
from headrace.testing import drain

HOUR = timedelta(hours=1)


@pytest.fixture
def kinds(app):
    @app.job("mail", queue="mail")
    async def mail(number: int) -> int:
        return number

    @app.job("other")
    async def other() -> None: ...


async def test_no_worker_claims_from_a_paused_queue_and_others_go_on(bench, app, kinds):
    await app.queues.pause("mail", by="ada")
    held = await app.enqueue_many("mail", [1, 2, 3])
    async with bench.working(), bench.working():
        for job in await app.enqueue_many("other", [None] * 20):
            await bench.reaches(job, "completed")
        assert [await bench.state(job) for job in held] == ["pending"] * 3
        await app.queues.resume("mail", by="ada")
        for job in held:
            await bench.reaches(job, "completed")


async def test_resuming_wakes_the_workers(bench, app, kinds):
    await app.queues.pause("mail")
    async with bench.working(poll=HOUR):
        await bench.reaches(await app.enqueue("other"), "completed")
        held = await app.enqueue("mail", 1)
        await app.queues.resume("mail")
        await bench.reaches(held, "completed", 5)


async def test_jobs_that_run_go_on_when_their_queue_is_paused(bench, app):
    began, may_end = asyncio.Event(), asyncio.Event()

    @app.job("long", queue="mail")
    async def long() -> str:
        began.set()
        await may_end.wait()
        return "done"

    job = await app.enqueue("long")
    async with bench.working():
        await began.wait()
        summary = await app.queues.pause("mail")
        assert (summary.is_paused, summary.running_count) == (True, 1)
        may_end.set()
        assert await job.result(timeout=timedelta(seconds=10)) == "done"


async def test_a_paused_queue_keeps_no_fetcher_busy(bench, app, kinds, monkeypatch):
    claims = []
    real = store.claim_jobs

    async def claim_jobs(*args, **options):
        claims.append(1)
        return await real(*args, **options)

    monkeypatch.setattr(store, "claim_jobs", claim_jobs)
    await app.queues.pause("mail")
    await app.enqueue_many("mail", list(range(50)))
    for milliseconds in range(0, 400, 4):
        await app.enqueue("mail", 1, delay=timedelta(milliseconds=1000 + milliseconds))
    async with bench.working(poll=HOUR):
        await bench.reaches(await app.enqueue("other"), "completed")
        await eventually(lambda: bench.value("SELECT count(*) = 0 FROM headrace.run WHERE run_at > now()"))
        before = len(claims)
        # The wake-up of this one is the only reason to look.
        await bench.reaches(await app.enqueue("other"), "completed")
        assert len(claims) - before <= 8
        assert len(claims) <= 30


async def test_the_paused_are_left_out_when_the_next_due_job_is_looked_for(app, kinds, connection):
    await app.enqueue("mail", 1, delay=timedelta(seconds=5))
    await app.enqueue("other", delay=HOUR)
    assert (await next_due(connection, ["mail", "default"])).rest < timedelta(minutes=1)
    await app.queues.pause("mail")
    assert (await next_due(connection, ["mail", "default"])).rest > timedelta(minutes=1)


async def test_drain_leaves_a_paused_queue_alone(app, kinds):
    await app.queues.pause("mail")
    await app.enqueue("mail", 1)
    await app.enqueue("other")
    assert (await drain(app)).kinds == {"other": 1}
    await app.queues.resume("mail")
    assert (await drain(app)).kinds == {"mail": 1}


async def test_a_second_pause_changes_nothing(app, kinds):
    first = await app.queues.pause("mail", by="ada", reason="the provider is down")
    second = await app.queues.pause("mail", by="bob", reason="me too")
    assert (second.paused_by, second.paused_at, second.pause_reason) == (
        "ada",
        first.paused_at,
        "the provider is down",
    )
    assert (await app.queues.resume("mail")).is_paused is False
    assert (await app.queues.resume("mail")).is_paused is False


async def test_each_change_is_recorded_with_who_made_it(bench, app, kinds, connection):
    await app.queues.pause("mail", by="ada", reason="maintenance")
    await app.queues.pause("mail", by="bob")
    with bind(actor="cleo"):
        await app.queues.resume("mail")
    await app.queues.resume("mail", by="bob")
    recorded = await list_operations(connection)
    assert [(one.action, one.actor, one.subject, one.reason) for one in recorded] == [
        ("queue.resumed", "cleo", {"queue": "mail"}, None),
        ("queue.paused", "ada", {"queue": "mail"}, "maintenance"),
    ]
    assert all(one.ended_at is not None for one in recorded)
    assert [one.fields for one in bench.records.named("queue.changed")] == [
        {"queue": "mail", "action": "paused", "by": "ada"},
        {"queue": "mail", "action": "resumed", "by": "cleo"},
    ]
    assert [one.action for one in await list_operations(connection, before=recorded[0].id, limit=1)] == ["queue.paused"]


async def test_the_list_has_every_queue_there_is_a_trace_of(bench, app, kinds):
    await app.enqueue_many("mail", [1, 2])
    await app.enqueue("mail", 3, delay=HOUR)
    await app.enqueue("other", queue="lost")
    await app.queues.pause("silent")
    async with bench.working(queues=("default",)):
        found = {one.name: one for one in await app.queues.all()}
    assert set(found) == {"default", "lost", "mail", "silent"}
    counts = {name: (one.due_count, one.later_count, one.worker_count) for name, one in found.items()}
    assert counts == {"default": (0, 0, 1), "lost": (1, 0, 0), "mail": (2, 1, 0), "silent": (0, 0, 0)}
    assert [name for name, one in found.items() if one.is_paused] == ["silent"]


async def test_waiting_jobs_are_counted_up_to_a_bound(app, kinds, monkeypatch):
    monkeypatch.setattr("headrace.jobs.queues.MOST_COUNTED", 5)
    await app.enqueue_many("mail", list(range(9)))
    await app.enqueue_many("mail", list(range(4)), priority="low")
    assert (await app.queues.get("mail")).due_count == 5


@pytest.mark.parametrize("name", ["", " mail", "a" * 101, "ma\nil"])
async def test_a_name_no_queue_may_have_is_refused(app, name):
    with pytest.raises(ConfigurationError, match="queue's name"):
        await app.queues.pause(name)
