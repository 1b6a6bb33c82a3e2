"""What is asked of accounts at every push and every request finds its rows by index."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from fix_plans import explain, scans
from headrace import statement

ACCOUNTS = 20_000
NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
EXPIRING = 50


async def plan(connection: asyncpg.Connection, name: str, *args: object) -> dict[str, Any]:
    return await explain(connection, name, args, package="headrace_crm.accounts")


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> asyncpg.Connection:
    """Many accounts, some unlinked, a few whose token ends soon; and the pushes of a busy day."""
    owner = uuid4()
    await connection.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner)
    await connection.execute(
        """
        INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, access_token, refresh_token, expires_at,
                                 linked_at, unlinked_at)
        SELECT gen_random_uuid(), $1, 'google', 'user-' || n || '@example.org', '{}', state,
               CASE state WHEN 'linked' THEN '\\x01'::bytea END, CASE state WHEN 'linked' THEN '\\x01'::bytea END,
               CASE state WHEN 'linked'
                   THEN $2::timestamptz + make_interval(mins => CASE WHEN n <= $4 THEN 5 ELSE 50 END) END,
               $2, CASE state WHEN 'unlinked' THEN $2 END
        FROM generate_series(1, $3::int) AS n
        CROSS JOIN LATERAL (SELECT CASE WHEN n % 4 = 0 THEN 'unlinked' ELSE 'linked' END AS state) AS chosen
        """,
        owner,
        NOW,
        ACCOUNTS,
        EXPIRING,
    )
    await connection.execute(
        """
        INSERT INTO crm.push_message (message_id, account_id, received_at)
        SELECT 'm-' || n, gen_random_uuid(), $1::timestamptz - make_interval(secs => n)
        FROM generate_series(1, 100000) AS n
        """,
        NOW,
    )
    await connection.execute("ANALYZE crm.account; ANALYZE crm.push_message")
    return connection


async def test_accounts_and_pushes_are_found_by_index(filled: asyncpg.Connection):
    some_id: UUID = await filled.fetchval("SELECT id FROM crm.account WHERE email = 'user-17@example.org'")
    ids = [f"new-{n}" for n in range(100)]
    mailboxes = [f"user-{n}@example.org" for n in range(100)]
    beginning = datetime(1, 1, 1, tzinfo=UTC), UUID(int=0)
    ends = NOW + timedelta(minutes=15)
    found = {
        "get_tokens": scans(await plan(filled, "get_tokens", some_id), "account"),
        "lock_tokens": scans(await plan(filled, "lock_tokens", some_id), "account"),
        "list_ending": scans(await plan(filled, "list_ending", ends, *beginning, 200), "account"),
        "list_unlinking": scans(await plan(filled, "list_unlinking", 1000), "account"),
        "record_pushes": scans(await plan(filled, "record_pushes", ids, mailboxes, NOW), "account"),
        "forget_pushes": scans(await plan(filled, "forget_pushes", NOW - timedelta(days=1), 1000), "push_message"),
    }
    assert {name: {index for _, index in read} for name, read in found.items()} == {
        "get_tokens": {"account_pkey"},
        "lock_tokens": {"account_pkey"},
        "list_ending": {"account_expiry"},
        "list_unlinking": {"account_unlinking"},
        "record_pushes": {"account_provider_email_key"},
        "forget_pushes": {"push_message_received", "push_message_pkey"},
    }


async def test_the_next_tokens_to_end_come_in_order_a_page_at_a_time(filled: asyncpg.Connection):
    text = statement("headrace_crm.accounts", "list_ending")
    after: tuple[datetime, UUID] = datetime(1, 1, 1, tzinfo=UTC), UUID(int=0)
    seen: list[tuple[datetime, UUID]] = []
    while page := await filled.fetch(text, NOW + timedelta(minutes=15), *after, 10):
        seen += [(row["expires_at"], row["id"]) for row in page]
        after = seen[-1]
    linked = EXPIRING - EXPIRING // 4
    assert (len(seen), seen) == (linked, sorted(seen, key=lambda one: (one[0], one[1].bytes)))
