"""The statements of insights read a page of an owner's people, however many there are."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from fix_plans import nodes
from headrace.db.statements import statement

pytestmark = pytest.mark.timeout(60)

MAY = datetime(2031, 5, 1, tzinfo=UTC)
OWNER = UUID(int=1)
NIL = UUID(int=0)
PAGE = [UUID(int=number) for number in range(100, 150)]

FILL = (
    "INSERT INTO crm.owner (id) VALUES ($1)",
    (
        "INSERT INTO crm.contact (id, owner_id, name, addresses) SELECT lpad(to_hex(n), 32, '0')::uuid, $1, 'A ' || n,"
        " ARRAY[n || '@example.org'] FROM generate_series(1, 10000) AS n"
    ),
    "INSERT INTO crm.address (owner_id, email) SELECT owner_id, addresses[1] FROM crm.contact WHERE owner_id = $1",
    (
        "INSERT INTO crm.contact_address (owner_id, email, contact_id) SELECT owner_id, addresses[1], id"
        " FROM crm.contact WHERE owner_id = $1"
    ),
    (
        "INSERT INTO crm.address_name (owner_id, email, is_own, name, full_name, seen_count)"
        " SELECT owner_id, addresses[1], true, name, name, 1 FROM crm.contact WHERE owner_id = $1"
    ),
    "INSERT INTO crm.thread (owner_id) SELECT $1 FROM generate_series(1, 10000)",
    (
        "INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, subject, sent_at,"
        " date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post,"
        " body_text, attachments, labels, size_bytes, is_truncated, source) SELECT $1, n, 1 + n % 10000, 'received',"
        " false, 'Mills', '2031-01-01'::timestamptz + n * interval '1 minute', false, '{}', '{}', false, false, false,"
        " false, 'Words', '[]', '{}', 1, false, 'test' FROM generate_series(1, 30000) AS n"
    ),
    (
        "INSERT INTO crm.message_address (message_id, position, owner_id, role, email, name)"
        " SELECT id, 0, owner_id, 'from', 1 + id % 10000 || '@example.org', '' FROM crm.message WHERE owner_id = $1"
    ),
    (
        "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
        " SELECT id, lpad(to_hex(1 + id % 10000), 32, '0')::uuid, owner_id, 'received', sent_at"
        " FROM crm.message WHERE owner_id = $1"
    ),
    "INSERT INTO crm.insight_due (owner_id, contact_id) SELECT owner_id, id FROM crm.contact WHERE owner_id = $1",
    (
        "INSERT INTO crm.insight (id, owner_id, contact_id, kind, key, fingerprint, state, score, text, message_ids,"
        " numbers, as_of, told_at, changed_at) SELECT gen_random_uuid(), owner_id, id, 'going_cold', id::text, '', CASE"
        " WHEN left(md5(id::text), 1) = '0' THEN 'open' ELSE 'expired' END, 0.5, 'x', '{}', '{}', now(), now(), now()"
        " FROM crm.contact WHERE owner_id = $1"
    ),
)
MOST = 500
TABLES = "contact, address, address_name, contact_address, message, message_address, interaction, insight_due, insight"


async def plan(connection: asyncpg.Connection, name: str, args: Iterable[object]) -> dict:
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement('headrace_crm.insights', name)}"
        return json.loads(await connection.fetchval(text, *args))[0]["Plan"]
    finally:
        await transaction.rollback()


async def test_a_page_of_ten_thousand_people_is_read_by_index(connection: asyncpg.Connection):
    for query in FILL:
        await connection.execute(query, *([OWNER] if "$1" in query else []))
    await connection.execute(f"ANALYZE {', '.join(f'crm.{table}' for table in TABLES.split(', '))}")
    messages = list(range(1000, 1100))
    wanted = {
        "mark_due": (OWNER, PAGE),
        "mark_page_due": (OWNER, NIL, 50),
        "due_page": (OWNER, 50),
        "take_due": (OWNER, PAGE),
        "lock_contacts": (PAGE,),
        "newest_letters": (PAGE, MAY, 200),
        "letter_texts": (messages, 100),
        "signatures": (messages,),
        "thread_ends": (messages, MAY),
        "contacts_named": (OWNER, ["A 7", "A 8"]),
        "together": ([PAGE[0]], [PAGE[1]]),
        "position_changes": (PAGE, MAY - timedelta(days=90), MAY),
        "known_insights": (PAGE,),
        "list_insights": (OWNER, ["open"], None, PAGE[0], 20, 2.0),
        "insights_by_id": (PAGE[:10], 2.0),
        "evidence": (messages,),
    }
    explained = {name: await plan(connection, name, args) for name, args in wanted.items()}
    walked = {
        name: [node["Relation Name"] for node in nodes(one) if node["Node Type"] == "Seq Scan" and met(node) > MOST]
        for name, one in explained.items()
    }
    assert {name: tables for name, tables in walked.items() if tables} == {}
    read = {name: max(met(node) for node in nodes(one)) for name, one in explained.items()}
    assert {name: rows for name, rows in read.items() if rows > MOST} == {}
    # The whole list sorts the open ones alone.
    listed = await plan(connection, "list_insights", (OWNER, ["open"], None, None, 20, 2.0))
    assert "insight_open" in {node.get("Index Name") for node in nodes(listed)}
    assert not [node for node in nodes(listed) if node["Node Type"] == "Seq Scan" and met(node) > MOST]


def met(node: dict) -> float:
    """How many rows a node met, those it passed over too."""
    return (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
