"""Events imported in bulk are as if they had been appended one after the other."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_apps import eventually
from fix_events import ContactCreated, ContactRenamed, NoteTaken, known_events, new
from headrace import Context, EventIdTakenError, Headrace, InvalidEventError, PastEvent, uuid7
from headrace.errors import TransactionClosedError
from headrace.events import importing
from headrace.events.event import NewEvent, Stream
from headrace.events.importing import import_events
from headrace.events.past import Imported
from headrace.events.store import append

MOMENT = datetime(2001, 2, 3, tzinfo=UTC)
CONTENT = (
    "SELECT id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,"
    " source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at"
    " FROM headrace.event ORDER BY position"
)


def past(text: str, stream: str | None = None, **options) -> PastEvent:
    return PastEvent(data=NoteTaken(text), stream=None if stream is None else Stream("contact", stream), **options)


async def imported(connection, events) -> Imported:
    async with connection.transaction():
        return await import_events(connection, known_events(), events, source="tests")


async def texts(connection: asyncpg.Connection) -> list[tuple]:
    rows = await connection.fetch(
        "SELECT data ->> 'text', aggregate_id, stream_version FROM headrace.event ORDER BY position"
    )
    return [tuple(row) for row in rows]


async def test_an_import_keeps_the_order_and_continues_each_stream(connection):
    async with connection.transaction():
        await append(connection, [new(NoteTaken("old"), stream="a")] * 2)
    found = await imported(connection, [past("1", "b"), past("2", "a"), past("3"), past("4", "a"), past("5", "b")])

    assert await texts(connection) == [
        ("old", "a", 1),
        ("old", "a", 2),
        ("1", "b", 1),
        ("2", "a", 3),
        ("3", None, None),
        ("4", "a", 4),
        ("5", "b", 2),
    ]
    assert found == Imported(5, 0, 3, 7)
    async with connection.transaction():
        assert [one.stream_version for one in await append(connection, [new(NoteTaken("new"), stream="a")])] == [5]


@pytest.mark.parametrize("most", [0, 2, 100])
async def test_however_many_streams_are_counted_on_the_way_the_versions_are_right(connection, monkeypatch, most):
    monkeypatch.setattr(importing, "_MOST_STREAMS", most)
    for start in (0, 9):
        await imported(connection, [past(str(n), "abcd"[n % 4] if n % 3 else None) for n in range(start, start + 9)])
    versions: dict[str | None, int] = {}
    for place, (text, stream, version) in enumerate(await texts(connection)):
        assert text == str(place)
        versions[stream] = versions.get(stream, 0) + 1
        assert version == (None if stream is None else versions[stream])
    rows = await connection.fetch("SELECT aggregate_id, version FROM headrace.stream")
    assert dict(rows) == {stream: count for stream, count in versions.items() if stream is not None}


async def test_what_is_known_of_an_event_is_kept(connection):
    whole = Context(uuid7(), uuid7(), "job", "t", "u", "a", "00-x")
    chosen = uuid7()
    event = past("1", "a", occurred_at=MOMENT, event_id=chosen, context=whole)
    async with connection.transaction():
        await append(connection, [new(NoteTaken("1"), stream="a", occurred_at=MOMENT, event_id=chosen, context=whole)])
    wanted = await connection.fetch(CONTENT)
    await connection.execute("TRUNCATE headrace.event, headrace.stream, headrace.given_id")
    await imported(connection, [event])
    assert await connection.fetch(CONTENT) == wanted


async def test_importing_again_appends_only_what_is_missing(connection):
    ids = [uuid7() for _ in range(4)]
    first = [past(str(n), "ab"[n % 2], event_id=ids[n]) for n in range(3)]
    await imported(connection, first)
    again = await imported(connection, [*first, past("3", "b", event_id=ids[3]), past("3", "b", event_id=ids[3])])

    assert again == Imported(1, 4, 4, 4)
    assert await texts(connection) == [("0", "a", 1), ("1", "b", 1), ("2", "a", 2), ("3", "b", 2)]
    assert await imported(connection, first) == Imported(0, 3, None, None)
    async with connection.transaction():
        assert not (await append(connection, [new(NoteTaken("3"), stream="b", event_id=ids[3])]))[0].is_new


@pytest.mark.parametrize("is_stored", [True, False])
async def test_an_id_with_other_content_refuses_the_whole_import_and_both_are_told(connection, is_stored):
    chosen = uuid7()
    before = [past("1", "a", event_id=chosen)]
    if is_stored:
        await imported(connection, before)
        before = []
    with pytest.raises(EventIdTakenError) as caught:
        await imported(connection, [*before, past("new"), past("2", "a", event_id=chosen)])
    assert caught.value.position == (1 if is_stored else None)
    assert (caught.value.stored, caught.value.given) == (
        'note.taken v1 of contact/a: {"text": "1"}',
        'note.taken v1 of contact/a: {"text": "2"}',
    )
    assert len(await texts(connection)) == is_stored


async def test_data_that_does_not_fit_refuses_the_whole_import_and_the_transaction_goes_on(connection):
    async with connection.transaction():
        with pytest.raises(InvalidEventError, match="text"):
            await import_events(
                connection, known_events(), [past("good", "a"), PastEvent(data=NoteTaken(7))], source="tests"
            )
        await import_events(connection, known_events(), [past("alone", "a")], source="tests")
        await import_events(connection, known_events(), [past("and again", "a")], source="tests")
    assert await texts(connection) == [("alone", "a", 1), ("and again", "a", 2)]


async def test_nothing_is_nothing(connection):
    assert await imported(connection, []) == Imported(0, 0, None, None)


async def test_outside_a_transaction_it_is_refused(connection):
    with pytest.raises(TransactionClosedError, match="cannot import events"):
        await import_events(connection, known_events(), [past("1")], source="tests")


async def test_it_works_whatever_json_codec_the_session_has(connection):
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=repr, decoder=lambda _: {})
    await imported(connection, [past("é ☃")])
    assert await texts(connection) == [("é ☃", None, None)]


async def test_no_position_is_drawn_while_events_still_come_in(connection, database):
    """So readers are not held back by an import that takes long."""
    other = await asyncpg.connect(database)

    async def slowly():
        yield past("1", "a")
        async with other.transaction():
            await append(other, [new(NoteTaken("meanwhile"), stream="a")])
        assert await other.fetchval(
            "SELECT count(*) = 0 FROM pg_locks WHERE relation = 'headrace.event'::regclass AND granted"
            " AND mode = 'RowExclusiveLock'"
            # Tables of databases made from one template have the same number.
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        yield past("2", "a")

    try:
        await imported(connection, slowly())
    finally:
        await other.close()
    assert await texts(connection) == [("meanwhile", "a", 1), ("1", "a", 2), ("2", "a", 3)]


async def test_imports_and_writers_of_the_same_streams_in_any_order_never_deadlock(pool, connection):
    async def bring(number: int) -> None:
        names = [chr(ord("a") + (number * step) % 13) for step in range(1, 9)]
        async with pool.acquire() as session, session.transaction():
            if number % 2:
                await import_events(session, known_events(), [past("x", name) for name in names], source="tests")
            else:
                await append(session, [new(NoteTaken("x"), stream=name) for name in names])

    await asyncio.gather(*(bring(number) for number in range(1, 50)))
    rows = await connection.fetch(
        "SELECT array_agg(stream_version ORDER BY position) FROM headrace.event GROUP BY aggregate_id"
    )
    for row in rows:
        assert row[0] == list(range(1, len(row[0]) + 1))


KEYS = st.tuples(st.sampled_from([None, "a", "B", "é"]), st.sampled_from([None, 0, 1, 2]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(KEYS, max_size=8), max_size=4))
async def test_any_imports_leave_the_log_that_appends_would(connection, batches):
    """A key is a stream and an id of that stream, or no id."""
    ids = {key: uuid7() for key in [(stream, number) for stream in (None, "a", "B", "é") for number in range(3)]}
    logs = []
    for way in ("import", "append"):
        outer = connection.transaction()
        await outer.start()
        try:
            counts = []
            for batch in batches:
                if way == "import":
                    events = [past(str(key), key[0], event_id=ids.get(key)) for key in batch]
                    counts.append((await import_events(connection, known_events(), events, source="tests")).event_count)
                else:
                    made: list[NewEvent] = [
                        new(NoteTaken(str(key)), stream=key[0], event_id=ids.get(key)) for key in batch
                    ]
                    counts.append(sum(one.is_new for one in await append(connection, made)))
            logs.append((counts, await texts(connection)))
        finally:
            await outer.rollback()
    assert logs[0] == logs[1]


async def test_an_app_imports_and_wakes_who_reads_but_runs_no_sync_handlers(app: Headrace, bench):
    app.register(ContactCreated, ContactRenamed)
    seen, heard = [], []

    @app.on(ContactCreated, mode="ordered")
    async def see(events, tx):
        seen.extend(one.data.name for one in events)

    @app.on(ContactCreated, mode="sync")
    async def hear(event, tx):
        heard.append(event)

    async def history():
        for number in range(500):
            yield PastEvent(
                data=ContactCreated(str(number)),
                stream=Stream("contact", str(number)),
                occurred_at=MOMENT + timedelta(days=number),
            )

    async with bench.working():
        found = await app.import_events(history())
        await eventually(lambda: len(seen) >= 500)
    assert found.event_count == 500
    assert seen == [str(number) for number in range(500)]
    assert heard == []
    assert [one.occurred_at async for one in app.read(until=2)] == [MOMENT, MOMENT + timedelta(days=1)]
