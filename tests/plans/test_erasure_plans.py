"""What every batch of mail asks after an erasure, and what an assistant asks of a timeline, is found by index."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from fix_plans import explain, nodes

PEOPLE = 200
MESSAGES = 6_000
NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> UUID:
    """Many messages of one owner, half of them with one person; the person."""
    await connection.execute(
        """
        INSERT INTO crm.owner (id) VALUES ('00000000-0000-0000-0000-000000000001');
        INSERT INTO crm.thread (owner_id) SELECT id FROM crm.owner;
        INSERT INTO crm.erased_mark SELECT sha256(n::text::bytea) FROM generate_series(1, 5000) AS n;
        """
    )
    await connection.execute(
        "INSERT INTO crm.contact (id, owner_id, name, addresses) SELECT gen_random_uuid(), owner.id, 'p' || n, '{}'"
        " FROM crm.owner, generate_series(1, $1::int) AS n",
        PEOPLE,
    )
    await connection.execute(
        """
        INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, subject, sent_at,
            date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe,
            is_list_post, body_text, attachments, labels, size_bytes, is_truncated, source)
        SELECT owner.id, 'key-' || n, thread.id, 'received', false, 's', $1::timestamptz - make_interval(mins => n),
            false, '{}', '{}', false, false, false, false, 'text', '[]', '{}', 1, false, 'mbox'
        FROM crm.owner, crm.thread, generate_series(1, $2::int) AS n
        """,
        NOW,
        MESSAGES,
    )
    await connection.execute(
        """
        INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)
        SELECT message.id, contact.id, message.owner_id, 'received', sent_at
        FROM crm.message JOIN crm.contact
            ON contact.name = 'p' || CASE WHEN message.id % 2 = 0 THEN 7 ELSE message.id % $1::int + 1 END;
        """,
        PEOPLE,
    )
    await connection.execute(
        "INSERT INTO crm.passage (owner_id, kind, message_id, number, title, body, words, word_count, occurred_at)"
        " SELECT owner_id, 'message', id, 0, 's', 'text', '', 0, sent_at FROM crm.message"
    )
    await connection.execute("ANALYZE")
    return await connection.fetchval("SELECT id FROM crm.contact WHERE name = 'p7'")


async def test_no_table_is_read_through(connection: asyncpg.Connection, filled: UUID):
    middle = await connection.fetchval(
        "SELECT message_id FROM crm.interaction WHERE contact_id = $1 OFFSET 1500", filled
    )
    digests = [bytes(32), b"\x01" * 32]
    keys = ["key-1", "key-2"]
    owner = UUID(int=1)
    for package, name, arguments in (
        ("headrace_crm.assistant", "timeline", (filled, None, 21, 801)),
        ("headrace_crm.assistant", "timeline", (filled, middle, 21, 801)),
        ("headrace_crm.assistant", "is_dealt_in", (filled, middle)),
        ("headrace_crm.mail", "erased_among", (digests,)),
        ("headrace_crm.mail", "messages_whole", (owner, [1, 2])),
        ("headrace_crm.mail", "blank_mirrored", (owner, keys)),
    ):
        plan = await explain(connection, name, arguments, package=package)
        read = {node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert read <= {"mailbox_message"}, (name, read)
        assert all(node.get("Actual Rows", 0) < 1_000 for node in nodes(plan)), name
