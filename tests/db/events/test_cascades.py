"""Handlers that set each other off: told when they run in a circle, stopped when they do not end."""

from datetime import timedelta

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from headrace import Job, Stream
from headrace.context import Context
from headrace.events import cascade
from headrace.events.cascade import MOST_HOPS, CascadeError, hop, hops
from headrace.events.store import append
from headrace.testing import drain

ADA = Stream("contact", "ada")


@pytest.fixture
def circling(app):
    app.register(ContactCreated, ContactRenamed, NoteTaken)
    return app


async def paths(bench) -> list[list[str]]:
    async with bench.app.pool.acquire() as connection:
        return [
            hops(row[0])
            for row in await connection.fetch(
                "SELECT path FROM headrace.event WHERE retention = 'domain' ORDER BY position"
            )
        ]


async def test_events_and_jobs_carry_the_handlers_that_led_to_them(circling, bench):
    app = circling

    @app.on(ContactCreated, mode="ordered", name="rename")
    async def rename(events, tx):
        await tx.append(ContactRenamed("Bo"), stream=ADA)

    app.on(ContactRenamed, name="to a job").enqueue("note", lambda renamed: {"text": renamed.data.name})

    @app.job("note")
    async def note(args: dict, job: Job) -> None:
        async with job.transaction() as tx:
            await tx.append(NoteTaken(args["text"]))

    await app.append(ContactCreated("Ada"), stream=ADA)
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 3 FROM headrace.event WHERE retention = 'domain'"))
    first, second = hop("contact.created", "rename"), hop("contact.renamed", "to a job")
    assert await paths(bench) == [[], [first], [first, second]]
    await bench.value("UPDATE headrace.head SET position = 3 RETURNING true")
    assert [one.path async for one in app.read()] == [None, first, f"{first}\n{second}"]


@pytest.mark.parametrize("mode", ["sync", "ordered", "job"])
async def test_a_circle_is_told_once_with_its_path_and_ends_at_the_limit(circling, bench, mode):
    app = circling

    async def again(event, unit) -> None:
        appending = unit.append if hasattr(unit, "append") else app.append
        await appending(NoteTaken("again"))

    async def again_for_all(events, tx) -> None:
        await again(events[0], tx)

    app.on(NoteTaken, mode=mode, name="again")(again_for_all if mode == "ordered" else again)
    if mode == "sync":
        with pytest.raises(CascadeError, match=r"note\.taken > again > note\.taken"):
            await app.append(NoteTaken("first"))
        assert await paths(bench) == []
    else:
        await app.append(NoteTaken("first"))
        async with bench.working():
            full = f"SELECT count(*) = {MOST_HOPS + 1} FROM headrace.event WHERE retention = 'domain'"
            await eventually(lambda: bench.value(full), 15)
            await eventually(lambda: bench.records.named("subscription.failed" if mode == "ordered" else "job.raised"))
        assert await bench.value(full)
        assert [len(path) for path in await paths(bench)] == list(range(MOST_HOPS + 1))
    told = bench.records.named("event.circle")
    assert {record.fields["path"] for record in told} == {"note.taken > again > note.taken > again"}
    assert len(told) == 1


async def test_a_job_that_is_due_later_begins_anew(circling, bench):
    app = circling

    @app.job("tick")
    async def tick(job: Job) -> None: ...

    @app.on(NoteTaken, mode="ordered", name="plan")
    async def plan(events, tx):
        await tx.enqueue("tick", delay=timedelta(hours=1))
        await tx.enqueue("tick")

    await app.append(NoteTaken("x"))
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.outcome"))
    later = "SELECT array_agg(path) FROM headrace.job JOIN headrace.run ON job_id = id"
    ended = "SELECT array_agg(path) FROM headrace.job JOIN headrace.outcome ON job_id = id"
    assert await bench.value(later) == [None]
    assert await bench.value(ended) == [hop("note.taken", "plan")]


async def test_a_batch_is_as_deep_as_its_deepest_event(circling, bench):
    app = circling

    @app.on(NoteTaken, mode="ordered", name="all")
    async def every(events, tx):
        assert len(events) == 2
        await tx.append(ContactCreated("made of two"))

    async with app.pool.acquire() as connection, connection.transaction():
        deep = Context(path=hop("a", "x"))
        await append(connection, [new(NoteTaken("flat")), new(NoteTaken("deep"), context=deep)])
    await drain(app)
    assert (await paths(bench))[-1] == [hop("a", "x"), hop("note.taken", "all")]


async def test_too_many_deep_events_of_one_correlation_are_refused(circling, connection, monkeypatch):
    for module in ("headrace.events.store", "headrace.events.cascade"):
        monkeypatch.setattr(f"{module}.MOST_EVENTS", 5)
    one, other = new(NoteTaken("a")).id, new(NoteTaken("b")).id
    deep = "\n".join(hop(str(number), "h") for number in range(cascade.DEEP))
    shallow = deep.rpartition("\n")[0]

    async def write(correlation, path, count) -> None:
        context = Context(correlation_id=correlation, path=path)
        async with connection.transaction():
            await append(connection, [new(NoteTaken("x"), context=context) for _ in range(count)])

    await write(one, shallow, 20)
    await write(one, deep, 3)
    await write(one, deep, 2)
    await write(other, deep, 5)
    with pytest.raises(CascadeError, match=f"correlation {one} has 5 events after 4 handlers or more already"):
        await write(one, deep, 1)
    with pytest.raises(CascadeError):
        await write(other, deep, 1)
    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 30
