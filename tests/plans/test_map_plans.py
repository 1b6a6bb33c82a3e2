"""The relationship map reads so much of the closest people's mail, and nothing of everybody else's."""

import json
from uuid import UUID

import asyncpg

from fix_plans import nodes
from headrace.db.statements import statement

OWNER = UUID(int=1)
PEOPLE = [UUID(int=number) for number in range(1, 41)]

FILL = (
    "INSERT INTO crm.owner (id) VALUES ($1)",
    (
        "INSERT INTO crm.contact (id, owner_id, name, addresses) SELECT lpad(to_hex(n), 32, '0')::uuid, $1, 'A', '{}'"
        " FROM generate_series(1, 10000) AS n"
    ),
    (
        "WITH made AS (INSERT INTO crm.thread (owner_id) SELECT $1 FROM generate_series(1, 1000) RETURNING id)"
        " INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, subject, sent_at,"
        " date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post,"
        " body_text, attachments, labels, size_bytes, is_truncated, source)"
        " SELECT $1, id || '-' || n, id, 'received', false, '', '2026-01-01'::timestamptz + n * interval '1 hour',"
        " false, '{}', '{}', false, false, false, false, '', '[]', '{}', 1, false, 'test'"
        " FROM made, generate_series(1, 10) AS n"
    ),
    # The forty have 300 messages each, three people a message; everybody else one, or none.
    (
        "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
        " SELECT id, lpad(to_hex(1 + (place + other * 7) % 40), 32, '0')::uuid, $1, 'received', sent_at"
        " FROM (SELECT id, sent_at, row_number() OVER (ORDER BY id) AS place FROM crm.message) AS numbered,"
        " generate_series(0, 2) AS other WHERE place <= 4000"
    ),
    (
        "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
        " SELECT id, lpad(to_hex(41 + place % 9960), 32, '0')::uuid, $1, 'received', sent_at"
        " FROM (SELECT id, sent_at, row_number() OVER (ORDER BY id) AS place FROM crm.message) AS numbered"
        " WHERE place > 4000"
    ),
)


async def test_ties_are_read_by_index_and_only_of_the_newest_messages(connection: asyncpg.Connection):
    for query in FILL:
        await connection.execute(query, OWNER)
    await connection.execute("ANALYZE crm.contact, crm.message, crm.interaction")
    query = statement("headrace_crm.scores", "shared_threads")
    rows = await connection.fetch(query, PEOPLE, 200, 50)
    assert len(rows) == 50
    assert rows == sorted(rows, key=lambda row: (-row["thread_count"], row["one"], row["other"]))
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", PEOPLE, 200, 50)
    read = [node for node in nodes(json.loads(text)[0]["Plan"]) if "Relation Name" in node]
    [interactions] = [node for node in read if node["Relation Name"] == "interaction"]
    assert (interactions["Index Name"], interactions["Actual Loops"]) == ("interaction_contact", 40)
    assert interactions["Actual Rows"] == 200
    assert {node["Relation Name"] for node in read} == {"interaction", "message"}
