"""A dry run tells what a handler would change and send, row by row, and leaves nothing behind."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import SOMEBODY_WAITS, eventually
from fix_events import ContactCreated, NoteTaken
from headrace import ConfigurationError
from headrace.errors import RehearsalError
from headrace.replay.changes import RowChange


@pytest.fixture
async def tables(history):
    """Tables that a handler changes in every way, with rows of everybody's."""
    async with history.pool.acquire() as connection:
        await connection.execute(
            'CREATE TABLE "Odd name" '
            '("the key" text, part int, value jsonb, at timestamptz, PRIMARY KEY (part, "the key"));'
            """INSERT INTO "Odd name" VALUES ('kept', 1, '{}', now()), ('changed', 1, '{"n": 1}', now()),
                ('same', 1, '3', now()), ('gone', 2, '1', now()), ('moved', 2, '5', now())"""
        )
    return history


def handled(app, **options):
    def register(function):
        app.on(NoteTaken, mode="ordered", name="new", start="now", **options)(function)
        return function

    return register


async def everything(app) -> list:
    async with app.pool.acquire() as connection:
        rows = await connection.fetch('SELECT * FROM "Odd name" ORDER BY part, "the key"')
        copies = await connection.fetch("SELECT * FROM copy")
        return [*rows, *copies]


async def test_each_row_is_told_as_it_was_and_as_it_would_be(tables, bench):
    @handled(tables, batch_size=3)
    async def new(events, tx):
        if events[0].position == 1:
            await tx.execute("""UPDATE "Odd name" SET value = '{"n": 2}' WHERE "the key" = 'changed'""")
            await tx.execute("""UPDATE "Odd name" SET value = value WHERE "the key" = 'same'""")
            async with tx.savepoint():
                await tx.execute("""DELETE FROM "Odd name" WHERE "the key" = 'gone'""")
                await tx.execute("""INSERT INTO "Odd name" VALUES ('made', 3, '7', NULL)""")
            await tx.execute("""UPDATE "Odd name" SET "the key" = 'arrived' WHERE "the key" = 'moved'""")
        for one in events:
            await tx.execute("INSERT INTO copy VALUES ($1, $2)", one.position, one.data.text)
        await tx.execute("""INSERT INTO "Odd name" VALUES ('passing', 9, '1', NULL)""")
        await tx.execute("""DELETE FROM "Odd name" WHERE "the key" = 'passing'""")

    before = await everything(tables)
    # What others hold and change meanwhile is none of its doing.
    async with tables.pool.acquire() as other, other.transaction():
        await other.fetch("""SELECT FROM "Odd name" WHERE "the key" = 'kept' FOR UPDATE""")
        async with tables.pool.acquire() as third:
            await third.execute("""INSERT INTO "Odd name" VALUES ('theirs', 5, '1', NULL)""")
            found = await tables.replays.rehearse("new")
            await third.execute("""DELETE FROM "Odd name" WHERE "the key" = 'theirs'""")
    assert await everything(tables) == before
    assert (found.event_count, found.position, found.stopped_because) == (10, 10, None)

    odd, copy = found.tables
    assert (odd.table, copy.table) == ('public."Odd name"', "public.copy")
    assert (odd.inserted_count, odd.updated_count, odd.deleted_count, odd.unchanged_count) == (2, 1, 2, 1)
    by_change = {
        change: {one.key["the key"]: one for one in odd.samples if one.change == change}
        for change in ("inserted", "updated", "deleted")
    }
    assert by_change["updated"] == {
        "changed": RowChange("updated", {"part": 1, "the key": "changed"}, {"value": {"n": 1}}, {"value": {"n": 2}})
    }
    assert set(by_change["inserted"]) == {"made", "arrived"}
    assert set(by_change["deleted"]) == {"gone", "moved"}
    assert by_change["inserted"]["made"].after == {"the key": "made", "part": 3, "value": 7, "at": None}
    assert by_change["deleted"]["gone"].before["value"] == 1

    assert (copy.has_key, copy.inserted_count, len(copy.samples)) == (False, 10, 3)
    assert odd.statement_counts == {"inserted": 5, "updated": 3, "deleted": 5}


async def test_later_events_see_what_earlier_ones_wrote(tables):
    @handled(tables, batch_size=1)
    async def new(events, tx):
        for _ in events:
            await tx.execute(
                """INSERT INTO "Odd name" VALUES ('n', 8, '1', NULL) ON CONFLICT (part, "the key")
                   DO UPDATE SET value = to_jsonb("Odd name".value::int + 1)"""
            )

    [odd] = (await tables.replays.rehearse("new")).tables
    assert (odd.inserted_count, odd.updated_count) == (1, 0)
    assert odd.samples[0].after["value"] == 10


async def test_jobs_and_events_are_told_with_samples_and_nothing_is_stored(history, bench):
    history.declare("mail")

    @handled(history)
    async def new(events, tx):
        for one in events:
            await tx.enqueue("mail", {"to": one.data.text})
            await history.enqueue("mail", {"beside": one.data.text})
            await tx.append(ContactCreated(one.data.text))

    found = await history.replays.rehearse("new", until=4, most_samples=2)
    assert (found.jobs, found.events) == ({"mail": 8}, {"contact.created": 4})
    assert found.event_samples == {"contact.created": [{"name": "0"}, {"name": "1"}]}
    assert len(found.job_samples["mail"]) == 2
    assert found.tables == []
    assert await bench.value("SELECT count(*) FROM headrace.job") == 0
    assert await bench.value("SELECT count(*) FROM headrace.event") == 10


async def test_jobs_enqueued_by_plain_sql_are_rows_like_all_others(history, bench):
    history.declare("mail")

    @handled(history)
    async def new(events, tx):
        await tx.execute("SELECT headrace.enqueue('mail', require_known => false)")

    found = await history.replays.rehearse("new")
    [jobs] = [table for table in found.tables if table.table.startswith("headrace.job_")]
    assert jobs.inserted_count == 1
    assert await bench.value("SELECT count(*) FROM headrace.job") == 0


async def test_a_transaction_of_the_handlers_own_is_refused(history, bench):
    @handled(history)
    async def new(events, tx):
        async with history.transaction() as other:
            await other.execute("INSERT INTO copy VALUES (1, 'x')")

    with pytest.raises(RehearsalError, match="opens a transaction of its own"):
        await history.replays.rehearse("new")
    assert await bench.value("SELECT count(*) FROM copy") == 0


async def test_a_handler_that_fails_is_told_with_its_events_and_undone(history, bench):
    @handled(history, batch_size=4)
    async def new(events, tx):
        for one in events:
            await tx.execute("INSERT INTO copy VALUES ($1, $2)", one.position, one.data.text)
            if one.data.text == "6":
                raise ValueError("no place")

    with pytest.raises(RehearsalError, match="no place") as caught:
        await history.replays.rehearse("new")
    assert (caught.value.first, caught.value.last) == (5, 8)
    assert await bench.value("SELECT count(*) FROM copy") == 0


async def test_it_gives_way_to_who_waits_for_what_it_has_locked(tables, bench):
    holds = asyncio.Event()
    waits = asyncio.Event()

    @handled(tables, batch_size=2)
    async def new(events, tx):
        await tx.execute("""UPDATE "Odd name" SET value = '0' WHERE "the key" = 'kept'""")
        holds.set()
        await waits.wait()

    async def live() -> str:
        async with tables.pool.acquire() as connection:
            return await connection.execute("""UPDATE "Odd name" SET value = '9' WHERE "the key" = 'kept'""")

    rehearsing = asyncio.create_task(tables.replays.rehearse("new"))
    await holds.wait()
    living = asyncio.create_task(live())
    await eventually(lambda: bench.value(SOMEBODY_WAITS))
    waits.set()
    found = await rehearsing
    assert await living == "UPDATE 1"
    assert (found.stopped_because, found.event_count) == ("in the way", 2)
    assert found.tables[0].samples[0].after == {"value": 0}


async def test_it_ends_when_its_time_is_over(history):
    @handled(history, batch_size=2)
    async def new(events, tx): ...

    found = await history.replays.rehearse("new", patience=timedelta(0))
    assert (found.stopped_because, found.event_count, found.position) == ("patience", 2, 2)


async def test_what_waits_for_others_fails_instead_of_hanging(tables, monkeypatch):
    monkeypatch.setattr("headrace.replay.rehearsal._MOST_WAITING", timedelta(milliseconds=50))

    @handled(tables)
    async def new(events, tx):
        await tx.execute("""UPDATE "Odd name" SET value = '0' WHERE "the key" = 'kept'""")

    async with tables.pool.acquire() as other, other.transaction():
        await other.execute("""UPDATE "Odd name" SET value = '1' WHERE "the key" = 'kept'""")
        with pytest.raises(RehearsalError) as caught:
            await tables.replays.rehearse("new")
    assert isinstance(caught.value.__cause__, asyncpg.LockNotAvailableError)


async def test_a_job_handler_would_make_a_job_an_event(history):
    @history.on(NoteTaken, name="outside", start="now")
    async def outside(one, job):
        raise AssertionError("a dry run calls nobody outside")

    found = await history.replays.rehearse("outside")
    assert found.jobs == {"process-event": 10}


async def test_no_handler_of_that_name_is_an_error(history):
    with pytest.raises(ConfigurationError, match="no handler is named"):
        await history.replays.rehearse("paste")
