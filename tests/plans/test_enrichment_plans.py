"""The statements of enrichment that run often read a little of tables that grow with the contacts."""

import json
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from fix_plans import scans
from headrace.db.statements import statement

MAY = datetime(2031, 5, 1, tzinfo=UTC)
OWNER = UUID(int=1)
CONTACT = UUID(int=7)

FILL = (
    "INSERT INTO crm.owner (id) VALUES ($1)",
    (
        "INSERT INTO crm.contact (id, owner_id, name, addresses) SELECT lpad(to_hex(n), 32, '0')::uuid, $1, 'A', '{}'"
        " FROM generate_series(1, 20000) AS n"
    ),
    (
        "INSERT INTO crm.enrichment (contact_id, source, state, asked_for, asked_at, due_at)"
        " SELECT id, source, 'found', 'a', now(), '2031-01-01'::timestamptz + row_number() OVER () * interval '1 hour'"
        " FROM crm.contact, unnest(ARRAY['x', 'pdl']) AS source WHERE owner_id = $1"
    ),
    (
        "INSERT INTO crm.contact_handle (contact_id, owner_id, network, handle, origin, confidence, evidence, found_at)"
        " SELECT id, $1, 'x', left(id::text, 8) || right(id::text, 4), 'signature', 0.9, 'm', now() FROM crm.contact"
    ),
    (
        "INSERT INTO crm.account_lookup (contact_id, handle, lookup_id, requested_at, outcome)"
        " SELECT id, 'a' || row_number() OVER (), id, now(), CASE WHEN row_number() OVER () > 50 THEN 'none' END"
        " FROM crm.contact WHERE owner_id = $1"
    ),
)


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> asyncpg.Connection:
    for query in FILL:
        await connection.execute(query, OWNER)
    await connection.execute("ANALYZE crm.enrichment, crm.contact_handle, crm.account_lookup, crm.contact")
    return connection


async def plan(connection: asyncpg.Connection, name: str, *args: object) -> dict:
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement('headrace_crm.enrichment', name)}", *args
    )
    return json.loads(text)[0]["Plan"]


async def test_what_grows_with_the_contacts_is_read_by_index(filled: asyncpg.Connection):
    wanted = {
        "due_contacts": ((MAY, ["x", "pdl"], 500), "enrichment", {"enrichment_due"}),
        "waiting_handles": ((OWNER, 100), "account_lookup", {"account_lookup_waiting"}),
        "handles_of": ((CONTACT, 0.3), "contact_handle", {"contact_handle_pkey", "contact_handle_shared"}),
        "answers_of": ((CONTACT,), "enrichment", {"enrichment_pkey"}),
        "unanswered": (([CONTACT],), "enrichment", {"enrichment_pkey"}),
    }
    found = {}
    for name, (args, table, _) in wanted.items():
        found[name] = {index for _, index in scans(await plan(filled, name, *args), table)}
    assert found == {name: indexes for name, (_, _, indexes) in wanted.items()}
