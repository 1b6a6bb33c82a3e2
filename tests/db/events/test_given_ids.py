"""An event whose producer chose the id is appended once, however often it is appended."""

import asyncio

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from headrace import EventIdTakenError, Headrace, WrongVersionError, uuid7
from headrace.context import Context
from headrace.events.event import NONE, NewEvent, Stream
from headrace.events.store import append, stream_version

ADA = ContactCreated("Ada")


async def stored(connection: asyncpg.Connection) -> list[tuple]:
    return [tuple(row) for row in await connection.fetch("SELECT position, id FROM headrace.event ORDER BY position")]


async def test_the_same_id_with_the_same_content_gives_the_old_place(connection):
    chosen = uuid7()
    async with connection.transaction():
        first = (await append(connection, [new(ADA, stream="1", event_id=chosen)]))[0]
        await append(connection, [new(ContactRenamed("Bo"), stream="1")])
    async with connection.transaction():
        again = (await append(connection, [new(ADA, stream="1", event_id=chosen, expected=NONE)]))[0]

    assert again == first._replace(is_new=False)
    assert first.is_new
    assert len(await stored(connection)) == 2
    assert await stream_version(connection, Stream("contact", "1")) == 2


@pytest.mark.parametrize(
    ("data", "stream"), [(ContactCreated("Bo"), "1"), (ADA, "2"), (ADA, None), (ContactRenamed("Ada"), "1")]
)
async def test_the_same_id_with_other_content_is_refused_with_both_and_the_transaction_goes_on(
    connection, data, stream
):
    chosen = uuid7()
    async with connection.transaction():
        first = (await append(connection, [new(ADA, stream="1", event_id=chosen)]))[0]
        with pytest.raises(EventIdTakenError) as caught:
            await append(connection, [new(NoteTaken("aside")), new(data, stream=stream, event_id=chosen)])
        await append(connection, [new(NoteTaken("still here"))])

    error = caught.value
    assert (error.event_id, error.position) == (chosen, first.position)
    assert error.stored == 'contact.created v1 of contact/1: {"name": "Ada"}'
    assert all(text in str(error) for text in (str(chosen), error.stored, error.given, "an id of its own"))
    assert len(await stored(connection)) == 2


async def test_the_order_of_fields_and_the_writing_of_numbers_are_no_other_content(connection):
    chosen = uuid7()
    one = new(ADA, event_id=chosen)
    other = NewEvent(
        **{field: getattr(one, field) for field in one.__slots__ if field != "data"}, data='{ "name":"Ada"}'
    )
    async with connection.transaction():
        assert (await append(connection, [one, other]))[1].is_new is False
        assert (await append(connection, [other]))[0].is_new is False


async def test_an_id_is_a_tenants_own(connection):
    chosen = uuid7()
    async with connection.transaction():
        for tenant in ("acme", "other"):
            given_one = new(ADA, event_id=chosen, context=Context(tenant_id=tenant))
            assert (await append(connection, [given_one]))[0].is_new


async def test_an_append_that_is_refused_leaves_its_id_free(connection):
    chosen = uuid7()
    async with connection.transaction():
        with pytest.raises(WrongVersionError):
            await append(connection, [new(ADA, stream="1", expected=3, event_id=chosen)])
        assert (await append(connection, [new(ADA, stream="1", event_id=chosen)]))[0].is_new


async def test_other_content_earlier_in_the_batch_is_refused_before_anything_is_written(connection):
    chosen = uuid7()
    async with connection.transaction():
        with pytest.raises(EventIdTakenError, match=r"is given before as note\.taken v1 of no stream") as caught:
            await append(connection, [new(NoteTaken("a"), event_id=chosen), new(NoteTaken("b"), event_id=chosen)])
    assert caught.value.position is None
    assert await stored(connection) == []


async def test_of_many_who_append_one_id_at_once_one_stores_it_and_all_learn_where(pool, connection):
    chosen = uuid7()

    async def write() -> int:
        async with pool.acquire() as session, session.transaction():
            return (await append(session, [new(ADA, stream="1", event_id=chosen)]))[0].position

    positions = set(await asyncio.gather(*(write() for _ in range(20))))
    assert [(position, chosen) for position in positions] == await stored(connection)


async def test_writers_of_the_same_ids_in_any_order_never_deadlock(pool, connection):
    ids = [uuid7() for _ in range(11)]

    async def write(number: int) -> None:
        batch = [new(NoteTaken("x"), stream=str(n % 3), event_id=ids[(number * n) % 11]) for n in range(1, 8)]
        batch = [event for n, event in enumerate(batch) if event.id not in {one.id for one in batch[:n]}]
        async with pool.acquire() as session, session.transaction():
            try:
                await append(session, batch)
            except EventIdTakenError:
                return

    await asyncio.gather(*(write(number) for number in range(1, 40)))
    assert len({event_id for _, event_id in await stored(connection)}) == len(await stored(connection)) > 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([None, "a", "b"])), max_size=6), max_size=5)
)
async def test_any_repetition_of_batches_stores_each_id_once_and_keeps_versions_unbroken(connection, batches):
    """Numbers are ids with content of their own; the stream belongs to the content."""
    ids = {key: uuid7() for key in [(number, stream) for number in range(5) for stream in (None, "a", "b")]}
    outer = connection.transaction()
    await outer.start()
    try:
        places: dict = {}
        for batch in [*batches, *batches]:
            events = [new(NoteTaken(str(key)), stream=key[1], event_id=ids[key]) for key in batch]
            for key, place in zip(batch, await append(connection, events), strict=True):
                assert place.is_new is (key not in places)
                assert places.setdefault(key, place)[:3] == place[:3]
        assert len(await stored(connection)) == len(places)
        versions = await connection.fetch(
            "SELECT array_agg(stream_version ORDER BY position) FROM headrace.event"
            " WHERE aggregate_id IS NOT NULL GROUP BY aggregate_id"
        )
        for row in versions:
            assert row[0] == list(range(1, len(row[0]) + 1))
    finally:
        await outer.rollback()


async def test_an_app_takes_an_id_and_its_sync_handlers_hear_of_the_event_once(app: Headrace, connection):
    app.register(ContactCreated)
    heard = []

    @app.on(ContactCreated, mode="sync")
    async def hear(event, tx):
        heard.append(event.id)

    chosen = uuid7()
    for _ in range(3):
        assert await app.append(ADA, stream=Stream("contact", "1"), event_id=chosen) == chosen
    with pytest.raises(EventIdTakenError):
        await app.append(ADA, event_id=chosen)
    assert heard == [chosen]
    assert len(await stored(connection)) == 1
