"""An event appended by a statement of its own is the event a transaction would have appended."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken, new
from headrace import Headrace, Stream, WrongVersionError, bind, uuid7
from headrace.db.listener import EVENTS_CHANNEL
from headrace.events.cascade import DEEP
from headrace.events.event import NONE
from headrace.events.single import insert_together, insert_unasked, is_single

ADA = ContactCreated("Ada")
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
CAUSE = UUID("01890000-0000-7000-8000-000000000001")
OWN = ("position", "id", "recorded_at", "correlation_id", "aggregate_id")


@pytest.fixture
async def app(database):
    async with Headrace(database, name="alone", pool_size=4, say=lambda _: None) as app:
        app.register(ContactCreated, NoteTaken)
        yield app


async def stored(connection, event_id: UUID) -> dict[str, object]:
    row = dict(await connection.fetchrow("SELECT * FROM headrace.event WHERE id = $1", event_id))
    row["has_own_correlation"] = row["correlation_id"] == event_id
    return {name: value for name, value in row.items() if name not in OWN}


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"correlation_id": CAUSE, "causation_id": CAUSE, "causation_kind": "event", "path": "a > b"},
        {"tenant_id": "acme", "user_id": "u", "actor": "a", "traceparent": "00-1-2-01"},
    ],
)
@pytest.mark.parametrize("is_in_stream", [True, False])
async def test_it_is_the_same_row_whatever_it_inherits(app, connection, context, is_in_stream):
    first, second = (Stream("contact", name) if is_in_stream else None for name in "12")
    with bind(**context):
        alone = await app.append(ADA, stream=first, occurred_at=NOON)
        async with app.transaction() as tx:
            together = await tx.append(ADA, stream=second, occurred_at=NOON)
    assert await stored(connection, alone) == await stored(connection, together)


async def test_it_is_one_statement_and_nothing_after_it(app, connection):
    ran = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'alone' AND query LIKE $1 || '%'"
    )
    await app.append(ADA)
    assert await connection.fetchval(ran, "-- Appends one event outside any stream") == 1
    await app.append(ADA, stream=Stream("contact", "1"))
    assert await connection.fetchval(ran, "-- Bumps a stream, whatever it is at, and appends one event") == 1


async def test_a_wrong_version_appends_nothing_and_tells_the_one_there_is(app, connection):
    stream = Stream("contact", "1")
    await app.append(ADA, stream=stream, expected=NONE)
    await app.append(ADA, stream=stream, expected=1)
    with pytest.raises(WrongVersionError) as caught:
        await app.append(ADA, stream=stream, expected=1)
    with pytest.raises(WrongVersionError):
        await app.append(ADA, stream=Stream("contact", "2"), expected=1)
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 2
    assert await connection.fetchval("SELECT count(*) FROM headrace.stream") == 1


async def test_appends_to_one_stream_at_once_are_numbered_without_a_gap(app, connection):
    await asyncio.gather(*(app.append(NoteTaken(str(n)), stream=Stream("note", "1")) for n in range(40)))
    rows = await connection.fetch("SELECT stream_version FROM headrace.event ORDER BY position")
    assert [row[0] for row in rows] == list(range(1, 41))


async def test_a_sync_handler_of_its_type_still_shares_its_transaction(app, connection):
    @app.on(NoteTaken, mode="sync")
    async def refuse(event, tx):
        await tx.execute("CREATE TABLE public.trace ()")
        raise LookupError(event.data.text)

    with pytest.raises(LookupError, match="no"):
        await app.append(NoteTaken("no"))
    await app.append(ADA)
    assert await connection.fetchval("SELECT array_agg(type) FROM headrace.event") == ["contact.created"]
    assert await connection.fetchval("SELECT to_regclass('public.trace')") is None


async def test_readers_are_told_of_it(app, connection):
    heard: list[str] = []
    await connection.add_listener(EVENTS_CHANNEL, lambda *told: heard.append(told[2]))
    await app.append(ADA)
    await eventually(lambda: heard == [EVENTS_CHANNEL], 5)


def test_what_must_be_looked_up_first_is_not_appended_that_way():
    assert is_single(new(ADA, stream="1", expected=3))
    assert not is_single(new(ADA, event_id=uuid7()))
    with bind(path="\n".join(["a > b"] * DEEP)):
        assert not is_single(new(ADA))


@pytest.mark.parametrize(
    "contexts", [[{}], [{"tenant_id": "acme", "actor": "a", "correlation_id": CAUSE}], [{}, {"user_id": "u"}]]
)
async def test_what_many_append_at_once_shares_statements_and_is_the_same_rows(app, connection, contexts):
    """The first two go alone; one of each stream goes with the others, and the next of that stream after it."""

    async def append(number, stream=None):
        with bind(**contexts[number % len(contexts)]):
            return await app.append(ADA, stream=stream, occurred_at=NOON)

    streams = [Stream("contact", name) for name in ("z", "a", "m")]
    given = await asyncio.gather(
        *(append(number, stream) for number in range(20) for stream in streams),
        *(append(number) for number in range(20)),
    )
    assert await connection.fetchval("SELECT count(*) FROM headrace.event WHERE id = ANY ($1)", given) == 80
    rows = await connection.fetch(
        "SELECT aggregate_id, array_agg(stream_version ORDER BY position) AS versions FROM headrace.event"
        " WHERE aggregate_id IS NOT NULL GROUP BY 1"
    )
    assert {row["aggregate_id"]: row["versions"] for row in rows} == {name: list(range(1, 21)) for name in "zam"}
    for which, context in enumerate(contexts):
        for stream, those in ((Stream("contact", "other"), range(60)), (None, range(60, 80))):
            with bind(**context):
                async with app.transaction() as tx:
                    together = await tx.append(ADA, stream=stream, occurred_at=NOON)
            expected = {**await stored(connection, together), "stream_version": None}
            mine = [given[at] for at in those if (at // 3 if at < 60 else at) % len(contexts) == which]
            assert mine
            for one in mine:
                assert {**await stored(connection, one), "stream_version": None} == expected


def test_what_is_inherited_is_sent_only_where_something_is():
    plain, other = new(ADA, stream="1"), new(ADA)
    assert len(insert_unasked(plain)[1:]) == 9
    assert len(insert_unasked(other)[1:]) == 7
    assert len(insert_together([plain, other])[1:]) == 9
    for bound in ({"correlation_id": CAUSE}, {"tenant_id": "acme"}, {"traceparent": "00-1-2-01"}, {"path": "a > b"}):
        with bind(**bound):
            inheriting = new(ADA)
        assert len(insert_unasked(inheriting)[1:]) == 15
        assert len(insert_together([plain, inheriting])[1:]) == 17


async def test_one_that_is_refused_is_refused_alone(app, connection):
    taken = await app.append(ADA, stream=Stream("contact", "1"))
    answers = await asyncio.gather(
        *(app.append(ADA, stream=Stream("contact", str(number)), expected=NONE) for number in range(10)),
        *(app.append(ADA, stream=Stream("contact", str(number))) for number in range(10, 20)),
        return_exceptions=True,
    )
    assert [number for number, one in enumerate(answers) if isinstance(one, WrongVersionError)] == [1]
    assert taken not in answers
    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 20


async def test_appending_to_the_same_streams_at_once_from_two_apps_never_deadlocks(app, database, connection):
    async with Headrace(database, name="other", pool_size=4, say=lambda _: None) as other:
        other.register(ContactCreated, NoteTaken)
        for _ in range(20):
            await asyncio.gather(
                *(
                    each.append(ADA, stream=Stream("contact", str(number)))
                    for each in (app, other)
                    for number in (range(30) if each is app else reversed(range(30)))
                )
            )
    assert await connection.fetchval("SELECT min(version) = 40 AND max(version) = 40 FROM headrace.stream")


async def test_a_stream_that_somebody_holds_keeps_no_other_from_being_appended_to(app, connection):
    await app.append(ADA, stream=Stream("contact", "held"))
    async with connection.transaction():
        await connection.execute("SELECT FROM headrace.stream WHERE aggregate_id = 'held' FOR UPDATE")
        held = [asyncio.ensure_future(app.append(ADA, stream=Stream("contact", "held"))) for _ in range(3)]
        async with asyncio.timeout(10):
            for batch in range(3):
                await asyncio.gather(*(app.append(ADA, stream=Stream("contact", f"{batch}-{n}")) for n in range(20)))
        assert not any(one.done() for one in held)
    assert len(set(await asyncio.gather(*held))) == 3
    assert await connection.fetchval("SELECT version FROM headrace.stream WHERE aggregate_id = 'held'") == 4
    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 64
