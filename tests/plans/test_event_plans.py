"""The hot statements of events use the indexes their headers name, also with a plan made for any arguments."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.db.statements import statement
from headrace.events.store import append
from headrace.testing.spare_databases import SpareDatabases

_UNIT = 500


@pytest.fixture(scope="module")
def filled(_headrace_spares: SpareDatabases) -> Iterator[str]:
    """A database all tests look at and none changes: a log long enough for the planner to prefer an index."""
    name, dsn = _headrace_spares.take()
    asyncio.run(fill(dsn))
    yield dsn
    _headrace_spares.give_back(name)


async def fill(dsn: str) -> None:
    """Events in two partitions, with a subscription behind."""
    connection = await asyncpg.connect(dsn)
    for start in range(20):
        async with connection.transaction():
            await append(
                connection, [new(NoteTaken("x" * 50), stream=str((start * _UNIT + n) % 997)) for n in range(_UNIT)]
            )
    await connection.execute("UPDATE headrace.head SET position = 9000")
    await connection.execute("INSERT INTO headrace.subscription VALUES ('s', 'ordered', 4)")
    await connection.execute(
        "INSERT INTO headrace.checkpoint (subscription, lane, lane_count, position) "
        "SELECT 's', n, 4, 8000 FROM generate_series(0, 3) AS n"
    )
    await connection.execute("ANALYZE headrace.event, headrace.stream, headrace.checkpoint, headrace.head")
    await connection.close()


@pytest.fixture
async def log(filled: str) -> AsyncIterator[asyncpg.Connection]:
    """A session that plans for any arguments."""
    connection = await asyncpg.connect(filled, server_settings={"plan_cache_mode": "force_generic_plan"})
    try:
        yield connection
    finally:
        await connection.close()


ARGUMENTS = {
    "read": "8000" + ", NULL" * 8 + ", 100, ''",
    "read_lane": "8000, 9000, ARRAY['note.taken'], 4, 1, 100, 'lifecycle'",
    "read_lane_above_floors": "8000, 9000, ARRAY['note.taken'], 4, 1, 100, 's', 'lifecycle'",
    "read_fitting": "8000, 9000, 100, ARRAY['note.taken'], NULL, NULL, NULL, 'contact', '7', 'lifecycle'",
    "read_stream": "'', 'contact', '7', 1" + ", NULL" * 6 + ", 100",
    "survey_log": "10000",
    "lanes_behind": "ARRAY['s'], ARRAY['[\"note.taken\"]'], ARRAY[10000], NULL, 'lifecycle'",
    "append_one": "'', 'contact', '7', -1" + ", NULL" * 13 + ", 'domain'",
    "append_unasked": "'', 'contact', '7'" + ", NULL" * 13 + ", 'domain'",
    "append_plain": "NULL" + ", NULL" * 5 + ", 'domain', 'contact', '7'",
    "count_deep": "'00000000-0000-7000-8000-000000000000', 10",
    "lock_stream": "'', 'contact', '7', 1, -1",
    "begin_part": None,
    "part_span": "9000, '00000000-0000-7000-8000-000000000000', '00000000-0000-7000-8000-000000000000'",
    "place_part": "ARRAY[''], ARRAY['00000000-0000-7000-8000-000000000000'::uuid], 9000, 9500",
}


async def plan(connection: asyncpg.Connection, name: str, arguments: str | None = None) -> dict:
    """The generic plan of a statement; the arguments only prune partitions."""
    given = arguments or ARGUMENTS[name] or ""
    package = "headrace.events.live" if name == "read_fitting" else "headrace.events"
    await connection.execute(f"PREPARE looked_at AS {statement(package, name)}")
    found = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{given and f'({given})'}"))
    return found[0]["Plan"]


def nodes(node: dict) -> Iterator[dict]:
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def event_scans(found: dict) -> list[dict]:
    """How the partition that holds the events is reached; the empty ones cost nothing either way."""
    reached = [node for node in nodes(found) if node.get("Relation Name") == "event_1"]
    assert reached
    return reached


def tables(found: dict) -> set[str]:
    """The tables that a plan looks at."""
    return {node["Relation Name"] for node in nodes(found) if "Relation Name" in node}


INDEXED = {"Index Scan", "Index Only Scan"}


@pytest.mark.parametrize("name", ["read", "read_lane", "read_lane_above_floors", "read_fitting", "read_stream"])
async def test_pages_are_read_in_the_order_of_an_index_without_a_sort(log, name):
    found = await plan(log, name)
    assert {node["Node Type"] for node in event_scans(found)} <= INDEXED
    assert "Sort" not in {node["Node Type"] for node in nodes(found)}


async def test_a_stream_is_read_by_its_own_index_with_all_its_columns(log):
    for node in event_scans(await plan(log, "read_stream")):
        for column in ("tenant_id", "aggregate_type", "aggregate_id", "stream_version"):
            assert column in node["Index Cond"]


@pytest.mark.parametrize(
    "name", ["survey_log", "lanes_behind", "read", "read_lane", "read_lane_above_floors", "read_fitting"]
)
async def test_what_was_passed_is_not_looked_at_again(log, name):
    for node in event_scans(await plan(log, name)):
        assert node["Node Type"] in INDEXED
        assert "position" in node["Index Cond"]


@pytest.mark.parametrize("name", ["begin_part", "part_span", "place_part"])
async def test_where_a_part_of_an_import_went_is_looked_for_from_the_end_of_the_log(log, name):
    found = await plan(log, name)
    for node in event_scans(found):
        assert node["Node Type"] in INDEXED
        assert name == "begin_part" or "position" in node["Index Cond"]
    assert "Sort" not in {node["Node Type"] for node in nodes(found)}


async def test_deep_events_are_counted_by_the_index_that_has_only_them(log):
    found = {node["Index Name"] for node in nodes(await plan(log, "count_deep")) if node["Node Type"] in INDEXED}
    assert found
    assert all(name.endswith("correlation_id_idx") for name in found), found
    sizes = await log.fetch(
        "SELECT pg_relation_size(indexrelid) FROM pg_index WHERE indexrelid::regclass::text LIKE '%correlation_id_idx'"
    )
    assert {row[0] for row in sizes} == {8192}  # nothing but the page each begins with


@pytest.mark.parametrize("name", ["append_one", "lock_stream"])
async def test_an_append_reaches_its_stream_by_the_primary_key(log, name):
    found = await plan(log, name)
    assert {node["Index Name"] for node in nodes(found) if node["Node Type"] in INDEXED} == {"stream_pkey"}
    assert {index for node in nodes(found) for index in node.get("Conflict Arbiter Indexes", [])} == {"stream_pkey"}
    assert "Seq Scan" not in {node["Node Type"] for node in nodes(found)}


@pytest.mark.parametrize("name", ["append_unasked", "append_plain"])
async def test_an_append_that_expects_nothing_looks_for_its_stream_only_where_they_collide(log, name):
    found = await plan(log, name)
    assert {index for node in nodes(found) for index in node.get("Conflict Arbiter Indexes", [])} == {"stream_pkey"}
    assert not [node for node in nodes(found) if node["Node Type"] in {*INDEXED, "Seq Scan"}]


@pytest.mark.parametrize("name", ["read_lane", "read_lane_above_floors", "lanes_behind"])
async def test_a_reader_of_other_types_does_not_look_at_the_records_of_jobs(log, name):
    assert not {table for table in tables(await plan(log, name)) if table.startswith("event_lifecycle")}


async def test_a_reader_of_records_of_jobs_does_not_look_at_the_events_that_stay(log):
    changed = ARGUMENTS["read_lane"].replace("note.taken", "job.completed").replace("lifecycle", "domain")
    found = tables(await plan(log, "read_lane", changed))
    assert any(table.startswith("event_lifecycle") for table in found)
    assert not found & {"event_1", "event_10000001", "event_default"}
