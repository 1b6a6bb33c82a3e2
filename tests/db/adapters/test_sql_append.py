"""`headrace.append` in plain SQL: the same events as Python's, clear refusals, and a role that may do nothing else."""

import json
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest

from fix_apps import eventually
from fix_callers import acting_as_producer
from headrace import Stream, bind, event, uuid7
from headrace.db.listener import EVENTS_CHANNEL

MOMENT = datetime(2040, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
SAME = "SELECT to_jsonb(event) - 'position' - 'recorded_at' - 'id' FROM headrace.event ORDER BY position"


@event("order.placed", version=2)
class OrderPlaced(msgspec.Struct, frozen=True):
    item: str
    price: int
    weight: float = 0
    note: str | None = None


@event("order.sealed")
class OrderSealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: str


@pytest.fixture
async def known(app, bench, connection):
    """The test's session, once a worker has written the types of the app."""
    app.register(OrderPlaced, OrderSealed)
    async with bench.working():
        await eventually(
            lambda: connection.fetchval("SELECT count(*) = 2 FROM headrace.event_type WHERE name NOT LIKE 'job.%'")
        )
    return connection


async def test_it_makes_the_same_events_as_python(app, known):
    placed = OrderPlaced("lamp ü '\"", 30, 1.5)
    correlation, cause, chosen = uuid7(), uuid7(), uuid7()
    bound = {
        "correlation_id": correlation,
        "causation_id": cause,
        "causation_kind": "job",
        "tenant_id": "t",
        "user_id": "u",
        "actor": "a",
        "traceparent": "00-x",
    }
    with bind(**bound):
        await app.append(placed, stream=Stream("order", "7"), expected=0, occurred_at=MOMENT)
    with bind(correlation_id=correlation):
        await app.append(placed, occurred_at=MOMENT)
    wanted = [json.loads(row[0]) for row in await known.fetch(SAME)]
    await known.execute("TRUNCATE headrace.event, headrace.stream")

    data = '{"item": "lamp ü \'\\"", "price": 30, "weight": 1.5, "note": null}'
    await known.fetchval(
        "SELECT headrace.append('order.placed', $1, 'order', '7', 0, occurred_at => $2, source => 'tests',"
        " correlation_id => $3, causation_id => $4, causation_kind => 'job', tenant_id => 't', user_id => 'u',"
        " actor => 'a', traceparent => '00-x')",
        data,
        MOMENT,
        correlation,
        cause,
    )
    await known.fetchval(
        "SELECT headrace.append('order.placed', $1, occurred_at => $2, source => 'tests', correlation_id => $3,"
        " id => $4)",
        data,
        MOMENT,
        correlation,
        chosen,
    )
    assert [json.loads(row[0]) for row in await known.fetch(SAME)] == wanted
    assert len(wanted) == 2


async def test_a_handler_gets_what_sql_appended(app, bench, known):
    seen: list[OrderPlaced] = []

    @app.on(OrderPlaced, mode="ordered")
    async def see(events, tx):
        seen.extend(one.data for one in events)

    async with bench.working():
        position = await known.fetchval(
            """SELECT headrace.append('order.placed', '{"item": "lamp", "price": 3}', 'order', '1', wake => true)"""
        )
        await eventually(lambda: seen == [OrderPlaced("lamp", 3)])
    assert await known.fetchval("SELECT position FROM headrace.event") == position


async def test_versions_ids_and_streams_are_kept_as_in_python(app, known):
    chosen = uuid7()
    ask = "SELECT headrace.append('order.sealed', '{\"by\": \"Ada\"}', 'order', '1', $1, id => $2)"
    first = await known.fetchval(ask, 0, chosen)
    second = await known.fetchval(ask, 1, None)
    assert await known.fetchval(ask, 0, chosen) == first
    await app.append(OrderSealed("Ada"), stream=Stream("order", "1"), event_id=chosen)
    for expected in (0, 1, 3):
        with pytest.raises(asyncpg.PostgresError, match=f"order/1 is at version 2, expected {expected}") as caught:
            await known.fetchval(ask, expected, None)
        assert caught.value.sqlstate == "RE011"
    with pytest.raises(asyncpg.PostgresError, match="order/none is at version 0, expected 4"):
        await known.fetchval(ask.replace("'1'", "'none'"), 4, None)
    rows = await known.fetch("SELECT position, stream_version FROM headrace.event ORDER BY position")
    assert [tuple(row) for row in rows] == [(first, 1), (second, 2)]


async def test_an_id_of_other_content_is_refused_and_what_is_stored_stays_hidden(known):
    chosen = uuid7()
    ask = "SELECT headrace.append('order.sealed', $1, 'order', '1', id => $2)"
    position = await known.fetchval(ask, '{"by": "secret"}', chosen)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await known.fetchval(ask, '{"by": "Bo"}', chosen)
    assert caught.value.sqlstate == "RE010"
    assert f"at position {position} as order.sealed v1 of order/1" in caught.value.message
    assert '{"by": "Bo"}' in caught.value.message
    assert "secret" not in f"{caught.value.message}{caught.value.detail}"


REFUSALS = [
    ("NULL, '{}'", "RE001", "got NULL"),
    ("'', '{}'", "RE001", "letters, digits"),
    ("'order placed', '{}'", "RE001", "'order placed'"),
    ("E'order.placed\\n', '{}'", "RE001", "letters"),
    ("'order.placed', '{}', schema_version => 0", "RE002", "1 to 32767, got 0"),
    ("'order.lost', '{}'", "RE003", "'order.lost' is not known"),
    ("'order.placed', '{}', schema_version => 1", "RE003", "'order.placed' in version 1 is not known"),
    ("'order.placed', NULL", "RE004", "must be JSON, got NULL"),
    ("'order.placed', '[]'", "RE004", "must be a JSON object, got a JSON array"),
    ("'order.placed', '{\"item\": \"x\"}'", "RE004", "must have the field price, got none"),
    (
        "'order.placed', '{\"item\": 7, \"price\": 1}'",
        "RE004",
        "field item of event 'order.placed' v2 must be a JSON string, got 7",
    ),
    ("'order.placed', '{\"item\": null, \"price\": 1}'", "RE004", "must be a JSON string, got null"),
    ('\'order.placed\', \'{"item": "x", "price": 1.5}\'', "RE004", "must be a JSON integer, got 1.5"),
    ('\'order.placed\', \'{"item": "x", "price": 1.0}\'', "RE004", "must be a JSON integer, got 1.0"),
    ('\'order.placed\', \'{"item": "x", "price": 1, "note": 3}\'', "RE004", "must be a JSON null or string, got 3"),
    ('\'order.sealed\', \'{"by": "x", "else": 1}\'', "RE004", 'must not have the field "else"'),
    ("'order.sealed', jsonb_build_object('by', repeat('x', 1048576))", "RE005", "more than the limit of 1048576"),
    ("'order.sealed', '{\"by\": \"x\"}', 'order'", "RE006", "got 'order', NULL"),
    ("'order.sealed', '{\"by\": \"x\"}', '', '1'", "RE006", "1 to 200 characters each"),
    ("'order.sealed', '{\"by\": \"x\"}', 'order', repeat('1', 201)", "RE006", "1 to 200 characters each"),
    ("'order.sealed', '{\"by\": \"x\"}', tenant_id => repeat('t', 201)", "RE006", "tenant_id at most"),
    ("'order.sealed', '{\"by\": \"x\"}', 'order', '1', -2", "RE007", "got -2"),
    ("'order.sealed', '{\"by\": \"x\"}', expected => 3", "RE007", "got 3"),
    ("'order.sealed', '{\"by\": \"x\"}', occurred_at => 'infinity'", "RE008", "years 2 to 9999, got infinity"),
    ("'order.sealed', '{\"by\": \"x\"}', causation_kind => 'whim'", "RE009", "request, job or event, got 'whim'"),
]


async def test_what_does_not_fit_is_refused_with_a_code_of_its_own(known):
    for call, code, message in REFUSALS:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await known.execute(f"SELECT headrace.append({call})")
        assert (caught.value.sqlstate, message in caught.value.message) == (code, True), (call, caught.value)
        assert caught.value.hint
    assert await known.fetchval("SELECT count(*) FROM headrace.event") == 0
    assert await known.fetchval("SELECT count(*) FROM headrace.stream") == 0


async def test_whatever_sql_lets_pass_of_a_described_type_python_can_read(app, known):
    """A whole float is a number, an integer may be large, a field may be left out: all as the class says."""
    for data in (
        '{"item": "x", "price": 9007199254740993, "weight": 3}',
        '{"item": "x", "price": -1, "weight": 2.5, "note": "n", "unheard of": []}',
        '{"item": "x", "price": 1e3}',
    ):
        await known.fetchval("SELECT headrace.append('order.placed', $1)", data)
    await known.execute("UPDATE headrace.head SET position = 1000")
    assert [one.data.price async for one in app.read()] == [9007199254740993, -1, 1000]


async def test_an_unknown_type_is_taken_where_the_caller_says_so(known):
    await known.execute("SELECT headrace.append('order.lost', '7', require_known => false)")
    assert await known.fetchval("SELECT (type, schema_version, data)::text FROM headrace.event") == "(order.lost,1,7)"


async def test_a_type_that_is_registered_anew_is_checked_anew_and_older_versions_stay(app, bench, known):
    @event("order.sealed", version=2)
    class Renewed(msgspec.Struct, frozen=True):
        by: int

    app.events = type(app.events)()
    app.register(Renewed)
    async with bench.working():
        await eventually(
            lambda: known.fetchval("SELECT count(*) = 3 FROM headrace.event_type WHERE name NOT LIKE 'job.%'")
        )
    await known.execute("SELECT headrace.append('order.sealed', '{\"by\": 3}')")
    await known.execute("SELECT headrace.append('order.sealed', '{\"by\": \"x\"}', schema_version => 1)")
    with pytest.raises(asyncpg.PostgresError, match="v2 must be a JSON integer"):
        await known.execute("SELECT headrace.append('order.sealed', '{\"by\": \"x\"}')")
    rows = await known.fetch("SELECT schema_version FROM headrace.event ORDER BY position")
    assert [row[0] for row in rows] == [2, 1]


async def test_it_goes_with_the_transaction_and_wakes_only_where_asked(known, database):
    heard: list[str] = []
    other = await asyncpg.connect(database)
    ask = "SELECT headrace.append('order.sealed', '{\"by\": \"x\"}', wake => $1)"
    try:
        await other.add_listener(EVENTS_CHANNEL, lambda *told: heard.append(told[2]))
        with pytest.raises(LookupError):
            async with known.transaction():
                await known.execute(ask, True)
                raise LookupError
        await known.execute(ask, False)
        await other.execute("SELECT 1")
        assert heard == []
        await known.execute(ask, True)
        await eventually(lambda: heard == [EVENTS_CHANNEL])
    finally:
        await other.close()
    assert await known.fetchval("SELECT count(*) FROM headrace.event") == 2


async def test_a_writer_waiting_for_its_stream_has_drawn_no_position(known, database):
    """The fence rests on this, in SQL as in Python."""
    import asyncio

    ask = "SELECT headrace.append('order.sealed', '{\"by\": \"x\"}', 'order', '1')"
    other = await asyncpg.connect(database)
    try:
        async with known.transaction():
            held = await known.fetchval(ask)
            waiting = asyncio.create_task(other.fetchval(ask))
            pid = other.get_server_pid()
            waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
            await eventually(lambda: known.fetchval(waits, pid))
            assert await known.fetchval("SELECT last_value FROM headrace.event_position_seq") == held
        assert await waiting == held + 1
    finally:
        await other.close()


async def test_a_role_can_be_let_append_and_nothing_else(known):
    grants = ("GRANT USAGE ON SCHEMA headrace", "GRANT EXECUTE ON FUNCTION headrace.append")
    ask = "SELECT headrace.append('order.sealed', '{\"by\": \"x\"}', 'order', '1', id => $1, wake => true)"
    chosen = uuid7()
    async with acting_as_producer(known, *grants):
        assert await known.fetchval(ask, chosen) == await known.fetchval(ask, chosen)
        for refused in (
            "SELECT FROM headrace.event",
            "SELECT FROM headrace.event_type",
            "SELECT FROM headrace.given_id",
            "SELECT FROM headrace.stream",
            "INSERT INTO headrace.event_type DEFAULT VALUES",
            "SELECT nextval('headrace.event_position_seq')",
            "SELECT headrace.enqueue('mail')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await known.execute(refused)
    async with acting_as_producer(known, grants[0]):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function append"):
            await known.fetchval(ask, chosen)


async def test_what_a_caller_puts_before_the_catalogue_is_not_used(known):
    await known.execute(
        "CREATE SCHEMA trap; CREATE FUNCTION trap.octet_length(text) RETURNS int LANGUAGE sql RETURN 1 / 0"
    )
    await known.execute("SET search_path = trap, pg_catalog")
    assert await known.fetchval("SELECT headrace.append('order.sealed', '{\"by\": \"x\"}')")
