import asyncio

import asyncpg
import pytest

from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from headrace.context import Context
from headrace.errors import TransactionClosedError, WrongVersionError
from headrace.events.event import NONE, Stream
from headrace.events.read import read
from headrace.events.store import append, stream_version
from headrace.ids import uuid7

ADA = ContactCreated("Ada")


async def positions(connection: asyncpg.Connection) -> list[int]:
    return [row[0] for row in await connection.fetch("SELECT position FROM headrace.event ORDER BY position")]


async def test_one_event_gets_the_next_version_of_its_stream(connection):
    async with connection.transaction():
        first = (await append(connection, [new(ADA, stream="1")]))[0]
        second = (await append(connection, [new(ContactRenamed("Bo"), stream="1")]))[0]

    assert (first.stream_version, second.stream_version) == (1, 2)
    assert second.position > first.position
    assert await stream_version(connection, Stream("contact", "1")) == 2


async def test_an_event_outside_streams_has_a_position_and_no_version(connection):
    async with connection.transaction():
        emitted = (await append(connection, [new(NoteTaken("hi"))]))[0]
    assert emitted.stream_version is None
    assert await positions(connection) == [emitted.position]


async def test_a_batch_keeps_its_order_and_numbers_each_stream(connection):
    batch = [
        new(ADA, stream="b"),
        new(NoteTaken("between")),
        new(ADA, stream="a"),
        new(ContactRenamed("B2"), stream="b"),
        new(ContactRenamed("A2"), stream="a"),
    ]
    async with connection.transaction():
        appended = await append(connection, batch)

    assert [one.position for one in appended] == sorted(one.position for one in appended)
    assert [one.stream_version for one in appended] == [1, None, 1, 2, 2]
    stored = await connection.fetch("SELECT id FROM headrace.event ORDER BY position")
    assert [row[0] for row in stored] == [one.id for one in batch]


async def test_a_batch_larger_than_one_statement_keeps_its_order(connection):
    batch = [new(NoteTaken(str(number)), stream=str(number % 7)) for number in range(4500)]
    async with connection.transaction():
        appended = await append(connection, batch)

    assert [one.position for one in appended] == list(range(appended[0].position, appended[0].position + 4500))
    assert [one.stream_version for one in appended] == [number // 7 + 1 for number in range(4500)]


async def test_appending_nothing_writes_nothing(connection):
    async with connection.transaction():
        assert await append(connection, []) == []


@pytest.mark.parametrize(("length", "expected"), [(0, 1), (0, 5), (2, NONE), (2, 1), (2, 3)])
@pytest.mark.parametrize("batch_size", [1, 2])
async def test_a_wrong_version_appends_nothing_and_the_transaction_goes_on(connection, length, expected, batch_size):
    async with connection.transaction():
        for _ in range(length):
            await append(connection, [new(ADA, stream="1")])
        batch = [new(ADA, stream="1", expected=expected), new(ContactRenamed("Bo"), stream="1")][:batch_size]
        with pytest.raises(WrongVersionError) as caught:
            await append(connection, batch)
        await append(connection, [new(NoteTaken("still here"))])

    assert (caught.value.expected, caught.value.actual) == (expected, length)
    assert len(await positions(connection)) == length + 1
    assert await stream_version(connection, Stream("contact", "1")) == length


async def test_one_wrong_stream_of_many_leaves_the_others_as_they_were(connection):
    async with connection.transaction():
        await append(connection, [new(ADA, stream="b")])
        with pytest.raises(WrongVersionError, match="contact/b is at version 1, expected 0"):
            await append(
                connection,
                [
                    new(ADA, stream="a"),
                    new(ADA, stream="b", expected=NONE),
                    new(ADA, stream="c", expected=NONE),
                ],
            )

    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 1
    assert [tuple(row) for row in await connection.fetch("SELECT aggregate_id, version FROM headrace.stream")] == [
        ("b", 1)
    ]


async def test_expected_versions_follow_one_another_inside_a_batch(connection):
    async with connection.transaction():
        batch = [new(ADA, stream="1", expected=NONE), new(ContactRenamed("Bo"), stream="1", expected=1)]
        assert [one.stream_version for one in await append(connection, batch)] == [1, 2]


async def test_the_same_name_is_another_stream_for_another_tenant(connection):
    async with connection.transaction():
        for tenant in ("acme", "other"):
            batch = [new(ADA, stream="1", expected=NONE, context=Context(tenant_id=tenant))]
            assert (await append(connection, batch))[0].stream_version == 1


async def test_of_many_writers_expecting_the_same_version_exactly_one_wins(pool):
    async def write() -> int:
        async with pool.acquire() as connection, connection.transaction():
            try:
                return (await append(connection, [new(ADA, stream="1", expected=NONE)]))[0].position
            except WrongVersionError as error:
                return -error.actual

    outcomes = sorted(await asyncio.gather(*(write() for _ in range(20))))
    assert outcomes[:-1] == [-1] * 19
    assert outcomes[-1] > 0


async def test_writers_of_the_same_streams_in_any_order_never_deadlock(pool, registry):
    async def write(number: int) -> None:
        names = [str((number * step) % 11) for step in range(1, 8)]
        async with pool.acquire() as connection, connection.transaction():
            await append(connection, [new(ADA, stream=name) for name in names])

    await asyncio.gather(*(write(number) for number in range(1, 60)))

    for name in range(11):
        versions = [event.stream_version async for event in read(pool, registry, stream=Stream("contact", str(name)))]
        assert versions == list(range(1, len(versions) + 1))


async def test_a_writer_waiting_for_its_stream_has_drawn_no_position(database, connection):
    """The fence rests on this: numbers of one stream follow the order its writers got its lock in."""
    other = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            held = (await append(connection, [new(ADA, stream="1")]))[0]

            async def wait_for_the_stream() -> int:
                async with other.transaction():
                    return (await append(other, [new(ContactRenamed("Bo"), stream="1")]))[0].position

            waiting = asyncio.create_task(wait_for_the_stream())
            pid = other.get_server_pid()
            waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
            while not await connection.fetchval(waits, pid):  # noqa: ASYNC110 - the server decides
                await asyncio.sleep(0)
            drawn = await connection.fetchval("SELECT last_value FROM headrace.event_position_seq")
            assert drawn == held.position
        assert await waiting == held.position + 1
    finally:
        await other.close()


@pytest.mark.parametrize("batch_size", [1, 2])
async def test_appending_outside_a_transaction_is_refused(connection, batch_size):
    with pytest.raises(TransactionClosedError, match="not in a transaction"):
        await append(connection, [new(ADA, stream="1")] * batch_size)


async def test_appending_on_a_closed_connection_is_refused(database):
    session = await asyncpg.connect(database)
    await session.close()
    with pytest.raises(TransactionClosedError, match="is closed"):
        await append(session, [new(ADA)])


async def test_appending_on_a_connection_given_back_to_its_pool_is_refused(pool):
    async with pool.acquire() as session:
        pass
    with pytest.raises(TransactionClosedError, match="went back to its pool"):
        await append(session, [new(ADA)])


async def test_appending_in_a_failed_transaction_is_refused(connection):
    transaction = connection.transaction()
    await transaction.start()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute("SELECT 1 / 0")
    with pytest.raises(TransactionClosedError, match="can only be rolled back"):
        await append(connection, [new(ADA)])
    await transaction.rollback()


async def test_appending_works_whatever_json_codec_the_caller_has_set(connection):
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=repr, decoder=lambda _: {})
    async with connection.transaction():
        await append(connection, [new(ADA, stream="1")])
        await append(connection, [new(ADA, stream="1"), new(NoteTaken("é ☃"))])
    assert await connection.fetchval("SELECT data ->> 'text' FROM headrace.event ORDER BY position DESC") == "é ☃"


async def test_an_event_made_at_append_equals_the_one_read_back(pool, registry):
    made = new(ADA, stream="1", event_id=uuid7())
    async with pool.acquire() as connection, connection.transaction():
        appended = (await append(connection, [made]))[0]

    read_back = [event async for event in read(pool, registry, stream=Stream("contact", "1"))]

    assert read_back == [made.stored(appended)]
