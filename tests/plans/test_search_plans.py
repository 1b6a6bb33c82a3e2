"""Words are found by their index and common ones among the newest passages only, however much mail there is."""

import json
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from fix_plans import nodes
from headrace.db.statements import statement

OWNER = UUID(int=1)
JUNE = datetime(2031, 6, 1, tzinfo=UTC)
FILL = (
    "INSERT INTO crm.owner (id) VALUES ($1)",
    (
        "INSERT INTO crm.question (query_id, owner_id, text, asked_at)"
        " SELECT lpad(to_hex(n), 32, '0')::uuid, $1, '', now() FROM generate_series(1, 20000) AS n"
    ),
    (
        "INSERT INTO crm.passage (owner_id, kind, question_id, number, title, body, occurred_at, words, word_count)"
        " SELECT $1, 'message', query_id, 0, '', '', '2031-01-01'::timestamptz + n * interval '1 hour',"
        " to_tsvector('simple', 'common w' || n % 500), 2"
        " FROM (SELECT query_id, row_number() OVER (ORDER BY query_id) AS n FROM crm.question) AS asked"
    ),
)


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> asyncpg.Connection:
    for query in FILL:
        await connection.execute(query, OWNER)
    await connection.execute("VACUUM ANALYZE crm.passage")
    return connection


async def indexes(connection: asyncpg.Connection, asked: str, since: datetime | None) -> set[str]:
    words = asked.split(" | ")
    args = (asked, 100, words, [1.0] * len(words), 2.0, [OWNER], ["message"], since, None, None)
    async with connection.transaction():
        await connection.execute(statement("headrace_crm.search", "walk_far"), "100")
        text = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) {statement('headrace_crm.search', 'match_words')}", *args
        )
    return {
        node["Index Name"]
        for node in nodes(json.loads(text)[0]["Plan"])
        if node.get("Index Name", "").startswith("passage")
    }


async def test_words_are_found_by_index_even_many_and_common_ones_by_time(filled: asyncpg.Connection):
    assert await indexes(filled, "w1", None) == {"passage_words"}
    assert await indexes(filled, " | ".join(f"w{number}" for number in range(60)), None) == {"passage_words"}
    newest = await filled.fetchval("SELECT max(occurred_at) FROM crm.passage")
    rows = await filled.fetch(statement("headrace_crm.search", "newest_since"), [OWNER], 2_000, None)
    assert [(newest - row["occurred_at"]).total_seconds() / 3600 for row in rows] == [2_000]
    assert await indexes(filled, "common", rows[0]["occurred_at"]) == {"passage_owner"}
    # Before a time, and more than there are.
    before = await filled.fetch(statement("headrace_crm.search", "newest_since"), [OWNER], 10, JUNE)
    assert before[0]["occurred_at"] < JUNE
    assert await filled.fetch(statement("headrace_crm.search", "newest_since"), [OWNER], 20_000, None) == []
