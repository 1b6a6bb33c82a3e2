"""Who, why and since when: carried from a request through jobs and events by itself."""

import asyncio

from fix_events import ContactCreated
from headrace import Job, Stream, bind, current, uuid7


async def test_a_request_a_job_an_event_and_the_next_job_share_one_correlation(bench, app):
    app.register(ContactCreated)
    seen: dict[str, object] = {}

    @app.job("import")
    async def import_(job: Job) -> None:
        seen["import"] = current()
        async with job.transaction() as tx:
            seen["event"] = await tx.append(ContactCreated("Ada"), stream=Stream("contact", "1"))

    @app.on(ContactCreated, mode="sync")
    async def count(event, tx) -> None:
        seen["sync"] = current()

    @app.on(ContactCreated, mode="ordered")
    async def project(events, tx) -> None:
        seen["ordered"] = current()

    app.on(ContactCreated, name="scores").enqueue("score", lambda event: event.data.name)

    @app.job("score")
    def score(name: str) -> str:
        seen["score"] = current()
        return name

    request, cause = uuid7(), uuid7()
    with bind(
        correlation_id=request,
        causation_id=cause,
        causation_kind="request",
        user_id="u1",
        actor="ada",
        tenant_id="t1",
        traceparent="00-trace-01",
    ):
        first = await app.enqueue("import")
    async with bench.working():
        done = await bench.reaches(first, "completed")
        last = await bench.value("SELECT id FROM headrace.job WHERE kind = 'score'")
        while last is None:
            await asyncio.sleep(0.01)
            last = await bench.value("SELECT id FROM headrace.job WHERE kind = 'score'")
        final = await bench.reaches(last, "completed")

    assert (done.correlation_id, done.causation_id, done.causation_kind) == (request, cause, "request")
    assert (done.user_id, done.actor, done.tenant_id) == ("u1", "ada", "t1")
    event = await bench.value("SELECT row_to_json(event) FROM headrace.event")
    for fact in (str(request), str(first.id), '"causation_kind":"job"', '"user_id":"u1"', '"tenant_id":"t1"'):
        assert fact in event
    assert (final.correlation_id, final.causation_id, final.causation_kind) == (request, seen["event"], "event")
    assert (final.user_id, final.actor, final.tenant_id, final.result) == ("u1", "ada", "t1", "Ada")
    for place, cause_id, kind in (
        ("import", first.id, "job"),
        ("sync", seen["event"], "event"),
        ("ordered", seen["event"], "event"),
        ("score", last, "job"),
    ):
        context = seen[place]
        assert (context.correlation_id, context.causation_id, context.causation_kind) == (request, cause_id, kind)
        assert (context.user_id, context.actor, context.tenant_id) == ("u1", "ada", "t1")
        assert context.traceparent == "00-trace-01"


async def test_a_job_outside_any_context_begins_a_correlation_of_its_own(bench, app):
    app.declare("any")
    job = await app.enqueue("any")
    stored = await bench.show(job)
    assert (stored.correlation_id, stored.causation_id, stored.causation_kind) == (job.id, None, None)


async def test_children_carry_the_context_of_the_job_that_made_them(bench, app):
    app.declare("child", queue="elsewhere")
    made: list[object] = []

    @app.job("parent")
    async def parent(job: Job) -> None:
        made.append(await job.enqueue("child"))
        await asyncio.gather(*(job.enqueue("child") for _ in range(2)))

    with bind(user_id="u2"):
        first = await app.enqueue("parent")
    async with bench.working():
        await bench.reaches(first, "completed")
    child = await bench.show(made[0])
    assert (child.parent_id, child.correlation_id, child.causation_id) == (first.id, first.id, first.id)
    assert child.user_id == "u2"
    assert (await bench.show(first)).progress.child_count == 3


async def test_contexts_of_jobs_running_beside_one_another_do_not_mix(bench, app):
    @app.job("who")
    async def who() -> str | None:
        await asyncio.sleep(0.005)
        return current().user_id

    jobs = {}
    for number in range(30):
        with bind(user_id=str(number)):
            jobs[number] = await app.enqueue("who")
    async with bench.working(concurrency=10):
        for number, job in jobs.items():
            assert (await bench.reaches(job, "completed")).result == str(number)
    assert current().user_id is None
