"""The hot statements of events use the indexes their headers name, also with a plan made for any arguments."""

import json
import re
from collections.abc import Iterator

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.db.statements import statement
from headrace.events.store import append

_UNIT = 500


@pytest.fixture
async def log(connection: asyncpg.Connection) -> asyncpg.Connection:
    """A log long enough for the planner to prefer an index, in two partitions, with a subscription behind."""
    for start in range(0, 20):
        async with connection.transaction():
            await append(
                connection, [new(NoteTaken("x" * 50), stream=str((start * _UNIT + n) % 997)) for n in range(_UNIT)]
            )
    await connection.execute("UPDATE headrace.head SET position = 9000")
    await connection.execute("INSERT INTO headrace.subscription (name, mode, lane_count) VALUES ('s', 'ordered', 4)")
    await connection.execute(
        "INSERT INTO headrace.checkpoint (subscription, lane, position) SELECT 's', n, 8000 FROM generate_series(0, 3) n"
    )
    await connection.execute("ANALYZE headrace.event, headrace.stream, headrace.checkpoint, headrace.head")
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    return connection


async def plan(connection: asyncpg.Connection, name: str) -> dict:
    """The generic plan of a statement; its arguments do not matter."""
    text = statement("headrace.events", name)
    count = max((int(number) for number in re.findall(r"\$(\d+)", text)), default=0)
    await connection.execute(f"PREPARE looked_at AS {text}")
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    found = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{arguments}"))
    return found[0]["Plan"]


def nodes(node: dict) -> Iterator[dict]:
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def scans(found: dict, relation: str) -> set[str]:
    """How a relation (or the partitions of one) is reached."""
    return {
        node["Node Type"]
        for node in nodes(found)
        if node.get("Relation Name", "").removesuffix("_default").startswith(relation)
    } - {"ModifyTable"}


INDEXED = {"Index Scan", "Index Only Scan"}


@pytest.mark.parametrize("name", ["read", "read_lane", "read_stream"])
async def test_pages_are_read_in_the_order_of_an_index_without_a_sort(log, name):
    found = await plan(log, name)
    assert scans(found, "event")
    assert scans(found, "event") <= INDEXED
    assert "Sort" not in {node["Node Type"] for node in nodes(found)}


async def test_a_stream_is_read_by_its_own_index_with_all_its_columns(log):
    found = await plan(log, "read_stream")
    conditions = {node["Index Cond"] for node in nodes(found) if "Index Cond" in node}
    for column in ("tenant_id", "aggregate_type", "aggregate_id", "stream_version"):
        assert all(column in condition for condition in conditions)


async def test_the_head_looks_only_at_what_comes_after_it(log):
    found = await plan(log, "survey_log")
    event_scans = [node for node in nodes(found) if node.get("Relation Name", "").startswith("event")]
    assert event_scans
    for node in event_scans:
        assert node["Node Type"] in INDEXED
        assert "position" in node["Index Cond"]


async def test_lanes_look_for_their_next_event_by_position(log):
    found = await plan(log, "lanes_behind")
    event_scans = [node for node in nodes(found) if node.get("Relation Name", "").startswith("event")]
    assert event_scans
    for node in event_scans:
        assert node["Node Type"] in INDEXED
        assert "position" in node["Index Cond"]


@pytest.mark.parametrize("name", ["append_one", "lock_stream"])
async def test_an_append_reaches_its_stream_by_the_primary_key(log, name):
    found = await plan(log, name)
    assert {node.get("Index Name") for node in nodes(found) if node["Node Type"] in INDEXED} == {"stream_pkey"}
    assert {index for node in nodes(found) for index in node.get("Conflict Arbiter Indexes", [])} == {"stream_pkey"}
    assert "Seq Scan" not in {node["Node Type"] for node in nodes(found)}
