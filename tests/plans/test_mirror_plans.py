"""What is asked of mirrored mailboxes at every look, batch and page finds its rows by index."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from fix_plans import explain, nodes

ACCOUNTS = 1_000
MESSAGES = 20_000
NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
SMALL = frozenset({"import", "import_item"})
"""Tables that are nearly empty at any time, or a planner may read through."""


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> asyncpg.Connection:
    """Many mailboxes, one of which has half of all messages."""
    await connection.execute(
        "INSERT INTO crm.owner (id) SELECT gen_random_uuid() FROM generate_series(1, $1::int)", ACCOUNTS
    )
    await connection.execute(
        """
        INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, access_token, refresh_token, expires_at,
                                 linked_at)
        SELECT gen_random_uuid(), id, 'google', 'user-' || row_number() OVER (ORDER BY id) || '@example.org', '{}',
               'linked', '\\x01', '\\x01', $1::timestamptz + interval '1 hour', $1
        FROM crm.owner
        """,
        NOW,
    )
    await connection.execute(
        """
        INSERT INTO crm.mailbox (account_id, owner_id, history_id, pass, listing, looked_at, watch_expires_at)
        SELECT id, owner_id, 1, 2, 'done', $1::timestamptz - make_interval(secs => row_number() OVER (ORDER BY id)),
               $1::timestamptz + interval '6 days'
        FROM crm.account
        """,
        NOW,
    )
    await connection.execute(
        """
        INSERT INTO crm.mailbox_message (account_id, provider_id, owner_id, message_key, labels, pass, gone_at)
        SELECT account.id, 'p-' || n, owner_id, CASE WHEN n % 50 > 0 THEN 'key-' || n END, '{INBOX}', 2,
               CASE WHEN n % 50 = 0 THEN $1::timestamptz - make_interval(secs => n) END
        FROM generate_series(1, $2::int) AS n
        JOIN crm.account ON account.provider = 'google'
            AND account.email = 'user-' || CASE WHEN n % 2 = 0 THEN 7 ELSE n % $3::int + 1 END || '@example.org'
        """,
        NOW,
        MESSAGES,
        ACCOUNTS,
    )
    await connection.execute(
        """
        INSERT INTO crm.mailbox_label (owner_id, account_id, label_id, name)
        SELECT owner_id, id, 'Label_' || n, 'Name ' || n FROM crm.account, generate_series(1, 5) AS n
        """
    )
    await connection.execute("ANALYZE crm.account, crm.mailbox, crm.mailbox_message, crm.mailbox_label")
    return connection


async def test_messages_mailboxes_and_labels_are_found_by_index(filled: asyncpg.Connection):
    account: UUID = await filled.fetchval("SELECT id FROM crm.account WHERE email = 'user-7@example.org'")
    owner: UUID = await filled.fetchval("SELECT owner_id FROM crm.account WHERE id = $1", account)
    small: UUID = await filled.fetchval("SELECT id FROM crm.account WHERE email = 'user-8@example.org'")
    ids, keys = [f"p-{n}" for n in range(1, 101)], [f"key-{n}" for n in range(1, 101)]
    news = [f"new-{n}" for n in range(50)]
    long_ago = NOW - timedelta(days=1)
    written = (
        *(account, owner, 2, news, keys[:50], [Decimal(n) for n in range(50)]),
        *(["[]"] * 50, [False] * 50, NOW),
    )
    asked: dict[str, tuple[object, ...]] = {
        "get_mailbox": (account,),
        "known_messages": (account, ids),
        "see_messages": (account, owner, news, 3),
        "write_known": written,
        "released_keys": (owner, keys[:5]),
        "unseen_messages": (small, 3),
        "advance_history": (account, Decimal(9), NOW),
        "set_watch": (account, NOW),
        "due_mailboxes": (None, NOW, NOW, long_ago, 500),
        "unwatched_mailboxes": (None, NOW, 500),
        "unknown_labels": (owner, account, ["Label_1", "Label_9"]),
        "write_labels": (owner, account, ["Label_1", "Label_9"], ["Name 1", "New"]),
        "forget_labels": (account, ["Label_1"]),
        "forget_gone": (NOW - timedelta(seconds=MESSAGES - 100),),
        "count_mailbox": (small,),
    }
    found: dict[str, set[tuple[str, str]]] = {}
    for name, args in asked.items():
        plan = await explain(filled, name, args, package="headrace_crm.mail.sync")
        found[name] = {
            (node["Relation Name"], node["Node Type"])
            for node in nodes(plan)
            if "Relation Name" in node and node["Node Type"] != "ModifyTable" and node["Relation Name"] not in SMALL
        }
    # A poll and the renewal of watches go through all mailboxes, a page at a time: a small table each.
    through = {name for name, tables in found.items() if "Seq Scan" in {how for _, how in tables}}
    assert through == {"due_mailboxes", "unwatched_mailboxes"}, found
    assert "mailbox_message" not in {table for name in through for table, _ in found[name]}
